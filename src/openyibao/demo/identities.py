"""Invented identities (虚构身份): identity numbers of area 99, which does not exist, and phones beginning 100.

The serial tells persons apart; the same serial, birth and sex always make the same number. Card numbers are ours.
"""

from __future__ import annotations

from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ORDERS = 499
"""Sequence numbers of one area, birth and sex."""
MOST = 10_000 * _ORDERS


def cert_no(born_on: date, gender: str, serial: int) -> str:
    """An identity number (公民身份号码的样子) of area 99xxxx with a right check digit; serial below `MOST`."""
    area, order = divmod(serial, _ORDERS)
    digits = f"99{area:04d}{born_on:%Y%m%d}{2 * order + (gender == '1'):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def phone(serial: int) -> str:
    """A phone number that nobody has."""
    return f"100{serial:08d}"


def card_no(serial: int) -> str:
    """A social-security card number (社会保障卡号) of our own making."""
    return f"LC{serial:07d}{serial * 7 % 10}"
