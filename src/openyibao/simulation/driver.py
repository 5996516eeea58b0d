"""The driver of whole years (年度批量结算): columns of a dataset through the year kernel, to the columns of `settled`.

It knows both shapes and nothing else: which column of a dataset is which of the kernel, and which layer of a chain
goes to which column of the splits. Where late bills put the order of settlement inside a person out of the order of
days, it settles in the former and answers in the latter, that of the file.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from openyibao.datasets.facade import TABLES, Batch, Dataset, out_of_bounds
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.contracts import COLUMNS, HEADS, SPLIT_HEADS, Columns, Ints, Payers, Tally, Variant, YearPlan
from openyibao.policy.facade import Policies
from openyibao.policy.terms import FUND_FIELDS
from openyibao.simulation.accounts import Holders
from openyibao.simulation.contracts import Sums
from openyibao.simulation.errors import VisitsRefused
from openyibao.simulation.openings import OpenedYears, opened_rows
from openyibao.simulation.rows import days_of, settle_order

PAYERS = (
    *("basic_fen", "serious_illness_fen", "special_drug_fen", "supplement_fund_fen", "assistance_fen"),
    *("city_product_fen", "hospital_fen"),
)
"""Columns of `settled` that hold payments, in the order of the driver's splits."""
COLUMN_OF_LAYER = {
    "basic_pool": "basic_fen",
    "serious_illness": "serious_illness_fen",
    "special_drug": "special_drug_fen",
    "enterprise_supplement": "supplement_fund_fen",
    "civil_servant": "supplement_fund_fen",
    "long_term_care": "supplement_fund_fen",
    "assistance": "assistance_fen",
    "assistance_second": "assistance_fen",
    "guarantee": "assistance_fen",
}
COLUMN_OF_FIELD = {
    "hifp_pay": "basic_fen",
    "hifmi_pay": "serious_illness_fen",
    "hifob_pay": "serious_illness_fen",
    "maf_pay": "assistance_fen",
    "hosp_part_amt": "hospital_fen",
    "supplement_pay": "city_product_fen",
}
"""Where an area's own layer goes; every other fund is a supplement."""
NAME_OF = {
    "person": "person",
    "day": "day",
    "context": "pool",
    "prior": "prior_self_pay_fen",
    "over": "over_limit_fen",
    "in_scope": "in_scope_fen",
    "non_covered": "non_covered_fen",
    "special": "special_drug_fen",
    "herb": "herb_fen",
}
"""The kernel's names that are not the dataset's own."""
READ = (*(NAME_OF.get(name, name) for name, _ in COLUMNS if name != "year"), "seq")
"""Columns of `visits` that settling needs."""
COPIED = tuple(column.name for column in TABLES["settled"].columns if column.name in TABLES["visits"].names)
"""Columns of `settled` that are those of the visit."""
READ_WITH_SPLITS = tuple(dict.fromkeys((*READ, *COPIED, "account")))
DICTIONARY = "docs/reference/datasets.md 的数据字典"
_TYPES: dict[str, Any] = {
    column.name: np.dtype("int32" if column.type == "date" else column.type) for column in TABLES["visits"].columns
}


def settled_column(layer: str, pays_as: str) -> str:
    """The column of `settled` that takes the payments of a layer which pays under a national field."""
    if pays_as in ("hosp_part_amt", "supplement_pay"):
        return COLUMN_OF_FIELD[pays_as]
    return COLUMN_OF_LAYER.get(layer) or COLUMN_OF_FIELD.get(pays_as, "supplement_fund_fen")


def _payer_row(layer: str, pays_as: str) -> int:
    return PAYERS.index(settled_column(layer, pays_as))


class Driver:
    """Settles batches of whole persons of one benefit year. Several threads may share one; it can be pickled."""

    def __init__(self, policies: Policies, dataset: Dataset) -> None:
        """Raises: Malformed, when the dataset's pools or variants are none that these policies know."""
        self.digest = policies.rulebook.digest
        self.pools = dataset.pools
        self.years = dataset.years
        first, last = date(min(self.years), 1, 1), date(max(self.years), 12, 31)
        self.plan = YearPlan(policies.compiler, dataset.pools, first, last, Payers(len(PAYERS), _payer_row))
        self._rare = dataset.variants
        self._variants = np.array([self._variant(row) for row in self._rare] or [0], dtype=np.int16)
        self._as_numbered = bool(np.array_equal(self._variants, np.arange(len(self._variants))))

    def _variant(self, row: dict[str, Any]) -> int:
        supplements = frozenset(filter(None, row["supplements"].split("|")))
        return self.plan.variant(
            Variant(row["contribution_class"], row["child"], row["care_kind"], row["disease"], supplements)
        )

    # Settling -------------------------------------------------------------------------------------------------

    def settle(self, batch: Columns, holders: Holders | None = None) -> Columns:
        """Columns of `settled` for a batch of `visits`. Raises: VisitsRefused, Malformed.

        Args: batch holds READ_WITH_SPLITS. holders: the personal accounts of at least the batch's persons, which go
        down by what is spent; without them no account pays.
        """
        settled, tally = self.splits(batch, holders)
        refuse(tally)
        return settled

    def splits(
        self, batch: Columns, holders: Holders | None = None, buffer: Ints | None = None
    ) -> tuple[Columns, Tally]:
        """The same beside its sums; refusals are counted there. With a buffer, columns last until its next use."""
        columns, order = self._columns(batch)
        tally = self._tally(batch, columns, order, splits=True, buffer=buffer)
        assert tally.amounts is not None
        rows = dict(zip((*SPLIT_HEADS, *PAYERS), tally.amounts, strict=True))
        account = np.zeros(len(rows["burden"]), dtype=np.int64)
        if holders is not None:
            holders.spend(order, batch, rows["burden"], account)
        settled = {name: batch[name] for name in COPIED}
        settled |= {
            "total_fen": rows["total"],
            "deductible_fen": rows["deductible"],
            "remote_first_self_pay_fen": rows["remote"],
            **{name: rows[name] for name in PAYERS},
            "burden_fen": rows["burden"],
            "account_fen": account,
        }
        return settled, tally

    def tally(self, batch: Columns) -> Tally:
        """Sums of a batch; it holds READ. Raises: Malformed."""
        columns, order = self._columns(batch)
        return self._tally(batch, columns, order)

    def _tally(
        self, batch: Columns, columns: Columns, order: Ints, *, splits: bool = False, buffer: Ints | None = None
    ) -> Tally:
        openings = batch.openings if isinstance(batch, Batch) else None
        opened = opened_rows(openings, batch["person"])
        given = columns
        if len(opened):
            given = columns | {"excluded": _constant(_with_ones(columns["excluded"], opened))}
        try:
            tally = self.plan.tally(given, order=order, splits=splits, buffer=buffer)
        except ValueError as problem:
            faults = out_of_bounds(batch, len(self.pools), len(self._variants))
            raise Malformed(faults or [Fault(_path(batch), 0, "", str(problem), DICTIONARY)]) from None
        if openings and len(opened):
            OpenedYears(self.plan, self._rare, openings, _path(batch)).settle(batch, opened, columns, tally)
        return tally

    def _columns(self, batch: Columns) -> tuple[Columns, Ints]:
        """The kernel's columns, and the rows in settle order, empty when that is the order they come in."""
        columns = {}
        for name, _ in COLUMNS:
            if name == "year":
                columns[name] = np.zeros(len(batch["person"]), dtype=np.int16)
                continue
            theirs = NAME_OF.get(name, name)
            columns[name] = np.ascontiguousarray(batch[theirs], dtype=_TYPES[theirs])
        if not self._as_numbered:
            columns["variant"] = self._renumbered(columns["variant"], batch)
        columns = {name: _constant(values) for name, values in columns.items()}
        seq = _constant(np.ascontiguousarray(batch["seq"], dtype=_TYPES["seq"]))
        year = batch.year if isinstance(batch, Batch) else None
        return columns, settle_order(columns, seq, batch, days_of(year, self.years))

    def _renumbered(self, variant: Any, batch: Columns) -> Any:
        if len(variant) and (variant.min() < 0 or variant.max() >= len(self._variants)):
            raise Malformed(out_of_bounds(batch, len(self.pools), len(self._variants)))
        return self._variants[variant]

    # Sums -----------------------------------------------------------------------------------------------------

    def sums(self, tally: Tally) -> list[Sums]:
        """Sums by pool of a tally, accounts left out."""
        return [self._sums(pool, [int(fen) for fen in row]) for pool, row in enumerate(tally.totals)]

    def _sums(self, pool: int, row: list[int]) -> Sums:
        head = dict(zip(HEADS, row, strict=False))
        payers = {
            name: row[len(HEADS) + at]
            for at, name in enumerate(self.plan.layers[: len(row) - len(HEADS)])
            if (pool, at) in self.plan.fields
        }
        fields = {name: self.plan.fields[pool, self.plan.layers.index(name)] for name in payers}
        by_field = {name: sum(payers[layer] for layer in payers if fields[layer] == name) for name in fields.values()}
        return Sums(
            visits=head["visits"],
            persons=head["persons"],
            total_fen=head["total"],
            in_scope_fen=head["in_scope"],
            deductible_fen=head["deductible"],
            remote_first_self_pay_fen=head["remote"],
            fund_fen=sum(fen for name, fen in by_field.items() if name in FUND_FIELDS),
            hospital_fen=by_field.get("hosp_part_amt", 0),
            city_product_fen=by_field.get("supplement_pay", 0),
            burden_fen=head["burden"],
            payers_fen=payers,
        )


def _path(batch: Columns) -> str:
    return batch.path if isinstance(batch, Batch) else "visits"


def _with_ones(values: Any, rows: Ints) -> Any:
    made = values.copy()
    made[rows] = 1
    return made


def _constant(values: Any) -> Any:
    """A view nobody can write to: the loops are compiled once, for such, whether Arrow or numpy made the array."""
    view = values.view()
    view.flags.writeable = False
    return view


def refuse(tally: Tally) -> None:
    """Raises: VisitsRefused, when visits were refused; each reason with its visits."""
    found = [
        VisitsRefused(
            f"{count:,} 笔就诊无法结算：{problem.message}", hint=problem.hint, visits=count, **problem.details
        )
        for problem, count in sorted(tally.refused.values(), key=lambda entry: -entry[1])
    ]
    if found:
        found[0].also = tuple(found[1:])
        raise found[0]
