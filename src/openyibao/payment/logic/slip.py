"""What a month's slip pays (月度拨付), fund by fund: a pure function of the movements it takes up.

    payable = declared - audit deductions - quality deposit - offset of advances - procurement paid to suppliers
              + released + differences of the payment method, by stay and by head + other
              +/- what earlier months left negative

Nothing below zero is paid: a negative payable is carried to the next month, within its own fund.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from openyibao.kernel.money import WHOLE_BP

COLUMNS = {
    "settlement": "declared",
    "audit_deduction": "audit",
    "procurement_payment": "procurement",
    "deposit_released": "released",
    "payment_difference": "difference",
}
"""Ledger template of a movement of the payable -> the line of the slip it belongs to; any other is `other`."""
DOCUMENTS = {"payment_heads": "heads", "payment_heads_clearing": "heads"}
"""Kind of document -> its own line, whatever its template."""
TITLES = {
    "declared": "申报",
    "audit": "审核扣减",
    "deposit": "质量保证金",
    "offset": "冲抵预付",
    "procurement": "代付集采货款",
    "released": "返还保证金",
    "difference": "支付方式差额",
    "heads": "按人头差额",
    "other": "其他",
    "carried": "以前月份结转",
    "payable": "应拨付",
    "paid": "实际拨付",
}
SIGNS = {"declared": 1, "audit": -1, "deposit": -1, "offset": -1, "procurement": -1}
"""Lines that are shown as positive figures and taken off; every other is added as it is."""


@dataclass(frozen=True)
class Movement:
    """One movement of what is owed to an institution (应付变动): fen raises the payable when positive."""

    journal: int
    template: str
    document_kind: str
    document_no: str
    fund: str
    fen: int


@dataclass(frozen=True)
class SlipRules:
    """The figures of a slip: deposit in basis points, and the funds it is withheld from."""

    deposit_bp: int
    deposit_funds: frozenset[str]
    provisional: tuple[str, ...] = ()


@dataclass
class FundSlip:
    """One fund's line of a slip, fen; see `TITLES`. `carried` is zero or negative."""

    fund: str
    declared: int = 0
    audit: int = 0
    deposit: int = 0
    offset: int = 0
    procurement: int = 0
    released: int = 0
    difference: int = 0
    heads: int = 0
    other: int = 0
    carried: int = 0
    held: int = 0
    """Settled and not taken up, because no settlement list was accepted; not part of the payable."""
    movements: list[Movement] = field(default_factory=list)

    @property
    def payable(self) -> int:
        """Signed."""
        taken_off = self.audit + self.deposit + self.offset + self.procurement
        return self.declared - taken_off + self.released + self.difference + self.heads + self.other + self.carried

    @property
    def paid(self) -> int:
        return max(self.payable, 0)


def fund_slips(
    movements: Iterable[Movement],
    held: Mapping[str, int],
    carried: Mapping[str, int],
    advances: Mapping[str, int],
    rules: SlipRules,
) -> list[FundSlip]:
    """The lines of an institution's slip, funds in the order of their codes.

    Args: held, carried and advances by fund in fen; carried are the negatives of earlier months (at most 0), advances
    what was paid in advance and is not yet offset (at least 0).
    """
    found: dict[str, FundSlip] = {}

    def line(fund: str) -> FundSlip:
        return found.setdefault(fund, FundSlip(fund))

    for movement in movements:
        one = line(movement.fund)
        one.movements.append(movement)
        name = DOCUMENTS.get(movement.document_kind) or COLUMNS.get(movement.template, "other")
        setattr(one, name, getattr(one, name) + SIGNS.get(name, 1) * movement.fen)
    for fund, fen in held.items():
        line(fund).held += fen
    for fund, fen in carried.items():
        line(fund).carried += fen
    for fund, one in found.items():
        if fund in rules.deposit_funds:
            one.deposit = _deposit(one.declared - one.audit, rules.deposit_bp)
        one.offset = min(max(advances.get(fund, 0), 0), max(one.payable, 0))
    return [found[fund] for fund in sorted(found)]


def _deposit(base: int, bp: int) -> int:
    """Deposit on what was declared less audited, half up; nothing on a negative base."""
    return (max(base, 0) * bp + WHOLE_BP // 2) // WHOLE_BP


def released_part(deposit: int, score: int, bands: Iterable[tuple[int, int]]) -> int:
    """Part of a deposit that a year's score gives back, half up (考核返还).

    Args: score in points of 100; bands (from score, share in basis points), from high to low, the last from 0.
    """
    for least, bp in bands:
        if score >= least:
            return (deposit * bp + WHOLE_BP // 2) // WHOLE_BP
    raise ValueError("no band from 0")
