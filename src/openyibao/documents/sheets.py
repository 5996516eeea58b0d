"""A report as an Excel file: what is said on the first sheet, a sheet per table and per chart, numbers as numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from openyibao.documents import chart_axes, charts
from openyibao.documents.cells import address_of, alignment, number_of, text_of, width_of
from openyibao.documents.contracts import (
    Chart,
    Formal,
    Heading,
    Note,
    Paragraph,
    Report,
    Series,
    Signature,
    Table,
    Value,
)
from openyibao.documents.words import exact, half_up

_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_NAME_LENGTH = 31
_FONT = "微软雅黑"
_WIDEST = 60


class _Book:
    """The workbook being written: its formats, and the names of sheets already taken."""

    def __init__(self, buffer: io.BytesIO) -> None:
        import xlsxwriter

        self.book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
        self.taken: set[str] = set()
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def format(self, **shape: Any) -> Any:
        shape = {"font_name": _FONT, "font_size": 10, "valign": "vcenter", **shape}
        key = tuple(sorted(shape.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(shape)
        return self._formats[key]

    def sheet(self, wanted: str) -> Any:
        base = _NOT_IN_NAMES.sub(" ", wanted).strip()[:_NAME_LENGTH] or "表"
        name, at = base, 2
        while name.lower() in self.taken:
            tail = f" {at}"
            name, at = base[: _NAME_LENGTH - len(tail)] + tail, at + 1
        self.taken.add(name.lower())
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        return sheet


def render(report: Report) -> bytes:
    """The file's bytes."""
    buffer = io.BytesIO()
    book = _Book(buffer)
    book.book.set_properties({"title": report.title, "author": "openyibao", "created": datetime(2000, 1, 1)})  # noqa: DTZ001
    text = book.sheet("说明")
    places: list[tuple[int, str, str]] = []
    row = _text(book, text, report, places)
    for block in report.blocks:
        if isinstance(block, Table):
            _table(book, block, len(places))
        elif isinstance(block, Chart):
            _chart(book, block)
    text.set_landscape() if row > 200 else text.set_portrait()
    book.book.close()
    return buffer.getvalue()


def _text(book: _Book, sheet: Any, report: Report, places: list[tuple[int, str, str]]) -> int:
    """Title, headings, sentences and notes, one below the other; what has a sheet of its own is named."""
    sheet.set_column(0, 0, 100)
    sheet.write_string(0, 0, report.title, book.format(bold=True, font_size=16, text_wrap=True))
    row = 1
    if report.subtitle:
        sheet.write_string(row, 0, report.subtitle, book.format(font_color="#57606A", text_wrap=True))
        row += 1
    for block in report.blocks:
        for text, shape in _lines(block):
            sheet.write_string(row, 0, text, book.format(text_wrap=True, **shape))
            lines = max(1, -(-width_of(text) // 95))
            sheet.set_row(row, (22 if shape.get("font_size", 10) > 11 else 16) * lines + 2)
            row += 1
    return row


def _lines(block: object) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(block, Heading):
        return [(block.text, {"bold": True, "font_size": {1: 14, 2: 12}.get(block.level, 11)})]
    if isinstance(block, Paragraph):
        return [(text_of(block.text), {"bold": block.bold})]
    if isinstance(block, Note):
        return [(block.text, {"font_color": "#57606A", "font_size": 9})]
    if isinstance(block, Signature):
        lines = [block.lines] if isinstance(block.lines, str) else block.lines
        return [(line, {"align": "right"}) for line in lines]
    if isinstance(block, Table):
        return [(f"（表）{block.caption}", {"font_color": "#0B5CAD"})] if block.caption else []
    if isinstance(block, Chart):
        return [(f"（图）{block.title}", {"font_color": "#0B5CAD"})]
    if isinstance(block, Formal):
        signed = [block.signature] if isinstance(block.signature, str) else list(block.signature)
        return [
            (block.head, {"bold": True, "font_size": 14, "font_color": "#C1121F", "align": "center"}),
            (block.mark, {"font_color": "#57606A", "font_size": 9, "align": "center"}),
            (block.title, {"bold": True, "font_size": 12, "align": "center"}),
            *([(f"{block.addressee}：", {})] if block.addressee else []),
            *((text, {}) for text in block.paragraphs),
            *((text, {"align": "right"}) for text in (*signed, block.date) if text),
        ]
    return []


# Tables ---------------------------------------------------------------------------------------------------------


def _table(book: _Book, table: Table, at: int) -> None:
    sheet = book.sheet(table.caption or f"表{at + 1}")
    row = 0
    if table.caption:
        sheet.write_string(row, 0, table.caption, book.format(bold=True, font_size=12))
        row = 1
    head = book.format(bold=True, bg_color="#EEF1F4", border=1, text_wrap=True, align="center")
    for column, text in enumerate(table.headers):
        sheet.write_string(row, column, text, head)
    sheet.freeze_panes(row + 1, 1)
    sheet.repeat_rows(row)
    letters = alignment(table)
    for number, cells in enumerate(table.rows):
        for column, (cell, letter) in enumerate(zip(cells, letters, strict=True)):
            shape: dict[str, Any] = {
                "border": 1,
                "align": {"l": "left", "c": "center", "r": "right"}[letter],
                "bold": number in table.strong,
            }
            found = number_of(cell)
            spot = (row + 1 + number, column)
            if found is not None:
                value, places, unit = found
                shown = "#,##0" + ("." + "0" * places if places else "") + (f'"{unit}"' if unit else "")
                sheet.write_number(*spot, float(value), book.format(num_format=shown, **shape))
            elif address_of(cell).startswith("http"):
                sheet.write_url(*spot, address_of(cell), book.format(font_color="#0B5CAD", **shape), text_of(cell))
            else:
                sheet.write_string(*spot, text_of(cell), book.format(text_wrap=True, **shape))
    for column, head_text in enumerate(table.headers):
        widest = max([width_of(head_text), *(width_of(text_of(cells[column])) for cells in table.rows)])
        sheet.set_column(column, column, min(_WIDEST, widest + 3))
    if len(table.headers) > 7:
        sheet.set_landscape()
    if table.note:
        sheet.write_string(row + 2 + len(table.rows), 0, table.note, book.format(font_color="#57606A", font_size=9))


# Charts ---------------------------------------------------------------------------------------------------------


def _chart(book: _Book, chart: Chart) -> None:
    """The chart's numbers as a table, and beside it the chart as Excel draws it."""
    sheet = book.sheet(chart.title)
    name = sheet.get_name()
    sheet.write_string(0, 0, chart.title, book.format(bold=True, font_size=12))
    if chart.unit:
        sheet.write_string(1, 0, f"单位：{chart.unit}", book.format(font_color="#57606A", font_size=9))
    columns = _columns(chart)
    head = book.format(bold=True, bg_color="#EEF1F4", border=1, text_wrap=True, align="center")
    for column, text in enumerate(["", *(one.name for one in columns)]):
        sheet.write_string(2, column, text, head)
    places = charts.places_of(chart)
    shown = book.format(border=1, num_format="#,##0" + ("." + "0" * places if places else ""))
    for row, category in enumerate(chart.categories, 3):
        sheet.write_string(row, 0, category, book.format(border=1))
        for column, one in enumerate(columns, 1):
            value = one.values[row - 3]
            if value is None:
                sheet.write_blank(row, column, None, book.format(border=1))
            else:
                sheet.write_number(row, column, float(half_up(exact(value), max(places, 4))), shown)
    sheet.set_column(0, 0, min(30, max(width_of(text) for text in [*chart.categories, chart.unit]) + 4))
    sheet.set_column(1, len(columns), 14)
    last = 2 + len(chart.categories)
    drawn = _native(book, chart, columns, name, last)
    sheet.insert_chart(2, len(columns) + 2, drawn)
    if chart.note:
        sheet.write_string(last + 2, 0, chart.note, book.format(font_color="#57606A", font_size=9))


def _native(book: _Book, chart: Chart, columns: Sequence[Series], name: str, last: int) -> Any:
    lying = chart.kind == "share" or (chart.kind in ("bar", "stacked") and len(chart.categories) > 9)
    kind: dict[str, Any] = {
        "bar": {"type": "bar" if lying else "column"},
        "stacked": {"type": "bar" if lying else "column", "subtype": "stacked"},
        "waterfall": {"type": "column", "subtype": "stacked"},
        "share": {"type": "bar", "subtype": "percent_stacked"},
    }.get(chart.kind, {"type": "line"})
    drawn = book.book.add_chart(kind)
    for column, one in enumerate(columns, 1):
        look = _look(chart, column, one)
        drawn.add_series(
            {
                "name": [name, 2, column],
                "categories": [name, 3, 0, last, 0],
                "values": [name, 3, column, last, column],
                **look,
            }
        )
    font = {"name": _FONT, "size": 9}
    drawn.set_title({"name": chart.title, "name_font": {"name": _FONT, "size": 11}, "overlay": False})
    drawn.set_x_axis({"num_font": font, "reverse": False})
    drawn.set_y_axis({"num_font": font, "name": chart.unit, "name_font": font, "major_gridlines": {"visible": True}})
    if lying:
        drawn.set_y_axis({"num_font": font, "reverse": True})
        drawn.set_x_axis({"num_font": font, "name": chart.unit, "name_font": font})
    unseen = [0] if chart.kind == "waterfall" else []
    drawn.set_legend({"position": "bottom", "font": font, "delete_series": unseen})
    if len(chart.series) == 1 and chart.kind in ("bar", "line"):
        drawn.set_legend({"none": True})
    drawn.set_size({"width": 760, "height": max(380, 26 * len(chart.categories) * (1 if lying else 0) + 120)})
    return drawn


def _look(chart: Chart, column: int, one: Series) -> dict[str, Any]:
    colour = chart_axes.COLOURS[(column - 1) % len(chart_axes.COLOURS)].upper()
    if chart.kind == "waterfall":
        hidden = {"fill": {"none": True}, "border": {"none": True}}
        colours = (chart_axes.LEVEL, chart_axes.RISE, chart_axes.FALL)
        return hidden if column == 1 else {"fill": {"color": colours[column - 2].upper()}, "gap": 40}
    if chart.kind in ("line", "band"):
        edge = one.name.endswith(("（低）", "（高）"))
        base = next((at for at, main in enumerate(chart.series) if one.name.startswith(main.name)), column - 1)
        main_colour = chart_axes.COLOURS[base % len(chart_axes.COLOURS)].upper()
        line = {"color": main_colour, "width": 0.75 if edge else 2.25, "dash_type": "dash" if edge else "solid"}
        return {"line": line, "marker": {"type": "none" if edge or len(one.values) > 12 else "circle", "size": 4}}
    labels = {"value": True, "font": {"name": _FONT, "size": 8}}
    return {"fill": {"color": colour}, "data_labels": labels, "gap": 60}


def _columns(chart: Chart) -> list[Series]:
    """What stands in the sheet: the series; edges of a band beside them; a waterfall as base, level, rise, fall."""
    if chart.kind == "waterfall":
        return _waterfall(chart)
    found = []
    for one in chart.series:
        found.append(Series(one.name, one.values))
        if one.low is not None and one.high is not None:
            found += [Series(f"{one.name}（低）", one.low), Series(f"{one.name}（高）", one.high)]
    for mark, value in chart.marks:
        found.append(Series(mark, [value] * len(chart.categories)))
    return found


def _waterfall(chart: Chart) -> list[Series]:
    base: list[Value] = []
    level: list[Value] = []
    rise: list[Value] = []
    fall: list[Value] = []
    at = exact(0)
    count = len(chart.categories)
    for spot, value in enumerate(chart.series[0].values):
        ends = spot in (0, count - 1)
        if value is None and spot == count - 1:
            value = at
        change = exact(value if value is not None else 0)
        if ends:
            at = change
            base, level, rise, fall = [*base, 0], [*level, change], [*rise, None], [*fall, None]
            continue
        base.append(min(at, at + change))
        at += change
        level.append(None)
        rise.append(change if change >= 0 else None)
        fall.append(-change if change < 0 else None)
    return [Series("起点", base), Series("水平", level), Series("增加", rise), Series("减少", fall)]
