"""Reads one method of a payment pack (支付方式) from YAML: takes, unit, coefficient, price, outliers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openyibao.kernel.errors import Fault
from openyibao.payment.engine.pack import terms
from openyibao.payment.engine.pack.exact import scaled
from openyibao.payment.engine.pack.pack import (
    Band,
    By,
    Coefficient,
    DayLimit,
    Disease,
    Method,
    Outliers,
    Price,
    Stage,
    Takes,
    Unit,
)
from openyibao.payment.engine.pack.reading import Cursor
from openyibao.payment.engine.pack.stays import MARKS
from openyibao.payment.engine.pack.units import LEVELS, read_units
from openyibao.policy.terms import SCHEMES

OF_KIND: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "drg": (("units", "coefficient", "price"), ("outliers",)),
    "dip": (("units", "coefficient", "price"), ("outliers",)),
    "day_surgery": (("units", "coefficient", "price", "share"), ("outliers",)),
    "bed_day": (("stages",), ("day_limits", "at_most", "coefficient")),
    "disease": (("diseases",), ("patient_share", "coefficient", "price")),
    "tcm_advantage": (("diseases",), ("patient_share", "coefficient", "price")),
    "by_item": ((), ()),
}
"""Keys that a method of a kind must have, and may have."""
DIP_SCALE = 1_000
"""Score of a stay of the region's mean cost, where a pack states no other (DIP 技术规范)."""
COMMON = ("name", "method", "title")
MAYBE = ("takes", "patient_basis")


def read_method(cursor: Cursor, index: int, path: Path) -> Method | None:
    """A method, or None when its kind is not known; every fault is noted."""
    kind = cursor.node.get("method") if isinstance(cursor.node, dict) else None
    if kind not in OF_KIND:
        cursor.wrong(f"不认识支付方式 {kind!r}", "、".join(OF_KIND), "method")
        return None
    needed, maybe = OF_KIND[kind]
    cursor.shape((*COMMON, *needed), (*MAYBE, *maybe))
    basis = cursor.word("patient_basis", terms.BASES, "items")
    units, table = _units(cursor, kind, path)
    return Method(
        name=cursor.text("name"),
        kind=kind,
        title=cursor.text("title"),
        index=index,
        takes=_takes(cursor.at("takes")) if cursor.has("takes") else Takes(),
        basis=basis,
        patient_share=cursor.bp("patient_share", 0),
        coefficient=_coefficient(cursor),
        price=_price(cursor.at("price"), kind) if cursor.has("price") else Price("amount"),
        outliers=_outliers(cursor.at("outliers")) if cursor.has("outliers") else Outliers(),
        units=units,
        table=table,
        stages=tuple(_stage(place) for place in cursor.items("stages")),
        day_limits=tuple(_day_limit(place) for place in cursor.items("day_limits")),
        at_most_billed=cursor.word("at_most", ("standard", "billed"), "standard") == "billed",
        diseases=tuple(_disease(place) for place in cursor.items("diseases")),
        share=cursor.bp("share", 10_000),
    )


def _units(cursor: Cursor, kind: str, path: Path) -> tuple[dict[str, Unit], str]:
    if kind not in terms.GROUPED_METHODS or not cursor.has("units"):
        return {}, ""
    place = cursor.at("units")
    if not place.shape(("table",)):
        return {}, ""
    table = place.text("table")
    faults: list[Fault] = []
    units = read_units(path.parent / table, kind, faults) if table else {}
    cursor.faults += faults
    return units, table


def _takes(cursor: Cursor) -> Takes:
    cursor.shape(
        (),
        ("departments", "diagnoses", "procedures", "marks", "schemes", "levels", "institutions", "days"),
    )
    for key, words in (("marks", MARKS), ("schemes", SCHEMES), ("levels", dict.fromkeys(LEVELS))):
        for word in cursor.texts(key):
            if word not in words:
                cursor.wrong(f"不认识 {word!r}", "、".join(words), key)
    days = cursor.at("days") if cursor.has("days") else None
    if days is not None:
        days.shape((), ("from", "through"))
    return Takes(
        departments=cursor.texts("departments"),
        diagnoses=cursor.texts("diagnoses"),
        procedures=cursor.texts("procedures"),
        marks=cursor.texts("marks"),
        schemes=cursor.texts("schemes"),
        levels=cursor.texts("levels"),
        institutions=cursor.texts("institutions"),
        min_days=days.integer("from", default=0) if days is not None else 0,
        max_days=days.integer("through", default=0) if days is not None else 0,
    )


def _coefficient(cursor: Cursor) -> Coefficient:
    if not cursor.has("coefficient") or cursor.node["coefficient"] == "none":
        return Coefficient()
    place = cursor.at("coefficient")
    place.shape((), ("level", "hospital", "groups", "basic"))
    groups: dict[str, By] = {}
    if place.has("groups"):
        groups = {group: here.factor_by("level", LEVELS) for group, here in _wrapped(place.at("groups"))}
    basic = place.number("basic", 4, 10_000, least=1)
    found = Coefficient(True, place.factor_by("level", LEVELS), place.factor_by("hospital", ()), basic, groups)
    if not found.level and not found.hospital and not groups:
        place.wrong("没有写明任何系数", "level、hospital 或 groups；不用系数写 none")
    return found


def _wrapped(cursor: Cursor) -> list[tuple[str, Cursor]]:
    """Entries of a mapping, each as if it stood under the key `level`, so that `factor_by` can read it."""
    return [
        (name, Cursor(place.source, place.faults, place.path[:-1], {"level": place.node}))
        for name, place in cursor.entries()
    ]


def _price(cursor: Cursor, method: str) -> Price:
    kind = cursor.node.get("kind") if isinstance(cursor.node, dict) else None
    if kind == "rate":
        cursor.shape(("kind", "per_unit"), ("region_mean",))
        return Price("rate", rate=cursor.fen_by("per_unit", SCHEMES), region_mean=cursor.fen_by("region_mean", SCHEMES))
    if kind == "points":
        cursor.shape(("kind", "scale"), ("region_mean", "mean_units", "most_per_point"))
        most = cursor.by_word("most_per_point", SCHEMES, lambda value: scaled(value, 4))
        scale = cursor.integer("scale", 1, 10_000)
        units = cursor.integer("mean_units", 1, 100_000, DIP_SCALE if method == "dip" else 1)
        means = cursor.fen_by("region_mean", SCHEMES)
        return Price("points", scale=scale, region_mean=means, mean_units=units, most=most)
    cursor.wrong(f"不认识 {kind!r}", "rate、points", "kind")
    return Price("amount")


def _times(cursor: Cursor, key: str, default: int | None = None) -> int:
    """A multiple such as 2.5, in ten-thousandths."""
    return cursor.number(key, 4, default)


def _outliers(cursor: Cursor) -> Outliers:
    cursor.shape((), ("benchmark", "high", "low", "long_stay", "ungrouped", "unstable", "bands"))
    made: dict[str, Any] = {"benchmark": cursor.word("benchmark", terms.BENCHMARKS, "mean")}
    if cursor.has("high"):
        high = cursor.at("high")
        high.shape(("limits", "pays"), ("quota",))
        limits = []
        for place in high.items("limits"):
            place.shape(("times",), ("below",))
            limits.append((_times(place, "below", 0), _times(place, "times")))
        made |= {"high_limits": tuple(limits), "high_pays": high.word("pays", terms.HIGH)}
        made["high_quota"] = high.bp("quota", 0)
    if cursor.has("low"):
        low = cursor.at("low")
        low.shape(("limit", "pays"), ("limit_below_one",))
        made |= {"low_limit": low.bp("limit"), "low_pays": low.word("pays", terms.LOW)}
        made["low_limit_below_one"] = low.bp("limit_below_one", 0)
    if cursor.has("long_stay"):
        long = cursor.at("long_stay")
        long.shape(("over_days", "pays"))
        made |= {"long_days": long.integer("over_days", 1, 5_000), "long_pays": long.word("pays", terms.LONG)}
    if cursor.has("ungrouped"):
        ungrouped = cursor.at("ungrouped")
        ungrouped.shape(("share",))
        made["ungrouped_share"] = ungrouped.bp("share")
    if cursor.has("unstable"):
        unstable = cursor.at("unstable")
        unstable.shape(("pays",))
        made["unstable_pays"] = unstable.word("pays", terms.LONG)
    made["bands"] = tuple(_band(place) for place in cursor.items("bands"))
    return Outliers(**made)


def _band(cursor: Cursor) -> Band:
    cursor.shape(("pays",), ("upto", "coefficient"))
    coefficient = cursor.word("coefficient", terms.COEFFICIENT_IN_BAND, "multiply")
    return Band(cursor.bp("upto", 0, most=1_000_000), cursor.word("pays", terms.BANDS), coefficient)


def _stage(cursor: Cursor) -> Stage:
    cursor.shape(("per_day",), ("through",))
    return Stage(
        cursor.integer("through", 1, 5_000, 0) if cursor.has("through") else 0, cursor.fen_by("per_day", LEVELS)
    )


def _day_limit(cursor: Cursor) -> DayLimit:
    cursor.shape(("diagnoses", "days"))
    return DayLimit(cursor.texts("diagnoses"), cursor.integer("days", 1, 5_000))


def _disease(cursor: Cursor) -> Disease:
    cursor.shape(("name", "diagnoses"), ("procedures", "price", "units", "exit_above", "least_tcm"))
    if cursor.has("price") == cursor.has("units"):
        cursor.wrong("price 与 units 须写一个且只写一个", "price（元）或 units（权重）")
    return Disease(
        name=cursor.text("name"),
        diagnoses=cursor.texts("diagnoses"),
        procedures=cursor.texts("procedures"),
        price=cursor.fen_by("price", LEVELS),
        units=_times(cursor, "units", 0) if cursor.has("units") else 0,
        exit_above=cursor.bp("exit_above", 0, most=1_000_000),
        least_tcm=cursor.bp("least_tcm", 0),
    )
