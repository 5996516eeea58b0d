"""How a printed form writes what it is given (书写): amounts in figures and in capitals, text fit to print."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "兆")


def money(fen: int) -> str:
    """Fen as a form shows it: -1,234.50."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def capital_amount(fen: int) -> str:
    """An amount in capital characters (大写): 10050307 fen -> 人民币壹拾万零伍佰零叁元零柒分; negative with 负.

    整 stands where there are no fen: the rules for filling in bills (支付结算办法, annex 1) ask for it after 元 and
    allow it after 角. Zeros between digits become one 零; the optional one after a zero at 万 or 元 is left out.
    """
    yuan, rest = divmod(abs(fen), 100)
    tenths, hundredths = divmod(rest, 10)
    said = f"{_capital_integer(yuan)}元" if yuan or not rest else ""
    if tenths:
        said += f"{_DIGITS[tenths]}角"
    elif hundredths and yuan:
        said += "零"
    said += f"{_DIGITS[hundredths]}分" if hundredths else "整"
    return f"人民币{'负' if fen < 0 else ''}{said}"


def _capital_integer(value: int) -> str:
    """A whole number in capital characters, four digits at a time."""
    if not value:
        return _DIGITS[0]
    assert value < 10_000 ** len(_GROUPS), "larger than any amount here"
    said = ""
    for at in reversed(range(len(_GROUPS))):
        group = value // 10_000**at % 10_000
        if group:
            said += (_DIGITS[0] if said and group < 1000 else "") + _capital_group(group) + _GROUPS[at]
    return said


def _capital_group(value: int) -> str:
    said = ""
    for at in reversed(range(4)):
        digit = value // 10**at % 10
        if digit:
            gap = said and value // 10 ** (at + 1) % 10 == 0
            said += (_DIGITS[0] if gap else "") + _DIGITS[digit] + _PLACES[at]
    return said


def decimal(value: int, places: int, least: int) -> str:
    """An integer of 10^-places as a decimal, without needless zeros but at least `least` of them."""
    whole, part = divmod(abs(value), 10**places)
    decimals = f"{part:0{places}d}".rstrip("0").ljust(least, "0")
    return f"{'-' if value < 0 else ''}{whole:,}" + (f".{decimals}" if decimals else "")


def plain(value: Any) -> Any:
    """Every text made fit to print: one line, no invisible control that could hide or turn it; else as it stands."""
    if isinstance(value, str):
        return "".join(map(_printable, value)) if not value.isprintable() else value
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    assert isinstance(value, bool | int), type(value)
    return value


def _printable(character: str) -> str:
    kind = unicodedata.category(character)
    if character in "\r\n\t" or kind.startswith("Z"):
        return character if character in " \u3000" else " "
    return "□" if kind in ("Cc", "Cf", "Cs") else character
