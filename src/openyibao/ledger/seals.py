"""Seals (封存): once a day an area's new journals are hashed and chained to the seal before.

Whoever changes a sealed row must also rewrite every later seal; a seal printed, published or kept by another party
shows that. The hash is SHA-256, which PostgreSQL computes without an extension.
"""

from __future__ import annotations

from datetime import date, datetime

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import require_open
from openyibao.ledger import store
from openyibao.ledger.contracts import Seal


def seal_day(actor: Actor, area: str, day: date, at: datetime) -> Seal:
    """Seal what an area has posted since its last seal, under the name of a day. Joins, audited, repeatable.

    Journals are sealed in the order they were entered, whatever day they are dated; postings in flight are waited for.
    Returns: the seal; for a day sealed before, or earlier than the last seal, the last one.
    Raises: NotPermitted.
    """
    require(actor, "ledger.seal", area)
    require_open()
    store.lock_area(area)
    last = store.last_seal(area)
    if last is not None and last[0].day >= day:
        return last[0]
    after, previous = (last[0].last_id, last[1]) if last is not None else (0, b"")
    upto = max(after, store.last_id(area))
    journals, debit_fen, digest = store.digest(area, after, upto, previous)
    seal = Seal(area, day, upto, journals, debit_fen, digest.hex())
    store.insert_seal(seal, after + 1, previous, at)
    audit.record(actor, "ledger.seal_day", str(day), area, journals=journals, hash=seal.hash)
    return seal
