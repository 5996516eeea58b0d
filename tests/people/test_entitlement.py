"""Groups, supplements, filings and family authorisation through the door."""

from __future__ import annotations

import pytest

from openyibao.foundation.actors import Actor, NotPermitted
from openyibao.kernel.errors import Malformed
from openyibao.people import facade
from openyibao.people.errors import FilingExists, FilingMissing, NotDoneHere, RecordExists, RecordMissing
from openyibao.policy import facade as policy
from tests.people.support import AGENCY, HOSPITAL, REVIEW, at, day, everything, person, worker

pytestmark = pytest.mark.usefixtures("db")


def test_several_groups_at_once_each_with_its_days() -> None:
    number = person()
    facade.join_group(AGENCY, number, "monitored", on=day("2024-01-01"), at=at("2024-01-01"), source="民政比对")
    facade.join_group(
        AGENCY, number, "minimum_living", on=day("2024-03-01"), at=at("2024-03-01"), until=day("2025-01-01")
    )
    facade.leave_group(AGENCY, number, "monitored", on=day("2024-06-01"), at=at("2024-06-01"))
    found = facade.dossier(AGENCY, number)
    assert [found.groups_on(day(on)) for on in ("2023-12-31", "2024-02-01", "2024-03-01", "2024-06-01")] == [
        (),
        ("monitored",),
        ("minimum_living", "monitored"),
        ("minimum_living",),
    ]
    assert found.groups_on(day("2025-01-01")) == ()
    before = everything()
    with pytest.raises(RecordExists):
        facade.join_group(AGENCY, number, "minimum_living", on=day("2024-12-31"), at=at("2024-12-31"))
    with pytest.raises(RecordMissing):
        facade.leave_group(AGENCY, number, "monitored", on=day("2024-06-01"), at=at("2024-06-01"))
    with pytest.raises(Malformed):
        facade.join_group(AGENCY, number, "rich", on=day("2024-12-31"), at=at("2024-12-31"))
    assert everything() == before


def test_supplements() -> None:
    number = worker()
    facade.add_supplement(AGENCY, number, "civil_servant", on=day("2024-01-01"), at=at("2024-01-01"))
    facade.add_supplement(AGENCY, number, "liaohuibao", on=day("2024-01-01"), at=at("2024-01-01"))
    facade.end_supplement(AGENCY, number, "liaohuibao", on=day("2025-01-01"), at=at("2025-01-01"))
    found = facade.dossier(AGENCY, number)
    assert found.supplements_on(day("2024-12-31")) == ("civil_servant", "liaohuibao")
    assert found.supplements_on(day("2025-01-01")) == ("civil_servant",)


def test_a_filing_counts_once_another_hand_approves_it() -> None:
    number = worker()
    filing = facade.file_chronic(
        AGENCY, number, disease="糖尿病", disease_code="M01600", on=day("2024-03-01"), at=at("2024-03-01")
    )
    assert facade.dossier(AGENCY, number).filings == ()
    with pytest.raises(NotPermitted):
        facade.approve_filing(AGENCY, filing, at=at("2024-03-02"))
    both = Actor("test-agency", frozenset({"agency", "agency_review"}), "371500")
    with pytest.raises(NotDoneHere):
        facade.approve_filing(both, filing, at=at("2024-03-02"))
    facade.approve_filing(REVIEW, filing, at=at("2024-03-02"))
    (held,) = facade.dossier(AGENCY, number).filings_on(day("2024-03-01"), "chronic")
    assert (held.no, held.kind, held.disease, held.disease_code, held.until) == (
        filing,
        "chronic",
        "糖尿病",
        "M01600",
        None,
    )
    with pytest.raises(FilingMissing):
        facade.approve_filing(REVIEW, filing, at=at("2024-03-03"))
    with pytest.raises(FilingExists):
        facade.file_chronic(AGENCY, number, disease="糖尿病", on=day("2025-01-01"), at=at("2025-01-01"))
    facade.end_filing(AGENCY, filing, on=day("2024-09-01"), at=at("2024-09-01"), why="治愈")
    found = facade.dossier(AGENCY, number)
    assert [len(found.filings_on(day(on))) for on in ("2024-02-29", "2024-08-31", "2024-09-01")] == [0, 1, 0]
    with pytest.raises(FilingMissing):
        facade.end_filing(AGENCY, filing, on=day("2024-10-01"), at=at("2024-10-01"))
    facade.file_chronic(AGENCY, number, disease="糖尿病", on=day("2025-01-01"), at=at("2025-01-01"))


def test_a_refused_filing_never_counts() -> None:
    number = worker()
    filing = facade.file_chronic(AGENCY, number, disease="冠心病", on=day("2024-03-01"), at=at("2024-03-01"))
    facade.approve_filing(REVIEW, filing, at=at("2024-03-02"), approved=False, why="材料不足")
    assert facade.dossier(AGENCY, number).filings == ()
    facade.file_chronic(AGENCY, number, disease="冠心病", on=day("2024-03-01"), at=at("2024-03-05"))


def test_a_hospital_files_a_referral_and_two_diseases() -> None:
    number = worker()
    remote = facade.file_remote(
        HOSPITAL,
        number,
        filing_type="referral",
        area="110000",
        on=day("2024-03-01"),
        until=day("2024-09-01"),
        at=at("2024-03-01"),
    )
    drugs = facade.file_chronic(
        HOSPITAL, number, disease="高血压病", kind="two_disease", on=day("2024-03-01"), at=at("2024-03-01")
    )
    for filing in (remote, drugs):
        facade.approve_filing(REVIEW, filing, at=at("2024-03-01"))
    held = facade.entitlements_on(HOSPITAL, number, day("2024-08-31")).filings
    assert [(one.kind, one.type, one.area, one.disease) for one in held] == [
        ("remote", "referral", "110000", ""),
        ("two_disease", "", "", "高血压病"),
    ]
    with pytest.raises(Malformed):
        facade.file_remote(
            HOSPITAL, number, filing_type="holiday", area="110000", on=day("2024-03-01"), at=at("2024-03-01")
        )
    with pytest.raises(Malformed):
        facade.file_remote(
            HOSPITAL, number, filing_type="referral", area="379900", on=day("2024-03-01"), at=at("2024-03-01")
        )


def test_two_relatives_may_spend_one_account() -> None:
    owner, wife, child = worker(), worker(), person("2015-01-01")
    for member, relation in ((wife, "配偶"), (child, "子女")):
        facade.authorise_family(AGENCY, owner, member, on=day("2024-01-01"), at=at("2024-01-01"), relation=relation)
    owner_id = facade.dossier(AGENCY, owner).person_id
    assert facade.dossier(AGENCY, wife).owners_on(day("2024-01-01")) == (owner_id,)
    assert facade.dossier(AGENCY, child).owners_on(day("2024-01-01")) == (owner_id,)
    assert facade.dossier(AGENCY, child).owners_on(day("2023-12-31")) == ()
    facade.revoke_family(AGENCY, owner, child, on=day("2024-06-01"), at=at("2024-06-01"))
    found = facade.dossier(AGENCY, child)
    assert [found.owners_on(day(on)) for on in ("2024-05-31", "2024-06-01")] == [(owner_id,), ()]
    before = everything()
    with pytest.raises(RecordExists):
        facade.authorise_family(AGENCY, owner, wife, on=day("2024-03-01"), at=at("2024-03-01"))
    with pytest.raises(NotDoneHere):
        facade.authorise_family(AGENCY, owner, owner, on=day("2024-03-01"), at=at("2024-03-01"))
    with pytest.raises(RecordMissing):
        facade.revoke_family(AGENCY, owner, child, on=day("2024-07-01"), at=at("2024-07-01"))
    assert everything() == before


def test_the_policy_room_reads_the_same_person() -> None:
    number = worker("2022-01-01", area="371502")
    facade.join_group(AGENCY, number, "monitored", on=day("2024-01-01"), at=at("2024-01-01"))
    facade.add_supplement(AGENCY, number, "civil_servant", on=day("2024-01-01"), at=at("2024-01-01"))
    filings = [
        facade.file_chronic(
            AGENCY, number, disease="糖尿病", on=day("2024-02-01"), until=day("2025-02-01"), at=at("2024-02-01")
        ),
        facade.file_remote(
            AGENCY, number, filing_type="long_term", area="310000", on=day("2024-02-01"), at=at("2024-02-01")
        ),
        facade.file_chronic(
            AGENCY, number, disease="高血压病", kind="two_disease", on=day("2024-02-01"), at=at("2024-02-01")
        ),
    ]
    for filing in filings:
        facade.approve_filing(REVIEW, filing, at=at("2024-02-02"))
    facts = facade.dossier(AGENCY, number).case_person(day("2024-03-01"))
    visit = {"date": "2024-03-01", "benefit": "outpatient", "level": "tertiary", "in_scope": 100}
    read = policy.case_from({"person": facts, "visits": [visit]}).person_on(day("2024-03-01"))
    assert (read.area, read.scheme, read.status, read.contribution_class) == (
        "371500",
        "employee",
        "active",
        "standard",
    )
    assert (read.groups, read.supplements) == (("monitored",), frozenset({"civil_servant"}))
    assert [(one.kind, one.disease, one.type, str(one.start), str(one.last)) for one in read.filings] == [
        ("chronic", "糖尿病", "", "2024-02-01", "2025-01-31"),
        ("remote", "", "long_term", "2024-02-01", "9999-12-31"),
    ]


def test_everything_on_one_day() -> None:
    number = worker("2022-01-01")
    facade.join_group(AGENCY, number, "low_income_edge", on=day("2024-01-01"), at=at("2024-01-01"))
    found = facade.entitlements_on(HOSPITAL, number, day("2024-02-01"))
    assert (found.coverage.scheme, found.groups, found.supplements, found.filings, found.family_owners) == (
        "employee",
        ("low_income_edge",),
        (),
        (),
        (),
    )
