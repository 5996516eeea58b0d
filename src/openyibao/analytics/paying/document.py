"""The report of a simulation (测算报告): who gains and who loses, why, and what every figure means."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from openyibao.analytics.paying.effects import Effects, by_method, why
from openyibao.analytics.paying.simulated import Simulated
from openyibao.documents.facade import Chart, Heading, Note, Paragraph, Series, Table, absent, number, percent
from openyibao.documents.facade import Report as Document
from openyibao.payment.engine.pack.facade import (
    MEMBER_METHODS,
    METHODS,
    RETAINED,
    STATUSES,
    HospitalRow,
    MemberYear,
    PaidYear,
)
from openyibao.policy.terms import LEVELS, SCHEMES

_DRAWN, _SHOWN, _EACH = 10, 20, 6
_WAN = 1_000_000
ORDER = ("tertiary", "secondary", "primary", "community", "")
MEANT = (
    ("按项目", "现行待遇下，基本统筹对每张账单逐项应付之和；个人与其他支付不变"),
    ("年度应得", "一家机构全年最终从基本统筹得到的钱：年内已付加清算"),
    ("预算因素", "全体机构同一比例：包内总额与账单总额之差，来自预算、预留与压减"),
    ("病例因素", "同一总额之下，本机构病例的标准与自己账单之差，来自病组权重或分值、机构系数、异常病例"),
    ("清算因素", "超支分担、结余收回、考核扣减"),
    ("留存", "预算中没有付出的钱：预留金结余、未分配、结余收回、考核扣减"),
)


BELONGS = {
    "capitation": (
        "数据集没有签约关系：参保人归当年就诊最多的基层机构，没有就诊的归居住县的基层机构；疾病不详，只用年龄性别系数。"
    ),
    "consortium": (
        "数据集没有医共体名册：参保人归居住县的医共体，成员单位为设在该县的机构；"
        "没有考核结果，按为本县人提供的服务金额分配。"
    ),
}
"""How members are assigned, said honestly."""
SMALL = "样本比例小时，一个签约方只有几十人，盈亏多由偶然。"


def payment_document(found: Simulated) -> Document:
    """One page a director can read, then why, then institution by institution."""
    names = [side.title for side in found.report.sides]
    moved = ""
    if found.into_year != found.year:
        moved = f"各包没有该年的版本，按 {found.into_year} 年的规则计价，金额不变。"
    money = sum(found.report.budget_fen.values())
    blocks: list[Any] = [
        Heading("一、结论"),
        Paragraph(
            f"{found.title}，{found.year} 年住院 {found.stays:,} 例。预算 {_wan(money)} 万元，"
            f"分别按{'、'.join(names)}支付，与按项目比较。{moved}"
        ),
        *(Paragraph(_verdict(found, at), bold=True) for at in range(len(names))),
        Paragraph(
            "病种编码为按级别与费用虚构，只用于检验计价与清算，不反映真实病种结构；得失不可引作对任何机构的判断。"
        ),
        _levels_table(found),
        _gap_chart(found),
        Heading("二、钱到哪里去了"),
        _budget_table(found),
        _retained_table(found),
        Table(["名词", "含义"], [list(row) for row in MEANT], caption="本报告所用金额的含义", align="ll"),
    ]
    for at, side in enumerate(found.report.sides):
        blocks += _side_blocks(found, at, side)
    blocks += [Heading("附、分医疗机构"), _rows_table(found, names)]
    assumed = sorted({f"{side.title}：{'、'.join(side.assumed)}" for side in found.report.sides if side.assumed})
    blocks.append(Note(f"参数为假定的部分——{'；'.join(assumed) or '无'}。医疗机构与参保人均为虚构。"))
    return Document("住院支付方式测算", [one for one in blocks if one is not None], f"{found.title} · {found.year} 年")


def _verdict(found: Simulated, at: int) -> str:
    rows = [row for row in found.report.rows if row.by_item_fen or row.paid_fen[at]]
    more = [row for row in rows if row.paid_fen[at] > row.by_item_fen]
    less = [row for row in rows if row.paid_fen[at] < row.by_item_fen]
    gap = sum(row.paid_fen[at] - row.by_item_fen for row in rows)
    said = f"{found.report.sides[at].title}：{len(more)} 家多得、{len(less)} 家少得，合计比按项目{_more(gap)}"
    by_level = _by_level(found, at)
    parts = [f"{_level(name)}{_signed(paid, billed)}" for name, (_, billed, paid) in by_level.items() if billed]
    return f"{said}（{'，'.join(parts)}）。"


def _more(fen: int) -> str:
    return f"{'多' if fen >= 0 else '少'} {_wan(abs(fen))} 万元"


def _signed(paid: int, billed: int) -> str:
    if paid == billed:
        return "不变"
    return f" {'+' if paid > billed else ''}{percent(paid - billed, billed)}"


def _level(name: str) -> str:
    return LEVELS.get(name, "其他")


def _by_level(found: Simulated, at: int) -> dict[str, tuple[int, int, int]]:
    sums: dict[str, list[int]] = {name: [0, 0, 0] for name in ORDER}
    for row in found.report.rows:
        one = sums[found.levels.get(row.institution, "")]
        one[0] += 1
        one[1] += row.by_item_fen
        one[2] += row.paid_fen[at]
    return {name: (one[0], one[1], one[2]) for name, one in sums.items() if one[0]}


def _levels_table(found: Simulated) -> Table:
    sides = [_by_level(found, at) for at in range(len(found.report.sides))]
    rows: list[list[Any]] = []
    for name in ORDER:
        if name in sides[0]:
            count, billed, _ = sides[0][name]
            gaps = [
                cell
                for side in sides
                for cell in (_wan(side[name][2] - billed), percent(side[name][2] - billed, billed))
            ]
            rows.append([_level(name), count, _wan(billed), *gaps])
    heads = [head for side in found.report.sides for head in (f"{side.title}多得（万元）", "占按项目")]
    return Table(
        ["级别", "机构", "按项目（万元）", *heads],
        rows,
        caption="哪一级医院多得、少得",
        note="负数为少得。占按项目＝差额÷按项目。",
    )


def _gap_chart(found: Simulated) -> Chart | None:
    rows = sorted(found.report.rows, key=lambda row: -max(abs(fen - row.by_item_fen) for fen in row.paid_fen))[:_DRAWN]
    if not rows:
        return None
    return Chart(
        "bar",
        f"差额最大的 {len(rows)} 家：比按项目多得（右）或少得（左）",
        [found.name(row.institution) for row in rows],
        [
            Series(side.title, [Fraction(row.paid_fen[at] - row.by_item_fen, _WAN) for row in rows])
            for at, side in enumerate(found.report.sides)
        ],
        unit="万元",
        places=1,
    )


def _budget_table(found: Simulated) -> Table:
    rows: list[list[Any]] = []
    for side in found.report.sides:
        for scheme, one in sorted(side.clearing.items()):
            whole = one.pool.budget_fen + one.pool.beyond_fen
            money = [_wan(fen) for fen in (one.paid_fen, one.clearing_fen, one.retained_fen, whole)]
            beyond = f"；另由基金承担 {_wan(one.pool.beyond_fen)} 万元" if one.pool.beyond_fen else ""
            rows.append(
                [side.title, _short(scheme), *money, "相等" if one.holds else "不等", _price(one.pool) + beyond]
            )
    return Table(
        ["支付方式", "险种", "年内已付（万元）", "清算（万元）", "留存（万元）", "预算（万元）", "到分", "单价与压减"],
        rows,
        caption="已付＋清算＋留存＝预算",
        note="“到分”一列按分比较；表内数四舍五入，合计可能略有出入。清算为负，是年内已多付，须退回。预算一列含预算外由基金承担的部分。",
    )


def _price(pool: Any) -> str:
    if pool.value is not None:
        factor = f"，调节系数 {number(pool.control_factor, 4)}" if pool.control_factor is not None else ""
        return f"点值 {pool.value_text} 元{factor}"
    if pool.scaled is not None:
        return f"标准合计超出预算，同比例付 {percent(pool.scaled)}"
    return "标准未超预算，照付"


def _retained_table(found: Simulated) -> Table:
    rows: list[list[Any]] = []
    for side in found.report.sides:
        for scheme, one in sorted(side.clearing.items()):
            rows.append([side.title, _short(scheme), *(_wan(one.retained[name]) for name in RETAINED)])
    heads = [f"{name}（万元）" for name in RETAINED.values()]
    return Table(["支付方式", "险种", *heads], rows, caption="留存由什么构成")


def _side_blocks(found: Simulated, at: int, side: PaidYear) -> list[Any]:
    title = "三四五六七八九十"[at] if at < len("三四五六七八九十") else str(at + 3)
    heading = Heading(f"{title}、{side.title}：谁得谁失，为什么")
    if side.members is not None:
        return [heading, *_member_blocks(found, side.members)]
    effects = found.effects[at]
    ordered = sorted(effects.items(), key=lambda row: (row[1].difference_fen, row[0]))
    picked = [*ordered[:_EACH], *[row for row in ordered[-_EACH:] if row not in ordered[:_EACH]]]
    methods = by_method(side, found.versions[at])
    statuses = [name for name in STATUSES if side.statuses.get(name)]
    return [
        heading,
        Table(
            ["方式", "种类", "例数", "按项目（万元）", "标准内基金支付（万元）"],
            [[one.title, METHODS[one.kind], one.cases, _wan(one.by_item_fen), _wan(one.fund_fen)] for one in methods],
            caption="各种方式接收的病例",
        ),
        Table([STATUSES[name] for name in statuses], [[side.statuses[name] for name in statuses]], caption="病例构成"),
        _effects_table(found, picked),
    ]


def _effects_table(found: Simulated, picked: Sequence[tuple[str, Effects]]) -> Table:
    rows = []
    for name, one in picked:
        parts = (one.difference_fen, one.budget_fen, one.cases_fen, one.clearing_fen)
        index = absent() if one.cost_index is None else number(one.cost_index, 2)
        rows.append([found.name(name), _wan(one.by_item_fen), *(_wan(fen) for fen in parts), index, why(one)])
    return Table(
        ["医疗机构", "按项目", "差额", "预算因素", "病例因素", "清算因素", "费用指数", "主要原因"],
        rows,
        caption="少得与多得最多的机构（万元）",
        align="lrrrrrrl",
        note="差额＝预算因素＋病例因素＋清算因素。费用指数为同病组费用与全体机构平均之比，大于 1 为偏贵。",
    )


def _member_blocks(found: Simulated, made: MemberYear) -> list[Any]:
    held: dict[str, list[int]] = {}
    for one in made.held:
        row = held.setdefault(one.holder, [0, 0, 0, 0])
        for at, value in enumerate((one.months, one.granted_fen, one.inside_fen, one.outside_fen)):
            row[at] += value
    finals: dict[str, int] = {}
    for cleared in made.clearing.values():
        for line in cleared.lines:
            if line.cases:
                finals[line.institution] = finals.get(line.institution, 0) + line.final_fen
    ordered = sorted(held.items(), key=lambda row: (-row[1][0], row[0]))[:_SHOWN]
    return [
        Paragraph(f"{MEMBER_METHODS[made.method]}，{len(held)} 个签约方。{BELONGS[made.method]}{SMALL}"),
        Table(
            ["签约方", "人月", "标准", "本方支出", "在外支出", "结余（负为超支）", "年度应得"],
            [
                [
                    found.name(name),
                    months,
                    _wan(grant),
                    _wan(own),
                    _wan(out),
                    _wan(grant - own - out),
                    _wan(finals.get(name, 0)),
                ]
                for name, (months, grant, own, out) in ordered
            ],
            caption=f"人月最多的 {len(ordered)} 个签约方（万元，共 {len(held)} 个）",
            note="标准已在预算之内、扣除医共体预留。在外支出由基金按项目付给接诊机构，从标准中扣除；年度应得为负须退回。",
        ),
    ]


def _rows_table(found: Simulated, names: Sequence[str]) -> Table:
    top = sorted(found.report.rows, key=lambda row: (-row.by_item_fen, row.institution))[:_SHOWN]
    return Table(
        ["医疗机构", "级别", "例数", "按项目", *(head for name in names for head in (name, "差额"))],
        [
            [found.name(row.institution), _level(found.levels.get(row.institution, "")), row.cases, *_cells(row)]
            for row in top
        ],
        caption=f"按项目金额最大的 {len(top)} 家（万元，共 {len(found.report.rows)} 家；全部见 --json）",
    )


def _cells(row: HospitalRow) -> list[Any]:
    return [_wan(row.by_item_fen), *(cell for fen in row.paid_fen for cell in (_wan(fen), _wan(fen - row.by_item_fen)))]


def _short(scheme: str) -> str:
    return {"employee": "职工", "resident": "居民"}.get(scheme, SCHEMES[scheme])


def _wan(fen: int) -> str:
    """Fen as 万元 with two decimals."""
    return number(Fraction(fen, _WAN), 2)
