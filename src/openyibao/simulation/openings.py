"""Person-years that do not begin at zero (期初状态): settled by the single driver, from the state they bring.

A stay settled in part before New Year (跨年住院) bears one deductible and counts once; a dataset that begins within a
year brings counters. They are few, so the compiled loops need not know of them: such a person's rows go through them
as bills nobody pays, and what the fold says of these rows is put in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from openyibao.datasets.facade import (
    BENEFIT_CODES,
    FILING_CODES,
    GROUP_CODES,
    LEVEL_CODES,
    STATUS_CODES,
    Opening,
    Openings,
)
from openyibao.kernel.errors import Fault, Malformed, Refused
from openyibao.policy.contracts import EPOCH, HEADS, SPLIT_HEADS, Columns, Ints, Tally, YearPlan
from openyibao.policy.facade import Fold, Person, Settled, State, Visit

ELSEWHERE = ("110000", "370100", "370200")
"""Where care elsewhere is put: the place does not matter, only whether it lies in the province."""
_TOTAL, _DEDUCTIBLE, _REMOTE, _BURDEN = (HEADS.index(name) for name in SPLIT_HEADS)


def opened_rows(openings: Openings | None, person: Any) -> Ints:
    """Rows of persons who bring a state."""
    if not openings:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.isin(person, np.fromiter(openings, np.int64, len(openings))))


class OpenedYears:
    """Settles the rows of such persons of a batch and puts them into its tally."""

    def __init__(self, plan: YearPlan, variants: list[dict[str, Any]], openings: Openings, where: str) -> None:
        self.plan = plan
        self.variants = variants
        self.openings = openings
        self.where = where

    def settle(self, batch: Columns, rows: Ints, columns: Columns, tally: Tally) -> None:
        """Settle rows that the tally holds as bills nobody pays. Raises: Malformed."""
        self._learn(columns, rows)
        rows = rows[np.lexsort((batch["seq"][rows], batch["person"][rows]))]
        names = [name for name in batch if name != "seq"]
        values = zip(*(batch[name][rows].tolist() for name in names), strict=True)
        person, fold, met = None, None, set[tuple[int, int]]()
        for at, value in zip(rows.tolist(), values, strict=True):
            visit = dict(zip(names, value, strict=True))
            if visit["person"] != person or fold is None:
                person = visit["person"]
                fold, met = self._fold(self.openings[person]), set(self._begun(self.openings[person]))
            try:
                settled = fold.settle(self._visit(visit, at, met), self._person(visit))
            except Refused as problem:
                self._unsettled(visit, problem, tally)
                continue
            if visit["stay"] >= 0 and not visit["excluded"]:
                met.add((visit["pool"], visit["stay"]))
            self._enter(settled, visit["pool"], at, tally)

    def _learn(self, columns: Columns, rows: Ints) -> None:
        """Have the plan know the layers these rows meet."""
        mine = {name: np.ascontiguousarray(values[rows]) for name, values in columns.items()}
        self.plan.tally(mine, order=np.arange(len(rows)))

    def _fold(self, openings: Mapping[int, Opening]) -> Fold:
        found = {}
        for pool, opening in openings.items():
            context = self.plan.contexts[pool]
            unknown = set(opening.counters) - set(self.plan.compiler.book(*context).slots)
            if unknown:
                right = "openyibao settle 输出的计数器名称"
                raise Malformed([Fault(self.where, 0, "name", f"不认识的计数器 {'、'.join(sorted(unknown))}", right)])
            found[context] = State(dict(opening.counters), {str(stay): held for stay, held in opening.stays.items()})
        return Fold(self.plan.compiler, found)

    @staticmethod
    def _begun(openings: Mapping[int, Opening]) -> Iterator[tuple[int, int]]:
        yield from ((pool, stay) for pool, opening in openings.items() for stay in opening.stays)

    def _person(self, visit: Mapping[str, int]) -> Person:
        area, scheme = self.plan.contexts[visit["pool"]]
        rare = self.variants[visit["variant"]]
        groups = tuple(name for at, name in enumerate(GROUP_CODES) if visit["groups"] >> at & 1)
        held = frozenset(filter(None, rare["supplements"].split("|")))
        return Person(area, scheme, STATUS_CODES[visit["status"]], groups, rare["contribution_class"], held)

    def _visit(self, visit: Mapping[str, int], at: int, met: set[tuple[int, int]]) -> Visit:
        rare = self.variants[visit["variant"]]
        area = self.plan.contexts[visit["pool"]][0]
        place = ""
        if visit["filing"] >= 0:
            near = [one for one in ELSEWHERE if one != area]
            place = near[1] if visit["in_province"] else near[0]
        goes_on = visit["waive"] and (visit["pool"], visit["stay"]) in met
        return Visit(
            at,
            EPOCH + timedelta(visit["day"]),
            BENEFIT_CODES[visit["benefit"]],
            LEVEL_CODES[visit["level"]],
            place,
            visit["in_scope_fen"],
            visit["non_covered_fen"],
            visit["over_limit_fen"],
            visit["prior_self_pay_fen"],
            visit["special_drug_fen"],
            visit["herb_fen"],
            str(visit["stay"]) if visit["stay"] >= 0 else "",
            "transfer_down" if goes_on else "",
            FILING_CODES[visit["filing"]] if visit["filing"] >= 0 else "",
            rare["disease"],
            visit["days"],
            rare["care_kind"],
            rare["child"],
            "work_injury" if visit["excluded"] else "",
        )

    def _enter(self, settled: Settled, pool: int, at: int, tally: Tally) -> None:
        """Put a settled row into the sums, and into the splits where there are any."""
        heads = {_DEDUCTIBLE: settled.split.deductible, _REMOTE: settled.split.remote}
        heads[_BURDEN] = settled.burden - settled.visit.total
        for column, fen in heads.items():
            tally.totals[pool, column] += fen
        if tally.amounts is not None:
            tally.amounts[: len(SPLIT_HEADS), at] = (
                *(settled.visit.total, settled.split.deductible),
                *(settled.split.remote, settled.burden),
            )
        width = len(HEADS) + len(self.plan.layers)
        if tally.totals.shape[1] < width:
            wider = np.zeros((len(tally.totals), width), dtype=np.int64)
            wider[:, : tally.totals.shape[1]] = tally.totals
            tally.totals = wider
        for row, fen in zip(settled.split.cell.rows, settled.split.payments, strict=True):
            tally.totals[pool, len(HEADS) + self.plan.layers.index(row.layer)] += fen
            if tally.amounts is not None and self.plan.payers is not None:
                tally.amounts[len(SPLIT_HEADS) + self.plan.payers.row(row.layer, row.pays_as), at] += fen

    def _unsettled(self, visit: Mapping[str, int], problem: Refused, tally: Tally) -> None:
        """Count a refused visit as the loops do: among the visits, with no burden."""
        money = ("in_scope_fen", "prior_self_pay_fen", "over_limit_fen", "non_covered_fen", "special_drug_fen")
        tally.totals[visit["pool"], _BURDEN] -= sum(visit[name] for name in money)
        tally.refuse(problem, 1)
