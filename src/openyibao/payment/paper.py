"""A slip as the room shows it (机构拨付单): header, lines by fund, and the identity in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openyibao.kernel.money import yuan_text
from openyibao.ledger.contracts import Month
from openyibao.ledger.facade import fund_name
from openyibao.payment.logic.slip import SIGNS, TITLES

STATES = {"drafted": "已拟制", "confirmed": "已复核", "paid": "已支付", "cancelled": "已作废"}


@dataclass(frozen=True)
class SlipLine:
    """One fund of a slip: fen by line (`logic.slip.TITLES`), `held` beside it."""

    fund: str
    fen: dict[str, int]


@dataclass(frozen=True)
class Slip:
    """A month's slip of an institution."""

    slip_no: str
    area: str
    institution_code: str
    month: Month
    state: str
    lines: tuple[SlipLine, ...]
    rules: dict[str, Any]
    drafted_by: str
    drafted_at: datetime
    confirmed_by: str
    paid_by: str
    paid_at: datetime | None
    why: str

    def total(self, name: str) -> int:
        """One line over every fund, fen."""
        return sum(line.fen[name] for line in self.lines)

    @property
    def last_day(self) -> date:
        return date.fromordinal(self.month.until.toordinal() - 1)

    def as_json(self) -> dict[str, Any]:
        return {
            "slip_no": self.slip_no,
            "area": self.area,
            "institution": self.institution_code,
            "month": str(self.month),
            "state": self.state,
            "funds": {line.fund: {f"{name}_fen": fen for name, fen in line.fen.items()} for line in self.lines},
            "payable_fen": self.total("payable"),
            "paid_fen": self.total("paid"),
            "held_fen": self.total("held"),
            "provisional": self.rules.get("provisional", []),
            "drafted_by": self.drafted_by,
            "confirmed_by": self.confirmed_by,
            "paid_by": self.paid_by,
        }


def identity(line: SlipLine) -> str:
    """How a fund's payable comes about, in one sentence of arithmetic; lines of zero are left out."""
    parts: list[str] = []
    for name in TITLES:
        if name in ("payable", "paid") or (name != "declared" and not line.fen[name]):
            continue
        fen = SIGNS.get(name, 1) * line.fen[name]
        sign = ("－" if fen < 0 else "＋") if parts else ("－" if fen < 0 else "")
        parts.append(f"{sign}{TITLES[name]} {yuan_text(abs(fen))}")
    text = f"{fund_name(line.fund)}：{' '.join(parts)} ＝ 应拨付 {yuan_text(line.fen['payable'])}"
    if line.fen["payable"] < 0:
        text += "，为负不付，结转下月"
    if line.fen["held"]:
        text += f"；另有 {yuan_text(line.fen['held'])} 未收到结算清单，暂缓"
    return text
