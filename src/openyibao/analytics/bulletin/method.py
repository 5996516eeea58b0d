"""The page of method (方法与残差): every printed value beside ours, what is allowed, what the difference hangs on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from openyibao.analytics.bulletin import moves, ratio
from openyibao.analytics.bulletin.book import Book, measure, said_of
from openyibao.analytics.bulletin.chapters import SCHEMES, Tables
from openyibao.analytics.bulletin.contracts import ERRORS, TOLERANCE, Checked, Printed, checked
from openyibao.analytics.bulletin.printed import titled
from openyibao.analytics.indicators.contracts import Value
from openyibao.analytics.indicators.definitions import definitions
from openyibao.analytics.indicators.running import Counted, scale_of
from openyibao.datasets.facade import CODES, Dataset
from openyibao.documents.facade import (
    Block,
    Cell,
    Heading,
    Note,
    Paragraph,
    Table,
    absent,
    half_up,
    number,
    yi,
)
from openyibao.policy.facade import Policies, all_figures

SURE = {"seed": "印载", "public": "公开来源", "assumed": "假定"}
_MOST_FIGURES = 40
CARE = ("长期护理待遇", "政策按日标准逐笔结算，对照值为按居家日标准的估计")


def compare(book: Book, printed: Mapping[str, Printed]) -> list[Checked]:
    """Every printed value beside ours, in the order of the definitions."""
    printed = merged(book, printed)
    return [checked(printed[name], value) for name, value in book.values[book.year].items() if name in printed]


def merged(book: Book, printed: Mapping[str, Printed]) -> dict[str, Printed]:
    """Printed values as this dataset counts them: chronic visits among outpatient ones where no policy knows chronic.

    A dataset without a single chronic visit has them among outpatient visits; the two printed values are compared as
    one, and said to be one.
    """
    found = dict(printed)
    for scheme in SCHEMES:
        plain, chronic = found.get(f"visits_outpatient_{scheme}"), found.get(f"visits_chronic_{scheme}")
        if plain is None or chronic is None or plain.unit != chronic.unit or book.has(f"visits_chronic_{scheme}"):
            continue
        both = Decimal(plain.text) + Decimal(chronic.text)
        sure = plain.certainty if plain.certainty == chronic.certainty else "assumed"
        found[plain.id] = replace(plain, text=str(both), certainty=sure, covers="（含慢特病）")
        del found[chronic.id]
    care = found.get("ltc_paid")
    if care is not None and care.certainty == "assumed" and _care_by_bill(book):
        found[care.id] = replace(care, kind="engine", why=CARE)
    return found


def _care_by_bill(book: Book) -> bool:
    """Whether long-term care is settled bill by bill here: then what was paid comes out of the policy."""
    counted = book.counted.get(book.year)
    return counted is not None and "long_term_care" in counted.tables["bills"].column("benefit").to_pylist()


def page(
    book: Book, dataset: Dataset, counted: Counted, policies: Policies, checks: Sequence[Checked], numbers: Tables
) -> Iterator[Block]:
    """The blocks of the page."""
    yield Heading("附一　编制方法")
    for text in _how(dataset, counted):
        yield Paragraph(text)
    if dataset.manifest.notes:
        yield Note("数据集的自述：")
    yield from (Note(f"· {note}") for note in dataset.manifest.notes)
    if not checks:
        yield Paragraph(f"没有可对照的{book.year}年印载数据，故不列残差。")
        return
    yield Heading("附二　与印载数据对照")
    yield Paragraph(
        f"允许的残差为{half_up(TOLERANCE * 100)}%与{ERRORS}倍标准误中较大者。人次的标准误按泊松分布，"
        "次均费用、金额的标准误按账单方差由本数据集算出；参保人数逐人计得，只用前一条。"
        "残差是我们的数除以印载的数再减一，比例指标也一样。"
    )
    targets = [one for one in checks if one.printed.kind == "calibrated" and one.printed.certainty != "assumed"]
    assumed = [one for one in checks if one.printed.kind == "calibrated" and one.printed.certainty == "assumed"]
    follows = [one for one in checks if one.printed.kind == "follows"]
    engine = [one for one in checks if one.printed.kind == "engine"]
    for rows, said, caption in (
        (targets, "合成时用作目标的印载数据", "校准指标：印载值、本公报值与残差"),
        (follows, "由上列各项相加、相除而来的印载数据", "由校准指标得出的指标"),
        (assumed, "没有印载、合成时取假定目标的数据", "假定目标"),
    ):
        if rows:
            yield Paragraph(f"{said}{_verdict(rows)}。", bold=True)
            yield _residuals(rows, numbers, caption)
    yield from moves.compared(book, dataset.manifest.area, numbers)
    if engine:
        yield Heading("附三　由政策引擎算出的结果")
        yield Paragraph(
            "下列各项不是目标：账单逐笔按政策文件结算，结果如何由政策参数和费用结构决定；没有一项是抄录印载值得来的。"
            "但部分假定数（如申报工资、基金表中的财政补助和其他支出）是参照印载总额估计的，"
            "与这些总额相近不等于验证；差额表明假定数与当年实际的距离。"
        )
        yield from _outcomes(engine, numbers)
        yield from _fund_items(dataset, book.year, numbers)
        yield from ratio.explained(book, {one.printed.id: one.printed for one in checks}, numbers)
        yield from _spending(book, numbers)
        yield from _drivers(dataset, policies, book.year, numbers)


def _verdict(rows: Sequence[Checked]) -> str:
    held, failed = (sum(one.holds is way for one in rows) for way in (True, False))
    left = len(rows) - held - failed
    outside = f"，{failed}项在外" if failed else ""
    return f"{len(rows)}项，{held}项在允许残差之内{outside}" + (f"，{left}项数据集无从计算" if left else "")


def _how(dataset: Dataset, counted: Counted) -> Iterator[str]:
    manifest = dataset.manifest
    made = "合成数据" if manifest.kind == "synthetic" else "平台发布的数据"
    seed = f"，随机种子{manifest.seed}" if manifest.seed is not None else ""
    yield (
        f"数据集为{manifest.title}（{made}{seed}），账单按结算版本“{counted.run}”"
        f"（政策摘要 {str(manifest.runs[counted.run].get('policies', manifest.policies))[:12]}）逐笔结算。"
    )
    if counted.scale != 1:
        yield (
            f"数据集按{_share(counted.scale)}抽样，本公报的人数、人次和金额均已除以抽样比例，推算到全体；"
            "比例和次均数直接由样本算出。机构数不推算。"
        )
    persons = counted.populations.get(manifest.area)
    if persons is not None:
        said = f"（{counted.population_source}）" if counted.population_source else ""
        yield f"参保率的分母为{said_of('person', Fraction(persons))}{said}。"
    else:
        yield "数据集清单没有载明人口数，故不计参保率。"
    if counted.without_premium:
        yield (
            f"{len(counted.without_premium)}个统筹区险种的政策文件没有载明大病保险的人均保费，"
            "除基金表的其他支出所列外，基金支出不含这些统筹区划出的大病保费；大病赔付另列，不计入基本医保基金支出。"
        )
    yield (
        "每个指标的分子、分母都是公开的查询语句，由 DuckDB 和 Spark 执行，结果逐项相等；"
        "金额以分为单位的整数相加，末尾只舍入一次。"
    )


def _share(scale: Fraction) -> str:
    if scale.numerator == 1:
        return f"1/{scale.denominator:,}"
    return f"{half_up(scale * 100, 2).normalize():f}%"


def _residuals(rows: Sequence[Checked], numbers: Tables, caption: str) -> Table:
    cells: list[list[Cell]] = []
    for one in rows:
        unit, ours = _ours(one.ours, one.printed)
        error = one.ours.error
        relative = None if error is None or not one.ours.value else Fraction(error) / one.ours.value
        cells.append(
            [
                definitions()[one.printed.id].name + one.printed.covers,
                unit,
                number(Fraction(one.printed.text) * _written(one.printed), one.printed.places),
                ours,
                absent() if one.residual is None else number(one.residual * 100, 2),
                absent() if relative is None else number(relative * 100, 2),
                absent() if one.allowed is None else number(one.allowed * 100, 2),
                {True: "符合", False: "不符合", None: "未计"}[one.holds],
            ]
        )
    headers = ["指标", "单位", "印载", "本公报", "残差（%）", "标准误（%）", "允许（%）", "结论"]
    return Table(headers, cells, numbers.table(caption), "llrrrrrc")


def _written(printed: Printed) -> Fraction | int:
    """A target in 比例 is shown in per cent."""
    return 100 if printed.unit == "比例" else 1


def _ours(value: Value, printed: Printed) -> tuple[str, Cell]:
    """(unit, our value) in the unit of the printed one, one decimal finer than printed."""
    unit = "%" if printed.unit == "比例" else printed.unit
    if value.value is None:
        return unit, absent()
    return unit, number(value.value / printed.factor * _written(printed), min(3, printed.places + 1))


def _outcomes(rows: Sequence[Checked], numbers: Tables) -> Iterator[Block]:
    """Printed and ours, the difference of amounts in per cent and of ratios in points; then what it hangs on."""
    cells: list[list[Cell]] = []
    whys: dict[str, str] = {}
    for one in rows:
        unit, ours = _ours(one.ours, one.printed)
        ratio = one.ours.unit == "ratio"
        difference = None if one.ours.value is None else one.ours.value - one.printed.value
        balance = one.printed.id.startswith("fund_current")
        label, said = one.printed.why
        whys[label] = said
        cells.append(
            [
                definitions()[one.printed.id].name,
                unit,
                number(Fraction(one.printed.text), one.printed.places),
                ours,
                absent()
                if ratio or difference is None
                else number(difference / one.printed.factor, max(1, one.printed.places)),
                absent() if ratio or balance or one.residual is None else number(one.residual * 100, 1),
                absent() if not ratio or difference is None else number(difference * 100, 1),
                label,
            ]
        )
    headers = ["指标", "单位", "印载", "本公报", "差（金额）", "差（%）", "差（百分点）", "差额来源"]
    note = "金额的差以本单位和百分数表示，比例的差以百分点表示，不混用；当期结余是两数之差，不计百分数。"
    yield Table(headers, cells, numbers.table("政策引擎的结果与印载值"), "llrrrrrl", note)
    yield Table(["差额来源", "说明"], [list(pair) for pair in whys.items()], numbers.table("差额来源说明"), "ll")


def _fund_items(dataset: Dataset, year: int, numbers: Tables) -> Iterator[Block]:
    """What the funds have beside persons and bills, with sources: some of it is estimated near printed totals."""
    sums: dict[tuple[int, int, str, str], int] = {}
    for row in dataset.whole("funds").to_pylist():
        if row["year"] == year:
            key = (row["fund"], row["item"], row["certainty"], row["source"])
            sums[key] = sums.get(key, 0) + row["fen"]
    cells: list[list[Cell]] = []
    for (fund, item, sure, source), fen in sorted(sums.items()):
        names = [CODES["fund"][fund][1], CODES["fund_item"][item][1]]
        cells.append([*names, yi(fen / scale_of(dataset), 1, ""), SURE.get(sure, sure), titled(source)])
    if cells:
        headers = ["基金", "项目", "亿元", "依据", "出处"]
        yield Table(headers, cells, numbers.table("基金表所列、不来自缴费和账单的收支与上年结余"), "llrll")


def _spending(book: Book, numbers: Tables) -> Iterator[Block]:
    """What the pools spent on which benefit: the printed bulletin has no such table, so there is nothing to compare."""
    rows: list[list[Cell]] = []
    kinds = ("inpatient", "outpatient", "chronic", "maternity", "other")
    for scheme, name in SCHEMES.items():
        amounts = [book.value(f"fund_paid_{scheme}_{kind}").value or Fraction(0) for kind in kinds]
        total = sum(amounts, Fraction(0))
        rows.append([name, *(yi(amount, 1, "") for amount in (*amounts, total))])
        rows.append(
            [f"{name}占比（%）", *(number(amount / total * 100, 1) if total else absent() for amount in amounts), ""]
        )
    headers = ["统筹基金支付（亿元）", "住院", "普通门诊", "慢特病", "生育医疗", "其他", "合计"]
    yield Table(headers, rows, numbers.table("统筹基金支付按待遇的构成"), "lrrrrrr", "不含生育津贴与划出的保费。")


def _drivers(dataset: Dataset, policies: Policies, year: int, numbers: Tables) -> Iterator[Block]:
    """Assumed figures of the area's own policy files that were in force, those of stays and contributions listed."""
    day = date(year, 7, 1)
    areas = [dataset.manifest.area]
    if len(dataset.pools) == 2 and areas[0][4:] == "00":
        areas.append(f"{areas[0][:2]}0000")
    found = [figure for area in dict.fromkeys(areas) for figure in all_figures(policies.rulebook, area, day)]
    if not found:
        return
    assumed = [figure for figure in found if figure.certainty == "assumed"]
    chosen = [one for one in assumed if "/inpatient.yaml" in one.path or "/contribution.yaml" in one.path]
    rows: list[list[Cell]] = [[one.path.replace("#", " "), one.value, one.source] for one in chosen[:_MOST_FIGURES]]
    yield Paragraph(
        f"{year}年7月1日在用的本地区政策参数{len(found)}项，其中{len(assumed)}项为假定；"
        f"住院待遇和筹资两类文件中的假定参数{len(chosen)}项，列出{len(rows)}项如下。"
    )
    yield Table(["文件与键", "取值", "出处"], rows, numbers.table("决定差额的假定政策参数"), "lrl")


def cities(
    book: Book,
    values: Mapping[str, Mapping[str, Value]],
    names: Mapping[str, str],
    numbers: Tables,
    *,
    spread_evenly: bool = False,
) -> Iterator[Block]:
    """附：分市主要指标. Args: spread_evenly says that a synthetic population shares the province's rates."""
    if len(values) < 2:
        return
    yield Heading("附四　分统筹区主要指标")
    columns = {
        "participation_rate": "参保率（%）",
        "insured_employee": "职工参保（万人）",
        "insured_resident": "居民参保（万人）",
        "stay_rate_employee": "职工住院率（%）",
        "stay_rate_resident": "居民住院率（%）",
        "in_scope_ratio_employee": "职工支付比（%）",
        "in_scope_ratio_resident": "居民支付比（%）",
        "payable_months_employee_pool": "职工统筹（月）",
        "payable_months_resident": "居民基金（月）",
    }
    rows: list[list[Cell]] = []
    for area, found in values.items():
        rows.append([names.get(area, area), *(_in_table(found[name]) for name in columns)])
    total = book.values[book.year]
    rows.append(["合计", *(_in_table(total[name]) for name in columns)])
    note = "支付比为政策范围内住院费用基金支付比例；月数为可支付月数，不含个人账户。抽样小则各统筹区的数波动大。"
    if spread_evenly:
        note += "合成时全省的参保率、住院率按人数摊到各市，各市因而相同，不是各市的统计。"
    caption, align = numbers.table(f"{book.year}年分统筹区主要指标"), "l" + "r" * len(columns)
    yield Table(["统筹区", *columns.values()], rows, caption, align, note, strong=[len(rows) - 1])


def _in_table(value: Value) -> Cell:
    if value.value is None:
        return absent()
    if value.unit == "person":
        return number(value.value / 10_000, 1)
    _, factor, places = measure(value)
    return number(value.value / factor, places)


def notes(called: Sequence[str], texts: Mapping[str, str]) -> Iterator[Block]:
    """Footnotes in the order they were called for."""
    for at, name in enumerate(called, 1):
        yield Note(f"[{at}] {texts[name]}")
