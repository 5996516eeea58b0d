"""DIP (按病种分值付费): a directory of groups from years of stays, and the choice of one group for a stay. Pure.

A core group is a main diagnosis at four characters and one way of treatment with enough cases a year; what is rarer is
merged into mixed groups by section or chapter of the diagnosis. Every figure and table is data.
"""
