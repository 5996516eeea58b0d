"""The catalogue through its door: what holds on which day, in which area, at which level, and what a load changes."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from openyibao.catalogue import facade
from openyibao.catalogue.contracts import ItemFilter, LocalCode
from openyibao.catalogue.errors import CodeUnknown, ItemUnknown, MatchConflict, QueryTooWide
from openyibao.foundation import sql
from openyibao.foundation.actors import NotPermitted
from openyibao.kernel.errors import Malformed
from tests.catalogue.files import AT, items, row
from tests.support.actors import SYSTEM, actor

pytestmark = pytest.mark.usefixtures("db")
DAY = date(2026, 1, 5)


def load(folder: Path, *rows: str, correct: bool = False) -> facade.LoadReport:
    return facade.load_csv(SYSTEM, "item", items(folder, *rows), AT, correct=correct)


def test_a_new_price_from_a_date_keeps_the_old_one_before_it(tmp_path: Path) -> None:
    load(tmp_path, row(code="XP1", price="12.345678", ceiling="20"))
    number = facade.version_number()
    report = load(tmp_path, row(code="XP1", price="9.5", ceiling="10.5", from_="2025-07-01"))
    assert (report.added, report.closed, report.unchanged, report.number) == (1, 1, 0, number + 1)
    before = facade.items_on(["XP1"], date(2025, 6, 30), "371500", "tertiary")["XP1"]
    after = facade.items_on(["XP1"], date(2025, 7, 1), "371500", "tertiary")["XP1"]
    assert (before.price_micro, before.ceiling_micro) == (12_345_678, 20_000_000)
    assert (after.price_micro, after.ceiling_micro) == (9_500_000, 10_500_000)
    assert before.version_id != after.version_id
    assert facade.items_on(["XP1"], date(2023, 12, 31), "371500", "tertiary") == {}
    history = facade.item_history("XP1")
    assert [(v.valid_from, v.valid_until) for v in history] == [
        (date(2024, 1, 1), date(2025, 7, 1)),
        (date(2025, 7, 1), None),
    ]


def test_loading_again_changes_nothing_not_even_an_older_file(tmp_path: Path) -> None:
    first, second = row(code="XI1"), row(code="XI1", from_="2025-01-01", own_ratio="0.2")
    load(tmp_path, first)
    load(tmp_path, second)
    number, audits = facade.version_number(), sql.one("SELECT count(*) FROM foundation_audit")
    for again in (first, second):
        report = load(tmp_path, again)
        assert (report.changed, report.unchanged, report.number) == (False, 1, number)
    assert sql.one("SELECT count(*) FROM foundation_audit") == audits
    assert facade.version_number() == number


def test_the_same_day_with_other_content_only_corrects_when_told(tmp_path: Path) -> None:
    load(tmp_path, row(code="XC1", price="1"))
    with pytest.raises(Malformed) as caught:
        load(tmp_path, row(code="XC1", price="2"))
    assert [(f.line, f.path) for f in caught.value.faults] == [(2, "from")]
    assert load(tmp_path, row(code="XC1", price="2"), correct=True).corrected == 1
    assert facade.items_on(["XC1"], DAY, "371500", "primary")["XC1"].price_micro == 2_000_000
    history = facade.item_history("XC1")
    assert [(v.item.price_micro, v.voided_at) for v in history] == [(1_000_000, AT), (2_000_000, None)]


def test_a_last_day_ends_an_item(tmp_path: Path) -> None:
    load(tmp_path, row(code="XL1"))
    assert load(tmp_path, row(code="XL1", until="2025-12-31")).ended == 1
    assert "XL1" in facade.items_on(["XL1"], date(2025, 12, 31), "371500", "primary")
    assert facade.items_on(["XL1"], date(2026, 1, 1), "371500", "primary") == {}


def test_city_beats_province_beats_nation(tmp_path: Path) -> None:
    load(
        tmp_path,
        row(code="XA1", own_ratio="0.1"),
        row(code="XA1", own_ratio="0.2", area="370000", from_="2025-01-01"),
        row(code="XA1", own_ratio="0.3", area="371500", from_="2025-06-01", until="2025-12-31"),
    )

    def ratio(day: str, area: str) -> int:
        return facade.items_on(["XA1"], date.fromisoformat(day), area, "primary")["XA1"].own_ratio_bp

    assert ratio("2024-12-31", "371500") == 1_000
    assert ratio("2025-01-01", "371500") == 2_000
    assert ratio("2025-06-01", "371500") == 3_000
    assert ratio("2025-06-01", "371502") == 3_000  # a county of the city
    assert ratio("2025-06-01", "370100") == 2_000
    assert ratio("2025-06-01", "110105") == 1_000  # care in another province
    assert ratio("2026-01-01", "371500") == 2_000


def test_ceilings_by_level_fall_back_on_the_general_one(tmp_path: Path) -> None:
    load(
        tmp_path,
        row(code="XV1", ceiling="5", ceiling_tertiary="10.123456", ceiling_primary="6"),
        row(code="XV2"),
        row(code="XV3", ceiling_tertiary="9"),
    )

    def ceilings(code: str) -> list[int | None]:
        levels = ("tertiary", "secondary", "primary", "community", "ungraded", "pharmacy")
        return [facade.items_on([code], DAY, "371500", level)[code].ceiling_micro for level in levels]

    assert ceilings("XV1") == [10_123_456, 5_000_000, 6_000_000, 6_000_000, 6_000_000, 5_000_000]
    assert ceilings("XV2") == [None] * 6
    assert ceilings("XV3") == [9_000_000, None, None, None, None, None]


def test_an_item_carries_all_a_line_needs(tmp_path: Path) -> None:
    load(tmp_path, row(code="XF1", class_="C", own_ratio="1", exception_ratio="0.2", restriction="限抢救", price="3"))
    item = facade.items_on(["XF1", "XNONE"], DAY, "371500", "primary")["XF1"]
    assert (item.class_code, item.list_type, item.charge_type) == ("03", "101", "09")
    assert (item.own_ratio_bp, item.exception_ratio_bp, item.restricted) == (10_000, 2_000, True)
    assert (item.restriction, item.unit, item.area, item.herb) == ("限抢救", "片", "000000", False)


def test_many_items_are_one_statement(tmp_path: Path) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    load(tmp_path, *(row(code=f"XM{n:03d}") for n in range(300)))
    with CaptureQueriesContext(connection) as queries:
        found = facade.items_on([f"XM{n:03d}" for n in range(300)], DAY, "371500", "primary")
    assert (len(found), len(queries)) == (300, 1)


def test_the_cache_reads_once_and_never_mixes_two_catalogues(tmp_path: Path) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    load(tmp_path, row(code="XK1", price="1"), row(code="XK2", price="1"))
    number = facade.version_number()

    def cached(*codes: str) -> dict[str, int | None]:
        found = facade.cached_items_on(number, codes, DAY, "371500", "primary")
        return {code: item.price_micro for code, item in found.items()}

    assert cached("XK1", "XNO", "XK1") == {"XK1": 1_000_000}
    with CaptureQueriesContext(connection) as queries:
        assert cached("XK1", "XNO") == {"XK1": 1_000_000}
    assert len(queries) == 0
    load(tmp_path, row(code="XK1", price="2", from_="2025-01-01"), row(code="XK2", price="2", from_="2025-01-01"))
    assert cached("XK1") == {"XK1": 1_000_000}  # a transaction that began before the load
    assert cached("XK1", "XK2") == {"XK1": 2_000_000, "XK2": 2_000_000}  # both new, not one of each
    number = facade.version_number()
    with CaptureQueriesContext(connection) as queries:
        assert cached("XK2", "XK1") == {"XK1": 2_000_000, "XK2": 2_000_000}
    assert len(queries) == 0


def test_the_cache_keeps_no_more_than_it_may() -> None:
    from openyibao.catalogue.cache import ItemCache

    cache = ItemCache(most=10)
    for n in range(20):
        cache.get((1, date(2026, 1, n + 1), "371500", "primary"), ["a", "b", "c"], lambda codes: (1, {}))
        assert len(cache) <= 10


def test_postgresql_refuses_overlap_and_rewriting(tmp_path: Path) -> None:
    from django.db import DatabaseError, IntegrityError, transaction

    load(tmp_path, row(code="XR1"), row(code="XR1", area="371500"))
    copy = (
        "INSERT INTO catalogue_item SELECT (r).* FROM (SELECT jsonb_populate_record(i, jsonb_build_object('id', "
        "900000000, 'valid_from', %s::date)) AS r FROM catalogue_item i WHERE code = 'XR1' AND area = '000000') x"
    )
    with pytest.raises(IntegrityError, match="catalogue_item_no_overlap"), transaction.atomic():
        sql.run(copy, (date(2025, 1, 1),))
    for statement in (
        "UPDATE catalogue_item SET own_ratio_bp = 0 WHERE code = 'XR1'",
        "DELETE FROM catalogue_item WHERE code = 'XR1'",
        "TRUNCATE catalogue_item",
    ):
        with pytest.raises(DatabaseError, match="keeps its versions"), transaction.atomic():
            sql.run(statement)


def test_only_catalogue_staff_of_the_area_may_load(tmp_path: Path) -> None:
    nation, city = items(tmp_path, row(code="XN1")), items(tmp_path, row(code="XN2", area="371500"), name="c.csv")
    for role in ("bureau", "agency", "institution", "auditor", "finance"):
        with pytest.raises(NotPermitted):
            facade.load_csv(actor(role), "item", city, AT)
    with pytest.raises(NotPermitted):
        facade.load_csv(actor("catalogue"), "item", nation, AT)
    with pytest.raises(NotPermitted):
        facade.load_csv(actor("catalogue", "370100"), "item", city, AT)
    report = facade.load_csv(actor("catalogue"), "item", city, AT)
    assert report.added == 1
    audit = sql.one(
        "SELECT actor, action, area, details->>'sha256' FROM foundation_audit WHERE details->>'file' = 'c.csv'"
    )
    assert audit == ("test-catalogue", "catalogue.load", "371500", report.sha256)


def test_search_pages_filters_and_changes(tmp_path: Path) -> None:
    load(tmp_path, *(row(code=f"XQ{n}", name=f"百分%药{n}", unit="袋", restriction="限" * (n % 2)) for n in range(7)))
    later = datetime(2026, 3, 1, tzinfo=UTC)
    changed = items(tmp_path, row(code="XQ0", name="百分%药0", from_="2026-02-01", own_ratio="0.5"))
    facade.load_csv(SYSTEM, "item", changed, later)

    def codes(wanted: ItemFilter, page: int = 1, size: int = 100) -> tuple[int, list[str]]:
        found = facade.search(wanted, page, size)
        return found.total, [v.item.code for v in found.versions]

    named = ItemFilter(name="百分%药", on=DAY)
    assert codes(named, 2, 3) == (7, ["XQ3", "XQ4", "XQ5"])
    assert codes(ItemFilter(name="百分%药", restricted=True))[0] == 3
    assert codes(ItemFilter(name="百分_药"))[0] == 0
    assert codes(ItemFilter(code="XQ0")) == (2, ["XQ0", "XQ0"])
    assert codes(ItemFilter(code="XQ0", on=date(2026, 2, 1), areas=("000000",), item_class="B", kind="drug"))[0] == 1
    assert codes(ItemFilter(changed_since=later)) == (2, ["XQ0", "XQ0"])  # the one closed and the one new
    assert codes(ItemFilter(code="XQ1", charge_type="10"))[0] == 0
    for page, size in ((0, 10), (1, 0), (1, 1_001), (100_001, 1)):
        with pytest.raises(QueryTooWide):
            facade.search(named, page, size)


def test_codes_of_an_institution(tmp_path: Path) -> None:
    load(tmp_path, row(code="XH1"), row(code="XH2"))
    hospital = actor("institution")

    def match(code: str, start: str, local: str = "本院001") -> bool:
        new = LocalCode("H37150000001", "371500", local, "本院名称", code, date.fromisoformat(start))
        return facade.match_local_code(hospital, new)

    def matched(day: str) -> dict[str, str]:
        return facade.matched_codes("H37150000001", ["本院001", "本院002"], date.fromisoformat(day))

    assert match("XH1", "2025-01-01")
    assert not match("XH1", "2025-01-01")
    assert match("XH2", "2025-06-01")
    assert (matched("2024-12-31"), matched("2025-05-31"), matched("2025-06-01")) == (
        {},
        {"本院001": "XH1"},
        {"本院001": "XH2"},
    )
    with pytest.raises(MatchConflict):
        match("XH1", "2025-03-01")
    with pytest.raises(ItemUnknown):
        match("XNONE", "2025-01-01", "本院002")
    with pytest.raises(NotPermitted):
        facade.match_local_code(
            actor("auditor"), LocalCode("H37150000001", "371500", "l", "n", "XH1", date(2025, 1, 1))
        )


def test_codes_are_dated_too(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    head = "code,name,aliases,from,until,source,certainty\n"
    path.write_text(head + "Z98.800,术后状态,旧名|又名,2024-01-01,,试验,invented\n", encoding="utf-8")
    assert facade.load_csv(SYSTEM, "diagnosis", path, AT).added == 1
    path.write_text(head + "Z98.800,手术后状态,,2025-01-01,,试验,invented\n", encoding="utf-8")
    assert facade.load_csv(SYSTEM, "diagnosis", path, AT).closed == 1
    assert facade.diagnosis_on("Z98.800", date(2024, 12, 31)).names == ("术后状态", "旧名", "又名")
    assert facade.diagnosis_on("Z98.800", date(2025, 1, 1)).name == "手术后状态"
    for code, day in (("Z98.800", date(2023, 1, 1)), ("Z98.801", DAY)):
        with pytest.raises(CodeUnknown):
            facade.diagnosis_on(code, day)
    with pytest.raises(CodeUnknown):
        facade.operation_on("Z98.800", DAY)
    with pytest.raises(ItemUnknown):
        facade.item_history("XNONE")


def test_a_hundred_thousand_items_load(tmp_path: Path) -> None:
    """As many as a city uses load in minutes and are looked up by index."""
    count = 100_000 if os.environ.get("OPENYIBAO_SLOW") else 5_000
    path = items(tmp_path, *(row(code=f"C{n:019d}", kind="consumable", charge_type="08") for n in range(count)))
    assert facade.load_csv(SYSTEM, "item", path, AT).added == count
    plan = sql.rows("EXPLAIN SELECT 1 FROM catalogue_item WHERE code = ANY(ARRAY['C0000000000000000001', 'C2'])")
    assert "Index" in str(plan)
    shutil.rmtree(tmp_path)
