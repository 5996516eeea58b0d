"""The institutions' room through its door: levels and agreements over time, who may decide what, the dossier view."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

import pytest

from openyibao.foundation import sql
from openyibao.foundation.actors import NotPermitted
from openyibao.institutions import facade
from openyibao.institutions.contracts import (
    DOSSIER_COLUMNS,
    AgreementDraft,
    Decision,
    Department,
    Institution,
    PenaltyDraft,
    Physician,
    Registration,
)
from openyibao.institutions.errors import (
    AgreementMove,
    AgreementNotActive,
    AgreementOverlap,
    InstitutionExists,
    InstitutionUnknown,
    PenaltyUnfit,
    ProfileConflict,
    ProfileUnknown,
    StaffConflict,
    StaffUnknown,
)
from openyibao.kernel.errors import Malformed
from tests.support.actors import SYSTEM, actor

pytestmark = pytest.mark.usefixtures("db")
AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
AGENCY, BUREAU = actor("agency"), actor("bureau")
numbers = count(1)


def d(text: str) -> date:
    return date.fromisoformat(text)


def new(**changes: object) -> Registration:
    """A registration of a secondary hospital with a code of its own."""
    n = next(numbers)
    values: dict[str, object] = {
        "code": f"H3715{n:07d}",
        "name": f"试验医院{n}",
        "kind": "hospital",
        "uscc": f"12371500MB{n:08d}",
        "area": "371502",
        "level": "secondary",
        "hosp_lv": "5",
        "valid_from": d("2020-01-01"),
    }
    return Registration(**(values | changes))  # type: ignore[arg-type]


def hospital(kind: str = "basic", until: str | None = None) -> str:
    """Code of a registered hospital with an agreement from 2020 on."""
    code = facade.register(AGENCY, new(), AT).code
    end = d(until) if until else None
    facade.sign_agreement(AGENCY, code, AgreementDraft(kind, "协议2020", d("2020-01-01"), end), AT)
    return code


def because(on: str, penalty: int | None = None) -> Decision:
    return Decision(d(on), "违反协议约定", "聊医保协〔2026〕1号", penalty)


def states(code: str, *days: str) -> list[str]:
    """active, or why not, on each day."""
    found, institution = [], facade.institution(code)
    for day in days:
        try:
            found.append(institution.agreement_on(d(day)).state)
        except AgreementNotActive as problem:
            found.append(str(problem.details["state"]))
    return found


def test_a_level_changes_on_a_day() -> None:
    first = new()
    facade.register(AGENCY, first, AT)
    changed = Registration(**{**vars(first), "level": "tertiary", "hosp_lv": "2", "valid_from": d("2024-07-01")})
    institution = facade.change_profile(AGENCY, changed, AT)
    assert [institution.level_on(d(day)) for day in ("2020-01-01", "2024-06-30", "2024-07-01")] == [
        "secondary",
        "secondary",
        "tertiary",
    ]
    assert [institution.hosp_lv_on(d(day)) for day in ("2024-06-30", "2024-07-01")] == ["5", "2"]
    with pytest.raises(ProfileUnknown):
        institution.level_on(d("2019-12-31"))
    with pytest.raises(ProfileConflict):
        facade.change_profile(AGENCY, changed, AT)
    with pytest.raises(InstitutionExists):
        facade.change_profile(AGENCY, Registration(**{**vars(changed), "area": "371500"}), AT)
    assert facade.profile_on(first.code, d("2025-01-01")).level == "tertiary"


def test_an_agreement_is_suspended_resumed_and_ended() -> None:
    code = hospital(until="2027-01-01")
    facade.suspend_agreement(AGENCY, code, "basic", because("2026-02-01"), AT)
    facade.resume_agreement(AGENCY, code, "basic", because("2026-03-01"), AT)
    facade.end_agreement(AGENCY, code, "basic", because("2026-06-01"), AT)
    days = ("2019-12-31", "2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01", "2026-05-31", "2026-06-01")
    assert states(code, *days) == ["not_yet", "active", "suspended", "suspended", "active", "active", "ended"]
    assert states(code, "2027-01-01") == ["expired"]
    rows = sql.rows(
        """SELECT state, valid_from, valid_until, why, document, decided_by FROM institutions_agreement a
        JOIN institutions_institution i ON i.id = a.institution_id WHERE i.code = %s ORDER BY a.id""",
        (code,),
    )
    said = ("违反协议约定", "聊医保协〔2026〕1号", "test-agency")
    assert rows == [
        ("active", d("2020-01-01"), d("2026-02-01"), "签订协议", "协议2020", "test-agency"),
        ("suspended", d("2026-02-01"), d("2026-03-01"), *said),
        ("active", d("2026-03-01"), d("2026-06-01"), *said),
        ("ended", d("2026-06-01"), d("2027-01-01"), *said),
    ]
    # a new agreement may begin where the ended one would still have run
    facade.sign_agreement(AGENCY, code, AgreementDraft("basic", "协议2026", d("2026-09-01")), AT)
    assert states(code, "2026-08-31", "2026-09-01", "2030-01-01") == ["ended", "active", "active"]


@pytest.mark.parametrize(
    ("before", "move", "on"),
    [
        ((), "resume", "2026-02-01"),
        (("suspend",), "suspend", "2026-02-02"),
        (("end",), "end", "2026-02-02"),
        (("end",), "resume", "2026-02-02"),
        (("suspend",), "end", "2026-01-15"),
        ((), "suspend", "2019-06-01"),
    ],
)
def test_moves_the_state_does_not_allow_change_nothing(before: tuple[str, ...], move: str, on: str) -> None:
    code = hospital()
    moves = {"suspend": facade.suspend_agreement, "resume": facade.resume_agreement, "end": facade.end_agreement}
    for name in before:
        moves[name](AGENCY, code, "basic", because("2026-02-01"), AT)
    was = facade.institution(code)
    with pytest.raises(AgreementMove):
        moves[move](AGENCY, code, "basic", because(on), AT)
    with pytest.raises(AgreementMove):
        moves[move](AGENCY, code, "basic", Decision(d("2026-02-02"), " ", ""), AT)
    assert facade.institution(code) == was


def test_kinds_of_agreement_are_apart_and_one_kind_never_overlaps() -> None:
    from django.db import IntegrityError, transaction

    code = hospital()
    facade.sign_agreement(AGENCY, code, AgreementDraft("chronic", "慢病2025", d("2025-01-01"), d("2026-01-01")), AT)
    with pytest.raises(AgreementOverlap):
        facade.sign_agreement(AGENCY, code, AgreementDraft("basic", "再签", d("2026-01-01")), AT)
    facade.sign_agreement(AGENCY, code, AgreementDraft("chronic", "慢病2026", d("2026-01-01")), AT)
    institution = facade.institution(code)
    assert institution.agreement_on(d("2025-12-31"), "chronic").number == "慢病2025"
    assert institution.agreement_on(d("2026-01-01"), "chronic").number == "慢病2026"
    with pytest.raises(AgreementNotActive) as caught:
        institution.agreement_on(d("2026-01-01"), "dual_channel")
    assert caught.value.details["state"] == "none"
    with pytest.raises(IntegrityError, match="institutions_agreement_no_overlap"), transaction.atomic():
        sql.run(
            """INSERT INTO institutions_agreement (institution_id, kind, number, state, valid_from, valid_until, why,
                document, decided_by, recorded_at)
            SELECT institution_id, a.kind, 'x', 'active', '2026-05-01', NULL, 'x', 'x', 'x', now()
            FROM institutions_agreement a JOIN institutions_institution i ON i.id = a.institution_id
            WHERE i.code = %s AND a.kind = 'basic'""",
            (code,),
        )
    for draft in (
        AgreementDraft("lunch", "n", d("2026-01-01")),
        AgreementDraft("maternity", " ", d("2026-01-01")),
        AgreementDraft("maternity", "n", d("2026-01-01"), d("2026-01-01")),
    ):
        with pytest.raises(Malformed):
            facade.sign_agreement(AGENCY, code, draft, AT)


def test_the_bureau_penalises_and_the_agency_manages() -> None:
    """Neither may do the other's work; nobody else may do either; other cities may do nothing here."""
    code = hospital()
    fine = PenaltyDraft("fine", d("2026-01-05"), "聊医保罚〔2026〕1号", "串换项目", 1_000_000)
    for other in (BUREAU, actor("auditor"), actor("institution"), actor("finance"), actor("agency", "370100")):
        for verb in (facade.suspend_agreement, facade.end_agreement, facade.resume_agreement):
            with pytest.raises(NotPermitted):
                verb(other, code, "basic", because("2026-02-01"), AT)
        with pytest.raises(NotPermitted):
            facade.sign_agreement(other, code, AgreementDraft("maternity", "n", d("2026-01-01")), AT)
        with pytest.raises(NotPermitted):
            facade.register(other, new(), AT)
    for other in (AGENCY, SYSTEM, actor("auditor"), actor("institution"), actor("bureau", "370100")):
        with pytest.raises(NotPermitted):
            facade.penalise(other, code, fine, AT)
    assert states(code, "2026-02-01") == ["active"]
    assert facade.penalties_of(code) == []
    penalty = facade.penalise(BUREAU, code, fine, AT)
    assert (penalty.draft, penalty.decided_by, facade.penalties_of(code)) == (fine, "test-bureau", [penalty])
    with pytest.raises(PenaltyUnfit):
        facade.penalise(BUREAU, code, fine, AT)


def test_an_ordered_suspension_waits_for_the_agency() -> None:
    code = hospital()
    order = PenaltyDraft(
        *("suspension", d("2026-01-05"), "聊医保罚〔2026〕2号", "重复收费", 0, d("2026-02-01"), d("2026-08-01"))
    )
    penalty = facade.penalise(BUREAU, code, order, AT)
    assert states(code, "2026-03-01") == ["active"]  # nothing happens by itself
    assert penalty.id in [p.id for p in facade.orders_pending(AGENCY)]
    assert facade.orders_pending(actor("agency", "370100")) == facade.orders_pending(BUREAU) == []
    with pytest.raises(PenaltyUnfit):
        facade.suspend_agreement(AGENCY, code, "basic", because("2026-01-20", penalty.id), AT)
    with pytest.raises(PenaltyUnfit):
        facade.end_agreement(AGENCY, code, "basic", because("2026-02-01", penalty.id), AT)
    with pytest.raises(PenaltyUnfit):
        facade.suspend_agreement(AGENCY, hospital(), "basic", because("2026-02-01", penalty.id), AT)
    facade.suspend_agreement(AGENCY, code, "basic", because("2026-02-01", penalty.id), AT)
    assert penalty.id not in [p.id for p in facade.orders_pending(AGENCY)]
    assert [p.carried_out for p in facade.penalties_of(code)] == [True]
    with pytest.raises(AgreementMove):
        facade.resume_agreement(AGENCY, code, "basic", because("2026-07-31"), AT)
    facade.resume_agreement(AGENCY, code, "basic", because("2026-08-01"), AT)
    assert states(code, "2026-01-31", "2026-02-01", "2026-07-31", "2026-08-01") == [
        "active",
        "suspended",
        "suspended",
        "active",
    ]


@pytest.mark.parametrize(
    "draft",
    [
        PenaltyDraft("scold", d("2026-01-05"), "d", "w"),
        PenaltyDraft("fine", d("2026-01-05"), "d", "w"),
        PenaltyDraft("fine", d("2026-01-05"), "d", "w", -5),
        PenaltyDraft("talk", d("2026-01-05"), "d", "w", 5),
        PenaltyDraft("talk", d("2026-01-05"), "d", " "),
        PenaltyDraft("talk", d("2026-01-05"), "", "w"),
        PenaltyDraft("suspension", d("2026-01-05"), "d", "w"),
        PenaltyDraft("suspension", d("2026-01-05"), "d", "w", 0, d("2026-03-01"), d("2026-03-01")),
        PenaltyDraft("suspension", d("2026-01-05"), "d", "w", 0, d("2025-03-01"), d("2026-03-01")),
        PenaltyDraft("termination", d("2026-01-05"), "d", "w", 0, d("2026-03-01"), d("2026-04-01")),
    ],
)
def test_a_penalty_has_what_its_kind_needs(draft: PenaltyDraft) -> None:
    code = facade.register(AGENCY, new(), AT).code
    with pytest.raises(PenaltyUnfit):
        facade.penalise(BUREAU, code, draft, AT)


def test_decisions_are_never_rewritten() -> None:
    from django.db import DatabaseError, transaction

    code = hospital()
    facade.penalise(BUREAU, code, PenaltyDraft("talk", d("2026-01-05"), "约谈1", "指标异常"), AT)
    for statement in (
        "UPDATE institutions_penalty SET kind = 'fine'",
        "DELETE FROM institutions_penalty",
        "TRUNCATE institutions_penalty CASCADE",
        "DELETE FROM institutions_agreement",
        "DELETE FROM institutions_profile",
    ):
        with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
            sql.run(statement)


def test_the_version_rises_with_every_change_and_the_cache_follows() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    first = new()
    seen = [facade.register(AGENCY, first, AT).version]

    def version() -> int:
        found = sql.one("SELECT version FROM institutions_institution WHERE code = %s", (first.code,))
        assert found
        return int(found[0])

    code = first.code
    later = Registration(**{**vars(first), "name": "改名医院", "valid_from": d("2025-01-01")})
    for change in (
        lambda: facade.sign_agreement(AGENCY, code, AgreementDraft("basic", "n", d("2020-01-01")), AT),
        lambda: facade.suspend_agreement(AGENCY, code, "basic", because("2026-02-01"), AT),
        lambda: facade.change_profile(AGENCY, later, AT),
        lambda: facade.penalise(BUREAU, code, PenaltyDraft("talk", d("2026-01-05"), "约谈", "指标异常"), AT),
        lambda: facade.add_department(AGENCY, code, Department("0301", "内科", "A03", d("2020-01-01"))),
        lambda: facade.add_physician(
            AGENCY, code, Physician("D371500000001", "王试验", "physician", "0301", "practising", d("2020-01-01"))
        ),
        lambda: facade.set_practice(AGENCY, code, "D371500000001", "left", d("2026-01-01"), "调离"),
    ):
        old = facade.cached_institution(code, version())
        with CaptureQueriesContext(connection) as queries:
            assert facade.cached_institution(code, old.version) is old
        assert len(queries) == 0
        change()
        seen.append(version())
        assert facade.cached_institution(code, seen[-1]).version == seen[-1]
    assert seen == sorted(set(seen))
    assert facade.institution(code).name == "改名医院"
    assert facade.institution(code).profile_on(d("2024-12-31")).name == first.name


def test_the_view_is_what_it_says() -> None:
    code = hospital()
    names = sql.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'institutions_dossier' "
        "ORDER BY ordinal_position"
    )
    assert tuple(name for (name,) in names) == DOSSIER_COLUMNS
    row = sql.one(
        """SELECT code, version, name, kind, area, profiles, agreements FROM institutions_dossier
        WHERE code = %s""",
        (code,),
    )
    assert row
    institution = Institution.from_row(row)
    assert institution.level_on(d("2026-01-01")) == "secondary"
    assert (institution.kind, institution.area, institution.institution_type) == ("hospital", "371502", "1")
    assert institution.agreement_on(d("2026-01-01")).number == "协议2020"


def test_search_and_unknown_codes() -> None:
    pharmacy = new(code="P37150099001", name="百分%大药房", kind="pharmacy", level="pharmacy", hosp_lv="")
    facade.register(AGENCY, pharmacy, AT)

    def codes(**wanted: str) -> list[str]:
        return [i.code for i in facade.search(**wanted)]  # type: ignore[arg-type]

    assert codes(name="%大药") == codes(code="P37150099001") == ["P37150099001"]
    assert (
        codes(name="_大药") == codes(name="大药房", institution_type="1") == codes(name="大药房", kind="hospital") == []
    )
    assert codes(name="大药房", institution_type="2", kind="pharmacy") == ["P37150099001"]
    assert facade.institution("P37150099001").hosp_lv_on(d("2026-01-01")) == ""
    assert list(facade.institutions(["P37150099001", "P37150099999"])) == ["P37150099001"]
    for call in (
        lambda: facade.institution("H37150099999"),
        lambda: facade.sign_agreement(AGENCY, "H37150099999", AgreementDraft("basic", "n", d("2020-01-01")), AT),
        lambda: facade.penalise(BUREAU, "H37150099999", PenaltyDraft("talk", d("2026-01-05"), "d", "w"), AT),
    ):
        with pytest.raises(InstitutionUnknown):
            call()


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        ({"code": "X37150000001"}, ["code"]),
        ({"code": "P37150077777"}, ["code"]),
        ({"uscc": "123"}, ["uscc"]),
        ({"area": "371599", "name": " "}, ["area", "name"]),
        ({"level": "primary"}, ["hosp_lv"]),
        ({"level": "top", "kind": "shop"}, ["kind", "level"]),
        ({"level": "pharmacy", "hosp_lv": ""}, ["level"]),
    ],
)
def test_a_registration_tells_every_fault(changes: dict[str, object], members: list[str]) -> None:
    with pytest.raises(Malformed) as caught:
        facade.register(SYSTEM, new(**changes), AT)
    assert [fault.path for fault in caught.value.faults] == members


def test_registered_once() -> None:
    first = new()
    facade.register(AGENCY, first, AT)
    with pytest.raises(InstitutionExists):
        facade.register(AGENCY, first, AT)


def test_departments_and_physicians_are_dated() -> None:
    code = hospital()
    facade.add_department(AGENCY, code, Department("0401", "外科", "A04", d("2024-01-01"), d("2026-01-01")))
    assert [x.code for x in facade.departments_on(code, d("2025-12-31"))] == ["0401"]
    assert facade.departments_on(code, d("2026-01-01")) == facade.departments_on(code, d("2023-12-31")) == []
    doctor = Physician("D371500000002", "李试验", "physician", "0401", "practising", d("2024-01-01"))
    facade.add_physician(AGENCY, code, doctor)
    facade.set_practice(AGENCY, code, doctor.code, "suspended", d("2026-02-01"), "记分满12分")
    assert facade.physician_on(code, doctor.code, d("2026-01-31")) == doctor
    assert facade.physician_on(code, doctor.code, d("2026-02-01")).status == "suspended"
    assert [p.status for p in facade.physicians_on(code, d("2026-02-01"))] == ["suspended"]
    with pytest.raises(StaffConflict):
        facade.set_practice(AGENCY, code, doctor.code, "practising", d("2026-02-01"), "恢复")
    with pytest.raises(StaffConflict):
        facade.add_physician(AGENCY, code, doctor)
    with pytest.raises(StaffConflict):
        facade.add_department(AGENCY, code, Department("0401", "外科", "A04", d("2024-01-01")))
    for call in (
        lambda: facade.physician_on(code, doctor.code, d("2023-12-31")),
        lambda: facade.set_practice(AGENCY, code, "D0", "left", d("2026-02-01"), "调离"),
    ):
        with pytest.raises(StaffUnknown):
            call()
    for call in (
        lambda: facade.set_practice(AGENCY, code, doctor.code, "gone", d("2026-03-01"), "调离"),
        lambda: facade.add_department(AGENCY, code, Department("", "外科", "A04", d("2024-01-01"))),
        lambda: facade.add_physician(
            AGENCY, code, Physician("D1", "名" * 51, "nurse", "", "practising", d("2024-01-01"))
        ),
    ):
        with pytest.raises(Malformed):
            call()
    with pytest.raises(NotPermitted):
        facade.add_department(BUREAU, code, Department("0501", "妇科", "A05", d("2024-01-01")))
    audits = sql.rows("SELECT details::text FROM foundation_audit WHERE record = %s", (f"institution:{code}",))
    assert len(audits) == 5
    assert not any("李试验" in text for (text,) in audits)
