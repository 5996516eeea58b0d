"""What every chart shares: the canvas, its axes and names, marks, colours, and how text is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openyibao.documents.cells import width_of
from openyibao.documents.contracts import Chart, Value
from openyibao.documents.words import exact, half_up

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f7f7f", "#b8a600")
INK, FAINT, GRID, LEVEL = "#1f2328", "#57606a", "#d9dde1", "#5b6770"
RISE, FALL = "#0072b2", "#d55e00"
SIZE = 9.0
"""Points of a label; half a Chinese character is half of it."""
WIDE, NARROW = 7.0, 3.7
"""Inches: a page at a desk or on paper, and a telephone."""


@dataclass(frozen=True)
class Canvas:
    """Where a chart is drawn: axes, their width in inches, places of labels."""

    chart: Chart
    axes: Any
    width: float
    height: float
    places: int

    def text(self, value: Value) -> str:
        return "" if value is None else f"{half_up(exact(value), self.places):,f}"


def category_axis(canvas: Canvas, lying: bool) -> None:
    chart, axes = canvas.chart, canvas.axes
    size = len(chart.categories)
    if lying:
        axes.set_yticks(range(size), [wrapped(name, 20 if canvas.width >= WIDE else 14) for name in chart.categories])
        axes.tick_params(axis="y", colors=INK)
        axes.set_ylim(size - 0.5, -0.5)
        return
    slot = (canvas.width - 0.6) / max(1, size) * 72 / (SIZE / 2)
    longest = max((width_of(name) for name in chart.categories), default=1)
    if chart.kind in ("line", "band"):
        step = max(1, -(-(longest + 2) // max(1, int(slot))))
        shown = [at for at in range(size) if (size - 1 - at) % step == 0]
        axes.set_xticks(shown, [chart.categories[at] for at in shown])
        return
    axes.set_xticks(range(size), [wrapped(name, max(4, int(slot) - 1)) for name in chart.categories])


def value_axis(canvas: Canvas, lying: bool, span: tuple[float, float]) -> None:
    """Values stand at the bars, so the axis itself is not drawn; room is left for the labels."""
    axes, (low, high) = canvas.axes, span
    if low == high:
        low, high = 0.0, 1.0
    size = high - low
    longest = max((len(canvas.text(value)) for one in canvas.chart.series for value in one.values), default=1)
    room = size * ((longest + 2) * SIZE / 2 / 72 / (canvas.width - 1.6) if lying else 0.1)
    share = canvas.chart.kind == "share"
    edges = (low - (room if low < 0 else 0), high + (0 if share else room if high > 0 else 0))
    (axes.set_xlim if lying else axes.set_ylim)(*edges)
    (axes.xaxis if lying else axes.yaxis).set_visible(False)
    axes.spines["bottom" if lying else "left"].set_visible(False)
    if low < 0:
        (axes.axvline if lying else axes.axhline)(0, color=FAINT, linewidth=0.8)
        axes.spines["left" if lying else "bottom"].set_visible(False)


def draw_legend(canvas: Canvas) -> None:
    from matplotlib.patches import Patch

    names = series_names(canvas.chart)
    patches = [Patch(color=COLOURS[at % len(COLOURS)], label=name) for at, name in enumerate(names)]
    widest = (max(width_of(name) for name in names) + 5) * SIZE / 2 / 72
    columns = max(1, min(len(names), int((canvas.width - 0.3) / widest)))
    canvas.axes.figure.legend(
        handles=patches, loc="outside upper left", ncols=columns, frameon=False, handlelength=1.0, handleheight=0.9,
        columnspacing=1.2, borderaxespad=0.1, handletextpad=0.5,
    )  # fmt: skip


def series_names(chart: Chart) -> list[str]:
    """Names of the series; with one bar of a whole each says its share, for a part too thin to hold a label."""
    names = [one.name for one in chart.series]
    if chart.kind != "share" or len(chart.categories) != 1:
        return names
    parts = [exact(one.values[0] or 0) for one in chart.series]
    total = sum(parts, exact(0))
    return [
        f"{name} {half_up(part / total * 100, 1)}%" if total else name for name, part in zip(names, parts, strict=True)
    ]


def draw_marks(canvas: Canvas, lying: bool) -> None:
    for name, value in canvas.chart.marks:
        if value is None:
            continue
        at = float(value)
        (canvas.axes.axvline if lying else canvas.axes.axhline)(at, color=FALL, linewidth=1, linestyle="--", zorder=1.5)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}
        spot = (at, 0) if lying else (0, at)
        canvas.axes.annotate(
            name, spot, xycoords=("data", "axes fraction") if lying else ("axes fraction", "data"), xytext=(3, 3),
            textcoords="offset points", color=darker(FALL), va="bottom", bbox=box,
        )  # fmt: skip


def value_span(columns: Sequence[Sequence[float | None]], whole: bool) -> tuple[float, float]:
    if not whole:
        flat = [value for column in columns for value in column if value is not None]
        return min([0.0, *flat]), max([0.0, *flat])
    ups = [sum(v for v in spot if v is not None and v > 0) for spot in zip(*columns, strict=True)]
    downs = [sum(v for v in spot if v is not None and v < 0) for spot in zip(*columns, strict=True)]
    return min([0.0, *downs]), max([0.0, *ups])


def mark_values(chart: Chart) -> list[float | None]:
    """Where the lines with names stand: they belong to what the axis must show."""
    return [None if value is None else float(value) for _, value in chart.marks]


def series_numbers(chart: Chart) -> list[list[float | None]]:
    return [[None if value is None else float(value) for value in one.values] for one in chart.series]


def float_values(values: Sequence[Value]) -> list[float]:
    return [float("nan") if value is None else float(value) for value in values]


def tick_text(value: float, _: int | None = None) -> str:
    """A tick as plain digits, without needless zeros."""
    text = f"{value:,.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def wrapped(text: str, most: int) -> str:
    """Break text into lines of at most so many halves of a character."""
    lines, line = [], ""
    for sign in text:
        if line and width_of(line + sign) > most:
            lines.append(line)
            line = ""
        line += sign
    return "\n".join([*lines, line])


def rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))  # type: ignore[return-value]


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour."""
    red, green, blue = rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK


def darker(colour: str) -> str:
    """A colour of text on white paper: the same hue, darker."""
    return "#" + "".join(f"{int(part * 255 * 0.68):02x}" for part in rgb(colour))
