"""Readers of single values: what a message holds becomes a typed value, or says what is wrong with it.

Numbers come as scaled integers: 12.34 of a field with two decimals is 1234 (分), a price with six decimals is in
millionths of a yuan, a ratio with four in ten-thousandths. No amount passes through a float: the JSON decoder keeps
the digits of every fraction as text (`Num`). Dates become dates, times become instants of Shanghai time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from openyibao.gateway.standards import CodeTable, Field, code_tables
from openyibao.kernel.areas import NATION, PROVINCES, SHANDONG, all_areas
from openyibao.kernel.clock import SHANGHAI

Reader = Callable[[Any], Any]
EMPTY = frozenset({"", "null", "NULL"})
_NUMBER = re.compile(r"(-?)([0-9]{1,24})(?:\.([0-9]{1,24}))?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]{1,9})?(?:Z|\+08:?00)?)?"
)
_MONTH = re.compile(r"((?:19|20|21)[0-9]{2})-?(0[1-9]|1[0-2])")
_AREA = re.compile(r"[0-9]{6}")
_DAYS = (1900, 2199)
_JSON = msgspec.json.Decoder(float_hook=str)


class Num(str):
    """Digits of a JSON number with a fraction or an exponent, as written."""

    __slots__ = ()


class Wrong(Exception):
    """Internal: a value does not fit; what is wrong and what would be right."""

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.right = right


def reader_for(field: Field, strict: bool) -> Reader:
    """The reader of a field. It answers None for a value that counts as empty."""
    if field.codes:
        return code_reader(code_tables()[field.codes], field.width, strict)
    if field.kind == "number":
        return number_reader(*field.digits, strict)
    if field.kind == "text":
        return text_reader(field.width, strict)
    if field.kind == "free":
        return free_reader(field.width)
    return {"date": read_date, "moment": read_moment, "month": read_month, "area": read_area}[field.kind]


def text_reader(width: int, strict: bool) -> Reader:
    """Text of at most `width` characters; lenient mode takes a number for text and trims blanks."""

    def read(value: Any) -> str | None:
        if type(value) is not str:
            if strict or type(value) not in (int, Num):
                raise Wrong(f"是{_sort(value)}", "文本")
            value = str(value)
        text: str = value if strict else value.strip()
        if len(text) > width:
            raise Wrong(f"长 {len(text)} 个字符", f"至多 {width} 个字符")
        if not text.isprintable() and _CONTROL.search(text):
            raise Wrong("含控制字符", "可显示的文字")
        return text or None

    return read


def number_reader(digits: int, decimals: int, strict: bool) -> Reader:
    """A decimal number as an integer scaled by its decimals; exponents, NaN and too many digits are wrong."""
    limit = 10**digits
    right = f"至多 {digits - decimals} 位整数" + (f"、{decimals} 位小数的数值" if decimals else "的数值")

    def read(value: Any) -> int | None:
        if type(value) is int:
            scaled: int = value * 10**decimals if -limit < value < limit else limit
        elif type(value) is Num or (type(value) is str and not strict):
            match = _NUMBER.fullmatch(value) or _NUMBER.fullmatch(value.strip())
            if match is None:
                if not value.strip():
                    return None
                raise Wrong(f"{_shown(value)} 不是数值", right)
            sign, whole, part = match.groups()
            part = (part or "").rstrip("0")
            if len(part) > decimals:
                raise Wrong(f"{_shown(value)} 多于 {decimals} 位小数", right)
            scaled = int(whole + part.ljust(decimals, "0"))
            if sign:
                scaled = -scaled
        else:
            raise Wrong(f"是{_sort(value)}", right)
        if not -limit < scaled < limit:
            raise Wrong("位数过多", right)
        return scaled

    return read


def read_date(value: Any) -> date | None:
    """A day; a time part is left out."""
    if type(value) is str and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return _sane(date.fromisoformat(value))
        except ValueError:
            raise Wrong(f"{_shown(value)} 不是存在的日期", "yyyy-MM-dd") from None
    moment = read_moment(value)
    return moment.date() if moment else None


def read_moment(value: Any) -> datetime | None:
    """An instant of Shanghai time; `T` for the blank, fractions of seconds and a mere date (00:00:00) are taken too."""
    if type(value) is not str:
        raise Wrong(f"是{_sort(value)}", "yyyy-MM-dd HH:mm:ss")
    text = value.strip()
    if not text:
        return None
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise Wrong(f"{_shown(value)} 不是日期时间", "yyyy-MM-dd HH:mm:ss")
    try:
        if text.endswith("Z"):
            return _sane(datetime.fromisoformat(text)).astimezone(SHANGHAI)
        return _sane(datetime.fromisoformat(f"{text[:10]}T{match[1] or '00:00:00'}").replace(tzinfo=SHANGHAI))
    except ValueError:
        raise Wrong(f"{_shown(value)} 不是存在的日期时间", "yyyy-MM-dd HH:mm:ss") from None


_D = TypeVar("_D", date, datetime)


def _sane(day: _D) -> _D:
    if not _DAYS[0] <= day.year <= _DAYS[1]:
        raise Wrong(f"{day.year} 年", f"{_DAYS[0]} 至 {_DAYS[1]} 年间的日期")
    return day


def read_month(value: Any) -> str | None:
    """A month as yyyyMM; yyyy-MM is taken too."""
    text = str(value).strip() if type(value) in (str, int) else "?"
    if not text:
        return None
    match = _MONTH.fullmatch(text)
    if match is None:
        raise Wrong(f"{_shown(text)} 不是年月", "yyyyMM")
    return match[1] + match[2]


def read_area(value: Any) -> str | None:
    """A six-digit area code; the city-level xx99 and province-level 379900 are read as city and province."""
    text = str(value).strip() if type(value) in (str, int) else "?"
    if not text:
        return None
    if not _AREA.fullmatch(text):
        raise Wrong(f"{_shown(text)} 不是区划代码", "六位行政区划代码")
    if text.endswith("9900"):
        text = text[:2] + "0000"
    elif text.endswith("99"):
        text = text[:4] + "00"
    known = text == NATION or (text in all_areas() if text.startswith(SHANDONG[:2]) else int(text[:2]) in PROVINCES)
    if not known:
        raise Wrong(f"{text} 不存在", "现行行政区划代码")
    return text


def free_reader(width: int) -> Reader:
    """Extension content (扩展字段): an object, or text; text that holds a JSON object becomes that object."""

    def read(value: Any) -> Any:
        encoded = value.encode() if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str)
        if len(encoded) > 4 * width:
            raise Wrong("过长", f"至多 {width} 个字符")
        if b"\\u00" in encoded or (isinstance(value, str) and _CONTROL.search(value)):
            raise Wrong("含控制字符", "可显示的文字")
        if type(value) is str and value.lstrip()[:1] == "{":
            try:
                inner = _JSON.decode(value)
            except (msgspec.MsgspecError, RecursionError):
                return value
            return inner if isinstance(inner, dict) else value
        return str(value) if isinstance(value, str) else value

    return read


def code_reader(table: CodeTable, width: int, strict: bool) -> Reader:
    """A value of a code table; lenient mode takes it as a number and with or without leading zeros."""
    accepted = {code.code: code.code for code in table.codes}
    if not strict:
        for code in table.codes:
            for other in (code.code.lstrip("0") or "0", code.code.zfill(2)):
                accepted.setdefault(other, code.code)
    prefixes = tuple(code.code for code in table.codes) if table.match == "prefix" else ()
    few = "、".join(f"{code.code} {code.title}" for code in table.codes[:5])
    right = f"{table.title}（{table.table}）所列代码：{few}" + ("等" if len(table.codes) > 5 else "")

    def read(value: Any) -> str | None:
        if type(value) is not str:
            if strict or type(value) is not int:
                raise Wrong(f"是{_sort(value)}", right)
            value = str(value)
        hit = accepted.get(value)
        if hit is not None:
            return hit
        text: str = value.strip()
        if not text:
            return None
        hit = accepted.get(text)
        if hit is not None:
            return hit
        if len(text) <= max(width, 8) and text.isascii() and text.startswith(prefixes) and text.isalnum():
            return text
        raise Wrong(f"{_shown(value)} 不在字典内", right)

    return read


def _sort(value: Any) -> str:
    """What sort of JSON value this is, in Chinese."""
    if isinstance(value, bool):
        return "真假值"
    if isinstance(value, dict):
        return "对象"
    if isinstance(value, list):
        return "数组"
    return "数值" if isinstance(value, int | Num) else "文本" if isinstance(value, str) else "空值"


def _shown(value: str) -> str:
    text = _CONTROL.sub("?", value)
    return f"“{text if len(text) <= 20 else text[:19] + '…'}”"
