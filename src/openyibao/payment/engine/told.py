"""What an explanation has to say, found out and not yet put into words or data (说明的内容)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openyibao.payment.engine.contracts import Case, Grouping
from openyibao.payment.engine.replay import Replay
from openyibao.payment.engine.whatif import Other


@dataclass(frozen=True)
class Told:
    """All that an explanation says, before it is put into words or data.

    given, used: the case as it stands and as it was grouped. changes: each code with what conversion made of it.
    """

    case_id: str
    line: int
    given: Case
    used: Case
    cells: Mapping[str, str]
    mapped: bool
    changes: list[tuple[str, str]]
    faults: list[str]
    walked: Replay | None
    result: Grouping
    others: list[Other]

    @property
    def tried(self) -> Case:
        """The case as the walk that counts saw it: tried again with another procedure, that one alone."""
        if self.walked and self.walked.procedure:
            return self.used._replace(px=(self.walked.procedure,))
        return self.used
