"""Stays priced by case on the platform: differences posted, paid by slips, taken back with the bill, cleared."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from django.db import Error, transaction

from openyibao.foundation import sql
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.payment.errors import BudgetMissing, ClearingRefused, PackUnfit, SlipNotInTurn
from openyibao.policy.facade import data_folder
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import Cancel, Settlement, SettlementList
from tests.payment import small
from tests.support.actors import actor
from tests.support.world import World, instant

AREA = "371500"
AGENCY, CHECKER, CASHIER = actor("agency"), actor("agency_review"), actor("finance")
MAY, JUNE = Month.of(date(2022, 5, 1)), Month.of(date(2022, 6, 1))
AFTER_MAY, AFTER_JUNE, NEW_YEAR = (instant(day) for day in (date(2022, 6, 3), date(2022, 7, 4), date(2023, 1, 20)))


class Ward:
    """One hospital, one scheme and pack; stays are settled and listed in one call."""

    def __init__(self, world: World, folder: Path, price: str = small.RATE) -> None:
        self.world = world
        world.hospitals.pop(("371502", "tertiary"), None)
        serial = len(sql.rows("SELECT 1 FROM institutions_institution")) + 1
        world.hospitals[("371502", f"unused{serial}")] = ""
        self.hospital = world.hospital("tertiary")
        self.scheme = small.scheme(folder / "scheme")
        self.pack = small.pack(folder / "pack", price)

    def stay(self, day: date, in_scope: int, *diagnoses: str, listed: bool = True, area: str = AREA) -> Settlement:
        self.world.now = instant(day, 12)
        person = self.world.person("resident", "adult", area=area)
        shown = self.world.stay_bill(person, self.hospital, day, in_scope, insutype="390")
        if listed:
            self.list(shown, person, *diagnoses)
        return shown

    def list(self, shown: Settlement, person: str, *diagnoses: str) -> None:
        body = {
            "setlinfo": {"dscg_caty": "A03", "dscg_way": "1"},
            "diseinfo": [
                {"diag_type": "1", "diag_code": code, "maindiag_flag": "1" if at == 0 else "0"}
                for at, code in enumerate(diagnoses)
            ],
        }
        settlement.record_settlement_list(
            self.world.caller(self.hospital, "4101"),
            SettlementList(shown.settlement_no, shown.visit_no, person, "short", body),
        )

    def cancel(self, shown: Settlement, person: str, day: date) -> None:
        self.world.now = instant(day, 12)
        settlement.reverse(
            self.world.caller(self.hospital, "2305"), Cancel(shown.settlement_no, shown.visit_no, person, True)
        )

    def price(self, month: Month, when: object) -> payment.PricingRun:
        return payment.price_stays(AGENCY, AREA, month, self.pack, self.scheme, when)

    def difference(self, run: payment.PricingRun) -> int:
        return run.differences.get((self.hospital, "resident"), 0)

    def slip(self, month: Month, when: object) -> dict[str, int]:
        for one in payment.draft_slips(AGENCY, AREA, month, when):
            if one.institution_code == self.hospital:
                return next(line.fen for line in one.lines if line.fund == "resident")
        return {}


@pytest.fixture
def ward(world: World, tmp_path: Path) -> Ward:
    return Ward(world, tmp_path)


def standard(shown: Settlement, fen: int) -> int:
    """What the month adds for a stay: 95 % of the fund's part of the standard, less the items."""
    fund = fen - shown.amounts["psn_part_amt"] - (shown.amounts["fund_pay_sumamt"] - shown.amounts["hifp_pay"])
    return (max(fund, 0) * 9_500 + 5_000) // 10_000 - shown.amounts["hifp_pay"]


def test_a_month_is_grouped_priced_posted_and_paid(ward: Ward) -> None:
    one = ward.stay(date(2022, 5, 10), 700_000, "J18.900")
    two = ward.stay(date(2022, 5, 11), 700_000, "J18.900", "A41.900")
    ward.stay(date(2022, 5, 12), 300_000, "J40.x00", listed=False)
    with pytest.raises(SlipNotInTurn):
        ward.price(MAY, instant(date(2022, 5, 31)))
    run = ward.price(MAY, AFTER_MAY)
    expected = standard(one, 1_000_000) + standard(two, 2_000_000)
    assert ward.difference(run) == expected
    assert run.statuses == {"normal": 2}
    rows = sql.rows('SELECT "group", standard_fen FROM payment_case WHERE run_id = %s ORDER BY id', (run.number,))
    assert rows == [("ER15", 1_000_000), ("ER11", 2_000_000)]
    again = ward.price(MAY, AFTER_MAY)
    assert (again.statuses, ward.difference(again)) == ({}, 0), "each stay once"
    slip = ward.slip(MAY, AFTER_MAY)
    assert slip["difference"] == expected
    assert slip["declared"] == one.amounts["hifp_pay"] + two.amounts["hifp_pay"]
    assert slip["held"] > 0, "the third stay has no list"
    assert not ledger.verify().findings
    sealed = sql.one("SELECT facts FROM payment_case WHERE run_id = %s LIMIT 1", (run.number,))
    assert b"J18" not in bytes(sealed[0])  # type: ignore[index]
    with pytest.raises(Error), transaction.atomic():
        sql.run("UPDATE payment_case SET fund_fen = 0 WHERE run_id = %s", (run.number,))


def test_a_pack_that_names_its_scheme_needs_no_other(ward: Ward, tmp_path: Path) -> None:
    ward.stay(date(2022, 5, 10), 700_000, "J18.900")
    text = ward.pack.read_text(encoding="utf-8")
    with pytest.raises(PackUnfit, match="没有写明分组方案"):
        payment.price_stays(AGENCY, AREA, MAY, ward.pack, None, AFTER_MAY)
    ward.pack.write_text(f"grouping: {{scheme: {ward.scheme}}}\n{text}", encoding="utf-8")
    other = small.scheme(tmp_path / "other")
    (other / "scheme.csv").write_text("key,value\nname,other\ntitle,别的方案\nfail_code,0000\n", encoding="utf-8")
    with pytest.raises(PackUnfit, match="的权重属于"):
        payment.price_stays(AGENCY, AREA, MAY, ward.pack, other, AFTER_MAY)
    run = payment.price_stays(AGENCY, AREA, MAY, ward.pack, None, AFTER_MAY)
    assert groups_of(run) == ["ER15"]


def test_a_directory_groups_stays_too(ward: Ward, tmp_path: Path) -> None:
    """DIP: what a score is worth is known at the clearing, so the month posts nothing."""
    sample = data_folder("payment_packs")
    shutil.copytree(sample / "sample-dip", tmp_path / "sample-dip")
    text = (sample / "sample-dip.yaml").read_text(encoding="utf-8").replace("from: 2026-01-01", "from: 2022-01-01")
    pack = tmp_path / "dip.yaml"
    pack.write_text(text, encoding="utf-8")
    ward.stay(date(2022, 5, 10), 700_000, "J18.900")
    with pytest.raises(PackUnfit, match="按病种目录"):
        payment.price_stays(AGENCY, AREA, MAY, pack, ward.scheme, AFTER_MAY)
    run = payment.price_stays(AGENCY, AREA, MAY, pack, None, AFTER_MAY)
    assert groups_of(run) == ["J18.9:N"]
    assert ward.difference(run) == 0


def test_a_pack_that_pays_by_head_prices_no_stays(ward: Ward) -> None:
    with pytest.raises(PackUnfit, match="按人付费"):
        payment.price_stays(AGENCY, AREA, MAY, "sample-capitation", None, AFTER_MAY)


def groups_of(run: payment.PricingRun) -> list[str]:
    return [row[0] for row in sql.rows('SELECT "group" FROM payment_case WHERE run_id = %s', (run.number,))]


def test_cancelled_and_relisted_stays_are_taken_back(ward: Ward) -> None:
    ward.world.now = instant(date(2022, 5, 13), 12)
    person = ward.world.person("resident", "adult")
    gone = ward.world.stay_bill(person, ward.hospital, date(2022, 5, 13), 600_000, insutype="390")
    ward.list(gone, person, "J18.900")
    other = ward.world.person("resident", "adult")
    kept = ward.world.stay_bill(other, ward.hospital, date(2022, 5, 13), 600_000, insutype="390")
    ward.list(kept, other, "J40.x00")
    first = ward.price(MAY, AFTER_MAY)
    assert ward.difference(first) == standard(gone, 1_000_000) + standard(kept, 500_000)
    ward.cancel(gone, person, date(2022, 6, 5))
    ward.list(kept, other, "J18.900")
    second = ward.price(JUNE, AFTER_JUNE)
    assert second.withdrawn == 2
    assert ward.difference(second) == -standard(gone, 1_000_000) - standard(kept, 500_000) + standard(kept, 1_000_000)
    assert ledger.balance_on("payable_institution", AREA, AFTER_JUNE.date(), "resident", ward.hospital) == (
        kept.amounts["hifp_pay"] + standard(kept, 1_000_000)
    )


def test_a_run_of_an_earlier_month_leaves_later_stays_alone(ward: Ward) -> None:
    ward.stay(date(2022, 5, 18), 700_000, "J18.900")
    ward.stay(date(2022, 6, 18), 700_000, "J18.900")
    both = ward.price(JUNE, AFTER_JUNE)
    assert both.statuses == {"normal": 2}
    again = ward.price(MAY, AFTER_JUNE)
    assert (again.withdrawn, again.statuses, ward.difference(again)) == (0, {}, 0)


def test_stays_from_elsewhere_and_without_group(ward: Ward) -> None:
    nowhere = ward.stay(date(2022, 5, 14), 400_000, "Z99.900")
    run = ward.price(MAY, AFTER_MAY)
    total = nowhere.amounts["medfee_sumamt"]
    assert run.statuses == {"ungrouped": 1}
    assert ward.difference(run) == standard(nowhere, total * 8_000 // 10_000)


def test_a_pack_of_another_city_or_another_time_is_refused(ward: Ward, tmp_path: Path) -> None:
    ward.stay(date(2022, 5, 15), 400_000, "J18.900")
    text = ward.pack.read_text(encoding="utf-8")
    ward.pack.write_text(text.replace('area: "371500"', 'area: "370200"'), encoding="utf-8")
    with pytest.raises(PackUnfit, match="370200"):
        ward.price(MAY, AFTER_MAY)
    ward.pack.write_text(text.replace("from: 2022-01-01", "from: 2023-01-01"), encoding="utf-8")
    with pytest.raises(PackUnfit, match="没有版本"):
        ward.price(MAY, AFTER_MAY)
    ward.pack.write_text(text, encoding="utf-8")
    ward.price(MAY, AFTER_MAY)


@pytest.mark.parametrize("price", [small.RATE, small.POINTS], ids=["rate", "points"])
def test_a_year_is_cleared_to_the_fen(world: World, tmp_path: Path, price: str) -> None:
    year = 2023 if price == small.RATE else 2024
    ward = Ward(world, tmp_path, price)
    shown = [
        ward.stay(date(year, 3, day), 500_000 + 90_000 * day, code)
        for day, code in ((2, "J18.900"), (3, "J40.x00"), (4, "J18.900"))
    ]
    after = instant(date(year, 4, 3))
    march = Month.of(date(year, 3, 1))
    ward.price(march, after)
    with pytest.raises(ClearingRefused, match="尚未结束"):
        payment.clear_year(CHECKER, AREA, year, ward.pack, after)
    later = instant(date(year + 1, 1, 20))
    with pytest.raises(BudgetMissing):
        payment.clear_year(CHECKER, AREA, year, ward.pack, later)
    budget = 1_900_000
    payment.set_budget(CHECKER, AREA, year, "resident", budget, f"聊医保 {year}-1", later)
    before = ledger.balance_on("payable_institution", AREA, later.date(), "resident", ward.hospital)
    cleared = payment.clear_year(CHECKER, AREA, year, ward.pack, later)
    one = cleared.schemes["resident"]
    assert one.holds
    assert one.paid_fen + one.clearing_fen + one.retained_fen == budget + one.pool.beyond_fen
    after_clearing = ledger.balance_on("payable_institution", AREA, later.date(), "resident", ward.hospital)
    assert after_clearing == before + one.clearing_fen
    assert after_clearing == one.lines[0].final_fen, "in the end the standard and its sharing, nothing else"
    if price == small.POINTS:
        assert one.pool.value is not None
        assert one.paid_fen == sum(bill.amounts["hifp_pay"] for bill in shown), "points are worth nothing before"
    with pytest.raises(ClearingRefused, match="已清算"):
        payment.clear_year(CHECKER, AREA, year, ward.pack, later)
    late = ward.price(Month.of(date(year, 12, 1)), later)
    assert (late.late, late.statuses) == (0, {})
    assert not ledger.verify().findings
    with pytest.raises(BudgetMissing, match="已登记"):
        payment.set_budget(CHECKER, AREA, year, "resident", budget, f"聊医保 {year}-1", later)
