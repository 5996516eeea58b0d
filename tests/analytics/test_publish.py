"""What is published is what was paid: settled again by the year driver it comes out the same, and nobody is in it.

The town has one of everything that makes a year hard to settle again. What a year alone cannot know is listed here by
name: a stay that began the year before, and the deductible of a bill whose payers were changed by a replay.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from django.db import connection
from typer.testing import CliRunner

from openyibao.analytics import facade as analytics
from openyibao.cli import publish as command
from openyibao.datasets import facade as datasets
from openyibao.datasets.facade import Dataset
from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM, NotPermitted
from openyibao.kernel.errors import Malformed, TryAgain
from openyibao.ledger import facade as ledger
from openyibao.people import facade as people
from openyibao.people.contracts import DeclaredAmounts
from openyibao.policy.facade import Policies
from openyibao.settlement import cancelling
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel, Circumstances, Settlement
from tests.analytics.test_publish_proof import compare
from tests.support.actors import actor
from tests.support.world import NOW, World, choose_items, instant

pytestmark = pytest.mark.slow
"""Loads the demo area into a database of its own."""

JAN, LATE = date(2024, 1, 15), date(2024, 11, 20)
AGENCY, REVIEW = actor("agency"), actor("agency_review")


@dataclass
class Town:
    """Persons by the story they stand for; ids of documents that must not be there."""

    world: World
    persons: dict[str, str] = field(default_factory=dict)
    cancelled: list[Settlement] = field(default_factory=list)

    def number(self, dataset: Dataset, story: str) -> int:
        """The dataset's number of a person, found by the bills: nothing else leads from one to the other."""
        person_id = sql.one("SELECT person_id FROM people_number WHERE person_no = %s", (self.persons[story],))
        assert person_id is not None
        (stated,) = sql.rows(
            "SELECT array_agg(decided_on ORDER BY decided_on) FROM settlement_document"
            " WHERE person_id = %s AND state = 'standing' AND year = 2024",
            person_id,
        )
        rows = read(dataset, "visits", 2024)
        days: dict[int, list[date]] = {}
        for person, day in zip(rows.column("person").to_pylist(), rows.column("day").to_pylist(), strict=True):
            days.setdefault(person, []).append(day)
        (found,) = [person for person, its in days.items() if its == stated[0]]
        return found


def read(dataset: Dataset, table: str, year: int | None = None, run: str = "") -> pa.Table:
    """All parts of a table."""
    return pa.concat_tables(pq.read_table(path) for path in dataset.paths(table, year, run))


def cancel(world: World, done: Settlement, person: str, hospital: str) -> None:
    inpatient = done.med_type == "21"
    caller = world.caller(hospital, "2305" if inpatient else "2208")
    settlement.reverse(caller, Cancel(done.settlement_no, done.visit_no, person, inpatient))


@pytest.fixture(scope="module")
def town(db: str) -> Town:
    world = World.made()
    choose_items()
    found = Town(world)
    with pytest.MonkeyPatch.context() as patch:
        _live(found, patch)
    return found


def _live(town: Town, patch: pytest.MonkeyPatch) -> None:
    world, persons = town.world, town.persons
    tertiary, secondary, clinic = (world.hospital(level) for level in ("tertiary", "secondary", "primary"))
    away, far = world.hospital("tertiary", "370202"), world.hospital("tertiary", "370102")

    # ordinary, with an account, bills cancelled and settled again, a bill that came late
    one = persons["employee"] = world.person(balance_fen=30_000, born_on=date(1971, 5, 6))
    world.bill(one, clinic, date(2024, 2, 1), 12_300, non_covered=701)
    wrong = world.stay_bill(one, tertiary, date(2024, 3, 9), 2_345_601)
    cancel(world, wrong, one, tertiary)
    town.cancelled.append(wrong)
    world.stay_bill(one, secondary, date(2024, 5, 2), 3_100_099)
    world.bill(one, clinic, JAN, 45_001)  # after the others, dated before them
    world.stay_bill(one, tertiary, date(2024, 9, 9), 18_000_000, non_covered=33_333)

    # a stay in two pieces, and a stay of its own after it
    two = persons["pieces"] = world.person("resident", "adult")
    stay = world.stay(two, tertiary, date(2024, 5, 1), "390")
    world.upload(two, tertiary, stay, date(2024, 5, 10), {"in_scope": 1_000_001}, inpatient=True)
    more: dict[str, Any] = {"inpatient": True, "insutype": "390"}
    world.settle(two, tertiary, stay, 1_000_001, mid_stay=True, ended_on=date(2024, 5, 31), **more)
    world.upload(two, tertiary, stay, date(2024, 6, 10), {"in_scope": 2_000_000}, inpatient=True)
    world.discharge(two, tertiary, stay, date(2024, 6, 15), "390")
    world.settle(two, tertiary, stay, 2_000_000, **more)
    world.stay_bill(two, tertiary, date(2024, 8, 15), 3_000_000, insutype="390")

    # two helped groups at once
    three = persons["helped"] = world.person(
        "resident", "adult", groups=("minimum_living", "impoverished_by_illness"), born_on=date(1950, 2, 2)
    )
    for month, fen in ((2, 4_000_000), (4, 6_000_001), (7, 15_000_000)):
        world.stay_bill(three, tertiary, date(2024, month, 20), fen, insutype="390", non_covered=1_000)

    # chronic
    four = persons["chronic"] = world.person("employee", "retired", balance_fen=5_000, born_on=date(1949, 9, 9))
    filing = people.file_chronic(AGENCY, four, disease="高血压病", on=date(2023, 1, 1), at=instant(date(2023, 1, 1)))
    people.approve_filing(REVIEW, filing, at=instant(date(2023, 1, 2)))
    for month in (1, 2, 3):
        fen, day = 61_000 * month, date(2024, month, 8)
        visit = world.visit(four, secondary, day, "14", disease_name="高血压病")
        world.upload(four, secondary, visit, day, {"in_scope": fen})
        world.settle(four, secondary, visit, fen)

    # away: not filed yet, filed, filed for another city
    five = persons["remote"] = world.person()
    filing = people.file_remote(
        AGENCY, five, filing_type="long_term", area="370100", on=date(2024, 2, 1), at=instant(date(2024, 2, 1))
    )
    people.approve_filing(REVIEW, filing, at=instant(date(2024, 2, 1)))
    world.stay_bill(five, far, date(2024, 1, 20), 1_000_003)
    world.stay_bill(five, far, date(2024, 3, 20), 2_000_001)
    world.stay_bill(five, away, date(2024, 5, 20), 3_000_001)

    # paid by somebody else, in part or in whole; a transfer that goes on
    six = persons["third_party"] = world.person()
    world.stay_bill(
        six, secondary, date(2024, 3, 5), 100_001, circumstances=Circumstances(exclusion="work_injury"), non_covered=7
    )
    said = Circumstances(third_party_bp=3_333)
    hurt = world.stay_bill(six, secondary, date(2024, 4, 5), 2_000_001, circumstances=said, non_covered=555)
    world.stay_bill(
        six, tertiary, date(2024, 4, 25), 3_000_000, circumstances=Circumstances("transfer_up", follows=hurt.visit_no)
    )

    # the family's account pays
    seven, owner = world.person(born_on=date(1990, 1, 1)), world.person(balance_fen=80_000)
    persons["family"] = seven
    people.authorise_family(AGENCY, owner, seven, on=date(2024, 1, 1), at=instant(date(2024, 1, 1)))
    world.bill(seven, clinic, date(2024, 6, 6), 50_000)

    # two numbers that were one person
    eight, gone = world.person("resident", "adult"), world.person("resident", "adult")
    persons["merged"] = eight
    world.stay_bill(eight, tertiary, date(2024, 1, 20), 300_000, insutype="390")
    world.stay_bill(gone, tertiary, date(2024, 2, 20), 900_000, insutype="390")
    people.merge_persons(REVIEW, eight, gone, on=date(2024, 3, 1), at=world.now)
    settlement.join_person_years(AGENCY, eight, world.now)
    world.stay_bill(gone, tertiary, date(2024, 3, 20), 500_000, insutype="390")

    # an early bill cancelled where the area settles the differences
    patch.setattr(cancelling, "switch", lambda *_: "replay_to_person")
    nine = persons["replayed"] = world.person()
    early = world.stay_bill(nine, tertiary, JAN, 300_000)
    world.stay_bill(nine, secondary, date(2024, 2, 20), 900_000)
    cancel(world, early, nine, tertiary)
    town.cancelled.append(early)

    # from one scheme to the other within the year
    ten = persons["both"] = world.person("resident", "adult", since=date(2023, 1, 1))
    world.stay_bill(ten, secondary, date(2024, 2, 2), 1_500_000, insutype="390")
    people.end_coverage(AGENCY, ten, on=date(2024, 6, 1), at=instant(date(2024, 6, 1)))
    people.enrol(
        *(AGENCY, ten), area="371500", scheme="employee", status="active", employment="enterprise",
        on=date(2024, 6, 1), at=instant(date(2024, 6, 1)),
    )  # fmt: skip
    world.stay_bill(ten, secondary, date(2024, 10, 2), 1_700_000)

    # a stay that began the year before
    eleven = persons["new_year"] = world.person("resident", "adult")
    stay = world.stay(eleven, tertiary, date(2023, 12, 10), "390")
    world.upload(eleven, tertiary, stay, date(2023, 12, 20), {"in_scope": 1_000_000}, inpatient=True)
    world.settle(eleven, tertiary, stay, 1_000_000, mid_stay=True, ended_on=date(2023, 12, 31), **more)
    world.upload(eleven, tertiary, stay, date(2024, 1, 5), {"in_scope": 2_000_000}, inpatient=True)
    world.discharge(eleven, tertiary, stay, date(2024, 1, 10), "390")
    world.settle(eleven, tertiary, stay, 2_000_000, **more)

    # and one in pieces: its number was the second of its year, and the transfer owes the difference of deductibles
    twelve = persons["new_year_pieces"] = world.person("resident", "adult", born_on=date(1960, 6, 6))
    world.stay_bill(twelve, secondary, date(2023, 5, 5), 700_000, insutype="390")
    stay = world.stay(twelve, secondary, date(2023, 11, 1), "390")
    for month, day, ended in ((11, 20, date(2023, 12, 31)), (1, 20, date(2024, 1, 31))):
        on = date(2023 if month == 11 else 2024, month, day)
        world.upload(twelve, secondary, stay, on, {"in_scope": 900_000}, inpatient=True)
        world.settle(twelve, secondary, stay, 900_000, mid_stay=True, ended_on=ended, **more)
    world.upload(twelve, secondary, stay, date(2024, 2, 10), {"in_scope": 800_000}, inpatient=True)
    world.discharge(twelve, secondary, stay, date(2024, 2, 20), "390")
    world.settle(twelve, secondary, stay, 800_000, **more)
    world.stay_bill(twelve, tertiary, date(2024, 4, 4), 1_100_000, insutype="390")

    # a guest from another city of the platform
    guest = world.person(area="370200")
    world.stay_bill(guest, tertiary, date(2024, 7, 7), 1_234_567, non_covered=1_000)

    # money paid in, for the pool a person ended in and for the one left
    paid = DeclaredAmounts(base_fen=500_000, employer_fen=40_000, individual_fen=10_000, account_fen=10_000)
    for period in ("2024-07", "2024-08"):
        people.record_contribution(AGENCY, ten, period, on=date(2024, 9, 1), at=world.now, declared=paid)
    resident = DeclaredAmounts(individual_fen=19_000, subsidy_fen=67_000, assistance_fen=19_000)
    for number in (ten, three):
        people.record_contribution(AGENCY, number, "2024", on=date(2023, 12, 1), at=world.now, declared=resident)
    people.suspend(AGENCY, owner, on=LATE, at=world.now)


@pytest.fixture(scope="module")
def published(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """2023 and 2024 in parts of five persons."""
    out = tmp_path_factory.mktemp("published") / "liaocheng"
    analytics.publish_dataset(SYSTEM, out, [2023, 2024], "371500", at=NOW, persons_per_part=5)
    return datasets.open_dataset(out)


def test_it_is_a_dataset_of_whole_persons_in_parts(published: Dataset) -> None:
    assert datasets.check(published) > 20
    assert published.manifest.kind == "published"
    assert published.manifest.parts == 3
    assert published.pools == [("371500", "employee"), ("371500", "resident")]
    assert published.rows("persons") == 13
    for table, by_cut in published.manifest.rows.items():
        if datasets.TABLES[table].cut == "year_part" and table != "settled":
            assert {str(year): read(published, table, year).num_rows for year in published.years} == by_cut


@pytest.mark.slow  # numba compiles
def test_settled_again_it_is_what_was_paid_to_the_fen(town: Town, published: Dataset, policies: Policies) -> None:
    moved = {town.number(published, story) for story in ("merged", "replayed")}
    found = compare(published, policies, (), moved)
    assert found.differences == []
    assert found.bills == 33
    # and the exceptions are ones: what is said of them is so
    assert {line.split()[2] for line in compare(published, policies).differences} == {str(one) for one in moved}
    exceptions = published.manifest.runs["recorded"]["exceptions"]
    assert exceptions == {"third_party": 1, "carried": 0, "moved": 2, "other_policies": 0}


def test_a_stay_over_new_year_brings_what_it_bore(town: Town, published: Dataset) -> None:
    rows = read(published, "openings", 2024).to_pylist()
    said = {(row["person"], row["name"]): row["value"] for row in rows}
    borne = sql.rows(
        "SELECT n.person_no, (d.decided->'carried'->>0)::bigint, (d.decided->'carried'->>1)::bigint"
        " FROM settlement_document d JOIN people_number n USING (person_id)"
        " WHERE d.state = 'standing' AND jsonb_typeof(d.decided->'carried') = 'array'"
    )
    stated = {number: (nth, fen) for number, nth, fen in borne}
    for story in ("new_year", "new_year_pieces"):
        person = town.number(published, story)
        assert (said[person, "number"], said[person, "deductible"]) == stated[town.persons[story]]
        stays = [row for row in read(published, "visits", 2024).to_pylist() if row["person"] == person]
        assert {row["stay"] for row in stays} - {-1} == {row["stay"] for row in rows if row["person"] == person}
    assert len(rows) == 4
    assert said[town.number(published, "new_year_pieces"), "number"] == 2
    assert read(published, "openings", 2023).num_rows == 0


def test_guests_are_there_without_a_local_settlement(town: Town, published: Dataset) -> None:
    (guest,) = read(published, "incoming", 2024).to_pylist()
    assert guest["insured_area"] == 370200
    assert (guest["in_province"], guest["total_fen"], guest["in_scope_fen"]) == (1, 1_235_567, 1_234_567)
    assert guest["total_fen"] == guest["fund_fen"] + guest["hospital_fen"] + guest["burden_fen"]
    assert datasets.CODES["scheme"][guest["scheme"]][0] == "employee"
    place = published.whole("institutions").to_pylist()[guest["institution"]]
    assert str(place["area"]).startswith("3715")
    assert guest["fund_fen"] == sql.one("SELECT fund_fen FROM settlement_document WHERE area = '370200'")[0]  # type: ignore[index]
    assert guest["stay_days"] > 0
    assert "person" not in guest
    assert any("外地参保人" in note for note in published.manifest.notes)


def test_the_account_is_what_accounts_paid_the_family_s_too(town: Town, published: Dataset) -> None:
    rows = read(published, "settled", 2024, "recorded").to_pylist()
    own = {story: town.number(published, story) for story in ("employee", "family", "both")}
    paid = {story: sum(row["account_fen"] for row in rows if row["person"] == number) for story, number in own.items()}
    assert paid == {"employee": 30_000, "family": 29_000, "both": 0}
    stated = sql.one(
        "SELECT sum(account_fen + family_fen)::bigint FROM settlement_document WHERE state = 'standing' AND year = 2024"
    )
    assert stated is not None
    assert sum(row["account_fen"] for row in rows) == stated[0]


def test_stories_are_told_in_the_dataset_s_words(town: Town, published: Dataset) -> None:
    visits = read(published, "visits", 2024).to_pylist()

    def of(story: str) -> list[dict[str, Any]]:
        number = town.number(published, story)
        return sorted((row for row in visits if row["person"] == number), key=lambda row: row["seq"])

    assert [row["day"] for row in of("employee")] == [date(2024, 2, 1), date(2024, 5, 2), JAN, date(2024, 9, 9)]
    assert [row["stay"] for row in of("pieces")] == [0, 0, -1]
    assert [row["stay_days"] for row in of("pieces")] == [30, 15, 5]
    assert {bin(row["groups"]).count("1") for row in of("helped")} == {2}
    diseases = {published.variants[row["variant"]]["disease"] for row in of("chronic")}
    assert diseases == {"高血压病"}
    filings = [(datasets.FILING_CODES[row["filing"]], row["in_province"]) for row in of("remote")]
    assert filings == [("none", 1), ("long_term", 1), ("none", 1)]
    assert [row["excluded"] for row in of("third_party")] == [1, 0, 0]
    assert [row["stay"] for row in of("third_party")] == [-1, 0, 0]
    assert [row["pool"] for row in of("both")] == [1, 0]
    assert len(of("replayed")) == 1


def test_money_paid_in_and_the_books_agree(town: Town, published: Dataset) -> None:
    rows = {row["person"]: row for row in read(published, "contributions", 2024).to_pylist()}
    both = rows[town.number(published, "both")]
    assert (both["pool"], both["months"], both["employer_fen"], both["account_fen"]) == (0, 12, 80_000, 20_000)
    assert (both["individual_fen"], both["base_fen"], both["maternity"]) == (20_000, 500_000, 1)
    helped = rows[town.number(published, "helped")]
    assert (helped["individual_fen"], helped["subsidy_fen"], helped["assistance_fen"]) == (19_000, 67_000, 19_000)
    assert bin(helped["groups"]).count("1") == 2
    assert [row["fen"] for row in read(published, "grants", 2024).to_pylist()] == [19_000]
    for row in rows.values():
        assert row["purchases_fen"] == row["household_income_fen"] == 0
    # a fund's income of all years, persons and other items together, is the income of its book
    funds = published.whole("funds").to_pylist()
    income: dict[str, int] = {}
    for name, scheme in (("employee_pool", "employee"), ("resident", "resident"), ("employee_account", "employee")):
        at = list(datasets.FUNDS).index(name)
        other = sum(row["fen"] for row in funds if row["fund"] == at and row["item"] in (1, 2, 3))
        pool = published.pools.index(("371500", scheme))
        mine = [row for year in published.years for row in read(published, "contributions", year).to_pylist()]
        mine = [row for row in mine if row["pool"] == pool]
        account = sum(row["account_fen"] for row in mine)
        paid = sum(row[key] for row in mine for key in ("employer_fen", "individual_fen", "subsidy_fen"))
        assisted = sum(row["assistance_fen"] for row in mine) if scheme == "resident" else 0
        income[name] = other + (account if name == "employee_account" else paid + assisted - account)
    for name, fen in income.items():
        booked = sum(
            ledger.balance_on(code, "371500", date(2024, 12, 31), name)
            for code, account in ledger.accounts().items()
            if account.book == "fund" and account.kind == "income"
        )
        assert fen == booked, name
    assert income["resident"] == 2 * (19_000 + 67_000 + 19_000)


def test_nobody_is_in_it_and_numbers_lead_nowhere(town: Town, published: Dataset, tmp_path: Path) -> None:
    texts = [path.read_bytes() for path in published.folder.rglob("*") if path.is_file()]
    names = [name for path in published.folder.rglob("*.parquet") for name in pq.read_schema(path).names]
    values: set[object] = set()
    for path in published.folder.rglob("*.parquet"):
        for column in pq.read_table(path).columns:
            if pa.types.is_string(column.type):
                values.update(column.to_pylist())
    for number in town.persons.values():
        identity = people.identity_of(actor("agency"), number)
        for secret in (number, identity.name, identity.cert_no):
            assert secret not in values
            assert not any(secret.encode() in text for text in texts)
    assert not {"name", "psn_no", "certno", "person_no", "phone"} & set(names) - {"name"}
    # drawn anew each time: the same persons, in another order
    analytics.publish_dataset(SYSTEM, tmp_path / "again", [2023, 2024], "371500", at=NOW)
    again = read(datasets.open_dataset(tmp_path / "again"), "persons").to_pylist()
    before = read(published, "persons").to_pylist()
    born = [[row["birth"] for row in rows] for rows in (before, again)]
    assert sorted(born[0]) == sorted(born[1])
    for table in (before, again):
        assert [row["person"] for row in table] == list(range(13)) == [row["household"] for row in table]


def test_one_row_of_the_audit_trail_says_what_was_read(town: Town, tmp_path: Path) -> None:
    analytics.publish_dataset(SYSTEM, tmp_path / "audited", [2024], "371500", at=NOW)
    begun, done = sql.rows(
        "SELECT action, actor, record, area, details::text FROM foundation_audit ORDER BY id DESC LIMIT 2"
    )[::-1]
    assert begun[:4] == ("analytics.publish_begun", "system", "audited", "371500")
    assert done[:4] == ("analytics.publish", "system", "audited", "371500")
    details = json.loads(done[4])
    assert details["persons"] == 13
    assert details["rows"]["visits"] == 30
    assert ledger.verify().findings == ()


def test_what_is_settled_meanwhile_is_not_in_it(town: Town, tmp_path: Path) -> None:
    world = town.world
    late: list[Settlement] = []

    def said(what: str, count: int) -> None:
        if what == "persons":
            bill = (town.persons["family"], world.hospital("primary"), LATE, 777)
            with ThreadPoolExecutor(1) as another:
                late.append(another.submit(_elsewhere, world.bill, *bill).result())

    before = analytics.publish_dataset(SYSTEM, tmp_path / "before", [2024], "371500", at=NOW)
    found = analytics.publish_dataset(SYSTEM, tmp_path / "during", [2024], "371500", at=NOW, progress=said)
    after = analytics.publish_dataset(SYSTEM, tmp_path / "after", [2024], "371500", at=NOW)
    assert late, "nothing was settled meanwhile"
    assert found["rows"]["visits"] == before["rows"]["visits"]
    assert after["rows"]["visits"]["2024"] == before["rows"]["visits"]["2024"] + 1
    cancel(world, late[0], town.persons["family"], world.hospital("primary"))


def _elsewhere(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """Work on a connection of its own, as another process would."""
    try:
        return work(*args, **more)
    finally:
        connection.close()


def test_refused_before_anything_is_read(town: Town, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("不要动")
    audited = sql.one("SELECT count(*) FROM foundation_audit")
    for who in (actor("agency"), actor("auditor"), actor("institution"), actor("bureau", "370200")):
        with pytest.raises(NotPermitted):
            analytics.publish_dataset(who, tmp_path / "x", [2024], "371500", at=NOW)
    with pytest.raises(NotPermitted):
        analytics.publish_dataset(actor("bureau"), tmp_path / "x", [2024], at=NOW)
    for out, years, area, wrong in (
        (tmp_path / "full", [2024], "371500", "已存在"),
        (tmp_path / "x", [2022, 2024], "371500", "不是相连的年度"),
        (tmp_path / "x", [], "371500", "不是相连的年度"),
        (tmp_path / "x", [2027], "371500", "尚未开始"),
        (tmp_path / "x", [2024], "371502", "不是统筹区"),
        (tmp_path / "x", [2024], "'; DROP TABLE people_person; --", "不是统筹区"),
        (tmp_path / "none" / "x", [2024], "371500", "上级文件夹不存在"),
    ):
        with pytest.raises(Malformed, match=wrong):
            analytics.publish_dataset(SYSTEM if area != "371500" else actor("bureau"), out, years, area, at=NOW)
    assert sql.one("SELECT count(*) FROM foundation_audit") == audited
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "mine.txt"]


def test_a_run_that_breaks_off_leaves_nothing_and_two_do_not_mix(town: Town, tmp_path: Path) -> None:
    left = tmp_path / ".out.writing"  # of a run that was killed
    (left / "visits").mkdir(parents=True)
    (left / "manifest.json").write_text("{}")

    def breaks(what: str, count: int) -> None:
        assert not (left / "visits" / "old").exists()
        if what.startswith("visits"):
            with ThreadPoolExecutor(1) as another:
                second = another.submit(_elsewhere, analytics.publish_dataset, SYSTEM, tmp_path / "out", [2024], at=NOW)
            assert isinstance(second.exception(), TryAgain)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        analytics.publish_dataset(SYSTEM, tmp_path / "out", [2024], "371500", at=NOW, progress=breaks)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()  # an empty folder may be named
    analytics.publish_dataset(SYSTEM, tmp_path / "out", [2024], "371500", at=NOW)
    datasets.check(datasets.open_dataset(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_area_or_a_year_without_anybody_is_said(town: Town, tmp_path: Path) -> None:
    for years, area, wrong in (([2024], "370100", "没有参保记录"), ([2001], "371500", "没有人参保")):
        with pytest.raises(Malformed, match=wrong):
            analytics.publish_dataset(SYSTEM, tmp_path / "x", years, area, at=NOW)
    assert list(tmp_path.iterdir()) == []


def test_the_command(town: Town, tmp_path: Path) -> None:
    app = typer.Typer()
    command.mount(app)
    app.command("other")(lambda: None)
    done = CliRunner().invoke(
        app, ["publish", "--out", str(tmp_path / "d"), "--years", "2023-2024", "--area", "liaocheng", "--json"]
    )
    assert done.exit_code == 0, done.output
    manifest = json.loads(done.stdout)
    assert manifest["years"] == [2023, 2024]
    assert manifest["population"]["371500"]["2024"]["persons"] == 13
    assert datasets.open_dataset(tmp_path / "d").manifest.as_json() == manifest
    for years in ("24", "2024-2023", "2024,2025"):
        wrong = CliRunner().invoke(app, ["publish", "--out", str(tmp_path / "e"), "--years", years])
        assert isinstance(wrong.exception, Malformed)
