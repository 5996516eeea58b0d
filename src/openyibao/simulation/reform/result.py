"""What a reform run answers (测算结果): sums a report is written from, and the same as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from openyibao.datasets.facade import BENEFIT_CODES, LEVEL_CODES, STATUS_CODES, Manifest
from openyibao.documents.facade import Report
from openyibao.kernel.areas import all_areas, pooling_area_of
from openyibao.policy.contracts import Ints
from openyibao.policy.facade import area_name
from openyibao.policy.terms import BENEFITS, GROUPS, LEVELS, SCHEMES, STATUSES
from openyibao.simulation.reform import pools
from openyibao.simulation.reform.backtest import BackTest
from openyibao.simulation.reform.keys import (
    AGES,
    DECILES,
    N_BENEFITS,
    N_LEVELS,
    N_SCHEMES,
    N_STATUSES,
    PERSON_COLUMNS,
    SPLIT,
    VISIT_COLUMNS,
)
from openyibao.simulation.reform.losers import Explained
from openyibao.simulation.reform.measure import CONTRIBUTED, FLEXIBLE, Measured
from openyibao.simulation.reform.pools import PoolAccount
from openyibao.simulation.reform.response import CASES, Response
from openyibao.simulation.reform.rows import Row, person_row, row_json, short_name, some_rows, visit_row

PAYERS = {
    "basic": "基本医保统筹基金",
    "serious_illness": "大病保险（居民大病、职工大额）",
    "special_drug": "大病保险特药",
    "supplement": "长期护理、公务员补助等其他基金",
    "assistance": "医疗救助",
    "hospital": "医疗机构减免",
    "burden": "个人负担",
}
"""Who bears a bill: these add up to it. The city product stands beside and repays the person."""
SCHEME_CODES = tuple(SCHEMES)


@dataclass(frozen=True)
class ChangedFigure:
    """One change of the reform: what stood there, what stands there now, why."""

    path: str
    name: str
    start: str
    before: str
    after: str
    note: str
    certainty: str


@dataclass
class ReformResult:
    """A reform run over one year of a dataset."""

    title: str
    note: str
    file: str
    reform_hash: str
    digests: tuple[str, str]
    folder: str
    manifest: Manifest
    year: int
    figures: list[ChangedFigure]
    measured: Measured
    accounts: list[PoolAccount]
    response: Response
    back_test: BackTest
    explained: list[Explained]
    explained_bills: list[Explained]
    limits: list[int]
    institutions: dict[int, tuple[str, str]]
    """Name and kind of institutions by number; those that move most."""
    provisional: dict[str, list[str]]
    """Assumed and extended figures in force: file -> key paths."""
    notes: list[str] = field(default_factory=list)
    rules_checked: int = 0
    idle: list[str] = field(default_factory=list)
    """Changes that do nothing in the year, and why."""
    doubts: list[str] = field(default_factory=list)
    """Rules of the benefit list that could not be judged for want of a figure."""
    changes: int = 0
    """How many changes the reform file has."""
    seconds: float = 0.0

    # Sums -----------------------------------------------------------------------------------------------------

    @property
    def scale(self) -> float:
        return float(self.manifest.scale or 1)

    @property
    def area_name(self) -> str:
        return area_name(self.manifest.area) if self.manifest.area in all_areas() else self.manifest.title

    def _cells(self) -> Ints:
        keys = self.measured.keys
        dim = keys.visit_dims["cell"]
        found: Ints = self.measured.visits[dim.first : dim.first + dim.size]
        return found.reshape(len(keys.pools), N_BENEFITS, N_LEVELS, N_STATUSES, -1)

    @property
    def total(self) -> Row:
        """All visits together."""
        return visit_row("合计", self._cells().sum(axis=(0, 1, 2, 3)))

    def by_scheme(self) -> list[Row]:
        cells = self._cells().sum(axis=(1, 2, 3))
        schemes = [scheme for _, scheme in self.measured.keys.pools]
        return [
            visit_row(SCHEMES[code], cells[[at for at, one in enumerate(schemes) if one == code]].sum(axis=0))
            for code in SCHEME_CODES
            if code in schemes
        ]

    def by_benefit(self) -> list[Row]:
        cells = self._cells().sum(axis=(0, 2, 3))
        return some_rows(visit_row(BENEFITS[code], cells[at]) for at, code in enumerate(BENEFIT_CODES))

    def by_level(self) -> list[Row]:
        cells = self._cells().sum(axis=(0, 1, 3))
        return some_rows(visit_row(LEVELS.get(code, "未写明"), cells[at]) for at, code in enumerate(LEVEL_CODES))

    def by_scheme_benefit(self) -> list[tuple[str, str, Row]]:
        cells = self._cells().sum(axis=(2, 3))
        found = []
        for code in SCHEME_CODES:
            mine = [at for at, (_, scheme) in enumerate(self.measured.keys.pools) if scheme == code]
            for at, benefit in enumerate(BENEFIT_CODES):
                if mine and (row := visit_row(BENEFITS[benefit], cells[mine, at].sum(axis=0)))["visits"]:
                    found.append((code, benefit, row))
        return found

    def by_pool(self) -> list[tuple[str, str, Row]]:
        """(area, scheme, sums) of every pool."""
        cells = self._cells().sum(axis=(1, 2, 3))
        return [
            (area, scheme, visit_row(f"{area_name(area)}{SCHEMES[scheme]}", cells[at]))
            for at, (area, scheme) in enumerate(self.measured.keys.pools)
        ]

    def by_city(self) -> list[Row]:
        cells = self._cells().sum(axis=(1, 2, 3))
        areas = sorted({area for area, _ in self.measured.keys.pools})
        pairs = self.measured.keys.pools
        return some_rows(
            visit_row(area_name(area), cells[[at for at, (one, _) in enumerate(pairs) if one == area]].sum(axis=0))
            for area in areas
        )

    def _visit_dim(self, name: str) -> Ints:
        dim = self.measured.keys.visit_dims[name]
        found: Ints = self.measured.visits[dim.first : dim.first + dim.size]
        return found

    def _person_dim(self, name: str) -> Ints:
        dim = self.measured.keys.person_dims[name]
        found: Ints = self.measured.persons[dim.first : dim.first + dim.size]
        return found

    def _names(self, name: str) -> list[str]:
        if name == "county":
            codes = [str(code) for code in self.measured.keys.counties]
            many = len({area for area, _ in self.measured.keys.pools}) > 1
            cities = [area_name(pooling_area_of(code)) if many else "" for code in codes]
            names = [
                city if city == area_name(code) else city + area_name(code)
                for city, code in zip(cities, codes, strict=True)
            ]
            return [*names, "其他"]
        if name == "age":
            return [label for _, label in AGES]
        return ["其他参保人", *GROUPS.values()]

    def pairs(self, name: str, scheme: str = "") -> list[tuple[Row, Row]]:
        """(visits, persons) by county, age or group, of one scheme or all; rows with nobody are left out."""
        visits = self._visit_dim(name).reshape(-1, N_SCHEMES, len(VISIT_COLUMNS))
        persons = self._person_dim(name).reshape(-1, N_SCHEMES, len(PERSON_COLUMNS))
        pick = slice(None) if not scheme else slice(SCHEME_CODES.index(scheme), SCHEME_CODES.index(scheme) + 1)
        found = []
        for at, label in enumerate(self._names(name)):
            pair = (visit_row(label, visits[at, pick].sum(axis=0)), person_row(label, persons[at, pick].sum(axis=0)))
            if pair[0]["visits"] or pair[1]["persons"]:
                found.append(pair)
        return found

    def deciles(self) -> list[Row]:
        """Persons by decile of household income per head; the last row those whose income is not known."""
        names = [f"第 {at + 1} 组" for at in range(DECILES)] + ["收入不详"]
        return [person_row(name, row) for name, row in zip(names, self._person_dim("decile"), strict=True)]

    def persons(self) -> Row:
        return person_row("合计", self._person_dim("decile").sum(axis=0))

    def by_status(self) -> list[Row]:
        """Persons by scheme and status."""
        shaped = self._person_dim("pool").reshape(len(self.measured.keys.pools), N_STATUSES, -1)
        found = []
        for code in SCHEME_CODES:
            mine = [at for at, (_, scheme) in enumerate(self.measured.keys.pools) if scheme == code]
            for at, status in enumerate(STATUS_CODES):
                row = (
                    person_row(f"{short_name(code)}{STATUSES.get(status, '')}", shaped[mine, at].sum(axis=0))
                    if mine
                    else None
                )
                if row is not None and row["persons"]:
                    found.append(row)
        return found

    def top_institutions(self, count: int = 10) -> list[tuple[int, Row]]:
        """Institutions whose payment by funds moves most, the largest first, ties by number."""
        rows = self._visit_dim("institution")[:-1]
        moved = self._moved(rows)
        order = sorted(range(len(rows)), key=lambda at: (-abs(int(moved[at])), at))[:count]
        return [(at, visit_row(self.institutions.get(at, (f"{at}", ""))[0], rows[at])) for at in order if moved[at]]

    @staticmethod
    def _moved(rows: Ints) -> Ints:
        names = ("basic", "serious_illness", "special_drug", "supplement", "assistance")
        after = rows[:, [VISIT_COLUMNS.index(f"after.{name}") for name in names]].sum(axis=1)
        found: Ints = after - rows[:, [VISIT_COLUMNS.index(f"before.{name}") for name in names]].sum(axis=1)
        return found

    # Money ----------------------------------------------------------------------------------------------------

    def contributions(self) -> dict[str, int]:
        """What the reform changes of contributions, fen: employer, individual, subsidy, assistance, account."""
        sums = self.measured.paid_in.sum(axis=0)
        names = [name.removesuffix("_fen") for name in CONTRIBUTED]
        found = {name: int(sums[len(names) + at]) for at, name in enumerate(names)}
        flexible = int(sums[FLEXIBLE])
        return {**found, "employer": found["employer"] - flexible, "individual": found["individual"] + flexible}

    def balance(self) -> dict[str, int]:
        """Who is better off by how much, fen (各方得失); the parts add up to zero."""
        total, person, paid = self.total, self.persons(), self.contributions()
        premiums = sum(account.premiums[1] - account.premiums[0] for account in self.accounts)
        credit = paid["account"]
        spent = sum(person.change(f"account_{name}") for name in ("visits", "bought"))
        pool_income = paid["employer"] + paid["individual"] + paid["subsidy"] + paid["assistance"] - credit
        return {
            "pools": pool_income - total.change("basic") - premiums,
            "serious_illness": premiums - total.change("serious_illness") - total.change("special_drug"),
            "accounts": credit - spent,
            "supplements": -total.change("supplement"),
            "assistance": -total.change("assistance") - paid["assistance"],
            "city_product": -total.change("city_product"),
            "hospitals": -total.change("hospital"),
            "treasury": -paid["subsidy"],
            "employers": -paid["employer"],
            "persons_cash": -paid["individual"]
            - (total.change("burden") - person.change("account_visits"))
            - person.change("short")
            + total.change("city_product"),
        }

    def account_total(self, scheme: str) -> PoolAccount | None:
        return pools.totals(self.accounts, scheme)

    def sums(self, side: str) -> dict[str, int]:
        """Sums of one side under the names of `resettle`: what two separate runs would say."""
        total, person = self.total, self.persons()
        return {
            "visits": total["visits"],
            "total_fen": total["total"],
            "in_scope_fen": total["in_scope"],
            "deductible_fen": total[f"{side}.deductible"],
            "remote_first_self_pay_fen": total[f"{side}.remote"],
            "burden_fen": total[f"{side}.burden"],
            "hospital_fen": total[f"{side}.hospital"],
            "city_product_fen": total[f"{side}.city_product"],
            "fund_fen": total.funds[0 if side == "before" else 1],
            "account_fen": person[f"{side}.account_visits"],
            "account_purchases_fen": person[f"{side}.account_bought"],
        }

    # Answers --------------------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """Everything as plain data; money in fen."""
        shares = self.measured.catastrophic
        return {
            "title": self.title,
            "method": "static",
            "reform": {"file": self.file, "hash": self.reform_hash, "changes": [vars(one) for one in self.figures]},
            "policies": {"before": self.digests[0], "after": self.digests[1]},
            "dataset": {
                "folder": self.folder,
                "title": self.manifest.title,
                "kind": self.manifest.kind,
                "area": self.manifest.area,
                "scale": self.manifest.scale,
            },
            "year": self.year,
            "benefit_list_rules_checked": self.rules_checked,
            "benefit_list_not_judged": self.doubts,
            "idle_changes": self.idle,
            "before": self.sums("before"),
            "after": self.sums("after"),
            "payers": {
                name: {"before": self.total[f"before.{name}"], "after": self.total[f"after.{name}"]} for name in SPLIT
            },
            "contributions_change_fen": self.contributions(),
            "who_is_better_off_fen": self.balance(),
            "persons": {
                **{name: self.persons()[name] for name in PERSON_COLUMNS},
                "with_visits": self.measured.visitors,
                "with_changed_bills": self.measured.affected,
            },
            "by_scheme": [row_json(row) for row in self.by_scheme()],
            "by_benefit": [row_json(row) for row in self.by_benefit()],
            "by_level": [row_json(row) for row in self.by_level()],
            "by_city": [row_json(row) for row in self.by_city()],
            **{
                f"by_{name}": [{**row_json(visits), "persons": person.values} for visits, person in self.pairs(name)]
                for name in ("county", "age", "group")
            },
            "by_status": [row_json(row) for row in self.by_status()],
            "by_decile": [row_json(row) for row in self.deciles()],
            "decile_limits_fen": self.limits,
            "institutions": [{"institution": at, **row_json(row)} for at, row in self.top_institutions()],
            "pools": [account.as_json() for account in self.accounts],
            "catastrophic": {
                "households": [int(value) for value in shares.homes],
                "by_share_percent": {
                    str(share): dict(
                        zip(("before", "after", "newly", "no_longer"), shares.above[at].tolist(), strict=True)
                    )
                    for at, share in enumerate(shares.shares)
                },
            },
            "response": self.response.as_json(),
            "back_test": self.back_test.as_json(),
            "losers": [one.as_json() for one in self.explained],
            "losers_by_bills": [one.as_json() for one in self.explained_bills],
            "provisional_figures": self.provisional,
            "notes": self.notes,
            "seconds": round(self.seconds, 2),
        }

    def lines(self) -> list[str]:
        """The page to sign under as lines of a terminal."""
        from openyibao.simulation.reform.summary import formal
        from openyibao.simulation.reform.wording import Words

        page = formal(self, Words(self.scale, self.total["total"]))
        return [page.title, *page.paragraphs]

    def report(self) -> Report:
        """The report (测算报告) as blocks."""
        from openyibao.simulation.reform.paper import report

        return report(self)


__all__ = ["CASES", "PAYERS", "ChangedFigure", "ReformResult", "Row"]
