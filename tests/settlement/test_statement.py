"""The statement as PDF: what stands on it, that hostile text stays text, that it needs nothing of the system."""

from __future__ import annotations

import hashlib
import re
import threading
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import openyibao.settlement
from openyibao.documents.facade import FONTS
from openyibao.settlement import facade as settlement_facade
from openyibao.settlement import statement
from openyibao.settlement.contracts import Cancel, FundPart, PersonShown, Settlement, WithdrawLines
from openyibao.settlement.errors import SettlementUnknown
from openyibao.settlement.logic.wording import capital_amount, money, plain
from openyibao.settlement.statement import StatementLine, statement_of, statement_pdf
from tests.support.world import World

PRINTED = datetime(2024, 5, 6, 2, 30, tzinfo=UTC)
MOST_BYTES = 3_500_000

# What a page says, read back ------------------------------------------------------------------------------------

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\s(.*?)\nendobj", re.DOTALL)
_INNER = rb"(?:\\.|[^\\()])"
_STRING = re.compile(
    rb"/(f\d+) [\d.]+ Tf|\(((?:" + _INNER + rb"|\(" + _INNER + rb"*\))*)\)|<([0-9A-Fa-f]+)>", re.DOTALL
)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, without spaces between the pieces it was drawn in: what a search in the file finds."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    return [_page_text(body, objects) for body in objects.values() if re.search(rb"/Type/Page\b", body)]


def text_of(pdf: bytes) -> str:
    return "".join(pages_of(pdf))


def _page_text(page: bytes, objects: Mapping[int, bytes]) -> str:
    fonts = _fonts(objects[_reference(page, b"Resources")], objects)
    said, signs = [], {}
    for font, drawn, coded in _STRING.findall(_stream(objects[_reference(page, b"Contents")])):
        if font:
            signs = fonts[font]
        else:
            plain = re.sub(rb"\\([0-7]{3}|.)", _unescaped, drawn, flags=re.DOTALL)
            raw = bytes.fromhex(coded.decode()) if coded else plain
            said += [signs.get(int.from_bytes(raw[at : at + 2]), "?") for at in range(0, len(raw), 2)]
    return "".join(said)


def _unescaped(match: re.Match[bytes]) -> bytes:
    found = match[1]
    return bytes([int(found, 8)]) if len(found) == 3 else _ESCAPES.get(found, found)


def _fonts(resources: bytes, objects: Mapping[int, bytes]) -> dict[bytes, dict[int, str]]:
    listed = re.search(rb"/Font<<(.*?)>>", resources, re.DOTALL)
    assert listed
    found = {}
    for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", listed[1]):
        table = _stream(objects[_reference(objects[int(number)], b"ToUnicode")]).decode()
        pairs = re.findall(r"<([0-9A-F]{4})> <([0-9A-F]+)>$", table, re.MULTILINE)
        found[name] = {int(code, 16): bytes.fromhex(sign).decode("utf-16-be") for code, sign in pairs}
    return found


def _reference(body: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb" (\d+) 0 R", body)
    assert found, name
    return int(found[1])


def _stream(body: bytes) -> bytes:
    found = re.search(rb"stream\r?\n(.*)\r?\nendstream", body, re.DOTALL)
    assert found
    return zlib.decompress(found[1])


# Documents to print ---------------------------------------------------------------------------------------------

PERSON = PersonShown(
    "37150000000000012345", "欧阳晓楠", "01", "371502199003071234", "2", date(1990, 3, 7), "01", "11", False
)
AMOUNTS = {
    "medfee_sumamt": 62_345,
    "fulamt_ownpay_amt": 5_000,
    "overlmt_selfpay": 245,
    "preselfpay_amt": 3_100,
    "inscp_scp_amt": 54_000,
    "act_pay_dedc": 20_000,
    "fund_pay_sumamt": 17_000,
    "hosp_part_amt": 1_001,
    "psn_part_amt": 44_344,
    "acct_pay": 30_000,
    "acct_mulaid_pay": 10_002,
    "psn_cash_pay": 14_344,
    "supplement_pay": 0,
    "balc": 123_456,
}
FUNDS = (
    FundPart("310100", "职工基本医保统筹基金", 54_000, 483_000, 17_000, "统筹：计入540.00，起付200.00，支付170.00"),
    FundPart("630100", "医院减免", 1_001, -1, 1_001, "医院减免：支付10.01"),
    FundPart("310200", "职工基本医保个人账户", 44_344, -1, 30_000, "个人账户支付300.00"),
)
LINES = [
    StatementLine("阿莫西林胶囊", "09", "A", 10_000, 540_000_000, 54_000, 0, 0, 0, 54_000),
    StatementLine("二甲双胍缓释片", "09", "B", 25_000, 12_400_000, 3_100, 0, 0, 3_100, 0),
    StatementLine("一次性注射器", "08", "C", 10_000, 52_450_000, 5_245, 5_000, 245, 0, 0),
]


def document(**changes: Any) -> Settlement:
    """An outpatient settlement with everything a document may carry, but for what is changed."""
    whole: dict[str, Any] = {
        "settlement_no": "371500S00000000001234",
        "visit_no": "371500V00000000000987",
        "state": "standing",
        "institution_code": "H37150000001",
        "institution_name": "聊城市第一示例医院",
        "insured_area": "371500",
        "care_area": "371502",
        "insutype": "310",
        "med_type": "11",
        "benefit": "outpatient",
        "level": "tertiary",
        "decided_on": date(2024, 5, 6),
        "begun_on": date(2024, 5, 6),
        "ended_on": date(2024, 5, 6),
        "settled_at": datetime(2024, 5, 6, 2, 23, tzinfo=UTC),
        "year": 2024,
        "seq": 7,
        "amounts": AMOUNTS,
        "payers": {"basic_pool": 17_000},
        "funds": FUNDS,
        "person": PERSON,
        "msgid": "m",
        "plan_hash": "9f8e7d6c5b4a3928" * 4,
        "disease_code": "E11.900",
        "disease_name": "2型糖尿病",
        "operator": "李某",
    }
    return Settlement(**(whole | changes))


def printed(settlement: Settlement, lines: list[StatementLine], *, masked: bool = True) -> str:
    return text_of(statement_pdf(settlement, lines, printed_at=PRINTED, masked=masked))


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any font but ours."""
    import typst

    data = Path(openyibao.settlement.__file__).parent / "data"
    compiler = typst.Compiler(
        input=str(data / "statement.typ"), root=str(data), font_paths=[str(FONTS)], ignore_system_fonts=True
    )
    monkeypatch.setattr(statement, "_compiler", lambda: compiler)


# Content --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "医疗保障基金结算单",
        "山东省聊城市",
        "聊城市第一示例医院（H37150000001）",
        "三级",
        "职工基本医疗保险",
        "普通门诊",
        "在职",
        "山东省聊城市东昌府区",
        "2型糖尿病（E11.900）",
        "371500V00000000000987",
        "人民币陆佰贰拾叁元肆角伍分",
        "职工基本医保统筹基金540.004,830.00170.00",
        "基金支付合计170.00",
        "医药机构负担10.01",
        "个人账户（本人）余额1,234.56199.98",
        "个人账户（家庭共济）100.02",
        "个人现金143.44",
        "个人负担合计（账户与现金）443.44",
        "总计623.45",
        "1.统筹：计入540.00，起付200.00，支付170.00",
        "西药费571.00540.00",
        "卫生材料费52.45—",
        "3一次性注射器卫生材料丙152.4552.45——2.4550.00",
        "2二甲双胍缓释片西药乙2.512.4031.00—31.00——",
        "合计623.45540.0031.002.4550.00",
        "打印时间2024-05-0610:30",
        "本单据由系统生成",
        "政策版本9f8e7d6c5b4a",
        "第1页",
        "共1页",
    ],
)
def test_a_statement_says(said: str) -> None:
    found = printed(document(), LINES)
    assert said in re.sub(r"\s", "", found)


def test_the_person_is_masked_unless_asked_for() -> None:
    masked, whole = printed(document(), LINES), printed(document(), LINES, masked=False)
    assert "欧***" in masked
    assert "晓楠" not in masked
    assert "371502199003071234" not in masked
    assert "199003" not in masked
    assert "欧阳晓楠" in whole
    assert "371502199003071234" in whole


def test_a_fund_is_not_the_hospital_nor_an_account() -> None:
    names = [row["name"] for row in statement._paid(document())]
    assert names[:2] == ["职工基本医保统筹基金", "基金支付合计"]


def test_a_negative_document_names_the_original_in_red() -> None:
    negated = document(
        state="negative",
        settlement_no="371500S00000000001300",
        refers_to="371500S00000000001234",
        amounts={name: -fen for name, fen in AMOUNTS.items()},
    )
    lines = [
        replace(line, quantity_e4=-line.quantity_e4, **{name: -getattr(line, name) for name in FEN}) for line in LINES
    ]
    found = printed(negated, lines)
    assert "冲销单" in found
    assert "本单冲销结算单 371500S00000000001234" in found
    assert "人民币负陆佰贰拾叁元肆角伍分" in found
    assert "-623.45" in found
    assert statement._paid(negated)[-1]["paid"] == "-623.45"


FEN = ("amount_fen", "non_covered_fen", "over_limit_fen", "prior_self_pay_fen", "in_scope_fen")


def test_a_cancelled_document_names_what_cancelled_it() -> None:
    found = printed(document(state="cancelled", cancelled_by="371500S00000000001300"), [])
    assert "已冲销" in found
    assert "371500S00000000001300" in found
    assert "此处不再列出" in found


def test_a_trial_is_no_receipt() -> None:
    found = printed(document(state="trial", settlement_no=""), LINES)
    assert "预结算（未结算）" in found
    assert "不作为报销或付款凭证" in found
    assert "签字" not in found
    assert "预结算" not in printed(document(), LINES)


def test_a_commercial_product_stands_outside_the_funds() -> None:
    paid = document(
        amounts=AMOUNTS | {"supplement_pay": 5_000},
        payers={"basic_pool": 17_000, "liaohuibao_in_scope": 3_000, "liaohuibao_out_of_list": 2_000},
    )
    found = printed(paid, LINES)
    assert found.index("总计") < found.index("商业补充") < found.index("怎么算的")
    assert "聊惠保（政策范围内）30.00" in found
    assert "基金支付合计170.00" in found
    assert "商业补充" not in printed(document(), LINES)
    unnamed = replace(paid, payers={"basic_pool": 17_000})
    assert "商业补充赔付50.00" in printed(unnamed, LINES)


def test_provisional_figures_notes_and_adjustments_are_named() -> None:
    adjustment = {
        "id": 1,
        "cause": "371500S1",
        "target": "371500S00000000001234",
        "mode": "replay_to_person",
        "payers": {"basic_pool": -152_400},
        "person_fen": -152_400,
        "state": "open",
    }
    settlement = document(
        provisional=("liaocheng/employee/outpatient.yaml#tiers.1.rate",),
        notes=("异地就医未备案",),
        adjustments=(adjustment,),
    )
    found = printed(settlement, LINES)
    assert "暂定" in found
    assert "liaocheng/employee/outpatient.yaml#tiers.1.rate" in found
    assert "异地就医未备案" in found
    assert "应少付 1,524.00 元；待向个人追回 1,524.00 元（未办结）。" in found
    assert "暂定" not in printed(document(), LINES)
    owed = adjustment | {"cause": "371500S00000000001234", "target": "371500S9", "person_fen": 5, "state": "settled"}
    said = statement.adjustment_text(owed, "371500S00000000001234")
    assert said.startswith("本次冲销使结算单 371500S9")
    assert said.endswith("待补给个人 0.05 元（已办结）。")
    asked = adjustment | {"mode": "resettle_by_hospital"}
    assert "请医药机构撤销该单后重新结算" in statement.adjustment_text(asked, "371500S00000000001234")


def test_many_lines_repeat_the_heading_on_every_page() -> None:
    lines = [replace(LINES[0], name=f"项目{at}") for at in range(200)]
    pages = pages_of(
        statement_pdf(document(amounts=AMOUNTS | {"medfee_sumamt": 200 * 54_000}), lines, printed_at=PRINTED)
    )
    assert len(pages) >= 4
    for at, page in enumerate(pages[1:], 2):
        assert "项目名称" in page
        assert "医疗保障基金结算单（续）" in page
        assert "371500S00000000001234" in page
        assert f"第 {at} 页" in page
        assert f"共 {len(pages)} 页" in page


def test_an_unknown_charge_type_counts_as_other() -> None:
    lines = [replace(line, charge_type="77") for line in LINES]
    found = printed(document(), lines)
    assert "其他费623.45540.00" in found


def test_lines_of_another_document_are_not_printed() -> None:
    with pytest.raises(AssertionError, match="not those"):
        statement_pdf(document(), LINES[:2], printed_at=PRINTED)


# Text from outside ----------------------------------------------------------------------------------------------

HOSTILE = "#set page(fill: red) *粗* _斜_ `码` $x^2$ \\ // <b> @r [x] https://a.b \"引\" 'q' -- ... = + / ~ {{1}} %{a}"


def test_markup_is_printed_as_it_stands(bare_machine: None) -> None:
    settlement = document(
        institution_name=HOSTILE,
        disease_name=HOSTILE,
        notes=(HOSTILE, "= 标题", "- 项"),
        operator=HOSTILE,
        person=replace(PERSON, name=HOSTILE, employer_name=HOSTILE),
    )
    lines = [replace(line, name=HOSTILE) for line in LINES]
    found = printed(settlement, lines, masked=False)
    assert found.replace(" ", "").count(HOSTILE.replace(" ", "")) == 9
    assert "= 标题" in found


@pytest.mark.parametrize(
    "odd",
    [
        "A" * 2_000,
        "长" * 2_000,
        "é" * 200,
        "前\n后\r\t\u2028\u00a0",
        "\x00\x1b\u202e倒\u2066\ufeff",
        "\ud800",
        "𠮷𪛖☐😀🀄\U0010ffff\ue000",
        "",
    ],
)
def test_odd_text_neither_breaks_nor_leaves_the_page(odd: str, bare_machine: None) -> None:
    settlement = document(institution_name=odd, disease_name=odd, person=replace(PERSON, name=odd), notes=(odd,))
    pdf = statement_pdf(settlement, [replace(line, name=odd) for line in LINES], printed_at=PRINTED, masked=False)
    assert pages_of(pdf)


def test_invisible_controls_become_a_box_and_breaks_a_space() -> None:
    assert plain("甲\n乙\u202e丙\ud800") == "甲 乙□丙□"
    assert plain(["李 \u3000#1", {"a": 1}]) == ["李 \u3000#1", {"a": 1}]


# Fonts and printing ---------------------------------------------------------------------------------------------


def test_fonts_are_those_listed() -> None:
    listed = dict(reversed(line.split("  ")) for line in (FONTS / "SHA256SUMS").read_text().splitlines())
    assert {"OpenyibaoSansSC-Regular.otf", "OpenyibaoSansSC-Bold.otf", "OFL.txt"} <= set(listed)
    for name, digest in listed.items():
        data = (FONTS / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, name
        assert len(data) <= MOST_BYTES


def test_only_shipped_fonts_are_used_for_what_they_have(bare_machine: None) -> None:
    rare = replace(PERSON, name="喆堃𬭚䶮㛃镕昇", employer_name="臺灣")
    pdf = statement_pdf(document(person=rare, disease_name="噁唑Ⅲ期≥5℃①"), LINES, printed_at=PRINTED, masked=False)
    assert set(re.findall(rb"/BaseFont/[A-Z]{6}\+([A-Za-z]+SC-[A-Za-z]+)", pdf)) == {
        b"OpenyibaoSansSC-Regular",
        b"OpenyibaoSansSC-Bold",
    }
    assert len(set(re.findall(rb"/FontName/[A-Z]{6}\+([\w-]+)", pdf))) == 2
    assert "喆堃𬭚䶮㛃镕昇" in text_of(pdf)
    assert "噁唑Ⅲ期≥5℃①" in text_of(pdf)


def test_characters_of_the_shipped_data_are_in_the_fonts() -> None:
    known = set((FONTS / "characters.txt").read_text(encoding="utf-8"))
    package = Path(openyibao.settlement.__file__).parents[1]
    for room in ("kernel", "catalogue", "institutions", "ledger", "settlement", "demo"):
        for path in (package / room).rglob("*"):
            if path.suffix in (".csv", ".yaml"):
                text = path.read_text(encoding="utf-8")
                assert sorted({sign for sign in text if ord(sign) > 127} - known) == [], path


def test_the_same_statement_is_the_same_bytes_from_every_thread() -> None:
    wanted = {name: statement_pdf(document(operator=name), LINES, printed_at=PRINTED) for name in ("甲", "乙", "丙")}
    found: dict[str, bytes] = {}

    def printing(name: str) -> None:
        found[name] = statement_pdf(document(operator=name), LINES, printed_at=PRINTED)

    threads = [threading.Thread(target=printing, args=(name,)) for name in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


# Figures in words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (11, "壹角壹分"),
        (100, "壹元整"),
        (101, "壹元零壹分"),
        (110, "壹元壹角整"),
        (1_000, "壹拾元整"),
        (1_005, "壹拾元零伍分"),
        (10_100, "壹佰零壹元整"),
        (11_000, "壹佰壹拾元整"),
        (100_100, "壹仟零壹元整"),
        (101_000, "壹仟零壹拾元整"),
        (110_100, "壹仟壹佰零壹元整"),
        (1_000_000, "壹万元整"),
        (1_000_100, "壹万零壹元整"),
        (1_010_000, "壹万零壹佰元整"),
        (1_234_567, "壹万贰仟叁佰肆拾伍元陆角柒分"),
        (10_050_307, "壹拾万零伍佰零叁元零柒分"),
        (10_500_000, "壹拾万伍仟元整"),
        (100_000_000, "壹佰万元整"),
        (10_000_000_000, "壹亿元整"),
        (10_000_000_100, "壹亿零壹元整"),
        (10_010_000_000, "壹亿零壹拾万元整"),
        (100_010_001_010, "壹拾亿零壹拾万零壹拾元壹角整"),
        (99_999_999_999_999, "玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        (-1_234_500, "负壹万贰仟叁佰肆拾伍元整"),
        (-5, "负伍分"),
    ],
)
def test_amounts_in_capitals(fen: int, said: str) -> None:
    assert capital_amount(fen) == f"人民币{said}"


@given(st.integers(0, 10**16))
def test_capitals_read_back_are_the_amount(fen: int) -> None:
    said = capital_amount(fen).removeprefix("人民币").removesuffix("整")
    assert "零零" not in said
    yuan, _, rest = said.rpartition("元")
    assert _fen_below_yuan(rest) + 100 * _whole(yuan) == fen


def _whole(said: str) -> int:
    for sign, size in (("兆", 10**12), ("亿", 10**8), ("万", 10**4)):
        if sign in said:
            high, _, low = said.partition(sign)
            return _whole(high) * size + _whole(low)
    places = {"仟": 1000, "佰": 100, "拾": 10, "": 1}
    return sum(
        "零壹贰叁肆伍陆柒捌玖".index(digit) * places[at] for digit, at in re.findall("([^仟佰拾])([仟佰拾]?)", said)
    )


def _fen_below_yuan(said: str) -> int:
    return sum(
        "零壹贰叁肆伍陆柒捌玖".index(digit) * (10 if at == "角" else 1) for digit, at in re.findall("(.)([角分])", said)
    )


@pytest.mark.parametrize(("fen", "said"), [(0, "0.00"), (-5, "-0.05"), (123_456_789, "1,234,567.89")])
def test_money_has_separators(fen: int, said: str) -> None:
    assert money(fen) == said


# From the store -------------------------------------------------------------------------------------------------


def test_a_stored_document_is_printed_with_its_lines(world: World) -> None:
    person = world.person()
    done = world.bill(person, world.hospital("secondary"), date(2024, 5, 5), 90_000, non_covered=1_234)
    found, lines = statement_of(done.settlement_no)
    assert found.settlement_no == done.settlement_no
    assert sum(line.amount_fen for line in lines) == 91_234
    assert sum(line.non_covered_fen for line in lines) == 1_234
    assert all(line.name for line in lines)
    assert "912.34" in printed(found, lines)


def test_a_negative_document_lists_the_lines_with_the_other_sign_while_they_are_there(world: World) -> None:
    person, hospital = world.person(), world.hospital("secondary")
    done = world.bill(person, hospital, date(2024, 6, 5), 90_000)
    negative = settlement_facade.reverse(
        world.caller(hospital, "2208"), Cancel(done.settlement_no, done.visit_no, person, False)
    )
    found, lines = statement_of(negative.settlement_no)
    assert sum(line.amount_fen for line in lines) == -90_000
    assert sum(line.in_scope_fen for line in lines) == found.amounts["inscp_scp_amt"]
    assert "本单冲销结算单" in printed(found, lines)
    original, same = statement_of(done.settlement_no)
    assert original.state == "cancelled"
    assert sum(line.amount_fen for line in same) == 90_000
    assert "已冲销" in printed(original, same)


def test_lines_of_a_cancelled_settlement_that_changed_since_are_not_listed(world: World) -> None:
    person, hospital, day = world.person(), world.hospital("secondary"), date(2024, 7, 5)
    done = world.bill(person, hospital, day, 90_000)
    cancel = Cancel(done.settlement_no, done.visit_no, person, False)
    negative = settlement_facade.reverse(world.caller(hospital, "2208"), cancel)
    world.upload(person, hospital, done.visit_no, day, {"in_scope": 500})
    for number in (done.settlement_no, negative.settlement_no):
        found, lines = statement_of(number)
        assert lines == []
        assert "此处不再列出" in printed(found, lines)


def test_lines_withdrawn_after_a_cancellation_are_still_those_of_the_document(world: World) -> None:
    person, hospital = world.person(), world.hospital("tertiary")
    done = world.stay_bill(person, hospital, date(2024, 7, 5), 300_000)
    cancel = Cancel(done.settlement_no, done.visit_no, person, True)
    settlement_facade.reverse(world.caller(hospital, "2305"), cancel)
    later = world.caller(hospital, "2302", at=world.now + timedelta(minutes=5))
    withdrawal = WithdrawLines(done.visit_no, person, line_nos=("0000",))
    settlement_facade.withdraw_lines(later, withdrawal, inpatient=True)
    found, lines = statement_of(done.settlement_no)
    assert found.state == "cancelled"
    assert sum(line.amount_fen for line in lines) == 300_000


def test_an_unknown_number_is_refused(world: World) -> None:
    with pytest.raises(SettlementUnknown):
        statement_of("371500S99999999999999")
