"""How a cell reads, and where it stands: shared by page, Word and Excel."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction

from openyibao.documents.contracts import Cell, Table
from openyibao.documents.words import Figure, exact, half_up

_ADDRESS = re.compile(r"(https?://|#|\.{0,2}/)[^\s\"'<>]*|[\w.-]+(/[\w./-]*)?(#[\w-]*)?")
ABSENT = "—"
FLOAT_PLACES = 2


def text_of(cell: Cell) -> str:
    """A cell as text: integers with thousands set apart, decimals as they stand, fractions and floats to two places."""
    if cell is None:
        return ABSENT
    if isinstance(cell, tuple):
        return cell[0]
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, Decimal):
        return ABSENT if cell.is_nan() else f"{cell:,f}"
    return f"{half_up(cell, FLOAT_PLACES):,f}"


def address_of(cell: Cell) -> str:
    """Where a cell leads, or nothing. An address that would run as a program is nothing, too."""
    if isinstance(cell, tuple) and _ADDRESS.fullmatch(cell[1]):
        return cell[1]
    return ""


def number_of(cell: Cell) -> tuple[Decimal, int, str] | None:
    """(number, decimals, unit) of a cell that is one."""
    if isinstance(cell, Figure):
        return None if cell.value.is_nan() else (cell.value, cell.places, cell.unit)
    if isinstance(cell, bool) or cell is None or isinstance(cell, str | tuple):
        return None
    if isinstance(cell, int):
        return Decimal(cell), 0, ""
    if isinstance(cell, Decimal):
        if cell.is_nan():
            return None
        exponent = cell.as_tuple().exponent
        return cell, max(0, -exponent) if isinstance(exponent, int) else 0, ""
    rounded = half_up(exact(cell) if not isinstance(cell, Fraction) else cell, FLOAT_PLACES)
    return rounded, FLOAT_PLACES, ""


def alignment(table: Table) -> str:
    """A letter per column: as given, or right where every cell that says something is a number."""
    if table.align is not None:
        return table.align
    letters = ""
    for at in range(len(table.headers)):
        cells = [row[at] for row in table.rows if row[at] is not None and text_of(row[at]) not in ("", ABSENT)]
        letters += "r" if cells and all(number_of(cell) is not None for cell in cells) else "l"
    return letters


def width_of(text: str) -> int:
    """Room a text takes, in halves of a Chinese character."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)
