"""What a report is made of: blocks in the order they are read, the same for every kind of file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

Value = int | float | Decimal | Fraction | None
"""A value of a chart; None where there is none."""
Linked = tuple[str, str]
"""Text and the address it leads to; only a page (html) shows the address."""
Cell = str | int | float | Decimal | Fraction | Linked | None
"""A cell: text, a `words.Figure`, a number, text with an address, or nothing (shown as —)."""

CHART_KINDS = ("bar", "stacked", "line", "band", "share", "waterfall")


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 3."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """Running text; `bold` for the sentence a reader must not miss."""

    text: str | Linked
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """A table. align: a letter per column, l, r or c; without it numbers stand right. strong: rows set in bold."""

    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    align: str | None = None
    note: str = ""
    strong: Sequence[int] = ()

    def __post_init__(self) -> None:
        width = len(self.headers)
        assert all(len(row) == width for row in self.rows), f"every row of {self.caption!r} has {width} cells"
        assert self.align is None or len(self.align) == width, "a letter per column"


@dataclass(frozen=True)
class Series:
    """One series of a chart; low and high are the edges of a band."""

    name: str
    values: Sequence[Value]
    low: Sequence[Value] | None = None
    high: Sequence[Value] | None = None


@dataclass(frozen=True)
class Chart:
    """A chart. The title says the finding; unit and note stand beneath it.

    kind: bar (grouped), stacked, line, band (lines with low and high), share (one bar of a whole per category),
    waterfall (one series: the first and the last value are levels, those between are changes; the last may be None and
    is then the sum). places: decimals of value labels; without it those of the values. marks: horizontal lines with
    a name (六个月警戒线).
    """

    kind: str
    title: str
    categories: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    note: str = ""
    places: int | None = None
    marks: Sequence[tuple[str, Value]] = ()

    def __post_init__(self) -> None:
        assert self.kind in CHART_KINDS, self.kind
        assert self.series, "a chart has a series"
        size = len(self.categories)
        for one in self.series:
            assert len(one.values) == size, f"{one.name}: a value per category"
            assert (one.low is None) == (one.high is None), f"{one.name}: low and high together"
            assert one.low is None or len(one.low) == len(one.high or ()) == size, f"{one.name}: edges per category"


@dataclass(frozen=True)
class Note:
    """A footnote (注), in small type."""

    text: str


@dataclass(frozen=True)
class PageBreak:
    """A new page on paper."""


@dataclass(frozen=True)
class Signature:
    """Lines at the right for who signs and when (落款)."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Formal:
    """A page with a red head (红头) that a director can sign under; it has no document number and says so."""

    title: str
    addressee: str = ""
    paragraphs: Sequence[str] = ()
    signature: str | Sequence[str] = ()
    date: str = ""
    head: str = "医疗保障工作材料"
    mark: str = "测算材料　未编文号　经签发人审定后方可引用"


Block = Heading | Paragraph | Table | Chart | Note | PageBreak | Signature | Formal


@dataclass(frozen=True)
class Report:
    """A report: title, subtitle, blocks in the order they are read."""

    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    subtitle: str = ""
    lang: str = "zh"
