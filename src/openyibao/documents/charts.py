"""Charts (图) drawn by matplotlib: the same picture as SVG with real text on a page, and as PNG in a Word file.

Series are named beside their marks or in a line above them, values stand at the marks, so that nobody has to read a
colour alone; the colours are Okabe and Ito's, which colour-blind readers tell apart and a grey print keeps in steps.
Text is measured with the shipped font, so that a machine without Chinese fonts lays it out the same.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from openyibao.documents.cells import width_of
from openyibao.documents.chart_axes import (
    COLOURS,
    FAINT,
    FALL,
    GRID,
    INK,
    LEVEL,
    RISE,
    SIZE,
    WIDE,
    Canvas,
    category_axis,
    darker,
    draw_legend,
    draw_marks,
    float_values,
    ink_on,
    mark_values,
    series_numbers,
    tick_text,
    value_axis,
    value_span,
    wrapped,
)
from openyibao.documents.contracts import Chart, Value
from openyibao.documents.words import exact, half_up

FAMILY = "Openyibao Sans SC"
STACK = "'Openyibao Sans SC','PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Source Han Sans SC',sans-serif"
PNG_DPI = 200
_MOST_UPRIGHT = 9
_lock = threading.Lock()
_SETTINGS: Any = {
    "text.parse_math": False,
    "svg.fonttype": "none",
    "font.family": [FAMILY],
    "font.size": SIZE,
    "axes.unicode_minus": False,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": FAINT,
    "text.color": INK,
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.w_pad": 0.05,
}


def svg(chart: Chart, width: float = WIDE, salt: str = "") -> str:
    """The chart as an SVG element with real text, to stand in a page; it takes the width of its box."""
    buffer = io.BytesIO()
    with _lock:
        _draw(chart, width, lambda figure: figure.savefig(buffer, format="svg", metadata={"Date": None}), salt)
    text = buffer.getvalue().decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<style type=\"text/css\">.*?</style>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?)\s+(?:width|height)="[^"]*"', r"\1", text)
    text = re.sub(r'(<svg [^>]*?)\s+(?:width|height)="[^"]*"', r"\1", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = text.replace("<svg ", '<svg role="img" style="stroke-linejoin:round;stroke-linecap:butt" ', 1)
    return text.replace(f"'{FAMILY}'", STACK).strip()


def png(chart: Chart, width: float = WIDE) -> bytes:
    """The chart as PNG with 200 points per inch."""
    buffer = io.BytesIO()
    with _lock:
        _draw(chart, width, lambda figure: figure.savefig(buffer, format="png", dpi=PNG_DPI))
    return buffer.getvalue()


@cache
def _load_fonts() -> None:
    from matplotlib.font_manager import fontManager

    for path in sorted((Path(__file__).parent / "data" / "fonts").glob("*.otf")):
        fontManager.addfont(path)


def _draw(chart: Chart, width: float, save: Callable[[Any], None], salt: str = "") -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    _load_fonts()
    with mpl.rc_context({**_SETTINGS, "svg.hashsalt": f"{salt}{chart.title}{width}"}):
        height, lying = _shape(chart, width)
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        canvas = Canvas(chart, axes, width, height, places_of(chart))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.set_axisbelow(True)
        axes.tick_params(length=0, labelsize=SIZE)
        drawn = {
            "bar": _bars,
            "stacked": _bars,
            "share": _bars,
            "waterfall": _waterfall,
            "line": _lines,
            "band": _lines,
        }[chart.kind]
        drawn(canvas, lying)
        save(figure)


def places_of(chart: Chart) -> int:
    """Decimals of the labels: as given, else the most that a value of its own brings, at most two."""
    if chart.places is not None:
        return chart.places
    most = 0
    for series in chart.series:
        for value in series.values:
            if isinstance(value, float) or (value is not None and exact(value).denominator != 1):
                found = -int(half_up(exact(value), 2).normalize().as_tuple().exponent)
                most = max(most, min(2, found))
    return most


def _shape(chart: Chart, width: float) -> tuple[float, bool]:
    """(height in inches, whether bars lie): bars lie where upright ones have no room for their names or values."""
    size, count = len(chart.categories), len(chart.series)
    if chart.kind in ("line", "band"):
        return (3.1 if width >= WIDE else 2.9), False
    half = SIZE / 2 / 72
    slot = (width - 0.4) / max(1, size)
    names = max((min(width_of(name), 16) for name in chart.categories), default=1) * half
    longest = max(
        (len(f"{half_up(exact(value), places_of(chart)):,f}") for one in chart.series for value in one.values if value),
        default=1,
    )
    values = (longest + 1) * half * (count if chart.kind == "bar" else 1 / 0.62 if chart.kind == "stacked" else 1)
    lying = chart.kind == "share" or size > _MOST_UPRIGHT or slot < names + half or slot < values
    if not lying:
        return (3.1 if width >= WIDE else 2.9), False
    rows = size * (count if chart.kind == "bar" else 1)
    each = 0.23 if chart.kind == "bar" and count > 1 else 0.34
    return 0.75 + rows * each + size * (0.12 if chart.kind == "bar" and count > 1 else 0), True


# Bars -----------------------------------------------------------------------------------------------------------


def _bars(canvas: Canvas, lying: bool) -> None:
    chart, axes = canvas.chart, canvas.axes
    columns = series_numbers(chart)
    whole = chart.kind in ("stacked", "share")
    if chart.kind == "share":
        totals = [sum(abs(column[at] or 0) for column in columns) or 1 for at in range(len(chart.categories))]
        columns = [[None if v is None else v / t * 100 for v, t in zip(c, totals, strict=True)] for c in columns]
    count = len(columns)
    thick = 0.62 if whole or count == 1 else 0.8 / count
    up, down = [0.0] * len(chart.categories), [0.0] * len(chart.categories)
    span = value_span(columns if whole else [*columns, mark_values(chart)], whole)
    for at, column in enumerate(columns):
        shift = 0.0 if whole else (at - (count - 1) / 2) * thick
        for spot, value in enumerate(column):
            if value is None:
                continue
            base = (up if value >= 0 else down)[spot] if whole else 0.0
            _bar(axes, spot + shift, value, base, thick, COLOURS[at % len(COLOURS)], lying)
            _bar_label(canvas, chart.series[at].values[spot], value, base, spot + shift, at, lying, span, whole)
            if whole:
                (up if value >= 0 else down)[spot] += value
    if chart.kind == "stacked" and count > 1:
        _totals(canvas, up, down, lying, span)
    category_axis(canvas, lying)
    value_axis(canvas, lying, span)
    if count > 1:
        draw_legend(canvas)
    draw_marks(canvas, lying)


def _bar(axes: Any, at: float, value: float, base: float, thick: float, colour: str, lying: bool) -> None:
    if lying:
        axes.barh(at, value, thick, left=base, color=colour, edgecolor="white", linewidth=0.6)
    else:
        axes.bar(at, value, thick, bottom=base, color=colour, edgecolor="white", linewidth=0.6)


def _bar_label(
    canvas: Canvas,
    said: Value,
    value: float,
    base: float,
    at: float,
    series: int,
    lying: bool,
    span: tuple[float, float],
    whole: bool,
) -> None:
    """The value at its bar: beyond the end, or within a part of a whole when it has room."""
    text = f"{half_up(exact(value), 1)}%" if canvas.chart.kind == "share" else canvas.text(said)
    long = (canvas.width - 1.4) if lying else (canvas.height - 0.8)
    extent = abs(value) / ((span[1] - span[0]) or 1) * long
    room = (width_of(text) * SIZE / 2 / 72 + 0.06) if lying else SIZE / 72 * 1.3
    if whole:
        if extent < room:
            return
        middle = base + value / 2
        spot = (middle, at) if lying else (at, middle)
        canvas.axes.text(*spot, text, ha="center", va="center", color=ink_on(COLOURS[series % len(COLOURS)]))
        return
    sign = 1 if value >= 0 else -1
    spot, offset = ((value, at), (3 * sign, 0)) if lying else ((at, value), (0, 2 * sign))
    ha = ("left" if sign > 0 else "right") if lying else "center"
    va = "center" if lying else ("bottom" if sign > 0 else "top")
    canvas.axes.annotate(text, spot, xytext=offset, textcoords="offset points", ha=ha, va=va)


def _totals(canvas: Canvas, up: list[float], down: list[float], lying: bool, span: tuple[float, float]) -> None:
    """The sum at the end of a stacked bar, where all its parts point one way."""
    for at in range(len(up)):
        given = [one.values[at] for one in canvas.chart.series if one.values[at] is not None]
        if down[at] or not given:
            continue
        text = canvas.text(sum((exact(value) for value in given if value is not None), exact(0)))
        spot, offset = ((up[at], at), (3, 0)) if lying else ((at, up[at]), (0, 2))
        place = {"ha": "left", "va": "center"} if lying else {"ha": "center", "va": "bottom"}
        canvas.axes.annotate(text, spot, xytext=offset, textcoords="offset points", weight="bold", **place)


def _waterfall(canvas: Canvas, lying: bool) -> None:
    chart, axes = canvas.chart, canvas.axes
    given = list(chart.series[0].values)
    column = [None if value is None else float(value) for value in given]
    if column[-1] is None:
        given[-1] = sum((exact(value) for value in given[:-1] if value is not None), exact(0))
        column[-1] = float(given[-1] or 0)
    level = 0.0
    edges: list[float] = []
    for at, value in enumerate(column):
        if value is None:
            continue
        ends = at in (0, len(column) - 1)
        base = 0.0 if ends else level
        level = value if ends else level + value
        edges += [base, base + value]
        colour = LEVEL if ends else (RISE if value >= 0 else FALL)
        _bar(axes, at, value, base, 0.62, colour, lying)
        sign = "+" if value > 0 and not ends else ""
        top = max(base, base + value)
        spot, offset = ((top, at), (3, 0)) if lying else ((at, top), (0, 2))
        place = {"ha": "left", "va": "center"} if lying else {"ha": "center", "va": "bottom"}
        axes.annotate(sign + canvas.text(given[at]), spot, xytext=offset, textcoords="offset points", **place)
        if at < len(column) - 1:
            (axes.vlines if lying else axes.hlines)(level, at, at + 1, color=FAINT, linewidth=0.7, linestyle=":")
    category_axis(canvas, lying)
    low, high = min(0.0, *edges), max(0.0, *edges)
    inner = [edge for edge in edges if edge]
    if inner and min(inner) > 0.75 * high > 0:
        low = min(inner) - (high - min(inner)) * 0.4
        note = "纵轴不从零起" if not lying else "横轴不从零起"
        axes.annotate(note, (0, 1), xycoords="axes fraction", xytext=(0, 2), textcoords="offset points", color=FAINT)
    value_axis(canvas, lying, (low, high))
    draw_marks(canvas, lying)


# Lines ----------------------------------------------------------------------------------------------------------


def _lines(canvas: Canvas, lying: bool) -> None:
    chart, axes = canvas.chart, canvas.axes
    places = range(len(chart.categories))
    edges: list[float] = []
    for at, series in enumerate(chart.series):
        colour = COLOURS[at % len(COLOURS)]
        values = float_values(series.values)
        axes.plot(places, values, color=colour, linewidth=2, marker="o", markersize=3.5 if len(places) <= 12 else 0)
        edges += [value for value in values if value == value]
        if series.low is not None and series.high is not None:
            lows, highs = float_values(series.low), float_values(series.high)
            axes.fill_between(places, lows, highs, color=colour, alpha=0.16, linewidth=0)
            edges += [value for value in (*lows, *highs) if value == value]
    edges += [float(value) for _, value in chart.marks if value is not None]
    low, high = (min(edges), max(edges)) if edges else (0.0, 1.0)
    pad = (high - low or abs(high) or 1) * 0.14
    axes.set_ylim(low - pad, high + pad)
    axes.set_xlim(-0.4, len(places) - 1 + 0.4)
    one = len(chart.series) == 1
    if one and len(places) <= (8 if canvas.width >= WIDE else 5):
        for at, value in enumerate(chart.series[0].values):
            if value is not None:
                below = _is_low(chart.series[0].values, at)
                axes.annotate(
                    canvas.text(value),
                    (at, float(value)),
                    xytext=(0, -6 if below else 6),
                    textcoords="offset points",
                    ha="center",
                    va="top" if below else "bottom",
                )
    if not one:
        _end_labels(canvas, low - pad, high + pad)
    category_axis(canvas, lying)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.spines["left"].set_visible(False)
    axes.yaxis.set_major_formatter(tick_text)
    draw_marks(canvas, lying)


def _is_low(values: Sequence[Value], at: int) -> bool:
    """Whether a point lies below the line between its neighbours: then its label stands beneath."""
    beside = [float(value) for value in (*values[max(0, at - 1) : at], *values[at + 1 : at + 2]) if value is not None]
    value = values[at]
    return value is not None and bool(beside) and float(value) < sum(beside) / len(beside)


def _end_labels(canvas: Canvas, low: float, high: float) -> None:
    """Name and last value of every line beside its end, moved apart where they would touch."""
    chart = canvas.chart
    ends = []
    for at, series in enumerate(chart.series):
        known = [(spot, value) for spot, value in enumerate(series.values) if value is not None]
        if known:
            ends.append((float(known[-1][1]), known[-1][0], at, f"{series.name} {canvas.text(known[-1][1])}"))
    ends.sort()
    gap = (high - low) * (SIZE * 1.35 / 72) / (canvas.height - 0.6)
    spots = _apart([value for value, *_ in ends], gap, low, high)
    last = len(chart.categories) - 1
    for (_, spot, at, text), y in zip(ends, spots, strict=True):
        x = max(spot, last) + 0.08
        said = wrapped(text, 24 if canvas.width >= WIDE else 14)
        canvas.axes.annotate(
            said, (x, y), xytext=(4, 0), textcoords="offset points", va="center", color=darker(COLOURS[at % 8]),
            annotation_clip=False,
        )  # fmt: skip


def _apart(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Ascending positions as near to the values as a gap between them allows."""
    spots = list(values)
    for _ in range(200):
        moved = False
        for at in range(1, len(spots)):
            short = gap - (spots[at] - spots[at - 1])
            if short > gap * 1e-6:
                spots[at - 1] -= short / 2
                spots[at] += short / 2
                moved = True
        if not moved:
            break
    if spots and spots[0] < low:
        spots = [spot + low - spots[0] for spot in spots]
    if spots and spots[-1] > high:
        spots = [spot - (spots[-1] - high) for spot in spots]
    return spots
