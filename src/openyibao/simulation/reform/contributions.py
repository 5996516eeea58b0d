"""What a reform changes about contributions (筹资): the same rules as one payer's, over columns of payers.

The policy room decides one contribution per distinct kind of payer and month; the figures it says it used (rates, base
limits) are then applied to every base, with the same rounding. What changes is the rule after minus the rule before;
it is added to what the dataset says was really paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from openyibao.datasets.facade import EMPLOYER_KINDS, GROUP_CODES, STATUS_CODES, Dataset
from openyibao.kernel.areas import lineage
from openyibao.kernel.errors import FigureMissing, PolicyMissing, Refused
from openyibao.kernel.money import WHOLE_BP, basis_points, fen_from_yuan
from openyibao.policy.contracts import Columns, Ints, Source
from openyibao.policy.facade import Policies, contribution_from

PARTS = ("employer", "individual", "subsidy", "assistance", "account")
MANY_YUAN = "20000000"
BIRTHS = {"under_45": "1999-12-31", "from_45": "1940-01-01"}
NO_CEILING = 1 << 60


@dataclass(frozen=True)
class Month:
    """One month of a kind of employee: figures in 1/10000 or fen, as the policy room used them."""

    employer: int = 0
    kept: int = WHOLE_BP
    individual: int = 0
    account: int = 0
    fixed: int = 0
    floor: int = 0
    ceiling: int = NO_CEILING


@dataclass
class Change:
    """What a reform changes for the payers of a batch, fen a year by part; and the rule's own account before."""

    parts: dict[str, Ints]
    rule_account: Ints | None = None

    @property
    def own(self) -> Ints:
        """What the persons themselves pay more."""
        return self.parts["individual"]


@dataclass
class Rules:
    """Contribution rules of a year before and after, asked for when first met."""

    before: Policies
    after: Policies
    year: int
    pools: list[tuple[str, str]]
    touched: frozenset[int]
    """Pools whose contributions the reform may change."""
    notes: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    _months: dict[tuple[Any, ...], tuple[Month, ...]] = field(default_factory=dict)
    _years: dict[tuple[Any, ...], dict[str, int] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, before: Policies, after: Policies, dataset: Dataset, year: int, reform: Source) -> Rules:
        """Rules for a dataset; nothing is touched when no change is about contributions."""
        names = {row["path"].partition("#")[0].removeprefix("policies/") for row in reform.data["changes"]}
        files = [after.rulebook.files[name] for name in names if after.rulebook.files[name].kind == "contribution"]
        touched = frozenset(
            at
            for at, (area, scheme) in enumerate(dataset.pools)
            if any(scheme in file.schemes and file.area in lineage(area) for file in files)
        )
        return cls(before, after, year, dataset.pools, touched)

    # Asking the policy room -----------------------------------------------------------------------------------

    def _ask(self, policies: Policies, person: Mapping[str, Any], period: str) -> Any:
        return contribution_from({"person": dict(person), "period": period}, policies, "contribution")

    def months(self, side: str, pool: int, status: str, kind: str, band: str) -> tuple[Month, ...]:
        """The twelve months of a kind of employee. Raises: FigureMissing."""
        key = (side, pool, status, kind, band)
        if key not in self._months:
            self._months[key] = tuple(self._month(side, pool, status, kind, band, month) for month in range(1, 13))
        return self._months[key]

    def _month(self, side: str, pool: int, status: str, kind: str, band: str, month: int) -> Month:
        policies = self.before if side == "before" else self.after
        area, scheme = self.pools[pool]
        person: dict[str, Any] = {"area": area, "scheme": scheme, "status": status, "birth": BIRTHS[band]}
        if kind:
            person["employer_kind"] = kind
        person["pension" if status == "retired" else "declared_wage"] = MANY_YUAN
        try:
            result = self._ask(policies, person, f"{self.year}-{month:02d}")
        except FigureMissing as gone:
            if "base_ceiling" not in str(gone.details.get("figure", "")):
                raise
            person["declared_wage"] = "0"
            result = self._ask(policies, person, f"{self.year}-{month:02d}")
        self.figures.update(result.figures)
        for path in result.items[0].missing:
            self._note(f"个人账户划入未计：缺少政策参数 {path}")
        return _month_of({path.partition("#")[2]: used.value for path, used in result.figures.items()})

    def resident(self, side: str, pool: int, status: str, groups: int) -> dict[str, int] | None:
        """A resident's year in fen by part; None where the fixed amount of a subsidy of the poor is not known."""
        key = (side, pool, status, groups)
        if key not in self._years:
            policies = self.before if side == "before" else self.after
            area, scheme = self.pools[pool]
            names = [name for at, name in enumerate(GROUP_CODES) if groups >> at & 1]
            person = {"area": area, "scheme": scheme, "status": status, "groups": names}
            try:
                result = self._ask(policies, person, str(self.year))
                self.figures.update(result.figures)
                amounts = result.amounts
                self._years[key] = {name: int(getattr(amounts, name)) for name in PARTS}
            except FigureMissing as gone:
                if "subsidised" not in str(gone.details.get("figure", "")):
                    raise
                self._years[key] = None
        return self._years[key]

    def premium(self, side: str, pool: int, status: str) -> int:
        """Per-head premium moved out of the pool to serious illness; 0 where the policies state none."""
        policies = self.before if side == "before" else self.after
        area, scheme = self.pools[pool]
        person: dict[str, Any] = {"area": area, "scheme": scheme, "status": status}
        if scheme != "resident":
            person |= {"employer_kind": "enterprise", "declared_wage": "0", "pension": "0"}
        try:
            result = self._ask(policies, person, str(self.year))
        except (FigureMissing, PolicyMissing) as gone:
            self.notes.setdefault(f"大病保险划转未计：{gone.message}", 1)
            return 0
        return int(result.transfers.get("serious_illness", 0))

    def _note(self, text: str, count: int = 1) -> None:
        self.notes[text] = self.notes.get(text, 0) + count

    # Over columns ---------------------------------------------------------------------------------------------

    def change(self, rows: Columns, birth: Ints) -> Change:
        """What the reform changes for rows of `contributions`, fen a year. birth: days since 1970-01-01 by row."""
        n = len(rows["person"])
        made = Change({name: np.zeros(n, dtype=np.int64) for name in PARTS})
        if not self.touched:
            return made
        made.rule_account = np.full(n, -1, dtype=np.int64)
        months = _covered(rows, n)
        for pool, status, at in _kinds(rows, self.touched):
            scheme = self.pools[pool][1]
            try:
                if scheme == "resident":
                    self._residents(made, rows, pool, status, at)
                else:
                    self._employees(made, rows, pool, status, at, birth, months)
            except Refused as problem:
                self._note(f"筹资变化未计：{problem.message}", len(at))
        return made

    def _employees(
        self, made: Change, rows: Columns, pool: int, status: str, at: Ints, birth: Ints, months: Ints
    ) -> None:
        kinds = rows["employer_kind"][at]
        for number in np.unique(kinds):
            mine = at[kinds == number]
            sums = {
                side: self._employee_sums(side, rows, pool, status, int(number), mine, birth, months)
                for side in ("before", "after")
            }
            for name in PARTS:
                made.parts[name][mine] = sums["after"][name] - sums["before"][name]
            no_account = rows["account"][mine] == 0
            made.parts["account"][mine[no_account]] = 0
            assert made.rule_account is not None
            made.rule_account[mine] = np.where(no_account, 0, sums["before"]["account"])

    def _employee_sums(
        self, side: str, rows: Columns, pool: int, status: str, kind: int, mine: Ints, birth: Ints, months: Ints
    ) -> dict[str, Ints]:
        base = rows["base_fen"][mine].astype(np.int64)
        sums = {name: np.zeros(len(mine), dtype=np.int64) for name in PARTS}
        code = EMPLOYER_KINDS[kind]
        by_band = [self.months(side, pool, status, code, band) for band in BIRTHS]
        for month in range(12):
            covered = months[mine] >> month & 1
            older = _at_least_45(birth[mine], self.year, month + 1)
            for band, rules in enumerate(by_band):
                here = covered * (older == band)
                if not here.any():
                    continue
                for name, fen in _amounts(rules[month], base).items():
                    sums[name] += fen * here
        return sums

    def _residents(self, made: Change, rows: Columns, pool: int, status: str, at: Ints) -> None:
        groups = rows["groups"][at]
        for mask in np.unique(groups):
            mine = at[groups == mask]
            sides = {side: self.resident(side, pool, status, int(mask)) for side in ("before", "after")}
            fixed = sides["before"] is None or sides["after"] is None
            if fixed:
                sides = {side: self.resident(side, pool, status, 0) for side in sides}
                self._note("定额资助参保的金额无据，按不变计，提高的保费由个人承担", len(mine))
            before, after = sides["before"], sides["after"]
            assert before is not None
            assert after is not None
            paying = rows["individual_fen"][mine] + rows["assistance_fen"][mine] > 0
            subsidised = rows["subsidy_fen"][mine] > 0
            for name, counts in (("individual", paying), ("assistance", paying), ("subsidy", subsidised)):
                made.parts[name][mine] = np.where(counts, after[name] - before[name], 0)


def _kinds(rows: Columns, touched: frozenset[int]) -> Iterator[tuple[int, str, Ints]]:
    """(pool, status, rows) of every kind of payer there is in touched pools."""
    pools = rows["pool"].astype(np.int64)
    both = pools * 16 + rows["status"]
    for value in np.unique(both):
        pool, status = divmod(int(value), 16)
        if pool in touched:
            yield pool, STATUS_CODES[status], np.flatnonzero(both == value)


def _covered(rows: Columns, n: int) -> Ints:
    """Months covered as bits: the last ones of the year, or the first for who is no longer insured at its end."""
    count = np.clip(rows["months"].astype(np.int64), 0, 12)
    first = (np.int64(1) << count) - 1
    found: Ints = np.where(rows["insured_at_year_end"] == 1, first << (12 - count), first)
    return found


def _at_least_45(birth: Ints, year: int, month: int) -> Ints:
    """Whether a person has had the 45th birthday by the first of a month: what splits account bands."""
    days = birth.astype("datetime64[D]")
    born_month = days.astype("datetime64[M]")
    day = (days - born_month.astype("datetime64[D]")).astype(np.int64) + 1
    edge = (year - 45 - 1970) * 12 + month - 1
    at = born_month.astype(np.int64)
    found: Ints = ((at < edge) | ((at == edge) & (day == 1))).astype(np.int64)
    return found


def shares(amounts: Ints, points: int) -> Ints:
    """`points`/10000 of amounts that are not negative, rounded half up to the fen: kernel.money.share over a column."""
    found: Ints = (amounts * points + WHOLE_BP // 2) // WHOLE_BP
    return found


def _amounts(month: Month, base: Ints) -> dict[str, Ints]:
    """What one month of bases comes to, by part. Flexible workers' own part of the employer's stays in `employer`."""
    own = np.clip(base, month.floor, month.ceiling) if month.employer or month.individual else base
    whole = WHOLE_BP * WHOLE_BP
    employer = (
        shares(own, month.employer)
        if month.kept == WHOLE_BP
        else (own * (month.employer * month.kept) + whole // 2) // whole
    )
    return {
        "employer": employer,
        "individual": shares(own, month.individual),
        "account": shares(own, month.account) + month.fixed,
    }


def _month_of(used: Mapping[str, str]) -> Month:
    """The figures that decided a month, from what the policy room says it used."""
    found: dict[str, int] = {}
    for path, value in used.items():
        for prefix, name in (
            ("employer_rate", "employer"),
            ("individual_rate", "individual"),
            ("relief.employer_share", "kept"),
            ("account.of_base", "account"),
            ("account.of_pension", "account"),
            ("account.fixed_month", "fixed"),
            ("base_floor", "floor"),
            ("base_ceiling", "ceiling"),
        ):
            if path == prefix or path.startswith(f"{prefix}."):
                if value == "none":
                    found[name] = NO_CEILING if name == "ceiling" else 0
                else:
                    found[name] = int(basis_points(value) if value.endswith("%") else fen_from_yuan(value))
    return Month(**found)
