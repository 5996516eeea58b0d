"""Every verb runs a bounded number of statements, however long the person's record is; and how fast a dossier reads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openyibao.foundation import sql
from openyibao.people import facade
from openyibao.people.contracts import Dossier
from tests.people.support import AGENCY, FINANCE, HOSPITAL, REVIEW, at, day, employee, person, resident, worker
from tests.support.invented import identity

pytestmark = pytest.mark.usefixtures("db")


def statements(verb: Callable[[], Any]) -> int:
    """Statements that are neither savepoints nor the transaction's own."""
    with CaptureQueriesContext(connection) as captured:
        verb()
    own = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return sum(not query["sql"].startswith(own) for query in captured.captured_queries)


@pytest.fixture
def long_record() -> str:
    """Somebody with 24 stretches of coverage, 12 groups and 12 contributions."""
    number = person()
    for year in range(2000, 2024):
        employee(number, f"{year}-01-01", until=day(f"{year}-12-01"))
        if year % 2:
            facade.join_group(
                AGENCY,
                number,
                "monitored",
                on=day(f"{year}-01-01"),
                until=day(f"{year + 1}-01-01"),
                at=at("2024-01-01"),
            )
    for month in range(1, 12):
        period = f"2022-{month:02d}"
        facade.record_contribution(FINANCE, number, period, on=day("2022-12-01"), at=at("2022-12-01"), wage_fen=374_600)
    return number


def test_statements_do_not_grow_with_the_record(long_record: str) -> None:
    facade.record_contribution(
        FINANCE, worker(), "2022-01", on=day("2022-12-01"), at=at("2022-12-01"), wage_fen=374_600
    )
    born = day("1980-05-20")
    counts = []
    for number in (worker("2024-01-01"), long_record):
        heir = worker()
        found = {
            "dossier": statements(lambda n=number: facade.dossier(HOSPITAL, n)),
            "coverage_on": statements(lambda n=number: facade.dossier(HOSPITAL, n).spell_on(day("2024-02-01"))),
            "contributions_of": statements(lambda n=number: facade.contributions_of(AGENCY, n)),
        }
        if number == long_record:
            found["enrol"] = statements(lambda n=number: employee(n, "2024-01-01"))
        else:
            fresh = person()
            found["enrol"] = statements(lambda n=fresh: employee(n, "2024-01-01"))
        found |= {
            "suspend": statements(
                lambda n=number: facade.suspend(AGENCY, n, on=day("2024-03-01"), at=at("2024-03-01"))
            ),
            "resume": statements(lambda n=number: facade.resume(AGENCY, n, on=day("2024-04-01"), at=at("2024-04-01"))),
            "change_status": statements(
                lambda n=number: facade.change_status(
                    AGENCY, n, status="retired", on=day("2024-05-01"), at=at("2024-05-01")
                )
            ),
            "file_chronic": statements(
                lambda n=number: facade.file_chronic(
                    AGENCY, n, disease="冠心病", on=day("2024-05-01"), at=at("2024-05-01")
                )
            ),
            "join_group": statements(
                lambda n=number: facade.join_group(
                    AGENCY, n, "extremely_poor", on=day("2024-05-01"), at=at("2024-05-01")
                )
            ),
            "authorise_family": statements(
                lambda n=number, h=heir: facade.authorise_family(
                    AGENCY, n, h, on=day("2024-05-01"), at=at("2024-05-01")
                )
            ),
            "record_death": statements(
                lambda n=number: facade.record_death(
                    AGENCY, n, died_on=day("2024-06-01"), on=day("2024-06-02"), at=at("2024-06-02")
                )
            ),
        }
        counts.append(found)
    short, long = counts
    long["record_death"] -= 2  # the account of the long record is paid out: its posting, and its closing
    assert short == long
    assert short == {
        "dossier": 2,
        "coverage_on": 2,
        "contributions_of": 4,
        "enrol": 8,
        "suspend": 6,
        "resume": 7,
        "change_status": 6,
        "file_chronic": 5,
        "join_group": 5,
        "authorise_family": 4,
        "record_death": 9,
    }
    who = identity(born)
    assert (
        statements(
            lambda: facade.register_person(AGENCY, who, gender="1", born_on=born, area="371500", at=at("2024-01-01"))
        )
        == 4
    )
    assert statements(lambda: facade.find_person(AGENCY, "01", who.cert_no)) == 3


def test_statements_of_what_moves_money() -> None:
    number = worker("2022-01-01")

    def pay(period: str) -> int:
        return statements(
            lambda: facade.record_contribution(
                FINANCE, number, period, on=day("2022-12-01"), at=at("2022-12-01"), wage_fen=374_600
            )
        )

    pay("2022-01")
    assert pay("2022-02") <= 12
    assert pay("2022-02") <= 3
    assert (
        statements(
            lambda: facade.transfer_out(AGENCY, number, to_area="370200", on=day("2022-12-01"), at=at("2022-12-01"))
        )
        <= 15
    )
    keep, drop = person(), worker("2022-01-01")
    merged = statements(lambda: facade.merge_persons(REVIEW, keep, drop, on=day("2024-01-01"), at=at("2024-01-01")))
    assert merged <= 20


def test_a_dossier_is_read_in_one_statement_and_only_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    number = person()
    resident(number, "2026-01-01", asked_on=day("2025-10-01"))
    columns = f"SELECT {Dossier.COLUMNS} FROM people_dossier JOIN people_number USING (person_id) WHERE person_no = %s"
    row = sql.one(columns, (number,))
    assert row is not None
    made = Dossier.from_row(row)
    assert set(vars(made)) & {"spells", "groups", "filings"} == set()
    assert made.coverage_on(day("2026-02-01")).scheme == "resident"
    assert set(vars(made)) & {"spells", "groups", "filings"} == {"spells"}
    started = time.perf_counter()
    for _ in range(1000):
        Dossier.from_row(row).entitlements_on(day("2026-02-01"))
    micros = (time.perf_counter() - started) * 1000
    with capsys.disabled():
        print(f"\ndossier: {micros:.0f} µs from row to entitlements", end=" ")  # noqa: T201
    assert micros < 1000
