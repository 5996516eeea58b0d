"""A second, plain way to price stays by a pack, written from docs/explanation/payment-packs.md and not from the code.

Fractions throughout, no cleverness: the pack is read again as text, every rule is applied as its sentence says it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from openyibao.payment.engine.pack.stays import GroupOf, Stay

ONE = Fraction(1)


def number(text: str) -> Fraction:
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


def whole(value: Fraction) -> int:
    """Half up, away from zero."""
    return -whole(-value) if value < 0 else (value + Fraction(1, 2)).__floor__()


def places(value: Fraction, digits: int) -> Fraction:
    return Fraction(whole(value * 10**digits), 10**digits)


def of(node: Any, word: str) -> Fraction | None:
    found = node.get(word) if isinstance(node, dict) else node
    return None if found is None else number(found)


class Refused(Exception):
    """The stay cannot be priced."""


@dataclass
class Outcome:
    """Yuan as fractions; points are None for what does not float."""

    status: str
    points: Fraction | None = None
    standard: Fraction | None = None
    patient: Fraction = Fraction(0)
    fund: Fraction | None = None
    method: str = ""


class Oracle:
    """One pack with a single version."""

    def __init__(self, path: Path) -> None:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        (self.version,) = data["versions"]
        self.tables: dict[str, dict[str, dict[str, str]]] = {}
        for method in self.version["methods"]:
            if "units" in method:
                with (path.parent / method["units"]["table"]).open(encoding="utf-8") as file:
                    self.tables[method["name"]] = {row["group"]: row for row in csv.DictReader(file)}

    # One stay ---------------------------------------------------------------------------------------------------------

    def price(self, stay: Stay, grouped: GroupOf, *, high: bool = True) -> Outcome:
        yuan = Fraction(stay.total_fen, 100)
        borne = Fraction(stay.patient_fen + stay.other_fen, 100)
        if stay.remote and self.version.get("remote", "outside") == "outside":
            return Outcome("outside", standard=yuan, patient=Fraction(stay.patient_fen, 100), fund=yuan - borne)
        try:
            for method in self.version["methods"]:
                if self.takes(method.get("takes", {}), stay):
                    found = getattr(self, method["method"])(method, stay, grouped, high)
                    if found is not None:
                        return self.finish(method, stay, *found)
        except Refused:
            pass
        return Outcome("refused")

    @staticmethod
    def takes(rules: Mapping[str, Any], stay: Stay) -> bool:
        days = rules.get("days", {})
        return all(
            (
                "departments" not in rules or stay.dept in rules["departments"],
                "schemes" not in rules or stay.scheme in rules["schemes"],
                "levels" not in rules or stay.level in rules["levels"],
                "marks" not in rules or any(mark in stay.marks for mark in rules["marks"]),
                "diagnoses" not in rules or any(stay.dx[0].startswith(code) for code in rules["diagnoses"]),
                stay.los >= int(days.get("from", 0)),
                "through" not in days or stay.los <= int(days["through"]),
            )
        )

    def finish(self, method: Mapping[str, Any], stay: Stay, status: str, kind: str, amount: Fraction) -> Outcome:
        price = method.get("price", {})
        patient, other = Fraction(stay.patient_fen, 100), Fraction(stay.other_fen, 100)
        if price.get("kind") == "points":
            if kind == "bill":
                mean = of(price["region_mean"], stay.scheme)
                assert mean is not None
                amount = amount * (1000 if method["method"] == "dip" else 1) / mean
            return Outcome(
                status, points=places(amount * int(price["scale"]), 4), patient=patient, method=method["name"]
            )
        if kind == "units":
            rate = of(price["per_unit"], stay.scheme)
            if not rate:
                raise Refused
            amount = amount * rate
        standard = places(amount, 2)
        if method.get("patient_basis") == "package":
            patient = places(standard * number(method["patient_share"]), 2)
        fund = standard - patient - other
        if fund < 0 and self.version.get("negative", "zero") == "zero":
            fund = Fraction(0)
        return Outcome(status, standard=standard, patient=patient, fund=fund, method=method["name"])

    # Methods: (status, "units" | "yuan" | "bill", amount), or None when the stay is none of theirs -----------------

    def drg(self, method: Mapping[str, Any], stay: Stay, grouped: GroupOf, high: bool) -> tuple[str, str, Fraction]:
        rules = method.get("outliers", {})
        yuan = Fraction(stay.total_fen, 100)
        if grouped.group in ("", "0000") or grouped.group.endswith("QY"):
            if "ungrouped" not in rules:
                raise Refused
            return "ungrouped", "bill", yuan * number(rules["ungrouped"]["share"])
        row = self.tables[method["name"]].get(grouped.group)
        if row is None:
            raise Refused
        units = places(number(row.get("score") or row["weight"]) * Fraction(grouped.factor, 10_000), 4)
        if method["method"] == "day_surgery":
            units = places(units * number(method["share"]), 4)
        if "long_stay" in rules and stay.los > int(rules["long_stay"]["over_days"]):
            return "long_stay", "bill", yuan
        if "unstable" in rules and row["unstable"] == "1":
            return "unstable", "bill", yuan
        coefficient = self.coefficient(method, stay, row)
        mean = number(row["mean"])
        if rules.get("benchmark") == "level_mean" and row.get(f"mean_{stay.level}"):
            mean = number(row[f"mean_{stay.level}"])
        ratio = yuan / mean
        if "bands" in rules:
            return self.banded(rules["bands"], units, ratio, coefficient)
        normal = ("normal", "units", units * coefficient)
        low = rules.get("low")
        if low:
            limit = number(low["limit_below_one"] if coefficient < 1 and "limit_below_one" in low else low["limit"])
            if ratio < limit:
                return "low", "bill", yuan
        for one in rules.get("high", {}).get("limits", ()):
            if "below" in one and units >= number(one["below"]):
                continue
            times = number(one["times"])
            if ratio <= times or not high:
                break
            if rules["high"]["pays"] == "linear_add":
                return "high", "units", units * coefficient + (ratio - times) * units
            price = method["price"]
            per_unit = of(price.get("per_unit", price.get("region_mean")), stay.scheme)
            assert per_unit is not None
            return "high", "units", max(units * coefficient, yuan / per_unit - (times - 1) * units * coefficient)
        return normal

    dip = day_surgery = drg

    @staticmethod
    def banded(
        bands: Sequence[Mapping[str, str]], units: Fraction, ratio: Fraction, coefficient: Fraction
    ) -> tuple[str, str, Fraction]:
        start = Fraction(0)
        for band in bands:
            if "upto" not in band or ratio <= number(band["upto"]):
                break
            start = number(band["upto"])
        how = band.get("coefficient", "multiply")
        times = ONE if how == "none" else coefficient
        if band["pays"] == "ratio":
            return "low", "units", units * ratio * times
        if band["pays"] == "normal":
            return "normal", "units", units * times
        if how == "inside":
            return "high", "units", units * (ratio - start + coefficient)
        return "high", "units", units * (ratio - start + 1) * times

    @staticmethod
    def coefficient(method: Mapping[str, Any], stay: Stay, row: Mapping[str, str]) -> Fraction:
        stated = method["coefficient"]
        if stated == "none" or row.get("basic") == "1":
            return ONE
        found = stated.get("hospital", {}).get(stay.institution, stated.get("level", {}).get(stay.level))
        if found is None:
            raise Refused
        return number(found)

    @staticmethod
    def bed_day(method: Mapping[str, Any], stay: Stay, grouped: GroupOf, high: bool) -> tuple[str, str, Fraction]:
        days = max(stay.los, 1)
        for limit in method.get("day_limits", ()):
            if any(stay.dx[0].startswith(code) for code in limit["diagnoses"]):
                days = min(days, int(limit["days"]))
                break
        total = Fraction(0)
        for day in range(1, days + 1):
            stage = next(one for one in method["stages"] if "through" not in one or day <= int(one["through"]))
            rate = of(stage["per_day"], stay.level)
            if not rate:
                raise Refused
            total += rate
        return "normal", "yuan", total

    @staticmethod
    def disease(
        method: Mapping[str, Any], stay: Stay, grouped: GroupOf, high: bool
    ) -> tuple[str, str, Fraction] | None:
        for row in method["diseases"]:
            if not any(stay.dx[0].startswith(code) for code in row["diagnoses"]):
                continue
            if "procedures" in row and not any(px.startswith(tuple(row["procedures"])) for px in stay.px):
                continue
            if "least_tcm" in row and Fraction(stay.tcm_fen, stay.total_fen) < number(row["least_tcm"]):
                continue
            price = of(row["price"], stay.level)
            if price is None:
                raise Refused
            if "exit_above" in row and Fraction(stay.total_fen, 100) > number(row["exit_above"]) * price:
                continue
            return "normal", "yuan", price
        return None

    tcm_advantage = disease

    @staticmethod
    def by_item(method: Mapping[str, Any], stay: Stay, grouped: GroupOf, high: bool) -> tuple[str, str, Fraction]:
        return "normal", "bill", Fraction(stay.total_fen, 100)

    # A year -----------------------------------------------------------------------------------------------------------

    def year(
        self, stays: Sequence[Stay], groups: Mapping[str, GroupOf], budgets: Mapping[str, int]
    ) -> dict[str, Outcome]:
        """Every stay with what the budget gives it; budgets in fen."""
        found = {stay.case_id: self.price(stay, groups[stay.case_id]) for stay in stays}
        by_id = {stay.case_id: stay for stay in stays}
        for method in self.version["methods"]:
            quota = method.get("outliers", {}).get("high", {}).get("quota")
            if quota:
                self._quota(method["name"], number(quota), found, by_id, groups)
        rules = self.version.get("year", {})
        for scheme, budget in budgets.items():
            mine = sorted(
                name
                for name, one in found.items()
                if by_id[name].scheme == scheme and one.status not in ("outside", "refused")
            )
            money = budget - whole(budget * number(rules.get("reserve", "0%")))
            fixed = [name for name in mine if found[name].points is None]
            spent = sum(int((found[name].fund or 0) * 100) for name in fixed)
            if spent > money:
                parts = self._shared(money, {name: found[name].fund or Fraction(0) for name in fixed})
                for name in (one for one in fixed if found[one].fund):
                    found[name].fund = Fraction(parts[name], 100)
                    found[name].standard = found[name].fund + found[name].patient + Fraction(by_id[name].other_fen, 100)
                spent = money
            self._points(found, by_id, [name for name in mine if name not in set(fixed)], money - spent, rules)
        return found

    def _quota(
        self,
        name: str,
        quota: Fraction,
        found: dict[str, Outcome],
        by_id: Mapping[str, Stay],
        groups: Mapping[str, GroupOf],
    ) -> None:
        hospitals = defaultdict(list)
        for case_id, one in found.items():
            if one.method == name:
                hospitals[by_id[case_id].institution].append(case_id)
        for cases in hospitals.values():
            high = [case_id for case_id in cases if found[case_id].status == "high"]
            table = self.tables[name]
            high.sort(key=lambda one: (-by_id[one].total_fen / number(table[groups[one].group]["mean"]), one))
            for case_id in high[(len(cases) * quota).__floor__() :]:
                found[case_id] = self.price(by_id[case_id], groups[case_id], high=False)

    @staticmethod
    def _shared(money: int, shares: Mapping[str, Fraction]) -> dict[str, int]:
        total = sum(shares.values())
        exact = {name: money * share / total if total else Fraction(0) for name, share in shares.items()}
        parts = {name: value.__floor__() for name, value in exact.items()}
        order = sorted(exact, key=lambda name: (-(exact[name] - parts[name]), name))
        for name in order[: money - sum(parts.values()) if total else 0]:
            parts[name] += 1
        return parts

    def _points(
        self,
        found: dict[str, Outcome],
        by_id: Mapping[str, Stay],
        names: Sequence[str],
        money: int,
        rules: Mapping[str, Any],
    ) -> None:
        total = rules.get("point_basis", "fund") == "total"
        borne = {name: by_id[name].patient_fen + by_id[name].other_fen for name in names}
        left = [name for name in names if found[name].points]
        while True:
            pot = money + (sum(borne[name] for name in left) if total else 0)
            parts = self._shared(pot, {name: found[name].points or Fraction(0) for name in left})
            below = {name for name in left if total and parts[name] < borne[name]}
            if not below:
                break
            left = [name for name in left if name not in below]
        for name in names:
            fund = 0 if name not in left else parts[name] - (borne[name] if total else 0)
            found[name].fund = Fraction(fund, 100)
            found[name].standard = Fraction(fund + borne[name], 100)
