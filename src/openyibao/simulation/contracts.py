"""What the simulation room hands over: sums of settled visits by year and pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from openyibao.policy.terms import LAYERS


@dataclass
class Sums:
    """Sums over settled visits. Money in fen; payers_fen by layer of the chain, the city product among them.

    fund_fen is what the funds pay, hospital and city product apart; burden_fen = total_fen - fund_fen - hospital_fen.
    account_fen is the part of the burden that personal accounts bear; account_purchases_fen what they bear beside.
    """

    visits: int = 0
    persons: int = 0
    total_fen: int = 0
    in_scope_fen: int = 0
    deductible_fen: int = 0
    remote_first_self_pay_fen: int = 0
    fund_fen: int = 0
    hospital_fen: int = 0
    city_product_fen: int = 0
    burden_fen: int = 0
    account_fen: int = 0
    account_purchases_fen: int = 0
    payers_fen: dict[str, int] = field(default_factory=dict)

    def add(self, other: Sums) -> None:
        """Take in other sums; persons are added too, so only for sums of different persons or person-years."""
        for name, value in vars(other).items():
            if name != "payers_fen":
                setattr(self, name, getattr(self, name) + value)
        for layer, fen in other.payers_fen.items():
            self.payers_fen[layer] = self.payers_fen.get(layer, 0) + fen

    def as_json(self) -> dict[str, Any]:
        """By name; payers in the order of the chain, whichever engine met them first."""
        order = {layer: at for at, layer in enumerate(LAYERS)}
        payers = sorted(self.payers_fen.items(), key=lambda entry: (order.get(entry[0], len(order)), entry[0]))
        return {**vars(self), "payers_fen": dict(payers)}


@dataclass
class PoolTotals:
    """Sums of one pool (统筹区×险种) in one year. A person of two pools in a year counts in both."""

    area: str
    scheme: str
    sums: Sums

    def as_json(self) -> dict[str, Any]:
        return {"area": self.area, "scheme": self.scheme, **self.sums.as_json()}


@dataclass
class YearTotals:
    """Sums of one year; persons are those with a visit in it."""

    year: int
    sums: Sums
    pools: list[PoolTotals]

    def as_json(self) -> dict[str, Any]:
        return {**self.sums.as_json(), "pools": [pool.as_json() for pool in self.pools]}


@dataclass
class Totals:
    """What settling a dataset again came to. `sums.persons` are persons with a visit in any of the years.

    run names the splits written, "" when none were; policies is the rulebook's digest; accounts says whether the
    account side was worked out (it is, whenever splits are written).
    """

    sums: Sums
    years: dict[int, YearTotals]
    seconds: float
    engine: str
    run: str = ""
    policies: str = ""
    reform: str = ""
    accounts: bool = False

    @property
    def visits(self) -> int:
        return self.sums.visits

    @property
    def persons(self) -> int:
        return self.sums.persons

    @property
    def fund_fen(self) -> int:
        return self.sums.fund_fen

    @property
    def payers_fen(self) -> dict[str, int]:
        return self.sums.payers_fen

    def as_json(self) -> dict[str, Any]:
        """The answer of `openyibao resettle --json`; without accounts their sums are left out."""
        answer = {
            **self.sums.as_json(),
            "seconds": round(self.seconds, 3),
            "engine": self.engine,
            "run": self.run,
            "policies": self.policies,
            "reform": self.reform,
            "years": {str(year): totals.as_json() for year, totals in self.years.items()},
        }
        if not self.accounts:
            _without_accounts(answer)
        return answer


def _without_accounts(node: dict[str, Any]) -> None:
    for name in ("account_fen", "account_purchases_fen"):
        node.pop(name, None)
    for inner in (*node.get("years", {}).values(), *node.get("pools", ())):
        _without_accounts(inner)
