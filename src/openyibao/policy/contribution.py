"""Contributions (筹资征缴): what a person, the employer and the treasury owe for a month or a year, and where it goes.

Read a file with `read_contribution`, decide it with `contribute`, answer with `result_as_json`, reason with
`explain_contribution`. Files are described in docs/reference/contribution-files.md.
"""

from __future__ import annotations

from openyibao.policy.contribution_file import Contribution, Payer, read_contribution
from openyibao.policy.contribution_rule import Amounts, Item, Result, contribute
from openyibao.policy.contribution_text import explain_contribution, result_as_json

__all__ = [
    "Amounts",
    "Contribution",
    "Item",
    "Payer",
    "Result",
    "contribute",
    "explain_contribution",
    "read_contribution",
    "result_as_json",
]
