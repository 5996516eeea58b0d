"""Reads what a payment pack says about the year: budget, clearing, quality, special cases, members (年度规则)."""

from __future__ import annotations

from openyibao.payment.engine.pack import terms
from openyibao.payment.engine.pack.pack import (
    BudgetRules,
    Capitation,
    Consortium,
    DearMember,
    Sharing,
    SpecialRules,
    YearRules,
)
from openyibao.payment.engine.pack.reading import Cursor
from openyibao.payment.engine.pack.special import DECISIONS, REASONS
from openyibao.policy.terms import SCHEMES

SIGNALS = {"admissions": "出院人次", "cost_per_case": "次均费用", "bed_days": "住院床日"}


def read_year(cursor: Cursor | None) -> YearRules:
    """Rules of the year; without any: no reserve, what exceeds the budget is scaled, no sharing."""
    if cursor is None:
        return YearRules()
    cursor.shape((), ("reserve", "point_basis", "over_budget", "monthly_share", "sharing", "quality"))
    quality = cursor.at("quality") if cursor.has("quality") else None
    part, bands = 0, [(0, 10_000)]
    if quality is not None:
        quality.shape(("part", "bands"))
        part, bands = quality.bp("part"), []
        for place in quality.items("bands"):
            place.shape(("from", "released"))
            bands.append((place.integer("from", 0, 100), place.bp("released")))
    return YearRules(
        reserve=cursor.bp("reserve", 0),
        point_basis=cursor.word("point_basis", terms.POINT_BASES, "fund"),
        over_budget=cursor.word("over_budget", terms.OVER_BUDGET, "scale"),
        sharing=read_sharing(cursor.at("sharing")) if cursor.has("sharing") else Sharing(),
        monthly_share=cursor.bp("monthly_share", 10_000),
        quality_part=part,
        quality_bands=tuple(bands),
    )


def read_sharing(cursor: Cursor) -> Sharing:
    cursor.shape((), ("under", "over"))
    under, over = [], []
    for place in cursor.items("under"):
        place.shape(("from", "kept"))
        under.append((place.bp("from"), place.bp("kept")))
    for place in cursor.items("over"):
        place.shape(("upto", "borne"))
        over.append((place.bp("upto", most=100_000), place.bp("borne")))
    return Sharing(tuple(under), tuple(over))


def read_special(cursor: Cursor) -> SpecialRules:
    cursor.shape(("quota", "reasons", "decisions"), ("experts", "raised_at_most"))
    for key, words in (("reasons", REASONS), ("decisions", DECISIONS)):
        for word in cursor.texts(key):
            if word not in words:
                cursor.wrong(f"不认识 {word!r}", "、".join(words), key)
    return SpecialRules(
        quota=cursor.bp("quota"),
        reasons=cursor.texts("reasons"),
        decisions=cursor.texts("decisions"),
        experts=cursor.integer("experts", 1, 9, 2),
        most_units=cursor.bp("raised_at_most", 30_000, most=1_000_000),
    )


def read_budget(cursor: Cursor) -> BudgetRules:
    cursor.shape(("year_weights", "growth"), ("signals", "tcm_points", "reserve"))
    weights = []
    for text in cursor.texts("year_weights"):
        weights.append(int(text) if text.isdigit() else -1)
    if len(weights) != 3 or any(weight < 0 for weight in weights) or not sum(weights):
        cursor.wrong(f"{weights} 不是三年的权重", "三个不小于零的整数，由远及近", "year_weights")
    signals = {}
    for name, place in cursor.entries("signals") if cursor.has("signals") else ():
        if name not in SIGNALS:
            place.wrong(f"不认识 {name!r}", "、".join(SIGNALS))
        place.shape(("weight", "limit"))
        signals[name] = (place.bp("weight"), place.bp("limit"))
    return BudgetRules(
        year_weights=tuple(weights),
        growth={name: value - 10_000 for name, value in cursor.factor_by("growth", SCHEMES).items()},
        signals=signals,
        tcm_points=cursor.bp("tcm_points", 0),
        reserve=cursor.bp("reserve", 0),
    )


def read_capitation(cursor: Cursor) -> Capitation:
    cursor.shape(("per_month",), ("bands", "diseases", "dear_member", "sharing"))
    bands = []
    for place in cursor.items("bands"):
        place.shape(("from_age", "factor"), ("through_age", "sex"))
        bands.append(
            (
                {"": 0, "male": 1, "female": 2}[place.word("sex", ("", "male", "female"), "")],
                place.integer("from_age", 0, 130),
                place.integer("through_age", 0, 130, 130),
                place.number("factor", 4, least=1),
            )
        )
    return Capitation(
        per_month=cursor.fen_by("per_month", SCHEMES),
        bands=tuple(bands),
        diseases=cursor.factor_by("diseases", ()),
        sharing=read_sharing(cursor.at("sharing")) if cursor.has("sharing") else Sharing(),
        dear=_dear_member(cursor),
    )


def _dear_member(cursor: Cursor) -> DearMember:
    if not cursor.has("dear_member"):
        return DearMember()
    place = cursor.at("dear_member")
    place.shape(("over", "borne"))
    found = DearMember(place.fen("over"), place.bp("borne"))
    if not found.over_fen:
        place.wrong("起点须大于零", "元", "over")
    return found


def read_consortium(cursor: Cursor) -> Consortium:
    cursor.shape(("per_head", "share", "reserve"), ("dear_member", "sharing"))
    return Consortium(
        per_head=cursor.fen_by("per_head", SCHEMES),
        share=cursor.bp("share"),
        reserve=cursor.bp("reserve"),
        sharing=read_sharing(cursor.at("sharing")) if cursor.has("sharing") else Sharing(),
        dear=_dear_member(cursor),
    )
