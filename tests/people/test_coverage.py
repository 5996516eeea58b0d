"""Registration and coverage through the door: spells, the gate, two clocks, what is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from openyibao.foundation import sql
from openyibao.foundation.actors import NotPermitted
from openyibao.kernel.errors import Malformed
from openyibao.people import facade
from openyibao.people.contracts import Identity, SpellDraft
from openyibao.people.errors import (
    CoverageNotActive,
    CoverageOverlap,
    CoverageWaiting,
    DuplicatePerson,
    EmployerUnknown,
    IdentityMismatch,
    NotDoneHere,
    PersonDeceased,
    PersonUnknown,
)
from tests.people.support import (
    AGENCY,
    HOSPITAL,
    REVIEW,
    at,
    day,
    employee,
    employer,
    everything,
    person,
    resident,
    spells,
    worker,
)
from tests.support.actors import SYSTEM, actor
from tests.support.invented import cert_no, identity

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def nothing_changes() -> Iterator[None]:
    before = everything()
    yield
    assert everything() == before


# Persons --------------------------------------------------------------------------------------------------------


def test_a_person_is_found_by_the_document_in_any_case() -> None:
    who = Identity("张示例", "08", " ab123456 ", "10000000001")
    number = facade.register_person(
        AGENCY, who, gender="2", born_on=day("1990-01-01"), area="371502", at=at("2024-01-01"), ethnicity="01"
    )
    found = facade.find_person(HOSPITAL, "08", "AB123456", "张示例")
    assert (found.main_no, found.gender, str(found.born_on), found.ethnicity) == (number, "2", "1990-01-01", "01")
    assert found.identity() == Identity("张示例", "08", "AB123456", "10000000001", "")
    assert number.startswith("37")
    assert len(number) == 14


def test_another_name_is_refused_and_masked() -> None:
    born = day("1991-02-03")
    who = identity(born, "2")
    facade.register_person(AGENCY, who, gender="2", born_on=born, area="371500", at=at("2024-01-01"))
    with pytest.raises(IdentityMismatch) as refused:
        facade.find_person(HOSPITAL, "01", who.cert_no, "欧阳无此人")
    assert "欧****" in str(refused.value)
    assert "欧阳" not in str(refused.value)


def test_nobody_has_this_document() -> None:
    number = cert_no(day("1980-01-01"), "1", 400_000)
    with pytest.raises(PersonUnknown) as refused:
        facade.find_person(HOSPITAL, "01", number)
    assert number not in str(refused.value)


def test_a_document_is_registered_once() -> None:
    born = day("1992-02-03")
    who = identity(born)
    number = facade.register_person(AGENCY, who, gender="1", born_on=born, area="371500", at=at("2024-01-01"))
    before = everything()
    with pytest.raises(DuplicatePerson) as refused:
        facade.register_person(AGENCY, who, gender="1", born_on=born, area="371500", at=at("2024-01-02"))
    assert refused.value.details["person_no"] == number
    assert everything() == before


@pytest.mark.usefixtures("nothing_changes")
def test_every_fault_of_an_identity_is_told_without_repeating_it() -> None:
    who = Identity(" ", "01", "990000198005200014", "1")
    with pytest.raises(Malformed) as refused:
        facade.register_person(SYSTEM, who, gender="7", born_on=day("1981-05-20"), area="379900", at=at("2024-01-01"))
    assert {fault.path for fault in refused.value.faults} >= {"name", "gender", "area", "born_on"}
    assert "990000198005200014" not in str(refused.value)


def test_identity_never_prints_itself() -> None:
    who = identity(day("1980-05-20"), "1", 7_700_077)
    number = facade.register_person(
        AGENCY, who, gender="1", born_on=day("1980-05-20"), area="371500", at=at("2024-01-01")
    )
    found = facade.find_person(AGENCY, "01", who.cert_no)
    shown = f"{who!r} {who} {found!r} {found}"
    assert who.name not in shown
    assert who.cert_no not in shown
    assert repr(found) == f"Dossier({number})"
    stored = sql.one("SELECT row_to_json(p)::text FROM people_person p WHERE id = %s", (found.person_id,))
    assert stored is not None
    assert all(part not in stored[0] for part in (who.name, who.cert_no, who.phone))
    noted = sql.rows("SELECT details::text FROM foundation_audit UNION ALL SELECT details::text FROM people_event")
    assert all(who.cert_no not in row[0] and who.name not in row[0] for row in noted)


def test_reading_leaves_a_trace() -> None:
    number = person()
    facade.identity_of(AGENCY, number)
    row = sql.one("SELECT actor, action FROM foundation_audit WHERE record = %s ORDER BY id DESC", (number,))
    assert row == ("test-agency", "people.read_identity")


def test_roles_and_areas() -> None:
    number = worker()
    for other in (actor("auditor"), actor("agency", "370200"), HOSPITAL):
        with pytest.raises(NotPermitted):
            facade.end_coverage(other, number, on=day("2023-01-01"), at=at("2023-01-01"))
    with pytest.raises(NotPermitted):
        facade.dossier(actor("agency", "370200"), number)
    assert facade.dossier(actor("institution", "370200"), number).main_no == number
    assert facade.dossier(actor("agency", "370000"), number).main_no == number


def test_a_newborn_gets_an_identity_card() -> None:
    born = day("2026-02-01")
    paper = Identity("李新生", "990201", "T370000001")
    made = facade.enrol_newborn(
        AGENCY, paper, gender="2", born_on=born, area="371502", on=day("2026-02-10"), at=at("2026-02-10")
    )
    card, taken = identity(born, "2"), identity(born, "2")
    facade.register_person(AGENCY, taken, gender="2", born_on=born, area="371502", at=at("2026-03-01"))
    before = everything()
    with pytest.raises(DuplicatePerson):
        facade.amend_identity(AGENCY, made.person_no, taken, gender="2", on=day("2026-06-01"), at=at("2026-06-01"))
    wrong = identity(day("2026-02-02"), "2")
    with pytest.raises(Malformed):
        facade.amend_identity(AGENCY, made.person_no, wrong, gender="2", on=day("2026-06-01"), at=at("2026-06-01"))
    assert everything() == before
    facade.amend_identity(AGENCY, made.person_no, card, gender="2", on=day("2026-06-01"), at=at("2026-06-01"))
    assert facade.find_person(AGENCY, "01", card.cert_no, card.name).main_no == made.person_no
    with pytest.raises(PersonUnknown):
        facade.find_person(AGENCY, "990201", "T370000001")


# Enrolment ------------------------------------------------------------------------------------------------------


def test_enrolled_with_an_employer() -> None:
    unit = employer("organ")
    number = person()
    made = employee(number, "2023-03-01", employer_no=unit, employment="")
    assert (str(made.since), str(made.benefit_from), [r.code for r in made.reasons]) == (
        "2023-03-01",
        "2023-03-01",
        ["employer"],
    )
    covered = facade.coverage_on(AGENCY, number, day("2023-03-01"))
    assert (covered.employer_no, covered.employer_name, covered.employment) == (unit, f"示例单位{unit}", "organ")
    assert (covered.area, covered.pooling_area, covered.pool_only) == ("371500", "371500", False)


def test_a_county_belongs_to_the_pool_of_its_city() -> None:
    number = person()
    resident(number, "2023-01-01", asked_on=day("2022-10-01"))
    covered = facade.coverage_on(HOSPITAL, number, day("2023-06-01"), "resident")
    assert (covered.area, covered.pooling_area, covered.contribution_class) == ("371502", "371500", "standard")


def test_waiting_is_refused_until_the_day_it_ends() -> None:
    number = person()
    made = resident(number, "2026-03-15")
    assert str(made.benefit_from) == "2026-06-15"
    for on in ("2026-03-15", "2026-06-14"):
        with pytest.raises(CoverageWaiting) as refused:
            facade.coverage_on(HOSPITAL, number, day(on))
        assert refused.value.code == "COVERAGE_WAITING"
        assert refused.value.details["benefit_from"] == "2026-06-15"
    assert facade.coverage_on(HOSPITAL, number, day("2026-06-15")).scheme == "resident"


def test_helped_persons_do_not_wait() -> None:
    number = person()
    facade.join_group(AGENCY, number, "minimum_living", on=day("2026-01-01"), at=at("2026-01-01"))
    assert str(resident(number, "2026-03-15").benefit_from) == "2026-03-15"


def test_a_newborn_is_covered_from_birth() -> None:
    born = day("2026-02-01")
    made = facade.enrol_newborn(
        AGENCY, identity(born, "2"), gender="2", born_on=born, area="371502", on=day("2026-04-20"), at=at("2026-04-20")
    )
    assert (made.since, made.benefit_from) == (born, born)
    assert facade.coverage_on(HOSPITAL, made.person_no, born).status == "child"


def test_nobody_is_insured_twice() -> None:
    number = worker("2022-01-01")
    before = everything()
    with pytest.raises(CoverageOverlap) as refused:
        resident(number, "2023-01-01")
    assert refused.value.code == "COVERAGE_OVERLAP"
    assert "职工基本医疗保险" in str(refused.value)
    assert everything() == before


def test_the_database_refuses_what_the_verbs_would_not_do() -> None:
    number = worker("2022-01-01")
    person_id = facade.dossier(AGENCY, number).person_id
    with pytest.raises(IntegrityError, match="people_coverage_no_overlap"), transaction.atomic():
        sql.run(
            "INSERT INTO people_coverage (person_id, area, scheme, status, contribution_class, employment, pool_only,"
            " valid, benefit_from, state, recorded_at) SELECT person_id, area, 'resident', 'adult', 'standard', '',"
            " false, '[2024-01-01,2025-01-01)', '2024-01-01', 'normal', now() FROM people_coverage"
            " WHERE person_id = %s",
            (person_id,),
        )
    for statement in (
        "UPDATE people_coverage SET area = '370100' WHERE person_id = %s",
        "DELETE FROM people_coverage WHERE person_id = %s",
        "DELETE FROM people_event WHERE person_id = %s",
    ):
        with pytest.raises(DatabaseError, match=r"corrected|only grows"), transaction.atomic():
            sql.run(statement, (person_id,))


def test_a_change_of_scheme_in_one_step() -> None:
    number = person()
    resident(number, "2026-01-01", asked_on=day("2025-10-01"))
    made = employee(number, "2026-05-01", employment="flexible", end_previous=True)
    assert [reason.code for reason in made.reasons] == ["continuous"]
    assert spells(number) == [
        ("2026-01-01", "2026-05-01", "resident/adult", "normal"),
        ("2026-05-01", "None", "employee/active", "normal"),
    ]


def test_a_short_gap_is_healed_and_becomes_continuous() -> None:
    number = worker("2022-01-01")
    facade.end_coverage(AGENCY, number, on=day("2024-04-01"), at=at("2024-04-01"))
    with pytest.raises(CoverageNotActive) as refused:
        facade.coverage_on(HOSPITAL, number, day("2024-05-15"))
    assert refused.value.details["reason"] == "ended"
    made = employee(number, "2024-07-01", back_paid=True)
    assert [reason.code for reason in made.reasons] == ["healed"]
    assert facade.coverage_on(HOSPITAL, number, day("2024-05-15")).scheme == "employee"


@pytest.mark.usefixtures("nothing_changes")
def test_every_fault_of_an_enrolment_is_told() -> None:
    with pytest.raises(Malformed) as refused:
        facade.enrol(
            actor("agency", "000000"),
            "370000000000000",
            area="371500",
            scheme="resident",
            status="retired",
            contribution_class="third",
            employment="flexible",
            on=day("2024-01-01"),
            until=day("2024-01-01"),
            at=at("2024-01-01"),
        )
    paths = [fault.path for fault in refused.value.faults]
    assert paths == sorted(["status", "contribution_class", "employment", "until"])


def test_who_and_which_employer_must_exist() -> None:
    number = person()
    before = everything()
    with pytest.raises(PersonUnknown):
        employee("37999999999999", "2024-01-01")
    with pytest.raises(EmployerUnknown):
        employee(number, "2024-01-01", employer_no="E999999")
    assert everything() == before


# Changes --------------------------------------------------------------------------------------------------------


def test_suspended_and_resumed_after_back_payment() -> None:
    number = worker("2022-01-01")
    facade.suspend(AGENCY, number, on=day("2024-03-01"), at=at("2024-03-05"), why="欠费")
    with pytest.raises(CoverageNotActive) as refused:
        facade.coverage_on(HOSPITAL, number, day("2024-03-01"))
    assert refused.value.details["reason"] == "suspended"
    assert refused.value.code == "COVERAGE_NOT_ACTIVE"
    with pytest.raises(NotDoneHere):
        facade.suspend(AGENCY, number, on=day("2024-04-01"), at=at("2024-04-01"))
    made = facade.resume(AGENCY, number, on=day("2024-06-01"), at=at("2024-06-01"), back_paid=True)
    assert [reason.code for reason in made.reasons] == ["healed"]
    assert spells(number) == [
        ("2022-01-01", "2024-03-01", "employee/active", "normal"),
        ("2024-03-01", "None", "employee/active", "normal"),
    ]
    assert facade.coverage_on(HOSPITAL, number, day("2024-04-15")).state == "normal"


def test_resumed_without_back_payment_waits() -> None:
    number = worker("2022-01-01")
    facade.suspend(AGENCY, number, on=day("2024-03-01"), at=at("2024-03-01"))
    made = facade.resume(AGENCY, number, on=day("2024-07-01"), at=at("2024-07-01"), back_paid=True)
    assert ([reason.code for reason in made.reasons], str(made.benefit_from)) == (["long_gap"], "2024-10-01")
    assert spells(number) == [
        ("2022-01-01", "2024-03-01", "employee/active", "normal"),
        ("2024-03-01", "2024-07-01", "employee/active", "suspended"),
        ("2024-07-01", "None", "employee/active", "normal"),
    ]


def test_a_resident_resumes_at_once() -> None:
    number = person()
    resident(number, "2026-01-01", asked_on=day("2025-10-01"))
    facade.suspend(AGENCY, number, on=day("2026-03-01"), at=at("2026-03-01"))
    made = facade.resume(AGENCY, number, on=day("2026-08-01"), at=at("2026-08-01"))
    assert str(made.benefit_from) == "2026-08-01"
    with pytest.raises(NotDoneHere):
        facade.resume(AGENCY, number, on=day("2026-09-01"), at=at("2026-09-01"))


def test_retirement_keeps_what_does_not_change() -> None:
    unit = employer()
    number = worker("2022-01-01", employer_no=unit, employment="")
    facade.change_status(AGENCY, number, status="retired", on=day("2024-06-01"), at=at("2024-05-20"))
    assert spells(number) == [
        ("2022-01-01", "2024-06-01", "employee/active", "normal"),
        ("2024-06-01", "None", "employee/retired", "normal"),
    ]
    assert facade.coverage_on(AGENCY, number, day("2024-06-01")).employer_no == unit


def test_another_employer_brings_its_kind() -> None:
    first, second = employer("enterprise"), employer("social_group")
    number = worker("2022-01-01", employer_no=first, employment="")
    facade.change_status(AGENCY, number, employer_no=second, on=day("2024-06-01"), at=at("2024-06-01"))
    covered = [facade.coverage_on(AGENCY, number, day(on)) for on in ("2024-05-31", "2024-06-01")]
    assert [(spell.employer_no, spell.employment) for spell in covered] == [
        (first, "enterprise"),
        (second, "social_group"),
    ]


def test_ended_on_its_first_day_leaves_nothing() -> None:
    number = worker("2022-01-01")
    facade.end_coverage(AGENCY, number, on=day("2022-01-01"), at=at("2022-01-02"))
    assert spells(number) == []
    with pytest.raises(CoverageNotActive) as refused:
        facade.end_coverage(AGENCY, number, on=day("2022-01-01"), at=at("2022-01-03"))
    assert refused.value.details["reason"] == "none"


# Two clocks -----------------------------------------------------------------------------------------------------


def test_a_correction_keeps_what_was_known_before() -> None:
    number = worker("2022-01-01")
    draft = SpellDraft("371500", "resident", "adult")
    with pytest.raises(NotPermitted):
        facade.correct_coverage(
            AGENCY,
            number,
            since=day("2023-01-01"),
            until=day("2024-01-01"),
            becomes=draft,
            at=at("2024-06-01"),
            why="x",
        )
    voided = facade.correct_coverage(
        REVIEW,
        number,
        since=day("2023-01-01"),
        until=day("2024-01-01"),
        becomes=draft,
        at=at("2024-06-01"),
        why="2023 年实为居民参保",
    )
    assert len(voided) == 1
    assert spells(number) == [
        ("2022-01-01", "2023-01-01", "employee/active", "normal"),
        ("2023-01-01", "2024-01-01", "resident/adult", "normal"),
        ("2024-01-01", "None", "employee/active", "normal"),
    ]

    def known(instant: str) -> list[tuple[str, str]]:
        found = facade.history_as_known_at(AGENCY, number, at(instant))
        return [(str(record.spell.since), record.spell.scheme) for record in found]

    assert known("2021-12-31") == []
    assert known("2024-05-31") == [("2022-01-01", "employee")]
    assert known("2024-06-01T12:00:00") == [
        ("2022-01-01", "employee"),
        ("2023-01-01", "resident"),
        ("2024-01-01", "employee"),
    ]
    assert len(facade.coverage_records(AGENCY, number)) == 4


def test_a_correction_to_not_covered() -> None:
    number = worker("2022-01-01")
    facade.correct_coverage(
        REVIEW, number, since=day("2022-05-01"), until=None, becomes=None, at=at("2024-06-01"), why="重复登记"
    )
    assert spells(number) == [("2022-01-01", "2022-05-01", "employee/active", "normal")]


# What the dossier says ------------------------------------------------------------------------------------------


def test_the_dossier_tells_why_there_is_no_coverage() -> None:
    number = person()

    def reason(on: str) -> str:
        with pytest.raises(CoverageNotActive) as refused:
            facade.dossier(AGENCY, number).coverage_on(day(on))
        return str(refused.value.details["reason"])

    assert reason("2024-01-01") == "never"
    employee(number, "2024-03-01", until=day("2025-03-01"))
    assert (reason("2024-02-29"), reason("2025-03-01")) == ("not_begun", "ended")
    with pytest.raises(CoverageNotActive) as refused:
        facade.dossier(AGENCY, number).coverage_on(day("2024-03-01"), "resident")
    assert refused.value.details["reason"] == "other_scheme"


def test_nothing_begins_after_death() -> None:
    number = worker("2022-01-01")
    facade.record_death(AGENCY, number, died_on=day("2024-02-10"), on=day("2024-02-20"), at=at("2024-02-20"))
    assert facade.coverage_on(AGENCY, number, day("2024-02-10")).state == "normal"
    with pytest.raises(CoverageNotActive) as refused:
        facade.coverage_on(AGENCY, number, day("2024-02-11"))
    assert refused.value.details["reason"] == "deceased"
    with pytest.raises(PersonDeceased):
        employee(number, "2024-03-01")


def test_a_dossier_is_read_by_number_or_id() -> None:
    number = worker("2022-01-01")
    found = facade.dossier(AGENCY, number)
    assert facade.dossier(AGENCY, found.person_id).main_no == number
    with pytest.raises(PersonUnknown):
        facade.dossier(AGENCY, 999_999_999)
    assert found.spell_on(date(2021, 12, 31)) is None
