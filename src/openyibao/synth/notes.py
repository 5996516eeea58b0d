"""What a dataset does not say by itself (说明): assumptions and limits, for its manifest and reports made of it."""

from __future__ import annotations

from typing import Any

from openyibao.kernel.areas import SHANDONG
from openyibao.synth.abilities import Abilities
from openyibao.synth.figures import Book, Figure, figures
from openyibao.synth.part import Work
from openyibao.synth.plan import Layout

_BASIC = {"inpatient": "住院", "outpatient": "普通门诊", "chronic": "门诊慢特病"}


def notes(work: Work) -> list[str]:
    """Sentences in Chinese."""
    layout = work.layout
    said = [
        "人、家庭、机构与账单都是虚构的；人只有编号，没有姓名与证件号码。",
        "总量按公布的数字受控取整；没有公布的分布（年龄、家庭、体弱、费用离散）为假定（synth/data/figures.csv）。",
        "住院的级别结构未公布：一级占比为假定，二级、三级由各级与总的次均费用解出。",
        "外省、外市参保人来本地就医不在数据集之内（人不属于本地的池）。",
    ]
    for year in layout.years:
        said += _of_year(layout, year, work.able[year])
    supplied = sorted({key for rates in work.rates.values() for key in rates.supplied})
    if supplied:
        said.append("筹资政策中缺少的参数用假定数补上（synth/data/supplements.csv）：" + "、".join(supplied))
    return said


def _of_year(layout: Layout, year: int, able: Abilities) -> list[str]:
    said = []
    for scheme, word in (("employee", "职工"), ("resident", "居民")):
        missing = [text for kind, text in _BASIC.items() if not able.has(scheme, kind)]
        if not able.has(scheme, "inpatient"):
            said.append(f"{year} 年{word}{'、'.join(missing)}没有政策：账单照写，不能结算。")
        elif missing:
            said.append(f"{year} 年{word}{'、'.join(missing)}没有政策：其人次计入普通门诊。")
    if able.has("employee", "inpatient") and not able.has("employee", "delivery"):
        said.append(
            f"{year} 年没有住院分娩待遇：参保女职工分娩计入住院（variants.child 标明孩次），其他生育医疗计入普通门诊。"
        )
    if not layout.book.stated("insured.active", year):
        said.append(f"{year} 年的总量由最近有数的年份按增长率推算。")
    return said


def population(layout: Layout) -> dict[str, dict[str, dict[str, Any]]]:
    """Residents of the area and its cities by year, unscaled, with the source of each figure."""
    made: dict[str, dict[str, dict[str, Any]]] = {}
    for year in layout.years:
        key, book = "population.resident", layout.book
        origin = _nearest(book, key, year)
        total = book.heads(key, year)
        made.setdefault(layout.area, {})[str(year)] = _entry(total, origin, year)
        if layout.area == SHANDONG:
            for row, share in zip(layout.cities, layout.shares("population"), strict=True):
                made.setdefault(row["area"], {})[str(year)] = _entry(total * share, origin, year)
    return made


def _nearest(book: Book, key: str, year: int) -> Figure:
    series = figures()[key].get(book.area) or figures()[key][SHANDONG]
    return series[min(series, key=lambda stated: (abs(stated - year), stated))]


def _entry(persons: float, origin: Figure, year: int) -> dict[str, Any]:
    carried = origin.year != year
    return {
        "persons": round(persons),
        "source": origin.source + (f"（{origin.year} 年数沿用）" if carried else ""),
        "certainty": "assumed" if carried else origin.certainty,
    }
