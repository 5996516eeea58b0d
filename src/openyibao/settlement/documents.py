"""Documents as stored (结算单、冲销单) and what hangs on them: negatives, adjustments, how they are shown again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from openyibao.foundation import sql
from openyibao.people.contracts import Dossier
from openyibao.policy.facade import Fold, Policies, State
from openyibao.rulebook.facade import plan_of
from openyibao.settlement import store
from openyibao.settlement.contracts import Caller, FundPart, PersonShown, Settlement
from openyibao.settlement.logic import deciding

YearKey = tuple[int, str, str]
"""Benefit year, pooling area, scheme."""
TO_PERSON, BY_HOSPITAL = "replay_to_person", "resettle_by_hospital"
_COLUMNS = (
    "d.id, d.settlement_no, d.visit_id, d.refers_to_id, d.state, d.person_id, d.institution_code, d.area, d.scheme,"
    " d.year, d.seq, d.decided_on, d.settled_at, d.mid_stay, d.amounts::text, d.payers::text, d.decided::text,"
    " d.counters_before::text, d.accounts::text, d.plan_hash, d.trace, d.details::text, d.journal_id, d.msgid, d.infno,"
    " v.visit_no, v.person_no"
)
_FROM = "FROM settlement_document d JOIN settlement_visit v ON v.id = d.visit_id"


@dataclass(frozen=True)
class DocumentRow:
    """A document as stored; JSON parts already read."""

    id: int
    settlement_no: str
    visit_id: int
    refers_to_id: int | None
    state: str
    person_id: int
    institution_code: str
    area: str
    scheme: str
    year: int
    seq: int
    decided_on: date
    settled_at: datetime
    mid_stay: bool
    amounts: dict[str, int]
    payers: dict[str, int]
    decided: dict[str, Any] = field(repr=False)
    counters_before: dict[str, int] = field(repr=False)
    accounts: list[list[int]] = field(repr=False)
    plan_hash: str = ""
    trace: bytes = field(default=b"", repr=False)
    details: dict[str, Any] = field(default_factory=dict, repr=False)
    journal_id: int | None = None
    msgid: str = ""
    infno: str = ""
    visit_no: str = ""
    person_no: str = ""

    @property
    def key(self) -> YearKey:
        return (self.year, self.area, self.scheme)

    def fields_of_layers(self, policies: Policies) -> dict[str, str]:
        """National payment field of each layer of this document's chain."""
        person, visit, _, _ = deciding.restored(self.decided)
        return policies.fields_of_layers(person, visit)


def _row(found: Sequence[Any]) -> DocumentRow:
    texts = {14, 15, 16, 17, 18, 21}
    return DocumentRow(*(json.loads(part) if at in texts else part for at, part in enumerate(found)))


def by_number(settlement_no: str) -> DocumentRow | None:
    """A document by its number (setl_id)."""
    found = sql.one(f"SELECT {_COLUMNS} {_FROM} WHERE d.settlement_no = %s", (settlement_no,))
    return _row(found) if found else None


def by_id(document_id: int) -> DocumentRow:
    """A document by its row id."""
    found = sql.one(f"SELECT {_COLUMNS} {_FROM} WHERE d.id = %s", (document_id,))
    assert found is not None
    return _row(found)


def standing(person_id: int, key: YearKey) -> list[DocumentRow]:
    """Documents of a person-year that stand, in the order settled."""
    found = sql.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE d.person_id = %s AND d.year = %s AND d.area = %s AND d.scheme = %s"
        " AND d.state = 'standing' ORDER BY d.seq",
        (person_id, *key),
    )
    return [_row(row) for row in found]


def of_visit(visit_id: int) -> list[DocumentRow]:
    """Documents of a visit, oldest first, negatives too."""
    found = sql.rows(f"SELECT {_COLUMNS} {_FROM} WHERE d.visit_id = %s ORDER BY d.id", (visit_id,))
    return [_row(row) for row in found]


def adjusted_payers(document_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """What differences already settled with the person moved, by document and payer."""
    found: dict[int, dict[str, int]] = {}
    rows = sql.rows(
        "SELECT target_id, payers::text FROM settlement_adjustment WHERE target_id = ANY(%s) AND mode = %s",
        (list(document_ids), TO_PERSON),
    )
    for target, text in rows:
        moved = found.setdefault(target, {})
        for layer, fen in json.loads(text).items():
            moved[layer] = moved.get(layer, 0) + fen
    return found


def fold_of(rows: Sequence[DocumentRow]) -> Fold:
    """A fold of a person-year's standing documents, each under the policies it was settled by; `replay` settles anew.

    A visit carries as its index the document's place in `rows`. What a stay brought from an earlier year is the opening
    state; what differences settled before moved counts as paid.
    """
    moved = adjusted_payers([row.id for row in rows])
    opening = State()
    parts = []
    for index, row in enumerate(rows):
        person, visit, bill, stay = deciding.restored(row.decided)
        carried = row.decided.get("carried")
        if carried is not None:
            opening.stays.setdefault(stay, (carried[0], carried[1]))
        payers = dict(row.payers)
        for layer, fen in moved.get(row.id, {}).items():
            payers[layer] = payers.get(layer, 0) + fen
        parts.append((replace(visit, index=index), person, bill, stay, payers, row.plan_hash))
    latest = plan_of(rows[-1].plan_hash).policies.compiler
    fold = Fold(latest, {(rows[-1].area, rows[-1].scheme): opening})
    for visit, person, bill, stay, payers, plan_hash in parts:
        fold.restore(visit, person, bill, stay, payers, plan_of(plan_hash).policies.compiler)
    return fold


# Writing ------------------------------------------------------------------------------------------------------


def insert_negative(
    document: DocumentRow, number: str, seq: int, journal_id: int | None, balance_fen: int, caller: Caller
) -> DocumentRow:
    """Store the negative of a document: every amount with the other sign; the original counts as cancelled."""
    amounts = {name: -fen for name, fen in document.amounts.items()} | {"balc": balance_fen}
    payers = {layer: -fen for layer, fen in document.payers.items()}
    details = {**document.details, "operator": caller.operator, "refers_to": document.settlement_no}
    details["funds"] = [
        {**part, "paid_fen": -part["paid_fen"], "base_fen": -part["base_fen"], "steps": f"冲销：{part['steps']}"}
        for part in document.details["funds"]
    ]
    found = sql.one(
        "INSERT INTO settlement_document (settlement_no, visit_id, refers_to_id, state, person_id, institution_code,"
        " area, scheme, year, seq, decided_on, settled_at, mid_stay, total_fen, fund_fen, hospital_fen, account_fen,"
        " family_fen, cash_fen, amounts, payers, decided, counters_before, accounts, plan_hash, trace, details,"
        " journal_id, msgid,"
        " infno)"
        " SELECT %s, visit_id, id, 'negative', person_id, institution_code, area, scheme, year, %s, decided_on, %s,"
        " mid_stay, -total_fen, -fund_fen, -hospital_fen, -account_fen, -family_fen, -cash_fen, %s, %s, '{}', '{}',"
        " '[]', plan_hash, '', %s, %s, %s, %s FROM settlement_document WHERE id = %s RETURNING id",
        (
            *(number, seq, caller.at, _json(amounts), _json(payers), _json(details), journal_id),
            *(caller.msgid, caller.infno, document.id),
        ),
    )
    assert found is not None
    sql.run("UPDATE settlement_document SET state = 'cancelled' WHERE id = %s", (document.id,))
    return by_id(int(found[0]))


def reopen(visit: store.VisitRow, document: DocumentRow, state: str) -> None:
    """Make the lines of a cancelled settlement open again; of a stay they join the batch that takes lines now."""
    batch_id = int(document.details["batch"])
    sql.run("UPDATE settlement_batch SET settlement_id = NULL WHERE id = %s", (batch_id,))
    open_batch = visit.open_batch
    if visit.inpatient:
        current = store.batches_of(visit.id, [str(open_batch)]).get(str(open_batch))
        if current is not None:
            store.join_batches(batch_id, current.id)
        else:
            found = sql.one("SELECT batch_no FROM settlement_batch WHERE id = %s", (batch_id,))
            assert found is not None
            open_batch = int(found[0])
    store.update_visit(visit.id, state=state, standing=visit.standing - 1, open_batch=open_batch)


def insert_adjustment(cause_id: int, target_id: int, mode: str, payers: Mapping[str, int], person_fen: int) -> None:
    """Record what a cancellation changes for another document."""
    sql.run(
        "INSERT INTO settlement_adjustment (cause_id, target_id, mode, payers, person_fen, state)"
        " VALUES (%s, %s, %s, %s, %s, 'open')",
        (cause_id, target_id, mode, _json(dict(payers)), person_fen),
    )


def supersede_requests(target_id: int, at: datetime) -> None:
    """A document that its hospital was asked to settle again was cancelled: the request is done."""
    sql.run(
        "UPDATE settlement_adjustment SET state = 'superseded', settled_at = %s"
        " WHERE target_id = %s AND mode = %s AND state = 'open'",
        (at, target_id, BY_HOSPITAL),
    )


def locked_adjustment(adjustment_id: int) -> tuple[DocumentRow, dict[str, int]] | None:
    """An open difference with a person, locked, with the document it is about."""
    found = sql.one(
        "SELECT target_id, payers::text FROM settlement_adjustment"
        " WHERE id = %s AND state = 'open' AND mode = %s FOR UPDATE",
        (adjustment_id, TO_PERSON),
    )
    return (by_id(found[0]), json.loads(found[1])) if found else None


def close_adjustment(adjustment_id: int, at: datetime) -> None:
    """Mark a difference as settled with the person."""
    sql.run("UPDATE settlement_adjustment SET state = 'settled', settled_at = %s WHERE id = %s", (at, adjustment_id))


def adjustments_of(document_id: int) -> tuple[dict[str, Any], ...]:
    """Differences recorded for a document, and those its cancellation caused."""
    rows = sql.rows(
        "SELECT a.id, c.settlement_no, t.settlement_no, a.mode, a.payers::text, a.person_fen, a.state"
        " FROM settlement_adjustment a JOIN settlement_document c ON c.id = a.cause_id"
        " JOIN settlement_document t ON t.id = a.target_id WHERE a.target_id = %s OR a.cause_id = %s ORDER BY a.id",
        (document_id, document_id),
    )
    names = ("id", "cause", "target", "mode", "payers", "person_fen", "state")
    return tuple({**dict(zip(names, row, strict=True)), "payers": json.loads(row[4])} for row in rows)


# Showing ------------------------------------------------------------------------------------------------------


def shown(row: DocumentRow) -> Settlement:
    """A stored document as it is handed out, with the person unsealed."""
    details = row.details
    dossier = store.dossier_of(row.person_id)
    other = None
    if row.state == "cancelled":
        found = sql.one("SELECT settlement_no FROM settlement_document WHERE refers_to_id = %s", (row.id,))
        other = found[0] if found else None
    return Settlement(
        settlement_no=row.settlement_no,
        visit_no=row.visit_no,
        state=row.state,
        institution_code=row.institution_code,
        institution_name=details["institution_name"],
        insured_area=row.area,
        care_area=details["care_area"],
        insutype=details["insutype"],
        med_type=details["med_type"],
        benefit=details["benefit"],
        level=details["level"],
        decided_on=row.decided_on,
        begun_on=date.fromisoformat(details["begun_on"]),
        ended_on=date.fromisoformat(details["ended_on"]),
        settled_at=row.settled_at,
        year=row.year,
        seq=row.seq,
        amounts=row.amounts,
        payers=row.payers,
        funds=tuple(FundPart(**part) for part in details["funds"]),
        person=_person(row, dossier),
        msgid=row.msgid,
        refers_to=details.get("refers_to", ""),
        cancelled_by=other or "",
        plan_hash=row.plan_hash,
        provisional=tuple(details["provisional"]),
        notes=tuple(details["notes"]),
        adjustments=adjustments_of(row.id),
        invoice_no=details["invoice_no"],
        disease_code=details["disease_code"],
        disease_name=details["disease_name"],
        operator=details["operator"],
        mid_stay=row.mid_stay,
        clearing_type=details["clearing_type"],
    )


def _person(row: DocumentRow, dossier: Dossier) -> PersonShown:
    identity = dossier.identity()
    details = row.details
    return PersonShown(
        person_no=row.person_no,
        name=identity.name,
        cert_type=identity.cert_type,
        cert_no=identity.cert_no,
        gender=dossier.gender,
        born_on=dossier.born_on,
        ethnicity=dossier.ethnicity,
        psn_type=details["psn_type"],
        civil_servant=details["civil_servant"],
        employer_name=details["employer_name"],
        employer_no=details["employer_no"],
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
