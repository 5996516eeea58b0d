"""Put a bulletin together (编制公报): count the years, say the chapters, compare with what is printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openyibao.analytics.bulletin import chapters, method
from openyibao.analytics.bulletin.book import Book
from openyibao.analytics.bulletin.contracts import Checked
from openyibao.analytics.bulletin.printed import printed_values, with_targets
from openyibao.analytics.indicators import api
from openyibao.analytics.indicators.contracts import Value
from openyibao.analytics.indicators.definitions import definitions, footnotes
from openyibao.analytics.indicators.engines import Progress, engine_named
from openyibao.analytics.indicators.running import Counted
from openyibao.datasets.facade import Dataset
from openyibao.documents.facade import Block, Note, PageBreak, Paragraph, Report
from openyibao.kernel.areas import all_areas
from openyibao.policy.facade import Policies

YEARS = 5
ROUNDING = (
    "本公报部分数据因四舍五入，分项之和与总计、增减数与两年之差可能略有出入；"
    "增幅按未舍入的数计算，比例的变化一律用百分点。"
)
_OF_CITIES = (
    *("participation_rate", "insured_employee", "insured_resident", "stay_rate_employee", "stay_rate_resident"),
    *("in_scope_ratio_employee", "in_scope_ratio_resident"),
    *("fund_income_employee_pool", "fund_spending_employee_pool", "fund_opening_employee_pool"),
    *("fund_income_resident", "fund_spending_resident", "fund_opening_resident"),
    *("payable_months_employee_pool", "payable_months_resident"),
)


@dataclass(frozen=True)
class Bulletin:
    """A bulletin: the report, its values by year, and the comparison with printed values."""

    report: Report
    values: dict[int, dict[str, Value]]
    checks: list[Checked]

    @property
    def fails(self) -> list[Checked]:
        """Calibrated indicators outside what is allowed."""
        return [one for one in self.checks if one.holds is False]

    def as_json(self) -> dict[str, Any]:
        """Values by year and the comparison with printed values; exact values are fractions as text."""
        return {
            "values": {str(year): [value.as_json() for value in found.values()] for year, found in self.values.items()},
            "checks": [one.as_json() for one in self.checks],
        }


def compose(
    dataset: Dataset,
    year: int,
    run: str = "current",
    engine: str = "duckdb",
    master: str = "local[2]",
    *,
    policies: Policies | None = None,
    targets: Iterable[Mapping[str, Any]] = (),
    progress: Progress | None = None,
) -> Bulletin:
    """The bulletin of a year, beside the years before it that the dataset holds (five in all).

    Args: targets are what a synthetic population was calibrated to: key, value, unit, source, certainty.
    Raises: Malformed for a year or a run that is not there.
    """
    policies = policies or Policies.load()
    api.check_year(dataset, year)
    api.check_run(dataset, run, [year])
    settled = dataset.manifest.runs[run].get("years", dataset.years)
    years = [one for one in dataset.years if one <= year][-YEARS:]
    counted: dict[int, Counted] = {}
    values: dict[int, dict[str, Value]] = {}
    with engine_named(engine, master) as on:
        for one in years:
            of_run = run if one in settled else ""
            counted[one] = api.count_indicators(dataset, one, of_run, on, policies, progress)
            values[one] = api.answers(counted[one])
    book = Book(year, values, counted)
    checks = method.compare(book, with_targets(printed_values(dataset.manifest.area, year), targets))
    return Bulletin(_report(book, dataset, counted[year], policies, checks), values, checks)


def _report(book: Book, dataset: Dataset, counted: Counted, policies: Policies, checks: list[Checked]) -> Report:
    notes, numbers = chapters.Notes(), chapters.Tables()
    blocks: list[Block] = [*_beginning(book, dataset, counted)]
    blocks += chapters.insured(book, notes, numbers)
    blocks += chapters.funds(book, notes, numbers)
    blocks += chapters.care(book, notes, numbers)
    blocks += chapters.maternity(book, notes, numbers)
    blocks += chapters.assistance(book, notes, numbers)
    blocks += chapters.remote(book, notes, numbers)
    blocks += chapters.institutions(book, numbers)
    blocks += chapters.left_out(numbers)
    blocks.append(Note(f"注：{ROUNDING}"))
    blocks += method.notes(notes.called, footnotes())
    blocks.append(PageBreak())
    blocks += method.page(book, dataset, counted, policies, checks, numbers)
    names = {area: all_areas()[area].name if area in all_areas() else area for area, _ in dataset.pools}
    invented = dataset.manifest.kind == "synthetic"
    blocks += method.cities(book, _by_city(counted, list(names)), names, numbers, spread_evenly=invented)
    area = all_areas().get(dataset.manifest.area)
    place = area.name if area is not None else dataset.manifest.title
    subtitle = "依据合成数据试编，不是任何部门发布的公报" if invented else "依据业务数据编制"
    return Report(f"{book.year}年{place}医疗保障统计公报", blocks, subtitle)


def _beginning(book: Book, dataset: Dataset, counted: Counted) -> list[Block]:
    said = []
    if dataset.manifest.kind == "synthetic":
        said.append("本公报的人口和账单都是合成的，用于检验指标口径与政策引擎；数字不可引用为实际统计。")
    if counted.scale != 1:
        said.append("人数、人次和金额由抽样数据推算到全体。")
    if book.before is None:
        said.append(f"数据集没有{book.year - 1}年的数据，本公报不作同比。")
    unsettled = [f"{one}年" for one in book.years if not book.counted[one].run]
    if unsettled:
        said.append(f"{'、'.join(unsettled)}没有可用的政策文件，账单没有结算，涉及支付的指标不列。")
    if book.before is not None and len(book.years) < YEARS:
        said.append(f"数据集有{book.years[0]}—{book.year}年，逐年图只画这几年。")
    said.append("编制方法、与印载数据的对照见附录。")
    return [Paragraph("".join(said))]


def _by_city(counted: Counted, areas: list[str]) -> dict[str, dict[str, Value]]:
    if len(areas) < 2:
        return {}
    wanted = [definitions()[name] for name in _OF_CITIES]
    return {area: api.answers_of(counted.of_area(area), wanted) for area in areas}
