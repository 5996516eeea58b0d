"""By what a reform is told apart (分组口径): pools, benefits, levels, counties, ages, helped groups, incomes.

A cube holds sums by such keys: every dimension has its own rows, and a visit or a person is added to one row of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openyibao.datasets.facade import BENEFIT_CODES, LEVEL_CODES, STATUS_CODES, Dataset
from openyibao.kernel.areas import all_areas
from openyibao.policy.contracts import Ints
from openyibao.policy.terms import GROUPS, SCHEMES

SIDES = ("before", "after")
SPLIT = (
    *("deductible", "remote", "burden"),
    *("basic", "serious_illness", "special_drug", "supplement", "assistance", "city_product", "hospital"),
)
"""Money of one side of a visit, in the order of the driver's splits after the total."""
VISIT_COLUMNS = ("visits", "total", "in_scope", "changed", *(f"{side}.{name}" for side in SIDES for name in SPLIT))
PERSON_COLUMNS = (
    *("persons", "winners", "losers", "income"),
    *("gain_bills", "gain_account", "gain_premium"),
    *("before.burden", "after.burden", "before.credit", "after.credit"),
    *("before.account_visits", "after.account_visits", "before.account_bought", "after.account_bought"),
    *("before.short", "after.short"),
)
"""What is added up by person: who gains or loses, and the two sides of the personal account."""
AGES = (
    (6, "0—5岁"),
    (18, "6—17岁"),
    (45, "18—44岁"),
    (60, "45—59岁"),
    (70, "60—69岁"),
    (80, "70—79岁"),
    (999, "80岁以上"),
)
DECILES = 10
N_SCHEMES = len(SCHEMES)
N_BENEFITS, N_LEVELS, N_STATUSES = len(BENEFIT_CODES), len(LEVEL_CODES), len(STATUS_CODES)
GROUP_KEYS = ("", *GROUPS)


@dataclass(frozen=True)
class Dimension:
    """One way of telling apart: name, first row in the cube, number of rows."""

    name: str
    first: int
    size: int


def laid_out(sizes: dict[str, int]) -> tuple[dict[str, Dimension], int]:
    """Dimensions one after the other in a cube, and its number of rows."""
    found, at = {}, 0
    for name, size in sizes.items():
        found[name] = Dimension(name, at, size)
        at += size
    return found, at


class Keys:
    """The keys of one dataset: numbers of every dimension, and how a row reads."""

    def __init__(self, dataset: Dataset) -> None:
        self.pools = dataset.pools
        self.schemes = np.array([list(SCHEMES).index(scheme) for _, scheme in dataset.pools], dtype=np.int64)
        self.counties = sorted(int(code) for code in all_areas() if code[:2] == "37" and code != "370000")
        self.institutions = dataset.whole("institutions").num_rows
        self.visit_dims, self.visit_rows = laid_out(
            {
                "cell": len(self.pools) * N_BENEFITS * N_LEVELS * N_STATUSES,
                "institution": self.institutions + 1,
                "county": (len(self.counties) + 1) * N_SCHEMES,
                "age": len(AGES) * N_SCHEMES,
                "group": len(GROUP_KEYS) * N_SCHEMES,
            }
        )
        self.person_dims, self.person_rows = laid_out(
            {
                "pool": len(self.pools) * N_STATUSES,
                "county": (len(self.counties) + 1) * N_SCHEMES,
                "age": len(AGES) * N_SCHEMES,
                "group": len(GROUP_KEYS) * N_SCHEMES,
                "decile": DECILES + 1,
            }
        )

    def county_at(self, county: Ints) -> Ints:
        """Place of a county in the list; the last place for others."""
        at = np.searchsorted(self.counties, county)
        at[at == len(self.counties)] = 0
        found: Ints = np.where(np.array(self.counties)[at] == county, at, len(self.counties)).astype(np.int64)
        return found

    @staticmethod
    def age_at(birth: Ints, year: int) -> Ints:
        """Age band at the year's end, by year of birth."""
        born = birth.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
        bands: Ints = np.searchsorted([upto for upto, _ in AGES], year - born, side="right")
        return np.minimum(bands, len(AGES) - 1).astype(np.int64)

    @staticmethod
    def group_at(groups: Ints) -> Ints:
        """The first helped group of a mask, in the order of the field; 0 for none."""
        masks = np.arange(1 << len(GROUPS))
        first = np.zeros(len(masks), dtype=np.int64)
        for at in range(len(GROUPS) - 1, -1, -1):
            first[(masks >> at) & 1 == 1] = at + 1
        found: Ints = first[groups.astype(np.int64)]
        return found
