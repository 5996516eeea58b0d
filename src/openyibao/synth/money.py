"""What people earn and pay in (工资与筹资): rates, floors and ceilings come from the policy files, by month.

The arithmetic is that of `policy.facade.contribution_from`, over columns: integer fen, rates in 1/10,000, half up once
per part and month. A test holds both equal. Figures that policy states as missing are filled from
`data/supplements.csv` (assumed), the way a case file does with `with:`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.datasets.facade import GROUP_CODES
from openyibao.kernel.errors import Fault, Malformed, PolicyMissing, Refused
from openyibao.kernel.money import fen_from_yuan
from openyibao.policy.facade import Policies, contribution_from, figures_in, in_force
from openyibao.synth.figures import rows

Ints = npt.NDArray[np.int64]
WHOLE = 10_000


@dataclass(frozen=True)
class Month:
    """Figures of an employee's month in one area: rates in 1/10,000, amounts in fen."""

    employer: int
    kept: dict[str, int]
    """Share of the employer's part left by relief, by employer kind; 10,000 where there is none."""
    individual: int
    floor: int
    ceiling: int
    account_young: int
    account_old: int
    pension: int
    fixed: int
    flexible: int


@dataclass(frozen=True)
class ResidentYear:
    """A resident's premium and subsidy of a year, fen; what the assistance fund pays by group."""

    individual: int
    subsidy: int
    subsidised: dict[str, int]


@dataclass
class Rates:
    """Contribution figures of one area and year, and the figures that had to be assumed."""

    months: list[Month]
    resident: ResidentYear
    supplied: dict[str, str] = field(default_factory=dict)


def supplements(year: int) -> dict[str, str]:
    """Assumed values of figures that policy states as missing, or only as a national design, in force in a year."""
    return {
        row["figure"]: row["value"] for row in rows("supplements.csv") if int(row["from"]) <= year <= int(row["until"])
    }


LOCAL = ("employer_rate.active",)
"""Figures the nation states as a design that every area replaced: its own rate is supplied where no file has it."""

_PROBE = 1_000_000
"""A wage within every floor and ceiling, in fen, that shows a rate exactly: 10,000.00 yuan."""
_KINDS = ("enterprise", "organ", "flexible")


class Probe:
    """Reads contribution figures through the policy door, one month or year at a time."""

    def __init__(self, policies: Policies, area: str, year: int) -> None:
        self.policies, self.area, self.year = policies, area, year
        self.supplied: dict[str, str] = {}

    def rates(self) -> Rates:
        """Every month of the year. Raises: Refused when policy states no rates and none are supplied."""
        months: list[Month] = []
        seen: dict[tuple[str, ...], Month] = {}
        for month in range(1, 13):
            key = self._stated("employee", month)
            if key not in seen:
                seen[key] = self._month(month)
            months.append(seen[key])
        self._stated("resident", 1)
        return Rates(months, self._resident(), self.supplied)

    def _stated(self, scheme: str, month: int) -> tuple[str, ...]:
        """Figures in force, and supplements for those stated as missing."""
        known = supplements(self.year)
        found: list[str] = []
        for version in in_force(self.policies.rulebook, self.area, scheme, date(self.year, month, 1)):
            if version.file.kind != "contribution":
                continue
            for figure in figures_in(self.policies.rulebook, version):
                found.append(f"{figure.path}={figure.value}")
                tail = figure.path.partition("#")[2]
                national = figure.path.startswith("national/")
                if tail in known and (figure.value == "missing" or (national and tail in LOCAL)):
                    self.supplied[figure.path] = known[tail]
        return tuple(found)

    def _ask(self, period: str, **person: Any) -> Any:
        with_ = {
            key: value
            for key, value in self.supplied.items()
            if ("/resident/" in key) == (person["scheme"] == "resident")
        }
        data: dict[str, Any] = {"person": {"area": self.area, **person}, "period": period}
        if with_:
            data["with"] = with_
        return contribution_from(data, self.policies).amounts

    def _month(self, month: int) -> Month:
        period = f"{self.year}-{month:02d}"

        def active(wage: str, kind: str = "organ", birth: str = "1999-01-01") -> Any:
            return self._ask(
                period,
                scheme="employee",
                status="active",
                employer_kind=kind,
                birth=birth,
                declared_wage=wage,
            )

        probe = "10000.00"
        whole = active(probe)
        employer = whole.employer * WHOLE // _PROBE
        kept = {
            "organ": WHOLE,
            "enterprise": active(probe, "enterprise").employer * WHOLE // whole.employer,
            "flexible": WHOLE,
        }
        moved = active(probe, "flexible")
        retired = self._ask(period, scheme="employee", status="retired", birth="1950-01-01", pension=probe)
        double = self._ask(period, scheme="employee", status="retired", birth="1950-01-01", pension="20000.00")
        fixed = retired.account == double.account
        return Month(
            employer,
            kept,
            whole.individual * WHOLE // _PROBE,
            active("0.01").base,
            active("9000000.00").base,
            whole.account * WHOLE // _PROBE,
            active(probe, birth="1960-01-01").account * WHOLE // _PROBE,
            0 if fixed else retired.account * WHOLE // _PROBE,
            retired.account if fixed else 0,
            (whole.employer - moved.employer) * WHOLE // whole.employer,
        )

    def _resident(self) -> ResidentYear:
        period = str(self.year)
        try:
            plain = self._ask(period, scheme="resident", status="adult")
        except PolicyMissing:
            return self._assumed_resident()
        helped = {}
        for group in GROUP_CODES:
            try:
                found = self._ask(period, scheme="resident", status="adult", groups=[group])
            except Refused:
                continue
            helped[group] = found.assistance
        return ResidentYear(plain.individual, plain.subsidy, helped)

    def _assumed_resident(self) -> ResidentYear:
        """A year without any resident contribution policy: supplements only. Raises: Malformed."""
        known = supplements(self.year)
        for name in ("individual", "subsidy"):
            if name not in known:
                wrong = f"{self.area} {self.year} 年没有居民筹资政策，也没有假定数 {name}"
                raise Malformed([Fault("synth/data/supplements.csv", 0, name, wrong)])
            self.supplied[f"(no policy)#{name}"] = known[name]
        return ResidentYear(_fen(known["individual"]), _fen(known["subsidy"]), {})


def _fen(value: str) -> int:
    return int(fen_from_yuan(value))


def share(amounts: Ints, rate: int) -> Ints:
    """Amounts times a ratio, half up: `kernel.money.share` over a column."""
    made: Ints = (amounts * rate + WHOLE // 2) // WHOLE
    return made


def share_of_share(amounts: Ints, rate: int, kept: Ints) -> Ints:
    whole = WHOLE * WHOLE
    made: Ints = (amounts * rate * kept + whole // 2) // whole
    return made


@dataclass
class Paid:
    """Sums of a year per row: fen."""

    base: Ints
    employer: Ints
    individual: Ints
    account: Ints


def employee_months(
    rates: Rates, wage: Ints, kind: npt.NDArray[np.int8], old_from: Ints, active: npt.NDArray[np.bool_]
) -> Paid:
    """What is due for the months in which `active` (persons, 12) holds.

    Args: wage in fen a month; kind as index into EMPLOYER_KINDS; old_from is the first month (0 to 12) at whose first
    day the person is 45.
    """
    n = len(wage)
    paid = Paid(np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64))
    last: tuple[Month | None, tuple[Ints, ...]] = (None, ())
    for at, month in enumerate(rates.months):
        if last[0] is not month:
            base = np.clip(wage, month.floor, month.ceiling)
            kept = np.array([WHOLE, month.kept["enterprise"], month.kept["organ"], month.kept["flexible"]])[kind]
            employer = np.where(kept == WHOLE, share(base, month.employer), share_of_share(base, month.employer, kept))
            individual = share(base, month.individual)
            moved = np.where(kind == 3, share(employer, month.flexible), 0)
            young, old = share(base, month.account_young), share(base, month.account_old)
            last = month, (base, employer - moved, individual + moved, young, old)
        base, employer, individual, young, old = last[1]
        here = active[:, at]
        paid.base = np.where(here, base, paid.base)
        paid.employer += np.where(here, employer, 0)
        paid.individual += np.where(here, individual, 0)
        paid.account += np.where(here, np.where(old_from <= at, old, young), 0)
    return paid


def retired_months(rates: Rates, pension: Ints, retired: npt.NDArray[np.bool_]) -> Ints:
    """Account credits of the months in which `retired` (persons, 12) holds."""
    total = np.zeros(len(pension), np.int64)
    for at, month in enumerate(rates.months):
        total += np.where(retired[:, at], share(pension, month.pension) + month.fixed, 0)
    return total
