"""Invented persons: identity numbers of area 99, which does not exist, and phones beginning 100, which no one has."""

from __future__ import annotations

import itertools
from datetime import date

from openyibao.people.contracts import Identity

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SURNAMES = "赵钱孙李周吴郑王冯陈"
_GIVEN = "测试甲乙丙丁戊己庚辛"
_next = itertools.count(1)


def cert_no(born_on: date, gender: str, serial: int) -> str:
    """An identity number with a right check digit, of area 99xxxx; `serial` below 49,500,000 tells persons apart."""
    area, order = divmod(serial, 499)
    digits = f"99{area % 10_000:04d}{born_on:%Y%m%d}{2 * order + (gender == '1'):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def identity(born_on: date = date(1980, 5, 20), gender: str = "1", serial: int | None = None) -> Identity:
    """An invented identity, another one with every call unless the serial is stated."""
    number = next(_next) if serial is None else serial
    name = _SURNAMES[number % 10] + _GIVEN[number // 10 % 10] + _GIVEN[number // 100 % 10]
    return Identity(name, "01", cert_no(born_on, gender, number), f"100{number:08d}", "示例路 1 号")
