"""The statement of a settlement (医疗保障基金结算单) as a PDF, for the person, the counter and the file.

Python says what stands on it, as text; `data/statement.typ` says where. Nothing is worked out again: the figures are
those of the document. The fonts are shipped, so that it prints the same on a machine that has none.
"""

from __future__ import annotations

import csv
import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openyibao.catalogue.terms import CHARGE_TYPES, CLASSES
from openyibao.documents.facade import FONTS
from openyibao.foundation import sql
from openyibao.foundation.crypto import mask_cert, mask_name
from openyibao.kernel import areas
from openyibao.kernel.clock import SHANGHAI
from openyibao.ledger.facade import funds
from openyibao.policy.facade import adjusted
from openyibao.policy.terms import BENEFITS, LEVELS, SCHEMES, STATUSES, layer_name
from openyibao.settlement import documents
from openyibao.settlement.contracts import FundPart, PersonShown, Settlement
from openyibao.settlement.errors import SettlementUnknown
from openyibao.settlement.logic import benefits
from openyibao.settlement.logic.wording import capital_amount, decimal, money, plain

if TYPE_CHECKING:
    import typst

TITLE = "医疗保障基金结算单"
HOSPITAL_CODE = "630100"
"""Payment type of what the institution bears (医院减免)."""
_DATA = Path(str(files(__package__))) / "data"
_SPARE_CHARGE_TYPE = "14"
_HEAD_NAME = 20
"""Characters of a name that fit the heading of a page that goes on."""
_GENDERS = {"1": "男", "2": "女"}
_ADJUSTMENT_STATES = {"open": "未办结", "settled": "已办结", "superseded": "已因该单撤销而终止"}
_PUBLIC_LAYERS = frozenset(
    (
        *("basic_pool", "long_term_care", "serious_illness", "special_drug", "enterprise_supplement"),
        *("civil_servant", "assistance", "assistance_second", "guarantee"),
    )
)
"""Payers that are funds; what else a chain names is a city's own commercial product."""
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class StatementLine:
    """One fee line as a statement lists it (费用明细). Quantity in 1/10,000, price in 1/1,000,000 yuan, the rest fen.

    The four parts (全自费、超限价、先行自付、政策范围内) add up to the amount.
    """

    name: str
    charge_type: str
    item_class: str
    quantity_e4: int
    price_e6: int
    amount_fen: int
    non_covered_fen: int
    over_limit_fen: int
    prior_self_pay_fen: int
    in_scope_fen: int


def statement_pdf(
    settlement: Settlement, lines: Sequence[StatementLine], *, printed_at: datetime, masked: bool = True
) -> bytes:
    """The statement of a settlement, of its cancellation (冲销单), or of a trial (预结算), as PDF bytes.

    Args: lines in the order to list them, with the signs of the document; none leaves the list out and says so.
    printed_at: aware instant of printing. masked: show name and identity number with stars.
    Returns: PDF on A4 with text that can be searched; the same arguments give the same bytes.
    """
    assert printed_at.tzinfo is not None, "an aware instant"
    printed_at = printed_at.replace(microsecond=0)
    total = settlement.amounts["medfee_sumamt"]
    assert not lines or sum(line.amount_fen for line in lines) == total, "lines are not those of the document"
    shown = json.dumps(plain(_shown(settlement, lines, printed_at, masked=masked)), ensure_ascii=False)
    with _one_at_a_time:
        found = _compiler().compile(format="pdf", sys_inputs={"statement": shown}, timestamp=printed_at.astimezone(UTC))
    assert isinstance(found, bytes)
    return found


def statement_of(settlement_no: str) -> tuple[Settlement, list[StatementLine]]:
    """A stored document and its lines, for `statement_pdf`; who may see it is for the caller to check and to audit.

    The lines of a cancelled settlement are open again, and may since be others or elsewhere: unless they are still
    those of the document, none are given. Raises: SettlementUnknown.
    """
    row = documents.by_number(settlement_no)
    if row is None:
        raise SettlementUnknown(f"没有结算 {settlement_no}", hint="核对 setl_id；预结算没有结算单号")
    sign = -1 if row.state == "negative" else 1
    lines = [_signed(found, sign) for found in _stored_lines(int(row.details["batch"]), row.settled_at)]
    if sum(line.amount_fen for line in lines) != row.amounts["medfee_sumamt"]:
        lines = []
    return documents.shown(row), lines


def _stored_lines(batch_id: int, settled_at: datetime) -> list[sql.Row]:
    return sql.rows(
        "SELECT COALESCE(NULLIF(name, ''), item_code), charge_type, item_class, quantity_e4, price_e6, amount_fen,"
        " non_covered_fen, over_limit_fen, prior_self_pay_fen, in_scope_fen FROM settlement_line"
        " WHERE batch_id = %s AND (withdrawn_at IS NULL OR withdrawn_at > %s) ORDER BY fee_at, id",
        (batch_id, settled_at),
    )


def _signed(row: sql.Row, sign: int) -> StatementLine:
    name, charge_type, item_class, quantity, price, *amounts = row
    return StatementLine(name, charge_type, item_class, sign * quantity, price, *(sign * fen for fen in amounts))


@cache
def _compiler() -> typst.Compiler:
    """The compiler of this process: fonts are read once. System fonts only fill in what ours do not have."""
    import typst

    return typst.Compiler(input=str(_DATA / "statement.typ"), root=str(_DATA), font_paths=[str(FONTS)])


# What stands on it ----------------------------------------------------------------------------------------------


def _shown(
    settlement: Settlement, lines: Sequence[StatementLine], printed_at: datetime, *, masked: bool
) -> dict[str, Any]:
    number = settlement.settlement_no or "—"
    name = mask_name(settlement.person.name) if masked else settlement.person.name
    footer = [f"打印时间 {_minute(printed_at)}", "本单据由系统生成"]
    if settlement.plan_hash:
        footer.append(f"政策版本 {settlement.plan_hash[:12]}")
    return {
        "title": TITLE,
        "office": place_name(areas.pooling_area_of(settlement.insured_area)),
        "number": number,
        "running": f"结算单号 {number}　{name if len(name) <= _HEAD_NAME else name[:_HEAD_NAME] + '…'}",
        "footer": "　".join(footer),
        "state": _state(settlement),
        "facts": _facts(settlement, name, masked=masked),
        "cost": _cost(settlement.amounts),
        "capital": capital_amount(settlement.amounts["medfee_sumamt"]),
        "paid": _paid(settlement),
        "supplement": _supplement(settlement),
        "provisional": list(settlement.provisional),
        "steps": [part.steps for part in settlement.funds if part.steps],
        "remarks": _remarks(settlement),
        **_fees(settlement, lines),
        "signed": settlement.state != "trial",
        "operator": settlement.operator,
    }


def _state(settlement: Settlement) -> dict[str, str]:
    if settlement.state == "negative":
        return {"tag": "冲销单", "said": f"本单冲销结算单 {settlement.refers_to}，各项金额取负。"}
    if settlement.state == "cancelled":
        by = f"，冲销单号 {settlement.cancelled_by}" if settlement.cancelled_by else ""
        return {"tag": "已冲销", "said": f"本结算单已冲销，不再有效{by}。"}
    if settlement.state == "trial":
        return {"tag": "预结算（未结算）", "said": "本单只作试算，未记账，不作为报销或付款凭证。"}
    return {"tag": "", "said": ""}


def _facts(settlement: Settlement, name: str, *, masked: bool) -> list[dict[str, Any]]:
    person = settlement.person
    kind = med_type_title(settlement) + ("（中途结算）" if settlement.mid_stay else "")
    place, home = areas.pooling_area_of(settlement.care_area), areas.pooling_area_of(settlement.insured_area)
    days = (settlement.ended_on - settlement.begun_on).days
    stay = settlement.benefit in benefits.INPATIENT_BENEFITS
    rows: list[tuple[str, str, int]] = [
        ("医药机构", f"{settlement.institution_name}（{settlement.institution_code}）", 2),
        ("机构级别", LEVELS.get(settlement.level, settlement.level), 1),
        ("姓名", name, 1),
        ("性别", _GENDERS.get(person.gender, "—"), 1),
        ("人员类别", psn_type_title(person), 1),
        ("证件号码", mask_cert(person.cert_no) if masked else person.cert_no, 1),
        ("人员编号", person.person_no, 1),
        ("险种", _scheme_title(settlement.insutype), 1),
        ("统筹区", place_name(home), 1),
        ("就医地", place_name(settlement.care_area) + ("（异地）" if place != home else ""), 1),
        ("医疗类别", kind, 1),
    ]
    if person.employer_name:
        rows.append(("参保单位", person.employer_name, 3))
    rows += [
        ("入院日期" if stay else "就诊日期", f"{settlement.begun_on}", 1),
        ("出院日期" if stay else "结束日期", f"{settlement.ended_on}" + (f"（{days} 天）" if stay and days else ""), 1),
        ("结算时间", _minute(settlement.settled_at), 1),
        ("就诊编号", settlement.visit_no, 1),
        ("发票号", settlement.invoice_no or "—", 1),
        ("待遇年度", f"{settlement.year} 年第 {settlement.seq} 笔", 1),
        ("诊断病种", _disease(settlement), 3),
    ]
    return [{"label": label, "value": value, "span": span} for label, value, span in rows]


def _cost(amounts: Mapping[str, int]) -> list[dict[str, str]]:
    parts = (
        ("医疗费总额", "medfee_sumamt"),
        ("政策范围内", "inscp_scp_amt"),
        ("先行自付", "preselfpay_amt"),
        ("超限价自费", "overlmt_selfpay"),
        ("全自费", "fulamt_ownpay_amt"),
        ("起付线", "act_pay_dedc"),
    )
    return [{"label": label, "amount": money(amounts[field])} for label, field in parts]


def _paid(settlement: Settlement) -> list[dict[str, Any]]:
    """Every fund with base and payment, then who bears the rest: institution, accounts, cash; in all, the cost."""
    amounts = settlement.amounts
    accounts = {fund.national_code for fund in funds().values() if fund.nature == "account"}
    rows = [
        _paid_row(part.name, part.paid_fen, part=part)
        for part in settlement.funds
        if part.fund_pay_type not in (*accounts, HOSPITAL_CODE)
    ]
    family = amounts.get("acct_mulaid_pay", 0)
    rows += [
        _paid_row("基金支付合计", amounts["fund_pay_sumamt"], total=True),
        _paid_row("医药机构负担", amounts["hosp_part_amt"]),
        _paid_row("个人账户（本人）", amounts["acct_pay"] - family),
        _paid_row("个人账户（家庭共济）", family),
        _paid_row("个人现金", amounts["psn_cash_pay"]),
        _paid_row("个人负担合计（账户与现金）", amounts["psn_part_amt"], total=True),
        _paid_row("总计", amounts["medfee_sumamt"], total=True),
    ]
    if "balc" in amounts:
        rows[-5]["left"] = f"余额 {money(amounts['balc'])}"
    return rows


def _paid_row(name: str, paid_fen: int, *, part: FundPart | None = None, total: bool = False) -> dict[str, Any]:
    limited = part is not None and part.limit_left_fen >= 0
    return {
        "name": name,
        "base": money(part.base_fen) if part else "",
        "left": money(part.limit_left_fen) if part and limited else "",
        "paid": money(paid_fen),
        "total": total,
    }


def _supplement(settlement: Settlement) -> list[dict[str, str]]:
    """What a city's commercial product pays (商业补充), by name where the payers tell; outside the funds."""
    total = settlement.amounts.get("supplement_pay", 0)
    if not total:
        return []
    known = {layer: fen for layer, fen in settlement.payers.items() if layer not in _PUBLIC_LAYERS and fen}
    if sum(known.values()) != total:
        return [{"name": "商业补充赔付", "paid": money(total)}]
    return [{"name": layer_name(layer), "paid": money(fen)} for layer, fen in known.items()]


def _remarks(settlement: Settlement) -> list[dict[str, Any]]:
    parts = [
        ("说明", list(settlement.notes)),
        ("差额调整", [adjustment_text(row, settlement.settlement_no) for row in settlement.adjustments]),
    ]
    return [{"title": title, "items": items} for title, items in parts if items]


def adjustment_text(row: Mapping[str, Any], settlement_no: str) -> str:
    """One adjustment (重放差额) as a sentence, from the side of this document: what, with whom, how far it is."""
    mine = row["target"] == settlement_no
    said = f"因 {row['cause']} 冲销，本单" if mine else f"本次冲销使结算单 {row['target']} "
    parts = [said + (adjusted(row["payers"]) or "各项支付不变")]
    fen = int(row["person_fen"])
    if row["mode"] == documents.BY_HOSPITAL:
        parts.append("请医药机构撤销该单后重新结算")
    elif fen:
        parts.append(f"待补给个人 {money(fen)} 元" if fen > 0 else f"待向个人追回 {money(-fen)} 元")
    return "；".join(parts) + f"（{_ADJUSTMENT_STATES.get(row['state'], row['state'])}）。"


def _fees(settlement: Settlement, lines: Sequence[StatementLine]) -> dict[str, Any]:
    if not lines:
        gone = settlement.state in ("cancelled", "negative")
        note = "原结算的明细已退回，可重新结算，此处不再列出。" if gone else "未列费用明细。"
        return {"kinds": [], "lines": [], "lines-note": note, "kinds-total": {}, "lines-total": []}
    total = StatementLine("合计", "", "", 0, 0, *_sums(lines))
    return {
        "kinds": _kinds(lines),
        "kinds-total": {"amount": money(total.amount_fen), "scope": money(total.in_scope_fen)},
        "lines": [_line_row(at, line) for at, line in enumerate(lines, 1)],
        "lines-total": ["", "合计", "", "", "", "", *_line_money(total)],
        "lines-note": f"共 {len(lines)} 条",
    }


def _sums(lines: Iterable[StatementLine]) -> list[int]:
    """Amount and four parts, each summed."""
    return [sum(column) for column in zip(*(astuple(line)[5:] for line in lines), strict=True)]


def _kinds(lines: Sequence[StatementLine]) -> list[dict[str, str]]:
    """The fourteen charge types with amount and in-scope part, read down two columns; unknown types count as other."""
    sums = {code: [0, 0] for code in CHARGE_TYPES}
    for line in lines:
        found = sums[line.charge_type if line.charge_type in sums else _SPARE_CHARGE_TYPE]
        found[0] += line.amount_fen
        found[1] += line.in_scope_fen
    rows = [
        {
            "name": CHARGE_TYPES[code],
            "amount": money(amount) if amount else "—",
            "scope": money(scope) if scope else "—",
        }
        for code, (amount, scope) in sums.items()
    ]
    half = len(rows) // 2
    return [row for pair in zip(rows[:half], rows[half:], strict=True) for row in pair]


def _line_row(at: int, line: StatementLine) -> list[str]:
    return [
        str(at),
        line.name,
        CHARGE_TYPES.get(line.charge_type, CHARGE_TYPES[_SPARE_CHARGE_TYPE]).removesuffix("费"),
        CLASSES.get(line.item_class, "—")[:1],
        decimal(line.quantity_e4, 4, 0),
        decimal(line.price_e6, 6, 2),
        *_line_money(line),
    ]


def _line_money(line: StatementLine) -> list[str]:
    parts = (line.in_scope_fen, line.prior_self_pay_fen, line.over_limit_fen, line.non_covered_fen)
    return [money(line.amount_fen), *(money(fen) if fen else "—" for fen in parts)]


# Words ----------------------------------------------------------------------------------------------


def place_name(code: str) -> str:
    """An area with the areas above it: 山东省聊城市; one that is not listed by its code."""
    known = areas.all_areas()
    said = ""
    at = code
    while at in known and at != areas.NATION:
        said = known[at].name + said
        at = known[at].parent
    return said or code


def med_type_title(settlement: Settlement) -> str:
    """The visit type (医疗类别, med_type) in words, by the table that maps it to a benefit."""
    return _med_types().get((settlement.insutype, settlement.med_type)) or BENEFITS.get(
        settlement.benefit, settlement.med_type
    )


@cache
def _med_types() -> dict[tuple[str, str], str]:
    text = (_DATA / "benefits.csv").read_text(encoding="utf-8")
    aside = re.compile(r"（[^（）]*(代码|省份)）$")
    return {(row["insutype"], row["med_type"]): aside.sub("", row["note"]) for row in csv.DictReader(text.splitlines())}


def psn_type_title(person: PersonShown) -> str:
    """The person's type (人员类别, psn_type) in words."""
    known = {code: STATUSES[status] for status, code in benefits.PSN_TYPES.items()}
    return known.get(person.psn_type, person.psn_type) + ("（公务员）" if person.civil_servant else "")


def _scheme_title(insutype: str) -> str:
    return SCHEMES.get(benefits.SCHEMES.get(insutype, ""), insutype)


def _disease(settlement: Settlement) -> str:
    code = f"（{settlement.disease_code}）" if settlement.disease_code else ""
    return f"{settlement.disease_name}{code}" or "—"


def _minute(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
