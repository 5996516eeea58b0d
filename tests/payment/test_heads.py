"""Members on the platform: signed from a file, paid by head month by month, corrected, cleared to the fen."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.db import Error, transaction

from openyibao.foundation import sql
from openyibao.foundation.actors import Actor, NotPermitted
from openyibao.kernel.errors import Malformed
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.payment.errors import ClearingRefused, PackUnfit, SlipNotInTurn
from openyibao.payment.logic.signing import Signing, changes, repeated
from openyibao.people import facade as people
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel
from tests.payment import small
from tests.payment.test_cases import AGENCY, AREA, CASHIER, CHECKER
from tests.support.actors import actor
from tests.support.world import World, instant

HEADS = """  capitation:
    per_month: {resident: 100, employee: 150}
    bands: [{from_age: 0, through_age: 39, factor: 0.5}]
    diseases: {hypertension: 1.5}
    sharing: {under: [{from: 80%, kept: 100%}, {from: 0%, kept: 50%}], over: [{upto: 110%, borne: 50%}]}
  sources:"""


def day(text: str) -> date:
    return date.fromisoformat(text)


# Signings, as a pure function ---------------------------------------------------------------------------------

OLD = Signing(1, "HA", day("2024-01-01"), None, (), 7)


@pytest.mark.parametrize(
    ("new", "kind", "voided", "added"),
    [
        (Signing(1, "HA", day("2024-01-01"), None), "unchanged", (), 0),
        (Signing(1, "HA", day("2024-01-01"), day("2024-06-01")), "replaced", (7,), 1),
        (Signing(1, "HA", day("2024-01-01"), None, ("hypertension",)), "replaced", (7,), 1),
        (Signing(1, "HB", day("2024-05-01"), None), "moved", (7,), 2),
        (Signing(1, "HB", day("2024-01-01"), None), "", (), 0),
        (Signing(1, "HB", day("2023-05-01"), None), "", (), 0),
        (Signing(1, "HB", day("2023-05-01"), day("2024-01-01")), "signed", (), 1),
    ],
)
def test_what_a_new_signing_does(new: Signing, kind: str, voided: tuple[int, ...], added: int) -> None:
    found = changes(new, [OLD])
    assert (found.kind, found.voided, len(found.added)) == (kind, voided, added)
    assert bool(found.fault) == (kind == "")
    if kind == "moved":
        assert [(one.institution_code, one.since, one.until) for one in found.added] == [
            ("HA", day("2024-01-01"), day("2024-05-01")),
            ("HB", day("2024-05-01"), None),
        ]


def test_rows_of_one_file_that_overlap_are_faults() -> None:
    rows = [(2, OLD), (3, Signing(2, "HA", OLD.since, None)), (4, Signing(1, "HB", day("2025-01-01"), None))]
    assert repeated(rows) == [(4, "与第 2 行同一人的签约重叠")]


# On the platform ------------------------------------------------------------------------------------------


class Village:
    """Two institutions, a pack with capitation, persons signed by a file."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.home, self.away = self._hospital(), self._hospital()
        self.pack = small.pack(folder / "pack")
        text = self.pack.read_text(encoding="utf-8").replace("  sources:", HEADS, 1)
        self.pack.write_text(text.replace("sources: {own", "sources: {own", 1), encoding="utf-8")

    def _hospital(self) -> str:
        self.world.hospitals.pop(("371502", "primary"), None)
        serial = len(sql.rows("SELECT 1 FROM institutions_institution")) + 1
        self.world.hospitals[("371502", f"unused{serial}")] = ""
        return self.world.hospital("primary")

    def sign(self, *rows: str, when: date = date(2022, 12, 20)) -> payment.SignReport:
        path = self.folder / "signings.csv"
        path.write_text("\n".join(["person_no,institution_code,since,until,diseases", *rows]) + "\n", encoding="utf-8")
        return payment.sign_members(AGENCY, AREA, path, instant(when))

    def run(self, month: Month, when: date) -> payment.HeadsRun:
        return payment.pay_heads(AGENCY, AREA, month, self.pack, instant(when))

    def line(self, slip_month: Month, when: date, hospital: str) -> dict[str, int]:
        """The hospital's line of a draft; the drafts are cancelled again."""
        found: dict[str, int] = {}
        for slip in payment.draft_slips(AGENCY, AREA, slip_month, instant(when)):
            if slip.institution_code == hospital:
                found = next(line.fen for line in slip.lines if line.fund == "resident")
            if slip.state == "drafted":
                payment.cancel_slip(CHECKER, slip.slip_no, instant(when), "试拟")
        return found


@pytest.fixture
def village(world: World, tmp_path: Path) -> Village:
    return Village(world, tmp_path)


def month(text: str) -> Month:
    return Month(date.fromisoformat(f"{text}-01"))


def mine(run: payment.HeadsRun, hospital: str) -> list[tuple[str, int, int, int, int, int]]:
    return [
        (f"{row.month:%Y-%m}", row.months, row.standard_fen, row.own_fen, row.outside_fen, row.posted_fen)
        for row in run.rows
        if row.institution_code == hospital
    ]


def test_everything_wrong_with_a_file_is_told_and_nothing_written(village: Village) -> None:
    person = village.world.person("resident", "adult")
    with pytest.raises(Malformed) as told:
        village.sign(
            f"{person},{village.home},2023-01-01,2022-01-01,",
            f"X999,{village.home},2023-01-01,,",
            f"{person},H37150288888,2023-13-01,,",
            f"{person},{village.home},2023-01-01,,Hyper Tension",
            f"{person},{village.home},2023-01-01,,",
            f"{person},{village.away},2023-06-01,,",
        )
    lines = [(fault.line, fault.path) for fault in told.value.faults]
    assert lines == [
        *((2, "until"), (3, "person_no"), (4, "institution_code"), (4, "since"), (5, "diseases"), (6, "person_no")),
        (7, "person_no"),
    ]
    assert payment.signings_of(CHECKER, AREA, person) == []
    with pytest.raises(NotPermitted):
        payment.sign_members(CHECKER, AREA, village.folder / "signings.csv", instant(date(2022, 12, 20)))


def test_a_move_keeps_the_history(village: Village) -> None:
    person = village.world.person("resident", "adult")
    assert village.sign(f"{person},{village.home},2023-01-01,,").signed == 1
    assert village.sign(f"{person},{village.home},2023-01-01,,").unchanged == 1
    assert village.sign(f"{person},{village.away},2023-04-15,,").moved == 1
    found = [
        (row["institution"], row["since"], row["last_day"], row["voided_by"])
        for row in payment.signings_of(CHECKER, AREA, person)
    ]
    assert found == [
        (village.home, "2023-01-01", None, AGENCY.name),
        (village.home, "2023-01-01", "2023-04-14", None),
        (village.away, "2023-04-15", None, None),
    ]
    with pytest.raises(Error), transaction.atomic():
        sql.run("UPDATE payment_signing SET institution_code = 'H37150200001'")
    with pytest.raises(Error), transaction.atomic():
        sql.run("DELETE FROM payment_signing")
    village.sign(f"{person},{village.away},2023-04-15,2023-04-16,")


def test_a_month_by_head_is_posted_paid_and_corrected(village: Village) -> None:
    world = village.world
    grown, young, ill = (
        world.person("resident", "adult", born_on=born)
        for born in (date(1970, 1, 1), date(1990, 1, 1), date(1960, 5, 5))
    )
    stranger = world.person("resident", "adult")
    gone = world.person("resident", "adult")
    people.end_coverage(actor("agency"), gone, on=date(2023, 1, 1), at=instant(date(2023, 1, 1)), why="迁出")
    rows = [f"{one},{village.home},2023-01-01,," for one in (grown, young, gone)]
    village.sign(*rows, f"{ill},{village.home},2023-01-01,,hypertension")
    world.now = instant(date(2023, 1, 10), 11)
    own = world.bill(grown, village.home, date(2023, 1, 10), 30_000, insutype="390")
    world.now = instant(date(2023, 1, 11), 11)
    away = world.bill(grown, village.away, date(2023, 1, 11), 30_000, insutype="390")
    world.bill(stranger, village.home, date(2023, 1, 11), 30_000, insutype="390")
    with pytest.raises(SlipNotInTurn):
        village.run(month("2023-01"), date(2023, 1, 31))
    first = village.run(month("2023-01"), date(2023, 2, 3))
    standard = 10_000 + 5_000 + 15_000
    items = (own.amounts["hifp_pay"], away.amounts["hifp_pay"])
    assert all(items), "both bills cost the pool something"
    assert mine(first, village.home) == [("2023-01", 3, standard, *items, standard - sum(items))]
    again = village.run(month("2023-01"), date(2023, 2, 4))
    assert mine(again, village.home) == [], "nothing twice"
    fen = village.line(month("2023-01"), date(2023, 2, 5), village.home)
    assert fen["heads"] == standard - sum(items)
    assert fen["difference"] == 0

    world.now = instant(date(2023, 2, 6), 11)
    settlement.reverse(world.caller(village.away, "2208"), Cancel(away.settlement_no, away.visit_no, grown, False))
    village.sign(f"{young},{village.away},2023-02-01,,", when=date(2023, 2, 7))
    second = village.run(month("2023-02"), date(2023, 3, 3))
    assert mine(second, village.home) == [
        ("2023-01", 3, standard, items[0], 0, items[1]),
        ("2023-02", 2, 25_000, 0, 0, 25_000),
    ]
    assert mine(second, village.away) == [("2023-02", 1, 5_000, 0, 0, 5_000)]
    assert not ledger.verify().findings
    with pytest.raises(Error), transaction.atomic():
        sql.run("UPDATE payment_heads SET posted_fen = 0")


@pytest.mark.parametrize(("year", "spent", "kept"), [(2024, 0, "surplus"), (2025, 9, "overspend")])
def test_a_year_by_head_is_cleared_to_the_fen(village: Village, year: int, spent: int, kept: str) -> None:
    world = village.world
    person = world.person("resident", "adult", born_on=date(1970, 1, 1))
    end = f"{year}-01-31" if spent else f"{year}-12-31"
    village.sign(f"{person},{village.home},{year}-01-01,{end},")
    for at in range(spent):
        world.now = instant(date(year, 1, 10 + at), 11)
        world.bill(person, village.home, date(year, 1, 10 + at), 90_000, insutype="390")
    later = date(year + 1, 1, 20)
    with pytest.raises(ClearingRefused, match="先运行 payment heads run"):
        payment.clear_heads(CHECKER, AREA, year, village.pack, instant(later))
    village.run(month(f"{year}-12"), later)
    before = ledger.balance_on("payable_institution", AREA, later, "resident", village.home)
    found = payment.clear_heads(CHECKER, AREA, year, village.pack, instant(later))
    assert found.holds
    row = found.rows[village.home, "resident"]
    standard = 10_000 * (1 if spent else 12)
    assert row["standard_fen"] == standard
    if kept == "surplus":
        assert (row["returned_fen"], row["extra_fen"]) == (standard * 8 // 10 // 2, 0), "half of what is under 80 %"
    else:
        assert row["spent_fen"] > standard * 11 // 10
        assert (row["returned_fen"], row["extra_fen"]) == (0, standard // 10 // 2), "half up to 110 %, the rest its own"
    after = ledger.balance_on("payable_institution", AREA, later, "resident", village.home)
    assert after - before == row["clearing_fen"] == row["extra_fen"] - row["returned_fen"]
    assert after == standard + row["extra_fen"] - row["returned_fen"], "the standard and its sharing, nothing else"
    with pytest.raises(ClearingRefused, match="已清算"):
        payment.clear_heads(CHECKER, AREA, year, village.pack, instant(later))
    with pytest.raises(ClearingRefused, match="已清算"):
        village.run(month(f"{year}-12"), later)
    with pytest.raises(Malformed, match="已清算"):
        village.sign(f"{person},{village.home},{year}-01-01,,")
    for slip in payment.draft_slips(AGENCY, AREA, month(f"{year}-12"), instant(later)):
        if slip.institution_code == village.home:
            assert slip.total("heads") + slip.total("declared") == standard
            payment.confirm_slip(CHECKER, slip.slip_no, instant(later))
            payment.pay_slip(CASHIER, slip.slip_no, instant(later))
        elif slip.state == "drafted":
            payment.confirm_slip(CHECKER, slip.slip_no, instant(later))
    assert not ledger.verify().findings


def test_a_pack_without_members_is_refused(village: Village) -> None:
    plain = small.pack(village.folder / "plain")
    person = village.world.person("resident", "adult")
    village.sign(f"{person},{village.home},2026-01-01,,")
    with pytest.raises(PackUnfit, match="按人头"):
        payment.pay_heads(AGENCY, AREA, month("2026-01"), plain, instant(date(2026, 2, 3)))
    with pytest.raises(NotPermitted):
        payment.clear_heads(Actor("x", frozenset({"agency"}), AREA), AREA, 2026, plain, instant(date(2027, 2, 3)))


def test_care_elsewhere_beyond_the_grant_is_the_funds_unless_the_pack_says_so(village: Village) -> None:
    world = village.world
    person = world.person("resident", "adult", born_on=date(1970, 1, 1))
    village.sign(f"{person},{village.home},2023-06-01,2023-06-30,")
    for at in range(9):
        world.now = instant(date(2023, 6, 10 + at), 11)
        world.bill(person, village.away, date(2023, 6, 10 + at), 90_000, insutype="390")
    later = date(2024, 1, 20)
    village.run(month("2023-12"), later)
    found = payment.clear_heads(CHECKER, AREA, 2023, village.pack, instant(later))
    row = found.rows[village.home, "resident"]
    assert row["standard_fen"] == 10_000
    assert row["extra_fen"] == row["spent_fen"] - row["standard_fen"], "its share and the rest"
    assert found.holds
    assert ledger.balance_on("payable_institution", AREA, later, "resident", village.home) == 0, "it treated nobody"
    assert not ledger.verify().findings


def test_what_one_dear_member_costs_beyond_the_limit_is_shared_apart(village: Village) -> None:
    world = village.world
    text = village.pack.read_text(encoding="utf-8")
    dear = "    dear_member: {over: 100, borne: 80%}\n    sharing:"
    before, after = text.split("  capitation:", 1)
    village.pack.write_text(before + "  capitation:" + after.replace("    sharing:", dear, 1), encoding="utf-8")
    person = world.person("resident", "adult", born_on=date(1970, 1, 1))
    village.sign(f"{person},{village.home},2022-06-01,2022-06-30,", when=date(2022, 5, 20))
    for at in range(9):
        world.now = instant(date(2022, 6, 10 + at), 11)
        world.bill(person, village.home, date(2022, 6, 10 + at), 90_000, insutype="390")
    later = date(2023, 1, 20)
    village.run(month("2022-12"), later)
    found = payment.clear_heads(CHECKER, AREA, 2022, village.pack, instant(later))
    row = found.rows[village.home, "resident"]
    assert (row["standard_fen"], row["spent_fen"]) == (10_000, 20_000)
    assert row["extra_fen"] == 8_000 + 500, "80 % of what is beyond 100 yuan; half of a tenth of what is left over"
    assert found.holds
