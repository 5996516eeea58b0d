"""Fills a database for the gateway's benchmark: many persons, a long ledger, visits whose lines are uploaded.

Persons, accounts, journals and visits are inserted in bulk, in exactly the shape the rooms' verbs give them; what is
measured afterwards goes through the server alone. Invented identities of area 99.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from openyibao.catalogue import facade as catalogue
from openyibao.foundation import crypto, sql
from openyibao.foundation.actors import SYSTEM, Actor
from openyibao.gateway.facade import register_credential
from openyibao.institutions import facade as institutions
from openyibao.institutions.contracts import AgreementDraft, Registration
from openyibao.settlement.contracts import Circumstances

AREA, COUNTY = "371500", "371502"
NOW = datetime(2024, 6, 3, 2, 0, tzinfo=UTC)
DAY = date(2024, 6, 3)
INSTITUTIONS = 8
LINES = 10
LINE_FEN = 15_000
SECRET = "published-secret-of-the-benchmark"


@dataclass(frozen=True)
class Filled:
    """What the database holds: person ids and visit ids run without gaps from these."""

    persons: int
    first_visit: int
    visits: int
    institutions: tuple[str, ...]


def fill(persons: int, journals: int, visits: int) -> Filled:
    """Fill an empty migrated database."""
    catalogue.load_sample(SYSTEM, NOW)
    codes = tuple(_institution(at) for at in range(INSTITUTIONS))
    _persons(persons)
    _journals(journals, persons)
    first = _visits(visits, persons, codes)
    for table in ("people_person", "people_coverage", "ledger_leg", "ledger_journal", "settlement_visit"):
        sql.run(f"ANALYZE {table}")
    return Filled(persons, first, visits, codes)


def visit_no(visit_id: int) -> str:
    """Number of a filled visit."""
    return f"{AREA}M{visit_id:014d}"


def person_no(person_id: int) -> str:
    """Number of a filled person."""
    return f"{AREA}P{person_id:014d}"


def cert_no(person_id: int) -> str:
    """Identity number of a filled person: of area 99, which does not exist."""
    return f"99{person_id:08d}19750101"


def _institution(at: int) -> str:
    code = f"H{COUNTY}{at + 90_001:05d}"
    agency = Actor("benchmark", frozenset({"agency"}), AREA)
    new = Registration(
        code, f"基准医院{at}", "hospital", f"12371502{at:010d}", COUNTY, "tertiary", "2", date(2015, 1, 1)
    )
    institutions.register(agency, new, NOW)
    institutions.sign_agreement(agency, code, AgreementDraft("basic", f"B{at}", date(2015, 1, 1)), NOW)
    register_credential(SYSTEM, institution_code=code, area=COUNTY, security="aksk", key=f"key-{code}", secret=SECRET)
    return code


def _persons(count: int) -> None:
    """Employees of Liaocheng, each with an account of 50,000 yuan."""
    with sql.raw_cursor() as cursor:
        with cursor.copy(
            "COPY people_person (id, sealed, cert_hash, gender, born_on, ethnicity, area, note, recorded_at) FROM STDIN"
        ) as copy:
            for at in range(1, count + 1):
                number = cert_no(at)
                identity = {
                    "name": f"测试{at % 1000}",
                    "cert_type": "01",
                    "cert_no": number,
                    "phone": f"100{at:08d}",
                    "address": "",
                }
                copy.write_row(
                    (
                        at,
                        crypto.seal(json.dumps(identity, ensure_ascii=False)),
                        crypto.keyed_hash(f"01:{number}"),
                        *("1", date(1975, 1, 1), "01", AREA, "", NOW),
                    )
                )
        cursor.execute(
            "INSERT INTO people_number (person_no, person_id, main)"
            " SELECT %s || 'P' || lpad(n::text, 14, '0'), n, true FROM generate_series(1, %s::bigint) n",
            (AREA, count),
        )
        cursor.execute(
            "INSERT INTO people_coverage (person_id, area, scheme, status, contribution_class, employment, pool_only,"
            " valid, benefit_from, state, recorded_at) SELECT n, %s, 'employee', 'active', 'standard', 'enterprise',"
            " false, daterange('2015-01-01', NULL), '2015-01-01', 'normal', %s FROM generate_series(1, %s::bigint) n",
            (AREA, NOW, count),
        )
        cursor.execute(
            "INSERT INTO ledger_personal_account (owner_id, area, opened_on, balance_fen, interest_year)"
            " SELECT n, %s, '2015-01-01', 0, 2024 FROM generate_series(1, %s::bigint) n",
            (AREA, count),
        )


def _journals(count: int, persons: int) -> None:
    """Journals through the ledger's own function: credits to accounts, then settled claims of earlier months."""
    sql.run(
        "SELECT ledger_post('fund', %s, '2024-05-20', %s, 'account_transfer_in', 'benchmark', 'IN' || n, NULL, '',"
        " ARRAY['income_account', 'transfer_income'], ARRAY['employee_account', 'employee_account'], ARRAY['', ''],"
        " ARRAY['', ''], ARRAY[5000000, 0], ARRAY[0, 5000000]) FROM generate_series(1, %s::bigint) n",
        (AREA, NOW, min(persons, count)),
    )
    sql.run(
        "SELECT ledger_post('business', %s, '2024-05-20', %s, 'account_transfer_in', 'benchmark', 'IN' || n, NULL, '',"
        " ARRAY['received', 'personal_account'], ARRAY['employee_account', 'employee_account'], ARRAY['', 'person'],"
        " ARRAY['', a.id::text], ARRAY[5000000, 0], ARRAY[0, 5000000])"
        " FROM generate_series(1, %s::bigint) n JOIN ledger_personal_account a ON a.owner_id = n",
        (AREA, NOW, min(persons, count)),
    )
    sql.run(
        "SELECT ledger_post('business', %s, '2024-05-20', %s, 'settlement', 'benchmark', 'S' || n, NULL, '',"
        " ARRAY['claims_settled', 'payable_institution'], ARRAY['employee_pool', 'employee_pool'],"
        " ARRAY['person', 'institution'], ARRAY[(1 + n %% %s::bigint)::text, 'H37150290001'],"
        " ARRAY[10000, 0], ARRAY[0, 10000])"
        " FROM generate_series(1, %s::bigint) n",
        (AREA, NOW, persons, max(0, count - 2 * persons)),
    )


def _visits(count: int, persons: int, codes: tuple[str, ...]) -> int:
    """Recorded outpatient visits, one batch of ten lines each, persons in turn; gives the first visit's id."""
    said = json.dumps(asdict(Circumstances()))
    first: Any = sql.one("SELECT coalesce(max(id), 0) + 1 FROM settlement_visit")
    start = int(first[0])
    sql.run(
        "INSERT INTO settlement_visit (id, visit_no, inpatient, state, person_id, person_no, institution_code,"
        " insured_area, care_area, insutype, scheme, med_type, benefit, case_no, stay_no, begun_at, begun_on,"
        " disease_code, disease_name, disease, diagnoses, circumstances, details, open_batch, standing, opened_at)"
        " SELECT n, %s || 'M' || lpad(n::text, 14, '0'), false, 'recorded', p, %s || 'P' || lpad(p::text, 14, '0'),"
        " (%s::text[])[1 + (n %% %s::bigint)::int], %s, %s, '310', 'employee', '11', 'outpatient', 'MZ' || n, '',"
        " %s, %s, '', '', '', '[]', %s::jsonb, '{}', 1, 0, %s"
        " FROM (SELECT n, 1 + (n * 7919) %% %s::bigint AS p FROM generate_series(%s::bigint, %s::bigint) n) x",
        (
            *(AREA, AREA, list(codes), len(codes), AREA, AREA, NOW, DAY, said, NOW, persons),
            *(start, start + count - 1),
        ),
    )
    sql.run(
        "INSERT INTO settlement_batch (id, visit_id, batch_no, disease_code, lines, total_fen, non_covered_fen,"
        " over_limit_fen, prior_self_pay_fen, in_scope_fen, special_fen, herb_fen, last_fee_on)"
        " SELECT n, n, 'B1', '', %s, %s, 0, 0, 0, %s, 0, 0, %s FROM generate_series(%s::bigint, %s::bigint) n",
        (LINES, LINES * LINE_FEN, LINES * LINE_FEN, DAY, start, start + count - 1),
    )
    sql.run(
        "INSERT INTO settlement_line (batch_id, visit_id, sn, item_code, local_code, name, item_class, charge_type,"
        " quantity_e4, price_e6, ceiling_e6, own_ratio_bp, amount_fen, non_covered_fen, over_limit_fen,"
        " prior_self_pay_fen, in_scope_fen, special_fen, herb, version_id, fee_at, approved, refunds_sn, dept_code,"
        " doctor_code, memo)"
        " SELECT n, n, l::text, 'BENCH', '', '基准项目', 'A', '05', 10000, 150000000, 0, 0, %s, 0, 0, 0,"
        " %s, 0, false, 1, %s, '', '', 'D1', 'DR1', ''"
        " FROM generate_series(%s::bigint, %s::bigint) n, generate_series(1, %s::bigint) l",
        (LINE_FEN, LINE_FEN, NOW, start, start + count - 1, LINES),
    )
    sql.run("SELECT setval('settlement_number', %s)", (start + count + 10,))
    return start
