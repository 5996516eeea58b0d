"""Two numbers of one person (合并人员编号): after the register joined them, their person-years are joined here.

Documents stay as they are; they change hands, are put in one order by the time they were settled, and each year is
replayed. What the joined year would have paid differently is recorded and posted, for counter work to settle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.people import facade as people
from openyibao.settlement import differences, documents, store
from openyibao.settlement.documents import YearKey


@dataclass(frozen=True)
class Difference:
    """What a document's payers would have paid differently in the joined year (合并后的差额), fen by payer."""

    settlement_no: str
    payers: Mapping[str, int]


def join_person_years(actor: Actor, kept_no: str, at: datetime) -> list[Difference]:
    """Join the person-years of every number of a merged person; doing it again changes nothing.

    Raises: PersonUnknown, NotPermitted.
    """
    with joined():
        kept = store.lock_person(kept_no)
        numbers = people.person_ids(actor, kept_no)
        others = sorted(one for one in numbers if one != kept)
        for other in others:
            store.lock_person_id(other)
        keys = store.hand_over(others, kept)
        found = []
        for key in keys:
            require(actor, "settlement.adjust", key[1])
            found += _joined_year(kept, key, at)
            audit.record(actor, "settlement.join_person_years", kept_no, key[1], year=key[0], at=at)
        return found


def _joined_year(person_id: int, key: YearKey, at: datetime) -> list[Difference]:
    """Number the year's documents anew and replay it; what its standing documents would have been paid differently."""
    count = store.renumber(person_id, key)
    rows = documents.standing(person_id, key)
    if not rows:
        store.put_person_year(person_id, key, count, {}, {})
        return []
    fold = documents.fold_of(rows)
    changes = fold.replay()
    state = fold.state((key[1], key[2]))
    store.put_person_year(person_id, key, count, state.counters, state.stays)
    for index, changed in changes:
        differences.record(rows[index], rows[index], changed, documents.TO_PERSON, business_day(at), at)
    return [Difference(rows[index].settlement_no, changed) for index, changed in changes]
