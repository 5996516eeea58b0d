"""Settlement lists (医疗保障基金结算清单, 4101): what a hospital states of a stay for grouping and payment.

Accepted when it fits the settlement it names; a later upload supersedes an earlier one. The body is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from openyibao.foundation import audit, crypto, sql
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import SHANGHAI
from openyibao.kernel.money import yuan_text
from openyibao.settlement import documents, store
from openyibao.settlement.contracts import Caller, ListedStay, SettlementList
from openyibao.settlement.documents import DocumentRow
from openyibao.settlement.errors import ListRefused, SettlementUnknown
from openyibao.settlement.visits import check_sender


def record_settlement_list(caller: Caller, command: SettlementList) -> str:
    """Take a settlement list; gives its number (setl_list_id, 9 digits). Raises: SettlementUnknown, ListRefused."""
    check_sender(caller)
    with joined():
        document = documents.by_number(command.settlement_no)
        if document is None or document.institution_code != caller.institution_code:
            raise SettlementUnknown(f"本机构没有结算 {command.settlement_no}", hint="核对 setl_id")
        store.lock_person(document.person_no)
        _check(documents.by_id(document.id), command)
        sql.run(
            "UPDATE settlement_list SET superseded_at = %s WHERE document_id = %s AND superseded_at IS NULL",
            (caller.at, document.id),
        )
        number = f"{store.next_number() % 1_000_000_000:09d}"
        body = crypto.seal(json.dumps(dict(command.body), ensure_ascii=False, default=str))
        sql.run(
            "INSERT INTO settlement_list (list_no, document_id, shape, body, received_at) VALUES (%s, %s, %s, %s, %s)",
            (number, document.id, command.shape, body, caller.at),
        )
    return number


def accepted_list(settlement_no: str) -> dict[str, Any] | None:
    """The list accepted for a settlement: number, shape and body; None without one."""
    found = sql.one(
        "SELECT l.list_no, l.shape, l.body FROM settlement_list l JOIN settlement_document d ON d.id = l.document_id"
        " WHERE d.settlement_no = %s AND l.superseded_at IS NULL",
        (settlement_no,),
    )
    return {"list_no": found[0], "shape": found[1], "body": json.loads(crypto.unseal(found[2]))} if found else None


def _check(document: DocumentRow, command: SettlementList) -> None:
    """Everything in which the list does not fit its settlement. Raises: ListRefused."""
    wrong = []
    if document.state != "standing":
        wrong.append("该结算已撤销，不收清单")
    if command.visit_no != document.visit_no:
        wrong.append(f"mdtrt_id {command.visit_no} 与结算的 {document.visit_no} 不符")
    if command.person_no and command.person_no != document.person_no:
        wrong.append("psn_no 与结算的人员不符")
    diagnoses = [node for node in command.body.get("diseinfo") or () if str(node.get("maindiag_flag")) == "1"]
    if len(diagnoses) != 1:
        wrong.append(f"主诊断（maindiag_flag 1）须恰有一条，现有 {len(diagnoses)} 条")
    header: Mapping[str, Any] = command.body.get("setlinfo") or {}
    if command.shape == "full":
        wrong += _wrong_sums(document, header, command.body)
    if wrong:
        raise ListRefused("；".join(wrong), hint="改正后整单重传")


def _wrong_sums(document: DocumentRow, header: Mapping[str, Any], body: Mapping[str, Any]) -> list[str]:
    """The older form repeats amounts the platform knows: they must be the same."""
    known = {"acct_pay": document.amounts["acct_pay"], "psn_cashpay": document.amounts["psn_cash_pay"]}
    wrong = [
        f"{name} 送 {yuan_text(header[name])}，结算为 {yuan_text(fen)}"
        for name, fen in known.items()
        if isinstance(header.get(name), int) and header[name] != fen
    ]
    items = [node["amt"] for node in body.get("iteminfo") or () if isinstance(node.get("amt"), int)]
    if items and sum(items) != document.amounts["medfee_sumamt"]:
        total = yuan_text(document.amounts["medfee_sumamt"])
        wrong.append(f"iteminfo 合计 {yuan_text(sum(items))}，结算总额 {total}")
    return wrong


def listed_stays(actor: Actor, area: str, settled_before: date) -> list[ListedStay]:
    """Stays of an area's insured settled for good before a day, with an accepted list (已收清单的住院), oldest first.

    Pieces settled on the way are added up with the last one. The lists are opened: one audit row says how many.
    Raises: NotPermitted.
    """
    require(actor, "settlement.read_lists", area)
    with joined():
        rows = sql.rows(
            "SELECT d.settlement_no, v.visit_no, d.institution_code, d.scheme, v.care_area, d.person_id, d.decided_on,"
            " v.begun_on, l.list_no, l.body, p.gender, p.born_on, pieces.sums::text"
            " FROM settlement_document d"
            " JOIN settlement_visit v ON v.id = d.visit_id"
            " JOIN settlement_list l ON l.document_id = d.id AND l.superseded_at IS NULL"
            " JOIN people_dossier p ON p.person_id = d.person_id"
            " CROSS JOIN LATERAL (SELECT json_build_object("
            " 'total', sum((a.amounts->>'medfee_sumamt')::bigint), 'pool', sum((a.amounts->>'hifp_pay')::bigint),"
            " 'patient', sum((a.amounts->>'psn_part_amt')::bigint)) AS sums"
            " FROM settlement_document a WHERE a.visit_id = d.visit_id AND a.state = 'standing') pieces"
            " WHERE d.area = %s AND d.state = 'standing' AND v.inpatient AND NOT d.mid_stay AND d.settled_at < %s"
            " ORDER BY d.id",
            (area, datetime.combine(settled_before, time(), SHANGHAI)),
        )
        audit.record(actor, "settlement.listed_stays", str(settled_before), area, lists=len(rows))
    return [_listed(row) for row in rows]


def _listed(row: sql.Row) -> ListedStay:
    number, visit, institution, scheme, care_area, person, decided, begun, list_no, body, gender, born_on, sums = row
    fen = json.loads(sums)
    return ListedStay(
        settlement_no=number,
        visit_no=visit,
        institution_code=institution,
        scheme=scheme,
        care_area=care_area,
        person_id=person,
        discharged_on=decided,
        admitted_on=begun,
        list_no=list_no,
        body=json.loads(crypto.unseal(body)),
        gender=gender,
        born_on=born_on,
        total_fen=fen["total"],
        pool_fen=fen["pool"],
        patient_fen=fen["patient"],
    )
