"""The clearing of a year (年度清算): surplus kept, overspend shared in bands, quality, and one identity to the fen.

    budget + borne beyond it = paid in the year + clearing + retained

`clearing` is what each institution still gets (or gives back), `retained` is what the fund keeps, by reason. Both
sides are worked out separately and compared; a difference would be our own mistake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from openyibao.kernel.money import share
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, apportion, half_up
from openyibao.payment.engine.pack.pack import Sharing, Version, YearRules
from openyibao.payment.engine.pack.period import Pool
from openyibao.payment.engine.pack.pricing import Priced


@dataclass(frozen=True)
class Due:
    """What sharing makes of one institution's standard and bill, fen: due = standard + extra - returned."""

    extra_fen: int
    returned_fen: int


@dataclass(frozen=True)
class Line:
    """One institution and scheme in the clearing (清算行), fen."""

    institution: str
    scheme: str
    cases: int
    total_fen: int
    patient_fen: int
    other_fen: int
    billed_fen: int
    """Fund part by item."""
    standard_fen: int
    """Fund part by the method."""
    extra_fen: int
    returned_fen: int
    forfeited_fen: int
    paid_fen: int

    @property
    def final_fen(self) -> int:
        """What the institution gets for the year in the end."""
        return self.standard_fen + self.extra_fen - self.returned_fen - self.forfeited_fen

    @property
    def clearing_fen(self) -> int:
        """Still to be paid; negative: to be given back."""
        return self.final_fen - self.paid_fen


@dataclass(frozen=True)
class Clearing:
    """A year's clearing of one scheme."""

    pool: Pool
    lines: tuple[Line, ...]
    retained: Mapping[str, int] = field(default_factory=dict)

    @property
    def paid_fen(self) -> int:
        return sum(line.paid_fen for line in self.lines)

    @property
    def clearing_fen(self) -> int:
        return sum(line.clearing_fen for line in self.lines)

    @property
    def retained_fen(self) -> int:
        return sum(self.retained.values())

    @property
    def holds(self) -> bool:
        """paid + clearing + retained = budget + what the fund bears beyond it."""
        whole = self.pool.budget_fen + self.pool.beyond_fen
        return self.paid_fen + self.clearing_fen + self.retained_fen == whole


RETAINED = {
    "reserve": "预留金结余",
    "undistributed": "未分配",
    "returned": "结余收回",
    "forfeited": "考核扣减",
}


def sharing_due(standard_fen: int, billed_fen: int, sharing: Sharing) -> Due:
    """Extra for an overspend, or what goes back of a surplus: marginal by band of billed / standard.

    Without bands an institution keeps its whole surplus and bears its whole overspend. Rounded half up once.
    """
    if standard_fen <= 0:
        return Due(0, 0)
    if billed_fen > standard_fen:
        extra = 0
        before = TEN_THOUSAND
        for upto, borne in sharing.over:
            high = min(billed_fen * TEN_THOUSAND, standard_fen * upto)
            extra += max(high - standard_fen * before, 0) * borne
            before = upto
        return Due(half_up(extra, TEN_THOUSAND**2), 0)
    returned = 0
    above = TEN_THOUSAND
    for start, kept in sharing.under:
        low = max(billed_fen * TEN_THOUSAND, standard_fen * start)
        returned += max(standard_fen * above - low, 0) * (TEN_THOUSAND - kept)
        above = start
    return Due(0, half_up(returned, TEN_THOUSAND**2))


def released(part_fen: int, score: int, bands: Iterable[tuple[int, int]]) -> int:
    """What a score (of 100) gives back of a part, half up."""
    for least, points in bands:
        if score >= least:
            return int(share(part_fen, points))
    return 0


def clear_year(
    version: Version,
    settled: Iterable[Priced],
    pools: Mapping[str, Pool],
    scores: Mapping[str, int] | None = None,
    paid_before: Mapping[tuple[str, str], int] | None = None,
) -> dict[str, Clearing]:
    """Clear a year by scheme.

    Args: settled and pools as `period.distribute` gives them. scores: quality score (of 100) by institution, 100 when
    it has none. paid_before: fen already paid by (institution, scheme); without it the pack's share of the standard.
    """
    lines: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for one in settled:
        if not one.counts:
            continue
        row = lines[one.stay.scheme][one.stay.institution]
        row["cases"] += 1
        row["total"] += one.stay.total_fen
        row["patient"] += one.patient_fen
        row["other"] += one.other_fen
        row["billed"] += one.stay.total_fen - one.patient_fen - one.other_fen
        row["standard"] += one.fund_fen or 0
    return {
        scheme: _clear(version.year, pool, lines.get(scheme, {}), scores or {}, paid_before)
        for scheme, pool in pools.items()
    }


def _clear(
    rules: YearRules,
    pool: Pool,
    rows: Mapping[str, Mapping[str, int]],
    scores: Mapping[str, int],
    paid_before: Mapping[tuple[str, str], int] | None,
) -> Clearing:
    names = sorted(rows)
    dues = [sharing_due(rows[name]["standard"], rows[name]["billed"], rules.sharing) for name in names]
    returned = sum(due.returned_fen for due in dues)
    purse = pool.reserve_fen + pool.undistributed_fen + returned
    extras = [due.extra_fen for due in dues]
    if sum(extras) > purse:
        extras = apportion(max(purse, 0), extras, names)
    made = []
    for name, due, extra in zip(names, dues, extras, strict=True):
        row = rows[name]
        before = max(row["standard"] + extra - due.returned_fen, 0)
        part = int(share(before, rules.quality_part))
        forfeited = part - released(part, scores.get(name, 100), rules.quality_bands)
        paid = (
            paid_before.get((name, pool.scheme), 0)
            if paid_before is not None
            else int(share(row["standard"], rules.monthly_share))
        )
        made.append(
            Line(
                name,
                pool.scheme,
                row["cases"],
                row["total"],
                row["patient"],
                row["other"],
                row["billed"],
                row["standard"],
                extra,
                due.returned_fen,
                forfeited,
                paid,
            )
        )
    drawn = sum(extras)
    retained = {
        "reserve": pool.reserve_fen,
        "undistributed": pool.undistributed_fen,
        "returned": returned,
        "forfeited": sum(line.forfeited_fen for line in made),
    }
    for name in ("returned", "undistributed", "reserve"):
        taken = min(drawn, retained[name])
        retained[name] -= taken
        drawn -= taken
    cleared = Clearing(pool, tuple(made), retained)
    assert cleared.holds, "the clearing does not add up"
    return cleared
