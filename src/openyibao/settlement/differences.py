"""What a replay changes for a document that stands (重放差额): recorded, and settled with the person by counter work.

The document itself is never altered. A difference is posted as owed to the person or by them; once settled in cash it
is closed. Later replays start from what the document's payers bear with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.ledger import facade as ledger
from openyibao.rulebook.facade import plan_of
from openyibao.settlement import documents
from openyibao.settlement.documents import TO_PERSON, DocumentRow
from openyibao.settlement.errors import SettlementUnknown

_OUTSIDE = ("supplement_pay", "hosp_part_amt")
"""The city product and the hospital settle theirs themselves."""


def record(
    cause: DocumentRow, target: DocumentRow, payers: Mapping[str, int], mode: str, day: date, at: datetime
) -> None:
    """Record what changes for `target` because of `cause`; in the mode `replay_to_person` it is also posted. Joins."""
    fields = target.fields_of_layers(plan_of(target.plan_hash).policies)
    changes = {layer: fen for layer, fen in payers.items() if fields[layer] not in _OUTSIDE}
    documents.insert_adjustment(cause.id, target.id, mode, payers, sum(changes.values()))
    if mode == TO_PERSON:
        ledger.post_template(
            "replay_difference",
            _amounts(target, changes, fields),
            {"person": str(target.person_id)},
            area=target.area,
            day=day,
            at=at,
            document_kind="adjustment",
            document_no=f"{cause.settlement_no}/{target.settlement_no}",
        )


def settle_adjustment(actor: Actor, adjustment_id: int, at: datetime) -> None:
    """Counter work (待补、待追办结): a difference was paid to the person, or by them. Raises: SettlementUnknown."""
    with joined():
        found = documents.locked_adjustment(adjustment_id)
        if found is None:
            raise SettlementUnknown(f"没有未办结的差额 {adjustment_id}", hint="核对差额编号")
        row, payers = found
        require(actor, "settlement.adjust", row.area)
        fields = row.fields_of_layers(plan_of(row.plan_hash).policies)
        changes = {layer: fen for layer, fen in payers.items() if fields[layer] not in _OUTSIDE}
        ledger.post_template(
            "difference_settled",
            _amounts(row, changes, fields),
            {"person": str(row.person_id)},
            area=row.area,
            day=business_day(at),
            at=at,
            document_kind="adjustment_settled",
            document_no=str(adjustment_id),
        )
        documents.close_adjustment(adjustment_id, at)
        audit.record(actor, "settlement.settle_adjustment", row.settlement_no, row.area, adjustment=adjustment_id)


def _amounts(row: DocumentRow, changes: Mapping[str, int], fields: Mapping[str, str]) -> dict[str, int]:
    """Changes as the ledger's templates name them: to the person, or from the person, by fund."""
    found: dict[str, int] = {}
    for layer, fen in changes.items():
        side = "to_person" if fen > 0 else "from_person"
        key = f"{side}:{ledger.fund_of(fields[layer], row.scheme, layer)}"
        found[key] = found.get(key, 0) + abs(fen)
    return found
