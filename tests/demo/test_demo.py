"""The demo data: a small load through the real path, who is in it, and what the commands print."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from typer.testing import CliRunner

from openyibao.analytics.facade import load_bills
from openyibao.cli import sandbox
from openyibao.demo import facade, identities, material, places
from openyibao.demo.bills import Drawing
from openyibao.demo.contracts import SandboxInstitution, SandboxPerson
from openyibao.demo.days import Calendar, moment
from openyibao.demo.errors import NotEmptyForDemo, NotSandbox
from openyibao.demo.population import people as draw_people
from openyibao.foundation import sql
from openyibao.foundation.actors import Actor
from openyibao.gateway.signing import find_signer
from openyibao.institutions.errors import AgreementNotActive
from openyibao.kernel.errors import FigureMissing, Refused
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.people import facade as people
from openyibao.people.errors import CoverageNotActive
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Admit, Caller, FeeLine, RecordVisit, RegisterVisit, Settle, UploadLines
from openyibao.settlement.errors import FilingMissing, NotMapped
from tests.conftest import _connected
from tests.docs.blocks import ROOT, blocks
from tests.gateway.world import post, reply_of, still_clock
from tests.support.actors import actor
from tests.support.databases import Server

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
SIZE = {"persons": 150, "weeks": 6}
HOSPITAL, SUSPENDED, ENDED = "H37150200001", "H37150300001", "P37150300009"
RUNNER = CliRunner()
_serial = itertools.count(1)


@pytest.fixture(scope="module")
def loaded(db: str) -> Any:
    facade.mark_sandbox()
    return facade.load(AT, **SIZE)


@pytest.fixture(scope="module")
def everybody(loaded: Any) -> dict[str, SandboxPerson]:
    return {one.key: one for one in facade.sandbox_persons(AT) if one.key}


@pytest.fixture(scope="module")
def houses(loaded: Any) -> dict[str, SandboxInstitution]:
    return {one.fixmedins_code: one for one in facade.sandbox_institutions(AT)}


# Loading ------------------------------------------------------------------------------------------------------------


def test_the_books_are_clean_after_a_load(loaded: Any) -> None:
    assert loaded.persons == 150
    assert loaded.institutions == 60
    assert loaded.settlements > 60
    found = ledger.verify()
    assert found.findings == ()
    assert found.journals > 200
    assert found.seals == 1
    months = [Month.of(TODAY).before, Month.of(TODAY)]
    for month in months:
        assert ledger.bridge("371500", month).difference_fen == 0
        for book in ("business", "fund"):
            trial = ledger.trial_balance(book, "371500", month)  # type: ignore[arg-type]
            assert trial.rows
            assert trial.balanced
    assert any(fund.paid_fen for fund in ledger.bridge("371500", months[1]).funds), "October was paid in November"


def test_counters_equal_a_replay_of_the_documents(loaded: Any) -> None:
    rows = sql.rows("SELECT person_id, year, area, scheme, counters::text FROM settlement_person_year")
    assert rows
    for person, year, area, scheme, counters in rows:
        assert settlement.replayed_year(person, year, area, scheme).counters == json.loads(counters)


def test_it_loads_once_and_only_into_a_sandbox(loaded: Any, postgres: Server) -> None:
    with pytest.raises(NotEmptyForDemo):
        facade.load(AT, **SIZE)


def test_an_unmarked_database_is_left_alone(db: str, postgres: Server) -> None:
    with connected(postgres):
        with pytest.raises(NotSandbox):
            facade.load(AT, **SIZE)
        for command in ("persons", "institutions"):
            assert isinstance(RUNNER.invoke(sandbox.app, [command, "--json"]).exception, NotSandbox)
        people.register_employer(actor("agency"), employer_no="E1", name="某单位", kind="organ", area="371500", at=AT)
        sql.run(
            "INSERT INTO people_person (sealed, cert_hash, gender, born_on, ethnicity, area, note, recorded_at)"
            " VALUES ('', '', '1', '2000-01-01', '', '371500', '', now())"
        )
        with pytest.raises(NotEmptyForDemo):
            facade.mark_sandbox()
        assert not facade.is_sandbox()


@pytest.mark.slow
def test_the_same_seed_makes_the_same_persons_and_settlements(postgres: Server) -> None:
    found = []
    for _ in range(2):
        with connected(postgres):
            facade.mark_sandbox()
            facade.load(AT, persons=100, institutions=30, weeks=3)
            found.append(fingerprint())
    assert found[0] == found[1]


def fingerprint() -> str:
    """Hash over persons as listed and settlements as stored."""
    listed = [one.as_json() for one in facade.sandbox_persons(AT, everyone=True)]
    bills = sql.rows(
        "SELECT settlement_no, person_id, institution_code, settled_at::text, state, amounts::text, payers::text"
        " FROM settlement_document ORDER BY id"
    )
    assert bills
    text = json.dumps([listed, [list(row) for row in bills]], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def connected(postgres: Server) -> Iterator[str]:
    """A fresh database for a part of a test, and the module's own again afterwards."""
    before, url_before = dict(connections["default"].settings_dict), os.environ.get("DATABASE_URL", "")
    with contextmanager(_connected)(postgres) as url:
        yield url
    connections["default"].close()
    connections["default"].settings_dict.update(before)
    os.environ["DATABASE_URL"] = url_before


# Who is in it -------------------------------------------------------------------------------------------------------


def test_drawing_needs_no_database_and_depends_on_the_seed_alone() -> None:
    calendar = Calendar(AT, 6)
    first, again, other = (draw_people(seed, 400, calendar) for seed in (1, 1, 2))
    assert [vars(one) for one in first] == [vars(one) for one in again]
    assert [one.cert_no for one in first] != [one.cert_no for one in other]
    houses = places.places(60)
    bills = Drawing(1, calendar, first, houses).bills()
    assert [(bill.serial, bill.place.code, bill.day) for bill in bills] == [
        (bill.serial, bill.place.code, bill.day) for bill in Drawing(1, calendar, again, houses).bills()
    ]
    assert all(calendar.first <= bill.day <= bill.last < calendar.today for bill in bills)


def test_shares_are_near_those_of_the_city() -> None:
    members = [one for one in draw_people(7, 6_000, Calendar(AT, 6)) if not one.named]
    employees = [one for one in members if one.scheme == "employee"]
    retired = [one for one in employees if one.status == "retired"]
    assert abs(len(employees) / len(members) - 0.126) < 0.015
    assert abs(len(retired) / len(employees) - 0.254) < 0.05
    assert len({one.cert_no for one in members}) == len(members)


def test_identity_numbers_have_a_right_check_digit_and_cannot_exist() -> None:
    number = identities.cert_no(date(1980, 5, 20), "2", 12_345)
    assert number.startswith("990024")
    assert int(number[16]) % 2 == 0
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    assert "10X98765432"[sum(int(d) * w for d, w in zip(number, weights, strict=False)) % 11] == number[17]


def test_every_named_person_stands_as_the_file_says(everybody: dict[str, SandboxPerson]) -> None:
    entries = material.named_persons()
    assert set(everybody) == {entry["key"] for entry in entries}
    for entry in entries:
        found = everybody[entry["key"]]
        assert found.psn_name == entry["name"]
        assert found.note == entry["note"]
        assert found.state == {"ok": "normal"}.get(entry.get("expect", "ok"), entry.get("expect")), entry["key"]
        if found.state != "normal":
            continue
        assert set(found.groups) == set(entry.get("groups", [])), entry["key"]
        assert set(found.supplements) == set(entry.get("supplements", [])), entry["key"]
        filed = {filing["disease"] for filing in found.filings if filing["kind"] == "chronic"}
        assert filed == set(entry.get("chronic", [])), entry["key"]


def test_numbers_documents_and_cards_tell_persons_apart(everybody: dict[str, SandboxPerson]) -> None:
    listed = facade.sandbox_persons(AT, everyone=True)
    assert len(listed) == 150
    for field in ("psn_no", "certno", "card_no"):
        assert len({getattr(one, field) for one in listed}) == 150
    assert all(one.certno.startswith(("99", "T99")) for one in listed)
    merged = everybody["merged"]
    (other,) = merged.other_numbers
    agency = actor("agency")
    assert people.dossier(agency, other).main_no == people.dossier(agency, merged.psn_no).main_no == merged.psn_no
    assert everybody["retired_this_year"].status == "retired"


@pytest.mark.parametrize("key", ["suspended", "waiting", "ended", "deceased", "transferred_out", "never"])
def test_who_is_not_covered_is_refused(everybody: dict[str, SandboxPerson], key: str) -> None:
    person = everybody[key]
    with pytest.raises(CoverageNotActive) as refusal:
        register(person, HOSPITAL, insutype=person.insutype or "390")
    assert refusal.value.details["reason"] == {"transferred_out": "ended"}.get(key, key)


@pytest.mark.parametrize(("code", "state"), [(SUSPENDED, "suspended"), (ENDED, "ended")])
def test_institutions_without_an_agreement_are_refused(
    everybody: dict[str, SandboxPerson], code: str, state: str
) -> None:
    with pytest.raises(AgreementNotActive) as refusal:
        register(everybody["worker"], code)
    assert refusal.value.details["state"] == state


def test_chronic_visits_need_a_recognised_disease(everybody: dict[str, SandboxPerson]) -> None:
    for key in ("filing_pending", "filing_ended"):
        with pytest.raises((FilingMissing, Refused)):
            settle(everybody[key], "14", disease="M01600" if key == "filing_pending" else "M03900")
    assert settle(everybody["chronic_hypertension"], "14", disease="M03900").amounts["hifp_pay"] > 0
    assert settle(everybody["two_disease_pressure"], "1403", disease="M99001").amounts["hifp_pay"] > 0


def test_accounts_are_as_the_notes_say(everybody: dict[str, SandboxPerson]) -> None:
    system = actor("auditor")

    def balance(key: str) -> int:
        return sum(one.balance_fen for one in people.accounts_of(system, everybody[key].psn_no))

    assert balance("low_balance") == 328, "3.27 yuan and last year's interest of a fen"
    assert balance("high_balance") > 2_380_000
    assert balance("deceased") == 0
    assert balance("heir") > 30_000 + 165_000
    assert balance("transferred_in") == 193_000
    assert people.accounts_of(system, everybody["pool_only"].psn_no) == ()
    before = balance("family_owner")
    for key in ("family_spouse", "family_child"):
        paid = settle(everybody[key], "11").amounts
        assert paid["acct_mulaid_pay"] == paid["acct_pay"] > 0
    assert balance("family_owner") < before


def test_what_is_not_offered_or_not_known_is_refused(everybody: dict[str, SandboxPerson]) -> None:
    for key in ("retired_cadre", "disabled_serviceman"):
        with pytest.raises(NotMapped):
            settle(everybody[key], "11")
    product = everybody["liaohuibao"]
    assert settle(product, "11").amounts["medfee_sumamt"] > 0
    stay = settlement.admit(caller(HOSPITAL), Admit(product.psn_no, "390", moment(TODAY, 8), "21", "ZY1"))
    settlement.upload_lines(caller(HOSPITAL), UploadLines((line(product, stay),), True))
    with pytest.raises(FigureMissing):
        settlement.pre_settle(caller(HOSPITAL), Settle(stay, product.psn_no, "390", 20_000, True, mid_stay=True))


def test_bills_show_every_kind_of_payer(loaded: Any, everybody: dict[str, SandboxPerson]) -> None:
    sums = sql.one(
        "SELECT sum((amounts->>'hifp_pay')::bigint), sum((amounts->>'hifmi_pay')::bigint),"
        " sum((amounts->>'maf_pay')::bigint), sum((amounts->>'acct_pay')::bigint),"
        " sum((amounts->>'overlmt_selfpay')::bigint), sum((amounts->>'fulamt_ownpay_amt')::bigint)"
        " FROM settlement_document WHERE state = 'standing'"
    )
    assert sums is not None
    assert all(fen > 0 for fen in sums)
    kinds = {row[0] for row in sql.rows("SELECT DISTINCT details->>'benefit' FROM settlement_document")}
    assert kinds >= {"outpatient", "chronic", "inpatient", "special_drug", "delivery"}
    away = sql.one("SELECT count(*) FROM settlement_document WHERE details->>'care_area' = '370100'")
    cancelled = sql.one("SELECT count(*) FROM settlement_document WHERE state = 'negative'")
    assert away is not None
    assert away[0] >= 2
    assert cancelled is not None
    assert cancelled[0] == loaded.cancelled


# Institutions and commands --------------------------------------------------------------------------------------------


def test_published_secrets_open_the_gateway(houses: dict[str, SandboxInstitution]) -> None:
    assert len(houses) == 60
    assert {one.security for one in houses.values()} == {"aksk", "tif", "xca", "none"}
    assert sum(one.security == "aksk" for one in houses.values()) > 30
    assert {one.level for one in houses.values()} == {
        *("community", "primary", "secondary", "tertiary", "ungraded", "pharmacy")
    }
    for one in houses.values():
        signer = find_signer(one.security, one.key)
        assert signer is not None
        assert (signer.institution_code, signer.secret) == (one.fixmedins_code, one.secret)
    assert (houses[SUSPENDED].agreement, houses[ENDED].agreement) == ("suspended", "ended")


def test_the_commands_print_lists(loaded: Any) -> None:
    persons = json.loads(RUNNER.invoke(sandbox.app, ["persons", "--json"]).stdout)
    assert {
        "psn_no",
        "psn_name",
        "certno",
        "card_no",
        "insutype",
        "area",
        "status",
        "groups",
        "filings",
        "note",
    } <= set(persons[0])
    assert len(persons) == 150
    houses = json.loads(RUNNER.invoke(sandbox.app, ["institutions", "--json"]).stdout)
    assert {"fixmedins_code", "fixmedins_name", "level", "area", "security", "key", "secret"} <= set(houses[0])
    for command in ("persons", "institutions"):
        shown = RUNNER.invoke(sandbox.app, [command])
        assert shown.exit_code == 0
        assert shown.stdout


def test_exported_bills_are_read_by_an_import(loaded: Any, tmp_path: Path) -> None:
    printed = RUNNER.invoke(sandbox.app, ["export", str(tmp_path), "--json"])
    rows = json.loads(printed.stdout)["rows"]
    imported = load_bills(tmp_path)
    assert imported.bills == rows["setl_d"]
    text = (tmp_path / "psn_info_b.csv").read_text(encoding="utf-8")
    assert "99" + "0000" not in text


def test_the_messages_of_the_tutorial_are_answered(loaded: Any) -> None:
    page = ROOT / "docs/tutorials/first-visit.md"
    messages = {block.title.removesuffix(".json"): block.body for block in blocks(page) if block.title}
    known = {"TODAY": str(TODAY), "MDTRT_ID": "", "SETL_ID": ""}

    def send(infno: str) -> dict[str, Any]:
        text = messages[infno].replace("MSGID", f"H3715020001220261122100000{infno}")
        for name, value in known.items():
            text = text.replace(name, value)
        reply = reply_of(post(text.encode()))
        assert reply["infcode"] == 0, reply
        output: dict[str, Any] = reply["output"]
        return output

    with still_clock(AT):
        base = send("1101")["baseinfo"]
        assert (base["psn_no"], base["psn_name"]) == ("37000000000001", "张示例")
        known["MDTRT_ID"] = send("2201")["data"]["mdtrt_id"]
        send("2203")
        split = send("2204")["result"]
        names = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
        assert [str(sum(row[name] for row in split)) for name in names] == ["10.50", "30.00", "22.00", "368.00"]
        settled = send("2207")["setlinfo"]
        assert settled == send("2207")["setlinfo"]
        assert settled["hifp_pay"] > 0
        known["SETL_ID"] = settled["setl_id"]
        assert send("5203")["setlinfo"]["refd_setl_flag"] == "0"
        assert send("2208")["setlinfo"]["medfee_sumamt"] == -settled["medfee_sumamt"]
    assert ledger.verify().findings == ()


@pytest.mark.slow
def test_the_demo_settles_a_visit_over_http(loaded: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from openyibao.cli import demo

    demo.demo(keep=False, port=0)
    printed = capsys.readouterr().out
    for told in ("→ 2207 结算", "逐条分割", "为什么", "结算单（PDF）", "拨付", "差额 0.00", "平衡", "再试"):
        assert told in printed
    path = Path(next(one for one in printed.splitlines() if "结算单（PDF）" in one).partition("：")[2])
    assert path.read_bytes().startswith(b"%PDF")
    path.unlink()
    assert ledger.verify().findings == ()


# Helpers --------------------------------------------------------------------------------------------------------------


def caller(code: str) -> Caller:
    who = Actor(code, frozenset({"institution"}), code[1:7])
    return Caller(who, code, f"{code}T{next(_serial):06d}", "2207", AT, "测试员")


def register(person: SandboxPerson, code: str, insutype: str = "") -> str:
    return settlement.register_visit(
        caller(code), RegisterVisit(person.psn_no, insutype or person.insutype, moment(TODAY, 9), "MZ1")
    )


def line(person: SandboxPerson, visit: str, batch: str = "") -> FeeLine:
    """Two hundred yuan of a class A test."""
    return FeeLine(
        *("L1", visit, person.psn_no, "990400410000000", 20_000, 50_000, 40_000_000, moment(TODAY, 9)), batch_no=batch
    )


def settle(person: SandboxPerson, med_type: str, disease: str = "") -> Any:
    """An outpatient bill of 200 yuan at a community institution, settled."""
    code = "H37150200011"
    visit = register(person, code)
    settlement.record_visit(
        caller(code), RecordVisit(visit, person.psn_no, med_type, moment(TODAY, 9), disease_code=disease)
    )
    settlement.upload_lines(caller(code), UploadLines((line(person, visit, "1"),), False))
    return settlement.settle(caller(code), Settle(visit, person.psn_no, person.insutype, 20_000, False, "1"))


def test_a_month_was_paid_by_slips_and_only_with_lists(loaded: Any) -> None:
    month = Month.of(TODAY).before
    slips = payment.slips_of_month(actor("auditor"), "371500", month)
    assert slips
    assert {slip.state for slip in slips} == {"paid"}
    paid = sum(slip.total("paid") for slip in slips)
    assert paid > 0
    posted = sql.one(
        "SELECT -sum(fen)::bigint FROM ledger_payable WHERE document_kind = 'payment_slip'"
        " AND template = 'institution_payment'"
    )
    assert posted == (paid,)
    unlisted = sql.rows(
        "SELECT t.document_no FROM payment_taken t JOIN settlement_listed s ON s.settlement_no = t.document_no"
        " WHERE s.inpatient AND NOT s.listed"
    )
    assert unlisted == []
