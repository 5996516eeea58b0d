"""The payment commands at the desk: what is typed, what is answered, and how a refusal looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from openyibao.cli.main import run
from openyibao.foundation import clock
from tests.payment.test_cases import Ward
from tests.support.world import NOW, World, instant

Typed = Callable[..., Any]


@pytest.fixture
def ward(world: World, tmp_path: Path) -> Ward:
    return Ward(world, tmp_path)


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Iterator[Typed]:
    """Types a command on a day; what it prints, or its exit code and what it says on standard error."""
    before = clock.set_clock(lambda: NOW)

    def at(day: date, *words: str) -> Any:
        clock.set_clock(lambda: instant(day, 15))
        capsys.readouterr()
        code: Any = 0
        try:
            run(["payment", *words])
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        if code:
            return code, said.err
        return json.loads(said.out) if "--json" in words else said.out

    yield at
    clock.set_clock(before)


def test_a_special_review_at_the_desk(ward: Ward, typed: Typed) -> None:
    stay = ward.stay(date(2022, 5, 10), 2_500_000, "J18.900").settlement_no
    ward.stay(date(2022, 5, 11), 700_000, "J18.900")
    june = date(2022, 6, 3)
    special, pack = ("special",), ("--pack", str(ward.pack))
    scheme = ("--scheme", str(ward.scheme))
    assert "批次" in typed(june, "run", *pack, *scheme, "--month", "2022-05", "--by", "张三")

    code, told = typed(june, *special, "apply", stay, "--reason", "boredom", *pack, "--institution", ward.hospital)
    assert (code, "申报理由 'boredom' 不在范围" in told) == (2, True)
    filed = typed(june, *special, "apply", stay, "--reason", "high_cost", *pack, "--institution", ward.hospital)
    assert f"{stay}  {ward.hospital}  医疗费用高  已申报，期限 2022-08-02" in filed
    assert "2022-06-03  申报" in filed
    assert "slip_rules#special_file_days" in filed

    code, told = typed(june, *special, "assign", stay, "--expert", "王", "--expert", "王", "--by", "王")
    assert code == 2
    assert all(part in told for part in ("写了两次", "至少 2 位", "不得兼任专家"))
    typed(june, *special, "assign", stay, "--expert", "赵", "--expert", "钱", "--by", "张三")
    typed(june, *special, "opinion", stay, "--advice", "raised", "--by", "赵")
    code, told = typed(june, *special, "decide", stay, "--decision", "raised", "--times", "400%", "--by", "赵")
    assert code == 2
    assert all(part in told for part in ("只有 1 份专家意见", "提高到 400%", "赵 是评审专家"))
    assert typed(june, *special, "decide", stay, "--decision", "raised", "--by", "李四")[0] == 2, "raised to what?"
    typed(june, *special, "opinion", stay, "--advice", "by_item", "--by", "钱")
    done = typed(june, *special, "decide", stay, "--decision", "raised", "--times", "150%", "--by", "李四", "--json")
    assert (done["state"], done["decision"]) == ("decided", {"kind": "raised", "times": 15_000})
    listed = typed(june, *special, "list", "--period", "2022-05", *pack, "--institution", ward.hospital)
    assert "出院 2 例，名额 1，已申报 1，余 0" in listed
    assert "已决定：调整支付标准 150%，期限 2022-06-18" in listed
    as_data = typed(june, *special, "list", "--period", "2022-05", "--json")
    assert [one["settlement_no"] for one in as_data["applications"] if one["institution"] == ward.hospital] == [stay]
    assert typed(june, *special, "list", "--period", "2022-5")[0] == 2
    assert typed(june, *special, "show", "371500S99999999999999")[0] == 2

    july = date(2022, 7, 4)
    assert "撤回 1" in typed(july, "run", *pack, *scheme, "--month", "2022-06", "--by", "张三")
    assert "决定  李四：调整支付标准 150%" in typed(july, *special, "show", stay)


def test_slips_at_the_desk(ward: Ward, typed: Typed, tmp_path: Path) -> None:
    ward.world.now = instant(date(2022, 8, 10), 11)
    ward.world.bill(ward.world.person("resident", "adult"), ward.hospital, date(2022, 8, 10), 30_000, insutype="390")
    september = date(2022, 9, 3)
    code, told = typed(september, "advance", "H37150277777", "--fund", "resident=10", "--document", "A", "--by", "王五")
    assert (code, "H37150277777" in told) == (2, True), "nobody to pay"
    paper = ("--fund", "resident=10.00", "--document", f"YF{ward.hospital}", "--by", "王五")
    assert "10.00" in typed(date(2022, 8, 20), "advance", ward.hospital, *paper)
    code, told = typed(september, "advance", ward.hospital, *paper)
    assert (code, "已付" in told) == (2, True), "one paper pays once"
    found = typed(september, "slip", "--month", "2022-08", "--draft", "--by", "张三", "--json")
    (slip,) = [one for one in found["slips"] if one["institution"] == ward.hospital]
    fen = slip["funds"]["resident"]
    assert fen["offset_fen"] == 1_000
    shown = typed(september, "slip", "--month", "2022-08", "--institution", ward.hospital)
    assert "冲抵预付 10.00" in shown
    page = tmp_path / "slips.html"
    typed(september, "slip", "--month", "2022-08", "--institution", ward.hospital, "--out", str(page))
    text = page.read_text(encoding="utf-8")
    assert all(part in text for part in (slip["slip_no"], "减：冲抵预付", "应拨付", "拟制：张三", "复核：＿＿＿＿"))
    assert typed(september, "slip", "--month", "2022-08", "--out", str(tmp_path / "slips.txt"))[0] == 2
    assert typed(september, "confirm", slip["slip_no"], "--by", "张三")[0] == 2
    typed(september, "confirm", slip["slip_no"], "--by", "李四")
    typed(september, "pay", slip["slip_no"], "--by", "王五")
    assert typed(september, "pay", slip["slip_no"], "--by", "王五")[0] == 2
    assert typed(september, "slip", "--month", "2022-13")[0] == 2
    assert (
        typed(
            september, "deduct", "371500S00000000000001", "--fund", "x=1", "--article", "", "--why", "", "--by", "李"
        )[0]
        == 2
    )


def test_indicators_of_priced_stays_at_the_desk(ward: Ward, typed: Typed, tmp_path: Path) -> None:
    ward.stay(date(2023, 5, 10), 700_000, "J18.900")
    ward.stay(date(2023, 5, 11), 700_000, "J18.900", "A41.900")
    june, pack = date(2023, 6, 3), ("--pack", str(ward.pack))
    typed(june, "run", *pack, "--scheme", str(ward.scheme), "--month", "2023-05")
    found = typed(june, "performance", "2023", *pack, "--json")
    (row,) = [one for one in found["rows"] if one["key"] == ward.hospital]
    assert (row["cases"], row["total_weight"], row["groups_covered"]) == ("2", "3.0000", "2")
    assert row["cmi"].startswith("1.5")
    assert row["low_risk_mortality"].startswith("0")
    per = typed(june, "performance", "2023", *pack, "--per", "department", "--institution", ward.hospital, "--json")
    assert [one["key"] for one in per["rows"]] == [f"{ward.hospital}/A03"]
    assert ward.hospital in typed(june, "performance", "2023", *pack, "--per", "doctor")
    for name in ("own.csv", "own.html"):
        typed(june, "performance", "2023", *pack, "--out", str(tmp_path / name))
        assert ward.hospital in (tmp_path / name).read_text(encoding="utf-8")
    assert typed(june, "performance", "2023", *pack, "--per", "ward")[0] == 2
    assert "没有已计价" in typed(june, "performance", "2030", *pack)
