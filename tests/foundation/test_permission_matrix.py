"""Who may do what: every permission by role and area is what the files say, and every verb of every door asks.

A verb that takes an actor is called for real with an actor who has no role, and with one who has every office role in
another city: both must be refused before anything is written. Verbs that take nobody are listed, each with its reason.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import transaction

import openyibao
from openyibao.catalogue import facade as catalogue
from openyibao.catalogue.contracts import LocalCode
from openyibao.foundation import actors, sql
from openyibao.foundation.actors import ROLES, SYSTEM, Actor, NotPermitted, allowed
from openyibao.gateway import facade as gateway
from openyibao.institutions import facade as institutions
from openyibao.institutions.contracts import AgreementDraft, Decision, Department, PenaltyDraft, Physician, Registration
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.people import facade as people
from openyibao.people.contracts import DeclaredAmounts
from openyibao.rulebook import facade as rulebook
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import (
    Admit,
    AmendAdmission,
    Caller,
    Cancel,
    Discharge,
    FeeLine,
    RecordVisit,
    RegisterVisit,
    Settle,
    SettlementList,
    UploadLines,
    WithdrawLines,
)
from tests.support.actors import actor
from tests.support.invented import identity
from tests.support.world import NOW, World, choose_items, instant

CITY, COUNTY, OTHER_CITY, PROVINCE, NATION = "371500", "371502", "370200", "370000", "000000"
AT = datetime(2026, 1, 5, tzinfo=UTC)
DAY = date(2026, 1, 5)
ROOMS = ("people", "institutions", "catalogue", "ledger", "rulebook", "settlement", "payment", "gateway")
READS = {"payment.read", "settlement.read", "people.read_identity", "people.read_record", "foundation.read_audit"}


def files() -> dict[str, set[str]]:
    """Permission -> roles, read from the files without the code that the platform reads them with."""
    found: dict[str, set[str]] = {}
    for path in Path(openyibao.__file__).parent.glob("*/data/permissions.yaml"):
        for key, entry in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items():
            assert key not in found, f"{key} twice"
            assert key.split(".")[0] == path.parents[1].name, f"{key} in the file of another room"
            assert entry["title"], key
            found[key] = set(entry["roles"])
    return found


# The matrix ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permission", sorted(files()))
def test_permission_matrix_by_role_and_area(permission: str, role: str) -> None:
    may = role in files()[permission]
    someone = Actor("someone", frozenset({role}), CITY)
    by_area = {area: allowed(someone, permission, area) for area in (CITY, COUNTY, OTHER_CITY, PROVINCE, NATION)}
    assert by_area == {CITY: may, COUNTY: may, OTHER_CITY: False, PROVINCE: False, NATION: False}
    in_county = replace(someone, area=COUNTY)
    assert [allowed(in_county, permission, area) for area in (COUNTY, "371521", CITY)] == [may, False, False]
    assert allowed(replace(someone, area=NATION), permission, OTHER_CITY) is may


def test_permission_matrix_knows_every_permission_and_nobody_without_a_role_has_any() -> None:
    assert set(actors.permissions()) == set(files())
    for permission in files():
        assert not allowed(Actor("nobody", frozenset(), NATION), permission, CITY)
        assert not allowed(Actor("odd", frozenset({"root", ""}), NATION), permission, CITY)
        for area in ("", "999999", "37150", "371500 ", "xxxxxx"):
            assert not allowed(Actor("agency", frozenset(ROLES), CITY), permission, area), area
            assert not allowed(Actor("agency", frozenset(ROLES), area), permission, CITY), area


def test_permission_matrix_keeps_the_bureau_and_the_agency_apart() -> None:
    table = files()
    assert [key for key, roles in table.items() if {"bureau", "agency"} <= roles] == []
    assert "bureau" not in table["institutions.agree"]
    assert "bureau" not in table["institutions.register"]
    assert table["institutions.penalise"] == {"bureau"}
    for key in ("rulebook.submit", "rulebook.review"):
        assert table[key] == {"bureau"}


def test_permission_matrix_of_an_institution_an_auditor_and_whoever_checks() -> None:
    held = {role: {key for key, roles in files().items() if role in roles} for role in ROLES}
    assert held["institution"] == {
        *("settlement.send", "settlement.read", "people.read_identity", "people.read_record"),
        *("people.file", "catalogue.match", "payment.file_special"),
    }
    assert files()["settlement.send"] == {"institution"}
    assert held["auditor"] == READS
    makes = {"people.file", "people.enrol", "people.record_contribution", "people.register"}
    checks = {"people.approve_filing", "people.correct", "people.reverse_contribution", "people.merge"}
    assert makes <= held["agency"]
    assert not checks & held["agency"]
    assert checks <= held["agency_review"]
    assert not makes & held["agency_review"]


# Every verb asks ----------------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """One of everything a verb may be about, all in Liaocheng."""

    world: World
    hospital: str = ""
    person: str = ""
    other: str = ""
    filing: int = 0
    visit: str = ""
    bare: str = ""
    settled: str = ""
    settled_visit: str = ""
    stay: str = ""
    left: str = ""
    stay_settled: str = ""
    stay_settled_visit: str = ""
    draft: str = ""

    @classmethod
    def made(cls) -> Scene:
        one = cls(World.made())
        choose_items()
        world = one.world
        one.hospital = world.hospital()
        one.person, one.other = world.person(balance_fen=10_000), world.person()
        one.filing = people.file_chronic(actor("agency"), one.person, disease="高血压", on=DAY, at=AT)
        people.authorise_family(actor("agency"), one.person, one.other, on=DAY, at=AT)
        people.join_group(actor("agency"), one.person, "minimum_living", on=DAY, at=AT)
        people.add_supplement(actor("agency"), one.person, "civil_servant", on=DAY, at=AT)
        declared = DeclaredAmounts(base_fen=1_000_000, individual_fen=20_000, account_fen=20_000)
        people.record_contribution(actor("agency"), one.person, "2026-01", on=DAY, at=AT, declared=declared)
        patient, day = one.person, date(2026, 2, 2)
        one.bare = settlement.register_visit(
            world.caller(one.hospital), RegisterVisit(patient, "310", instant(day), "MZ-bare")
        )
        one.visit = world.visit(patient, one.hospital, day)
        world.upload(patient, one.hospital, one.visit, day, {"in_scope": 5_000})
        bill = world.bill(patient, one.hospital, day, 30_000)
        one.settled, one.settled_visit = bill.settlement_no, bill.visit_no
        one.stay = world.stay(patient, one.hospital, day)
        one.left = world.stay(patient, one.hospital, day)
        world.discharge(patient, one.hospital, one.left, date(2026, 2, 5))
        paid = world.stay_bill(patient, one.hospital, date(2026, 3, 5), 500_000)
        one.stay_settled, one.stay_settled_visit = paid.settlement_no, paid.visit_no
        return one

    def caller(self, who: Actor) -> Caller:
        return replace(self.world.caller(self.hospital), actor=who)


Verb = Callable[[Scene, Actor], Any]


def _people() -> dict[str, Verb]:
    when: dict[str, Any] = {"on": DAY, "at": AT}
    born: dict[str, Any] = {"gender": "1", "born_on": date(1990, 1, 1), "area": CITY, "at": AT}
    return {
        "accounts_of": lambda s, a: people.accounts_of(a, s.person),
        "add_supplement": lambda s, a: people.add_supplement(a, s.person, "enterprise", **when),
        "amend_identity": lambda s, a: people.amend_identity(a, s.person, identity(), gender="1", **when),
        "approve_filing": lambda s, a: people.approve_filing(a, s.filing, at=AT),
        "authorise_family": lambda s, a: people.authorise_family(a, s.other, s.person, **when),
        "change_status": lambda s, a: people.change_status(a, s.person, status="retired", **when),
        "contributions_of": lambda s, a: people.contributions_of(a, s.person),
        "correct_coverage": lambda s, a: people.correct_coverage(
            a, s.person, since=date(2026, 6, 1), until=None, becomes=None, at=AT, why="更正"
        ),
        "coverage_on": lambda s, a: people.coverage_on(a, s.person, DAY),
        "coverage_records": lambda s, a: people.coverage_records(a, s.person),
        "dossier": lambda s, a: people.dossier(a, s.person),
        "end_coverage": lambda s, a: people.end_coverage(a, s.person, **when),
        "end_filing": lambda s, a: people.end_filing(a, s.filing, **when),
        "end_supplement": lambda s, a: people.end_supplement(a, s.person, "civil_servant", **when),
        "enrol": lambda s, a: people.enrol(a, s.person, area=CITY, scheme="resident", status="adult", **when),
        "enrol_newborn": lambda s, a: people.enrol_newborn(a, identity(DAY), **{**born, "born_on": DAY}, on=DAY),
        "entitlements_on": lambda s, a: people.entitlements_on(a, s.person, DAY),
        "file_chronic": lambda s, a: people.file_chronic(a, s.person, disease="糖尿病", **when),
        "file_remote": lambda s, a: people.file_remote(a, s.person, filing_type="long_term", area="110000", **when),
        "find_person": lambda s, a: people.find_person(a, "01", _identity(s).cert_no),
        "history_as_known_at": lambda s, a: people.history_as_known_at(a, s.person, AT),
        "identity_of": lambda s, a: people.identity_of(a, s.person),
        "join_group": lambda s, a: people.join_group(a, s.person, "extremely_poor", **when),
        "leave_group": lambda s, a: people.leave_group(a, s.person, "minimum_living", **when),
        "merge_persons": lambda s, a: people.merge_persons(a, s.person, s.other, **when),
        "months_of": lambda s, a: people.months_of(a, s.person, CITY),
        "open_person_account": lambda s, a: people.open_person_account(a, s.other, area=CITY, **when),
        "person_ids": lambda s, a: people.person_ids(a, s.person),
        "record_contribution": lambda s, a: people.record_contribution(
            a, s.person, "2026-02", declared=DeclaredAmounts(1_000_000, 20_000, account_fen=20_000), **when
        ),
        "record_death": lambda s, a: people.record_death(a, s.person, died_on=DAY, **when),
        "register_employer": lambda s, a: people.register_employer(
            a, employer_no="E1", name="示例单位", kind="enterprise", area=CITY, at=AT
        ),
        "register_person": lambda s, a: people.register_person(a, identity(date(1990, 1, 1)), **born),
        "resume": lambda s, a: people.resume(a, s.person, **when),
        "reverse_contribution": lambda s, a: people.reverse_contribution(a, s.person, "2026-01", **when),
        "revoke_family": lambda s, a: people.revoke_family(a, s.person, s.other, **when),
        "suspend": lambda s, a: people.suspend(a, s.person, **when),
        "transfer_in": lambda s, a: people.transfer_in(
            a, s.person, area=CITY, from_area="110000", months=12, balance_fen=0, **when
        ),
        "transfer_out": lambda s, a: people.transfer_out(a, s.person, to_area=CITY, **when),
    }


def _identity(scene: Scene) -> Any:
    return people.identity_of(SYSTEM, scene.person)


def _institutions() -> dict[str, Verb]:
    decision = Decision(DAY, "整改", "聊医保〔2026〕1号")
    start = date(2026, 1, 1)

    def registration(s: Scene, code: str) -> Registration:
        return Registration(code, "示例", "hospital", "12371502MA00000099", COUNTY, "tertiary", "2", start)

    return {
        "add_department": lambda s, a: institutions.add_department(
            a, s.hospital, Department("D9", "内科", "A03", start)
        ),
        "add_physician": lambda s, a: institutions.add_physician(
            a, s.hospital, Physician("D9", "李示例", "physician", "", "active", start)
        ),
        "change_profile": lambda s, a: institutions.change_profile(a, registration(s, s.hospital), AT),
        "end_agreement": lambda s, a: institutions.end_agreement(a, s.hospital, "basic", decision, AT),
        "load_csv": _load_institutions,
        "orders_pending": lambda s, a: _nothing_told(institutions.orders_pending(a)),
        "penalise": lambda s, a: institutions.penalise(
            a, s.hospital, PenaltyDraft("fine", DAY, "聊医保罚〔2026〕1号", "虚开", amount_fen=100), AT
        ),
        "register": lambda s, a: institutions.register(a, registration(s, "H37150299799"), AT),
        "resume_agreement": lambda s, a: institutions.resume_agreement(a, s.hospital, "basic", decision, AT),
        "set_practice": lambda s, a: institutions.set_practice(a, s.hospital, "D9", "suspended", DAY, "整改"),
        "sign_agreement": lambda s, a: institutions.sign_agreement(
            a, s.hospital, AgreementDraft("dual_channel", "XY-9", start), AT
        ),
        "suspend_agreement": lambda s, a: institutions.suspend_agreement(a, s.hospital, "basic", decision, AT),
    }


def _nothing_told(found: list[Any]) -> None:
    """Orders pending answers with those of the actor's own area: with nothing, here."""
    assert found == []
    raise NotPermitted("nothing told")


def _load_institutions(scene: Scene, who: Actor) -> None:
    import tempfile

    from openyibao.institutions.columns import COLUMNS

    row = {
        "code": "H37150299798",
        "name": "示例",
        "kind": "hospital",
        "uscc": "12371502MA00000098",
        "area": COUNTY,
        "level": "tertiary",
        "hosp_lv": "2",
        "valid_from": "2026-01-01",
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "institutions.csv")
        names = [getattr(column, "name", column) for column in COLUMNS]
        path.write_text(",".join(names) + "\n" + ",".join(row.get(name, "") for name in names) + "\n", encoding="utf-8")
        institutions.load_csv(who, path, AT)


def _rest() -> dict[str, Verb]:
    sample = Path(catalogue.__file__).parent / "data" / "items.csv"
    return {
        "catalogue.load_csv": lambda s, a: catalogue.load_csv(a, "item", sample, AT),
        "catalogue.load_sample": lambda s, a: catalogue.load_sample(a, AT),
        "catalogue.match_local_code": lambda s, a: catalogue.match_local_code(
            a, LocalCode(s.hospital, COUNTY, "L1", "示例", "XA10BAA001A001010190001", DAY)
        ),
        "ledger.close_month": lambda s, a: ledger.close_month(a, CITY, Month(date(2024, 1, 1)), AT),
        "ledger.credit_interest": lambda s, a: ledger.credit_interest(a, CITY, 2025, DAY, AT),
        "ledger.seal_day": lambda s, a: ledger.seal_day(a, CITY, DAY, AT),
        "rulebook.publish": lambda s, a: rulebook.publish(a, _draft(s, "reviewed"), AT),
        "rulebook.publish_shipped": lambda s, a: rulebook.publish_shipped(a, AT),
        "rulebook.review_draft": lambda s, a: rulebook.review_draft(a, _draft(s, "draft"), AT, approve=True),
        "rulebook.submit_draft": lambda s, a: rulebook.submit_draft(a, "改", _changed("# 2\n"), AT),
        "gateway.register_credential": lambda s, a: gateway.register_credential(
            a, institution_code=s.hospital, area=COUNTY, security="aksk", key="K9", secret="a-secret-of-this-test"
        ),
        "gateway.withdraw_credential": lambda s, a: gateway.withdraw_credential(
            a, security="aksk", key="K9", area=COUNTY
        ),
    }


def _changed(more: str) -> dict[str, str]:
    """A shipped file of Liaocheng with a comment more."""
    from openyibao.policy.facade import data_folder

    folder = data_folder("policies")
    path = min((folder / "liaocheng").rglob("*.yaml"))
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") + more}


def _draft(scene: Scene, state: str) -> str:
    """A draft of Liaocheng, submitted by one and, where wanted, reviewed by another, in the open transaction."""
    version = rulebook.submit_draft(actor("bureau"), "改", _changed("# 1\n"), AT)
    if state == "reviewed":
        rulebook.review_draft(Actor("second", frozenset({"bureau"}), CITY), version, AT, approve=True)
    return version


def _settlement() -> dict[str, Verb]:
    day = date(2026, 2, 2)

    def line(s: Scene, visit: str) -> FeeLine:
        return FeeLine("L-9", visit, s.person, "NOT-IN-CATALOGUE", 100, 10_000, 1_000_000, instant(day), "B1")

    return {
        "admit": lambda s, a: settlement.admit(s.caller(a), Admit(s.person, "310", instant(day), "21", "ZY9")),
        "amend_admission": lambda s, a: settlement.amend_admission(
            s.caller(a), AmendAdmission(s.stay, s.person, case_no="ZY8")
        ),
        "cancel_admission": lambda s, a: settlement.cancel_admission(s.caller(a), s.stay, s.person),
        "cancel_discharge": lambda s, a: settlement.cancel_discharge(s.caller(a), s.left, s.person),
        "cancel_registration": lambda s, a: settlement.cancel_registration(s.caller(a), s.bare, s.person),
        "counters_of": lambda s, a: settlement.counters_of(s.caller(a), s.person),
        "discharge": lambda s, a: settlement.discharge(
            s.caller(a), Discharge(s.stay, s.person, "310", instant(date(2026, 2, 6)), "1")
        ),
        "explain": lambda s, a: settlement.explain(a, s.settled),
        "join_person_years": lambda s, a: settlement.join_person_years(a, s.person, AT),
        "listed_stays": lambda s, a: settlement.listed_stays(a, CITY, day),
        "pre_settle": lambda s, a: settlement.pre_settle(
            s.caller(a), Settle(s.visit, s.person, "310", 5_000, False, "B1")
        ),
        "record_settlement_list": lambda s, a: settlement.record_settlement_list(
            s.caller(a), SettlementList(s.stay_settled, s.stay_settled_visit, s.person, "short", {})
        ),
        "record_visit": lambda s, a: settlement.record_visit(
            s.caller(a), RecordVisit(s.bare, s.person, "11", instant(day))
        ),
        "register_visit": lambda s, a: settlement.register_visit(
            s.caller(a), RegisterVisit(s.person, "310", instant(day), "MZ9")
        ),
        "reverse": lambda s, a: settlement.reverse(
            s.caller(a), Cancel(s.stay_settled, s.stay_settled_visit, s.person, True)
        ),
        "settle": lambda s, a: settlement.settle(s.caller(a), Settle(s.visit, s.person, "310", 5_000, False, "B1")),
        "settle_adjustment": lambda s, a: settlement.settle_adjustment(a, _adjustment(s), NOW),
        "settlement_of": lambda s, a: settlement.settlement_of(s.caller(a), s.settled, s.person),
        "settlements_of_visit": lambda s, a: settlement.settlements_of_visit(s.caller(a), s.settled_visit, s.person),
        "upload_lines": lambda s, a: settlement.upload_lines(s.caller(a), UploadLines((line(s, s.visit),), False)),
        "withdraw_lines": lambda s, a: settlement.withdraw_lines(
            s.caller(a), WithdrawLines(s.visit, s.person, "0000"), inpatient=False
        ),
    }


def _payment() -> dict[str, Verb]:
    month, after = Month(NOW.date().replace(day=1)), datetime(2026, 12, 5, tzinfo=UTC)

    def slip(s: Scene, state: str = "drafted") -> str:
        """A slip of the month the scene was settled in, drafted or confirmed, in the open transaction."""
        drafted = payment.draft_slips(actor("agency"), CITY, month, after)
        number = next(one.slip_no for one in drafted if one.institution_code == s.hospital)
        if state == "confirmed":
            payment.confirm_slip(actor("agency_review"), number, after)
        return number

    return {
        "assess": lambda s, a: payment.assess(a, CITY, s.hospital, 2025, 90, "考核", after),
        "cancel_slip": lambda s, a: payment.cancel_slip(a, slip(s), after, "试"),
        "clear_year": lambda s, a: payment.clear_year(a, CITY, 2025, "sample-drg", after),
        "confirm_slip": lambda s, a: payment.confirm_slip(a, slip(s), after),
        "deduct": lambda s, a: payment.deduct(a, s.settled, {"employee_pool": 1}, "条款", "理由", after),
        "draft_slips": lambda s, a: payment.draft_slips(a, CITY, month, after),
        "file_special": lambda s, a: payment.file_special(a, s.settled, "high_cost", "", "sample-drg", after),
        "assign_special": lambda s, a: payment.assign_special(a, s.settled, ["x", "y"], "", after),
        "move_special": lambda s, a: payment.move_special(a, s.settled, "return", "", after),
        "special_of": lambda s, a: payment.special_of(a, s.settled),
        "specials_of": lambda s, a: payment.specials_of(a, CITY, "2026-10"),
        "sign_members": lambda s, a: payment.sign_members(a, CITY, Path(), after),
        "signings_of": lambda s, a: payment.signings_of(a, CITY, s.person),
        "performance": lambda s, a: payment.performance(a, CITY, 2025, "sample-drg", "doctor"),
        "pay_heads": lambda s, a: payment.pay_heads(a, CITY, month, "sample-capitation", after),
        "clear_heads": lambda s, a: payment.clear_heads(a, CITY, 2025, "sample-capitation", after),
        "movements_of": lambda s, a: payment.movements_of(a, slip(s)),
        "pay_advance": lambda s, a: payment.pay_advance(a, CITY, s.hospital, {"employee_pool": 1}, after, "YF1"),
        "pay_slip": lambda s, a: payment.pay_slip(a, slip(s, "confirmed"), after),
        "price_stays": lambda s, a: payment.price_stays(a, CITY, month, "sample-drg", Path(), after),
        "set_budget": lambda s, a: payment.set_budget(a, CITY, 2026, "resident", 1, "文", after),
        "slip_of": lambda s, a: payment.slip_of(a, slip(s)),
        "slips_of_month": lambda s, a: payment.slips_of_month(a, CITY, month),
    }


def _adjustment(scene: Scene) -> int:
    """An open difference of a cancellation, in the open transaction."""
    found = sql.one(
        "INSERT INTO settlement_adjustment (cause_id, target_id, mode, payers, person_fen, state)"
        " SELECT id, id, 'replay_to_person', '{}', 100, 'open' FROM settlement_document WHERE settlement_no = %s"
        " RETURNING id",
        (scene.settled,),
    )
    assert found is not None
    return int(found[0])


VERBS: dict[str, Verb] = {
    **{f"people.{name}": verb for name, verb in _people().items()},
    **{f"institutions.{name}": verb for name, verb in _institutions().items()},
    **_rest(),
    **{f"settlement.{name}": verb for name, verb in _settlement().items()},
    **{f"payment.{name}": verb for name, verb in _payment().items()},
}


@pytest.fixture(scope="module")
def scene(db: str) -> Scene:
    return Scene.made()


def refusal(scene: Scene, verb: Verb, who: Actor) -> str:
    """How a verb answers an actor; whatever it did is rolled back."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                verb(scene, who)
        except NotPermitted:
            return "refused"
        except Exception as other:
            return f"{type(other).__name__}: {other}"
        finally:
            transaction.set_rollback(True)
    return "done"


@pytest.mark.parametrize("name", list(VERBS))
def test_permission_matrix_every_verb_refuses_whoever_has_no_role(scene: Scene, name: str) -> None:
    assert refusal(scene, VERBS[name], Actor("nobody", frozenset(), CITY)) == "refused"


@pytest.mark.parametrize("name", list(VERBS))
def test_permission_matrix_every_verb_refuses_the_offices_of_another_city(scene: Scene, name: str) -> None:
    offices = frozenset(ROLES) - {"institution", "system"}
    assert refusal(scene, VERBS[name], Actor("elsewhere", offices, OTHER_CITY)) == "refused"


WITHOUT_ACTOR = {
    "answer": "carries its own signature",
    "sandbox_credentials": "refuses outside a sandbox, whose credentials are published",
    # institutions and catalogue are public registers: reading them needs no right
    **dict.fromkeys(("cached_institution", "departments_on", "institution", "institutions", "penalties_of"), "public"),
    **dict.fromkeys(("physician_on", "physicians_on", "profile_on", "search"), "public"),
    **dict.fromkeys(("cached_items_on", "chronic_disease", "codes_on", "diagnosis_on", "disease_named"), "public"),
    **dict.fromkeys(("item_history", "items_on", "list_codes", "matched_codes", "operation_on"), "public"),
    **dict.fromkeys(("two_disease", "version_number"), "public"),
    # verbs of the ledger join the transaction of a verb above, which asked
    **dict.fromkeys(("close_account", "open_account", "reopen_account", "post", "post_template"), "joins"),
    **dict.fromkeys(("reverse_document", "reverse_journal", "sync_chart"), "joins"),
    **dict.fromkeys(("account", "account_statement", "accounts_of", "areas_used", "balance_on"), "read by rooms"),
    **dict.fromkeys(("bridge", "institution_statement", "journals_of", "open_day", "trial_balance", "verify"), "read"),
    **dict.fromkeys(("account_name", "accounts", "drafts_of", "fund_name", "fund_of", "funds"), "no data of anyone"),
    **dict.fromkeys(("interest_fen", "legs_of", "template_title", "templates"), "no data of anyone"),
    **dict.fromkeys(("files_in", "hash_in_force", "hash_of", "plan_in_force", "plan_of"), "policies are public"),
    "area_chain": "no data of anyone",
    **dict.fromkeys(("benefit_of", "scheme_of", "identity"), "no data of anyone"),
    **dict.fromkeys(("accepted_list", "reference", "replayed_year", "visit_state", "year_of"), "read by rooms above"),
    **dict.fromkeys(("statement_of", "statement_pdf"), "whoever prints it checks and audits, as its docstring says"),
}
"""Verbs that take nobody, and why that is right."""


def doors() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Room, name and function of every verb of every door."""
    for room in ROOMS:
        door = importlib.import_module(f"openyibao.{room}.facade")
        listed = getattr(door, "__all__", None)
        for name, value in vars(door).items():
            plain = inspect.unwrap(value) if callable(value) else None
            own = name in listed if listed is not None else getattr(plain, "__module__", "") == door.__name__
            if own and not name.startswith("_") and inspect.isfunction(plain):
                yield room, name, plain


def test_permission_matrix_has_every_verb_of_every_door() -> None:
    takes = {
        f"{room}.{name}"
        for room, name, verb in doors()
        if {"actor", "caller"} & set(inspect.signature(verb).parameters)
    }
    assert takes == set(VERBS)
    others = {name for room, name, _ in doors() if f"{room}.{name}" not in takes}
    assert others - set(WITHOUT_ACTOR) == set(), "a verb that takes nobody: ask who acts, or say why not"
