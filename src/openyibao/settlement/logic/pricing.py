"""Prices a fee line once, at upload (明细分割): outside the list, above the ceiling, paid first, in scope.

The order is the national one: what is self-pay is self-pay whole; of the rest, what lies above the ceiling; of what is
left, the class B share; the remainder is in scope. The four parts always add up to the amount, for refunds (negative
lines) as for charges. An unknown code is priced as full self-pay, not refused.
"""

from __future__ import annotations

from openyibao.catalogue.contracts import Item
from openyibao.kernel.money import WHOLE_BP, share
from openyibao.settlement.contracts import FeeLine, PricedLine

_E10_TO_FEN = 100_000_000
"""quantity (1/10^4) times price (1/10^6 yuan) is 1/10^10 yuan; this many of them make one fen."""


def fee_of(quantity_e4: int, price_e6: int) -> int:
    """Quantity times unit price, half up to the fen, by magnitude."""
    product = quantity_e4 * price_e6
    half = _E10_TO_FEN // 2
    return (product + half) // _E10_TO_FEN if product >= 0 else -((-product + half) // _E10_TO_FEN)


def priced(line: FeeLine, item: Item | None) -> PricedLine:
    """One line split into its four parts by the catalogue item of its day; None is an unknown code."""
    if item is None:
        return _made(line, None, non_covered=line.amount_fen, memo="目录中没有此编码，按全自费")
    refused = _self_paid(line, item)
    if refused:
        special = line.amount_fen if item.special else 0
        return _made(line, item, non_covered=line.amount_fen, special=special, memo=refused)
    ratio = item.own_ratio_bp
    if item.item_class == "C":
        assert item.exception_ratio_bp is not None, "class C in scope only as an approved exception"
        ratio = item.exception_ratio_bp
    over = 0
    if item.ceiling_micro is not None:
        limit = fee_of(line.quantity_e4, item.ceiling_micro)
        over = max(0, line.amount_fen - limit) if line.amount_fen >= 0 else min(0, line.amount_fen - limit)
    rest = line.amount_fen - over
    prior = int(share(rest, ratio)) if ratio else 0
    return _made(line, item, over=over, prior=prior, ratio=ratio)


def _self_paid(line: FeeLine, item: Item) -> str:
    """Why a known item is wholly self-paid; empty when it is not."""
    if item.special:
        return "目录外特药，按特药待遇另计"
    if item.item_class == "C":
        excepted = item.exception_ratio_bp is not None and line.approved == "1"
        return "" if excepted else "丙类"
    if line.approved == "2":
        return "医院标记为自费"
    if item.restricted and line.approved != "1":
        return f"限制使用未经审批：{item.restriction}"[:200]
    return ""


def _made(
    line: FeeLine,
    item: Item | None,
    *,
    non_covered: int = 0,
    over: int = 0,
    prior: int = 0,
    special: int = 0,
    ratio: int = 0,
    memo: str = "",
) -> PricedLine:
    in_scope = line.amount_fen - non_covered - over - prior
    return PricedLine(
        sn=line.sn,
        item_code=line.item_code,
        name=item.name if item else "",
        amount_fen=line.amount_fen,
        quantity_e4=line.quantity_e4,
        price_e6=line.price_e6,
        ceiling_e6=(item.ceiling_micro or 0) if item else 0,
        own_ratio_bp=WHOLE_BP if non_covered and not ratio else ratio,
        non_covered_fen=non_covered,
        over_limit_fen=over,
        prior_self_pay_fen=prior,
        in_scope_fen=in_scope,
        special_fen=special,
        herb=bool(item and item.herb and in_scope),
        item_class=item.item_class if item else "C",
        charge_type=item.charge_type if item else "14",
        restricted=bool(item and item.restricted),
        negotiated=bool(item and item.negotiated),
        basic_medicine=bool(item and item.basic_medicine),
        child_medicine=bool(item and item.child_medicine),
        special=bool(item and item.special),
        version_id=item.version_id if item else 0,
        memo=memo,
    )
