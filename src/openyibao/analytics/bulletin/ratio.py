"""Why the payment ratio is what it is (支付比例差额的分解): levels and their mix; what is taken off and paid; patients.

The engine's ratio E of a level is made of d, the share of scope that the deductible and the first self-pay elsewhere
take, of r, what is paid of the rest, and of x, what serious-illness insurance and the like add: E = r(1 - d) + x. The
printed ratio P with the same d and x would take r* = (P - x) / (1 - d), so that P - E = (r* - r)(1 - d), with nothing
left over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from openyibao.analytics.bulletin.book import Book
from openyibao.analytics.bulletin.chapters import SCHEMES, Tables
from openyibao.analytics.bulletin.contracts import Printed
from openyibao.documents.facade import Block, Cell, Paragraph, Table, absent, number, percent

TAKEN = ("deductible", "first_self_pay", "serious")
LEVELS = {"tertiary": "三级", "secondary": "二级", "primary": "一级及以下"}
PATIENTS = {"employee": {"active": "在职", "retired": "退休"}, "resident": {"adult": "成年人", "young": "学生儿童"}}


def explained(book: Book, printed: Mapping[str, Printed], numbers: Tables) -> Iterator[Block]:
    """The tables that part the difference of the payment ratio, where levels are printed."""
    yield from _mix(book, printed, numbers)
    yield from _build(book, printed, numbers)
    yield from _patients(book, printed, numbers)


def _mix(book: Book, printed: Mapping[str, Printed], numbers: Tables) -> Iterator[Block]:
    """How far the difference of the payment ratio comes from the ratios of the levels, and how far from their mix.

    With shares s of in-scope cost, our ratios r, printed ratios p and the printed whole P: r - P = sum s(r - p), the
    ratios' part, and sum sp - P, the mix's part with the rounding of what is printed.
    """
    rows: list[list[Cell]] = []
    for scheme, name in SCHEMES.items():
        start = f"in_scope_ratio_{scheme}"
        parts = [f"{start}_{level}" for level in ("tertiary", "secondary", "primary")]
        ours = book.value(start).value
        if ours is None or not all(one in printed and book.value(one).value is not None for one in (start, *parts)):
            continue
        whole = book.value(start).denominator or 1
        mixed = sum(
            (Fraction(book.value(one).denominator or 0, whole) * printed[one].value for one in parts), Fraction(0)
        )
        shares = "、".join(percent(book.value(one).denominator or 0, whole) for one in parts)
        by_ratio, by_mix = ours - mixed, mixed - printed[start].value
        cells = (ours - printed[start].value, by_ratio, by_mix)
        rows.append([name, *(number(cell * 100, 1) for cell in cells), shares])
    if rows:
        headers = [
            "险种",
            "支付比例之差（百分点）",
            "各级支付比例不同",
            "级别构成不同",
            "三级、二级、一级及以下费用占比",
        ]
        note = "后两列相加为第二列；级别构成一列含印载数的舍入。"
        yield Table(headers, rows, numbers.table("政策范围内支付比例差额的分解"), "lrrrl", note)


def needed(book: Book, scheme: str, level: str, wanted: Fraction) -> tuple[Fraction, Fraction] | None:
    """(r, r*): what is paid of what is left of the scope, and what would have to be for the ratio wanted."""
    tail = f"{scheme}_{level}"
    names = ("in_scope_ratio", "deductible_share", "first_self_pay_share", "serious_share")
    whole, deductible, first, extra = (book.value(f"{name}_{tail}").value for name in names)
    if whole is None or deductible is None or first is None or extra is None or deductible + first == 1:
        return None
    left = 1 - deductible - first
    return (whole - extra) / left, (wanted - extra) / left


def _build(book: Book, printed: Mapping[str, Printed], numbers: Tables) -> Iterator[Block]:
    """Deductible, first self-pay, serious illness by scheme and level, and the rate that would meet the printed one."""
    rows: list[list[Cell]] = []
    for scheme, name in SCHEMES.items():
        for level, said in LEVELS.items():
            tail = f"{scheme}_{level}"
            found = printed.get(f"in_scope_ratio_{tail}")
            rates = None if found is None else needed(book, scheme, level, found.value)
            if found is None or rates is None:
                continue
            ours = book.value(f"in_scope_ratio_{tail}").value or Fraction(0)
            home = book.value(f"in_scope_ratio_home_{tail}").value
            rows.append(
                [
                    f"{name}{said}",
                    number(found.value * 100, found.places),
                    number(ours * 100, 1),
                    _points(home),
                    *(_points(book.value(f"{name}_share_{tail}").value) for name in TAKEN),
                    *(number(rate * 100, 1) for rate in rates),
                    number((rates[1] - rates[0]) * 100, 1),
                ]
            )
    if not rows:
        return
    yield Paragraph(
        "支付比例这样得来：政策范围内费用先扣起付线和异地先行自付，其余按比例支付，大病保险等再付一些。"
        "下表列出各部分，并算出：别的都不变时，其余费用平均须付多少，才得印载的比例。"
    )
    headers = ["险种与级别", "印载", "本公报", "只计本地", "起付线占", "先行自付占", "大病等付"]
    headers += ["其余实付", "其余须付", "相差"]
    note = (
        "单位均为%，“相差”为百分点。“只计本地”为本地住院的支付比例；占、付均以政策范围内住院费用为分母；"
        "“其余实付”为基本医保支付与扣除起付线、异地先行自付的费用之比，含分段、封顶；"
        "“其余须付”为印载比例所须的这一比率。"
    )
    yield Table(headers, rows, numbers.table("支付比例如何得来，印载值须怎样"), "lrrrrrrrrr", note)


def _points(value: Fraction | None) -> Cell:
    return absent() if value is None else number(value * 100, 1)


def _patients(book: Book, printed: Mapping[str, Printed], numbers: Tables) -> Iterator[Block]:
    """What a level would pay if only one kind of person came to it: the bounds of what its patients can explain."""
    rows: list[list[Cell]] = []
    for scheme, name in SCHEMES.items():
        for level, said in LEVELS.items():
            found = printed.get(f"in_scope_ratio_{scheme}_{level}")
            kinds = [book.value(f"in_scope_ratio_{kind}_{level}").value for kind in PATIENTS[scheme]]
            known = [one for one in kinds if one is not None]
            if found is None or len(known) < 2:
                continue
            half = found.factor / 10**found.places / 2
            inside = min(known) - half <= found.value <= max(known) + half
            who = "、".join(
                f"只有{label} {percent(one)}" for label, one in zip(PATIENTS[scheme].values(), known, strict=True)
            )
            rows.append([f"{name}{said}", percent(found.value), who, "在其间" if inside else "在其外"])
    if rows:
        headers = ["险种与级别", "印载", "就医的人若全是一类人", "印载值"]
        note = "在其外的，各级医疗机构由什么人就医都解释不了，差额在于待遇参数或政策范围内费用的大小。"
        yield Table(headers, rows, numbers.table("就医人群能解释多少"), "lrlc", note)
