"""What must be true of settled bills whatever happened to the server: counted again from the rows, fault by fault.

Used after races and after kills. Nothing stops early; an empty list means that everything fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from openyibao.foundation import sql
from openyibao.ledger import facade as ledger
from openyibao.policy.facade import Fold
from openyibao.rulebook.facade import plan_of
from openyibao.settlement import documents
from openyibao.settlement import facade as settlement
from openyibao.settlement.logic import deciding

_SCOPE = "person_id = ANY(%s::bigint[])"
_ROWS = {
    "two documents with one sequence number": f"""
        SELECT person_id, year, scheme, seq FROM settlement_document WHERE {_SCOPE}
        GROUP BY person_id, area, year, scheme, seq HAVING count(*) > 1""",
    "the person-year does not count its documents": f"""
        SELECT y.person_id, y.year, y.scheme, y.seq, count(d.id), max(d.seq) FROM settlement_person_year y
        LEFT JOIN settlement_document d USING (person_id, area, year, scheme) WHERE y.{_SCOPE}
        GROUP BY y.id HAVING y.seq <> count(d.id) OR y.seq <> max(d.seq)""",
    "documents without a person-year": f"""
        SELECT d.settlement_no FROM settlement_document d LEFT JOIN settlement_person_year y
        USING (person_id, area, year, scheme) WHERE d.{_SCOPE} AND y.id IS NULL""",
    "a batch is marked settled by a document that does not stand": f"""
        SELECT b.id, b.settlement_id, d.state FROM settlement_batch b JOIN settlement_visit v ON v.id = b.visit_id
        LEFT JOIN settlement_document d ON d.id = b.settlement_id
        WHERE v.{_SCOPE} AND b.settlement_id IS NOT NULL
        AND (d.id IS NULL OR d.state <> 'standing' OR (d.details->>'batch')::bigint <> b.id OR d.visit_id <> v.id)""",
    "a standing document without its batch": f"""
        SELECT d.settlement_no FROM settlement_document d
        LEFT JOIN settlement_batch b ON b.settlement_id = d.id AND b.id = (d.details->>'batch')::bigint
        WHERE d.{_SCOPE} AND d.state = 'standing' AND b.id IS NULL""",
    "a document and its batch differ": f"""
        SELECT d.settlement_no, d.total_fen, b.total_fen FROM settlement_document d
        JOIN settlement_batch b ON b.settlement_id = d.id WHERE d.{_SCOPE} AND d.state = 'standing'
        AND ((d.amounts->>'medfee_sumamt')::bigint, (d.amounts->>'fulamt_ownpay_amt')::bigint,
             (d.amounts->>'inscp_scp_amt')::bigint) IS DISTINCT FROM
        (b.total_fen, b.non_covered_fen, b.in_scope_fen)""",
    "a batch and its lines differ": f"""
        SELECT b.id, b.lines, b.total_fen, count(l.id), sum(l.amount_fen) FROM settlement_batch b
        JOIN settlement_visit v ON v.id = b.visit_id
        LEFT JOIN settlement_line l ON l.batch_id = b.id AND l.withdrawn_at IS NULL
        WHERE v.{_SCOPE} GROUP BY b.id HAVING (b.lines, b.total_fen, b.in_scope_fen, b.non_covered_fen) IS DISTINCT FROM
        (count(l.id), coalesce(sum(l.amount_fen), 0), coalesce(sum(l.in_scope_fen), 0),
         coalesce(sum(l.non_covered_fen), 0))""",
    "a line number lives twice, or a refund takes more than there was": f"""
        SELECT l.visit_id, coalesce(nullif(l.refunds_sn, ''), l.sn) FROM settlement_line l
        JOIN settlement_visit v ON v.id = l.visit_id WHERE v.{_SCOPE} AND l.withdrawn_at IS NULL
        GROUP BY 1, 2 HAVING sum(l.quantity_e4) < 0 OR count(*) FILTER (WHERE l.refunds_sn = '') > 1""",
    "a visit miscounts its documents": f"""
        SELECT v.visit_no, v.standing, v.state, count(d.id) FROM settlement_visit v
        LEFT JOIN settlement_document d ON d.visit_id = v.id AND d.state = 'standing' WHERE v.{_SCOPE}
        GROUP BY v.id HAVING v.standing <> count(d.id) OR (v.state = 'cancelled' AND count(d.id) > 0)
        OR (v.state = 'settled' AND count(d.id) = 0)""",
    "a cancelled visit still has lines": f"""
        SELECT v.visit_no FROM settlement_visit v JOIN settlement_line l ON l.visit_id = v.id
        WHERE v.{_SCOPE} AND v.state = 'cancelled' AND l.withdrawn_at IS NULL""",
    "a cancelled document without exactly one negative of the same size": f"""
        SELECT d.settlement_no, count(n.id) FROM settlement_document d
        LEFT JOIN settlement_document n ON n.refers_to_id = d.id AND n.state = 'negative' AND n.total_fen = -d.total_fen
        WHERE d.{_SCOPE} AND d.state <> 'negative'
        GROUP BY d.id HAVING count(n.id) <> (d.state = 'cancelled')::int""",
    "a document and its journal differ": f"""
        SELECT d.settlement_no, d.journal_id, j.document_no FROM settlement_document d
        LEFT JOIN ledger_journal j ON j.id = d.journal_id
        LEFT JOIN LATERAL (SELECT sum(l.credit_fen - l.debit_fen) AS fen FROM ledger_leg l
            WHERE l.journal_id = j.id AND l.party_kind = 'institution' AND l.party = d.institution_code) paid ON true
        WHERE d.{_SCOPE} AND (j.document_no IS DISTINCT FROM d.settlement_no AND d.fund_fen + d.account_fen <> 0
            OR coalesce(paid.fen, 0) <> d.fund_fen + d.account_fen + d.family_fen)""",
}
_JOURNALS = """
    SELECT j.id, j.document_no FROM ledger_journal j LEFT JOIN settlement_document d ON d.journal_id = j.id
    WHERE j.document_kind = 'settlement' AND d.id IS NULL"""


def faults_of(person_ids: Sequence[int]) -> list[str]:
    """Everything that is wrong with the visits, documents, counters and journals of these persons."""
    found = []
    for what, statement in _ROWS.items():
        rows = sql.rows(statement, [list(person_ids)] * statement.count("%s"))
        found += [f"{what}: {row}" for row in rows]
    return [*found, *_years(person_ids)]


def faults_of_ledger() -> list[str]:
    """What `ledger verify` finds, and settlement journals that no document owns."""
    found = [str(finding) for finding in ledger.verify().findings]
    return found + [f"a journal without its document: {row}" for row in sql.rows(_JOURNALS)]


def person_id(person_no: str) -> int:
    found = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (person_no,))
    assert found is not None, person_no
    return int(found[0])


def _years(person_ids: Sequence[int]) -> Iterator[str]:
    """Person-years against a replay of their documents; documents against a replay of the year."""
    rows = sql.rows(
        "SELECT person_id, year, area, scheme, counters::text, stays::text FROM settlement_person_year"
        " WHERE person_id = ANY(%s::bigint[]) ORDER BY 1, 2, 3, 4",
        (list(person_ids),),
    )
    for person, year, area, scheme, counters, stays in rows:
        replayed = settlement.replayed_year(person, year, area, scheme)
        stored = (_nonzero(documents.json.loads(counters)), documents.json.loads(stays))
        wanted = (_nonzero(replayed.counters), {stay: list(pair) for stay, pair in replayed.stays.items()})
        if stored != wanted:
            yield f"counters are not those of a replay: person {person}, {year}: {stored} instead of {wanted}"
        for seq, changed in _changes(person, (year, area, scheme)):
            yield f"a document is not what its place in the year makes of it: person {person}, seq {seq}: {changed}"


def _changes(person: int, key: documents.YearKey) -> list[tuple[int, dict[str, int]]]:
    rows = documents.standing(person, key)
    if not rows:
        return []
    moved = documents.adjusted_payers([row.id for row in rows])
    fold = Fold(plan_of(rows[-1].plan_hash).policies.compiler)
    for at, row in enumerate(rows):
        who, visit, bill, stay = deciding.restored(row.decided)
        more = moved.get(row.id, {})
        payers = {layer: row.payers.get(layer, 0) + more.get(layer, 0) for layer in row.payers.keys() | more.keys()}
        fold.restore(replace(visit, index=at), who, bill, stay, payers, plan_of(row.plan_hash).policies.compiler)
    return [(rows[at].seq, changed) for at, changed in fold.replay()]


def _nonzero(counters: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in counters.items() if value}
