"""Grouping (病例分组), pure: from the tables of a scheme and a coded case to its group.

No database, no framework, no clock: batch jobs and notebooks use it as it is, through its own door `facade`.
"""
