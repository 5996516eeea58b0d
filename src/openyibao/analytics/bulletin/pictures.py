"""The charts of the bulletin (图): over the years the dataset has; what has one year only is shown by its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from openyibao.analytics.bulletin.book import Book
from openyibao.documents.facade import Block, Chart, Series, half_up

Named = Callable[[str], str]
WAN, YI_FEN = 10_000, 10**10
LEVELS = {"tertiary": "三级", "secondary": "二级", "primary": "一级及以下"}
_LONG = 5
"""Charts go back so many years."""


def _years(book: Book) -> list[str]:
    return [f"{year}年" for year in book.years][-_LONG:]


def _last(values: list[Decimal | None]) -> list[Decimal | None]:
    return values[-_LONG:]


def _trend(book: Book, name: str) -> str:
    """What a series did from its first year to its last, for a title."""
    years = book.years[-_LONG:]
    first, last = book.values[years[0]][name].value, book.values[years[-1]][name].value
    if first is None or last is None or not first:
        return ""
    change = last / first - 1
    if abs(change) < Decimal("0.0005"):
        return f"{years[0]}年以来基本持平"
    return f"{years[0]}年以来{'增长' if change > 0 else '下降'}{half_up(abs(change) * 100, 1)}%"


def insured_employee(book: Book, named: Named) -> Iterator[Block]:
    """Employees over the years; with one year, who employs them."""
    if len(book.years) > 1:
        series = [
            Series("在职", _last(book.series("insured_active", WAN))),
            Series("退休", _last(book.series("insured_retired", WAN))),
        ]
        title = f"职工医保参保人数{_trend(book, 'insured_employee')}"
        yield Chart("stacked", named(title), _years(book), series, "万人")
        return
    kinds = {"enterprise": "企业", "organ": "机关事业单位", "flexible": "灵活就业等"}
    series = [Series(said, book.series(f"insured_{kind}", WAN)[-1:]) for kind, said in kinds.items()]
    title = f"职工参保人中企业占{book.said('insured_share_enterprise')}"
    yield Chart("share", named(title), [f"{book.year}年"], series)


def insured_resident(book: Book, named: Named) -> Iterator[Block]:
    """Residents over the years; with one year, their groups."""
    groups = {"adult": "成年人", "child": "中小学生儿童", "student": "大学生"}
    series = [Series(said, _last(book.series(f"insured_{group}", WAN))) for group, said in groups.items()]
    if len(book.years) > 1:
        title = f"居民医保参保人数{_trend(book, 'insured_resident')}"
        yield Chart("stacked", named(title), _years(book), series, "万人")
        return
    title = f"居民参保人中成年人占{book.said('insured_share_adult')}"
    yield Chart("share", named(title), [f"{book.year}年"], [Series(one.name, one.values[-1:]) for one in series])


def funds(book: Book, named: Named) -> Iterator[Block]:
    """Income and spending of the three funds, this year; over the years in all."""
    tails = {"_employee_pool": "职工统筹基金", "_account": "个人账户", "_resident": "居民基金"}
    series = [
        Series(said, [half_up((book.value(f"{what}{tail}").value or 0) / YI_FEN, 1) for tail in tails])
        for what, said in (("fund_income", "收入"), ("fund_spending", "支出"))
    ]
    short = [said for tail, said in tails.items() if (book.value(f"fund_current{tail}").value or 0) < 0]
    title = f"{'、'.join(short)}当期收不抵支" if short else "各项基金当期收入均大于支出"
    yield Chart("bar", named(f"{book.year}年{title}"), list(tails.values()), series, "亿元")
    known = [year for year in book.years if book.value("fund_spending", year).value is not None]
    if len(known) > 1:
        both = {"fund_income": "收入", "fund_spending": "支出"}
        lines = [Series(said, _last(book.series(name, YI_FEN))) for name, said in both.items()]
        title = f"基本医保基金总支出{_trend(book, 'fund_spending')}"
        yield Chart("bar", named(title), _years(book), lines, "亿元")
    elif len(book.years) > 1:
        parts = {"_employee_pool": "职工统筹基金", "_account": "个人账户", "_resident": "居民基金"}
        stacked = [Series(said, _last(book.series(f"fund_income{tail}", YI_FEN))) for tail, said in parts.items()]
        title = f"基本医保基金总收入{_trend(book, 'fund_income')}"
        yield Chart("stacked", named(title), _years(book), stacked, "亿元")


def balances(book: Book, named: Named) -> Iterator[Block]:
    """Balances at the end of the years, where opening balances are known."""
    series = [
        Series(said, _last(book.series(f"fund_balance{tail}", YI_FEN)))
        for tail, said in (("_employee_pool", "职工统筹基金"), ("_account", "个人账户"), ("_resident", "居民基金"))
    ]
    known = [at for at in range(len(_years(book))) if all(one.values[at] is not None for one in series)]
    if len(known) > 1:
        chosen = [Series(one.name, [one.values[at] for at in known]) for one in series]
        years = [_years(book)[at] for at in known]
        yield Chart("stacked", named(f"年末累计结余{book.said('fund_balance')}"), years, chosen, "亿元")


def care(book: Book, named: Named) -> Iterator[Block]:
    """Person-times, hospitalisation, cost and payment ratio by level."""
    if len(book.years) > 1:
        for scheme, said in (("employee", "职工"), ("resident", "居民")):
            series = [
                Series(name, _last(book.series(f"{start}_{scheme}", WAN)))
                for start, name in (
                    ("visits_outpatient", "普通门急诊"),
                    ("visits_chronic", "慢特病"),
                    ("stays", "住院"),
                )
            ]
            title = f"{said}医保享受待遇人次{_trend(book, f'visits_{scheme}')}"
            yield Chart("stacked", named(title), _years(book), series, "万人次")
        rates = {"stay_rate_employee": "职工", "stay_rate_resident": "居民", "stay_rate_active": "在职职工"}
        rates["stay_rate_retired"] = "退休人员"
        lines = [
            Series(said, _last([None if v is None else v * 100 for v in book.series(name, 1, 3)]))
            for name, said in rates.items()
        ]
        title = f"退休人员住院率{book.said('stay_rate_retired')}，在职职工{book.said('stay_rate_active')}"
        yield Chart("line", named(title), _years(book), lines, "%", places=1)
    costs = [
        Series(said, [_of(book, f"stay_cost_{scheme}_{level}") for level in LEVELS])
        for scheme, said in (("employee", "职工"), ("resident", "居民"))
    ]
    top, low = book.value("stay_cost_employee_tertiary").value, book.value("stay_cost_employee_primary").value
    title = (
        f"职工在三级医疗机构次均住院费用是一级及以下的{half_up(top / low, 1)}倍" if top and low else "分级次均住院费用"
    )
    yield Chart("bar", named(title), list(LEVELS.values()), costs, "元", places=0)
    ratios = [
        Series(said, [_of(book, f"in_scope_ratio_{scheme}_{level}", 100) for level in LEVELS])
        for scheme, said in (("employee", "职工"), ("resident", "居民"))
    ]
    first, last = (
        book.value("in_scope_ratio_resident_tertiary").value,
        book.value("in_scope_ratio_resident_primary").value,
    )
    gap = (
        f"居民在一级及以下医疗机构的支付比例比三级高{half_up((last - first) * 100, 1)}个百分点"
        if first and last
        else "分级支付比例"
    )
    yield Chart("bar", named(gap), list(LEVELS.values()), ratios, "%", "政策范围内住院费用基金支付比例。", places=1)


def _of(book: Book, name: str, factor: int = 1) -> Decimal | None:
    value = book.value(name).value
    return None if value is None else half_up(value * factor, 1)
