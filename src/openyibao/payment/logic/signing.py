"""Who is signed to whom (签约): what a file of signings does to those that stand, as a pure function.

A person is signed to one institution at a time. A later signing ends the one before it on its first day (改签). A row
that begins on the day of a standing one at the same institution replaces it (another end, other diseases). Anything
else that overlaps is a fault. Periods are half-open inside; nothing that stood is ever changed, only voided and added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True)
class Signing:
    """A person's signing (签约) to an institution, from a day until before another; `id` 0 for a new one."""

    person_id: int
    institution_code: str
    since: date
    until: date | None
    diseases: tuple[str, ...] = ()
    id: int = 0

    def overlaps(self, other: Signing) -> bool:
        return (self.until is None or other.since < self.until) and (other.until is None or self.since < other.until)

    def same(self, other: Signing) -> bool:
        return replace(self, id=0) == replace(other, id=0)


@dataclass(frozen=True)
class Changes:
    """What signing one person again does: ids voided, rows added, what kind of change it is, or why not."""

    voided: tuple[int, ...] = ()
    added: tuple[Signing, ...] = ()
    kind: str = ""
    fault: str = ""


def changes(new: Signing, standing: Sequence[Signing]) -> Changes:
    """What a new signing does to a person's standing ones: `signed`, `moved`, `replaced` or `unchanged`."""
    touched = [one for one in standing if one.overlaps(new)]
    if not touched:
        return Changes(added=(new,), kind="signed")
    if len(touched) == 1:
        (old,) = touched
        if old.same(new):
            return Changes(kind="unchanged")
        if old.since == new.since and old.institution_code == new.institution_code:
            return Changes((old.id,), (new,), "replaced")
        if old.since < new.since and (old.until is None or new.until is None or old.until <= new.until):
            kind = "moved" if old.institution_code != new.institution_code else "replaced"
            return Changes((old.id,), (replace(old, until=new.since, id=0), new), kind)
    told = "；".join(f"{one.institution_code} {_days(one)}" for one in touched)
    return Changes(fault=f"与已有的签约重叠：{told}")


def repeated(rows: Iterable[tuple[int, Signing]]) -> list[tuple[int, str]]:
    """(line, what is wrong) of rows of one file that overlap an earlier row of the same person."""
    found = []
    seen: dict[int, list[tuple[int, Signing]]] = {}
    for line, row in rows:
        for before, other in seen.get(row.person_id, ()):
            if row.overlaps(other):
                found.append((line, f"与第 {before} 行同一人的签约重叠"))
                break
        seen.setdefault(row.person_id, []).append((line, row))
    return found


def _days(one: Signing) -> str:
    return f"{one.since} 至 {date.fromordinal(one.until.toordinal() - 1) if one.until else '今'}"
