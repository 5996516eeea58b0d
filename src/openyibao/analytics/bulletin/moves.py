"""How indicators moved beside how they are printed to have moved (与印载同比对照): rates with rates, points apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from openyibao.analytics.bulletin.book import PLAIN, Book
from openyibao.analytics.bulletin.chapters import Tables
from openyibao.analytics.bulletin.printed import Move, printed_moves
from openyibao.analytics.indicators.definitions import definitions
from openyibao.documents.facade import Block, Cell, Paragraph, Table, number


@dataclass(frozen=True)
class Moved:
    """One printed move beside ours, both in per cent, points or the indicator's own unit."""

    printed: Move
    ours: Fraction

    @property
    def apart(self) -> Fraction:
        return self.ours - Fraction(self.printed.text)

    @property
    def half(self) -> Fraction:
        """Half a unit of the last place printed."""
        return Fraction(1, 2 * 10**self.printed.places)


def moved(book: Book, area: str) -> list[Moved]:
    """Every printed move of the year that the dataset can answer; none without the year before."""
    found = []
    for one in printed_moves(area, book.year) if book.before else []:
        growth = book.growth(one.id)
        ours = {"%": growth.rate, "百分点": growth.points}.get(one.unit, growth.change)
        if ours is not None:
            found.append(Moved(one, ours * (100 if one.unit in ("%", "百分点") else 1)))
    return found


def compared(book: Book, area: str, numbers: Tables) -> Iterator[Block]:
    """The table: printed, ours, how far apart, whether the year before was drawn to it."""
    found = moved(book, area)
    if not found:
        return
    drawn = [one for one in found if one.printed.kind == "calibrated"]
    near = sum(abs(one.apart) <= 2 * one.half for one in drawn)
    yield Paragraph(
        f"印载的同比有{len(found)}项可对照。上年总量由印载的同比推得的{len(drawn)}项，"
        f"{near}项与印载相差不超过末位一个单位；其余{len(found) - len(drawn)}项取决于上年的假定数，只列不判。",
        bold=True,
    )
    rows: list[list[Cell]] = [
        [
            definitions()[one.printed.id].name,
            one.printed.unit if one.printed.unit in ("%", "百分点") else PLAIN.get(one.printed.unit, one.printed.unit),
            number(Fraction(one.printed.text), one.printed.places),
            number(one.ours, min(2, one.printed.places + 1)),
            number(one.apart, min(2, one.printed.places + 1)),
            "推得" if one.printed.kind == "calibrated" else one.printed.why,
        ]
        for one in found
    ]
    headers = ["指标", "单位", "印载同比", "本公报同比", "相差", "上年的数"]
    note = "百分点与百分数各自相比；相差一列，以%计的也是百分点。"
    yield Table(headers, rows, numbers.table("与印载同比对照"), "llrrrl", note)
