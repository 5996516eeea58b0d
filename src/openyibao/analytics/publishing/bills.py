"""Bills of a snapshot as columns of `visits` and of `settled/recorded` (账单与实付), whole persons at a time.

What the kernel was given is published, so that it can be given again: a third party's share is not in it. What a
platform says per document and a dataset per person-year is worked out here: the order of settlement, pieces of stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from openyibao.analytics.publishing.statements import LAYERS, UNIT
from openyibao.datasets.facade import BENEFIT_CODES
from openyibao.kernel.errors import Fault, Malformed

Ints = npt.NDArray[np.int64]
VARIANT = ("contribution_class", "child", "care_kind", "disease", "supplements")
SUMS = ("in_scope_fen", "prior_self_pay_fen", "over_limit_fen", "non_covered_fen", "special_drug_fen")
STAYS = tuple(BENEFIT_CODES.index(benefit) for benefit in ("inpatient", "delivery"))
OPENED = ("deductible", "number")
"""What is said of a stay that began before the year, in the order of `openings`."""
OPTIONAL = ("admitted", "discharged", "stay_key")
COMMON = UNIT.join(("standard", "", "", "", ""))


@dataclass
class Bills:
    """Collects what a run must say of its bills: variants met, totals, what a resettlement cannot know."""

    in_force: str
    variants: dict[str, int] = field(default_factory=lambda: {COMMON: 0})
    notes: Counter[str] = field(default_factory=Counter)
    third_party_fen: int = 0

    def columns(self, table: pa.Table, year: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, int]]:
        """Columns of `visits`, of `settled`, and totals of the latter. Raises: Malformed for a word without a code."""
        check_words(table, f"settlement_bill {year}", OPTIONAL)
        row = {
            name: table.column(name).to_numpy()
            for name in table.column_names
            if pa.types.is_integer(table.schema.field(name).type)
        }
        for name in ("day", "admitted", "discharged"):
            row[name] = pc.fill_null(table.column(name).cast(pa.int32()), 0).to_numpy()
        row["variant"] = self._variants(table.column("variant"))
        row["seq"] = _sequence(row)
        keys = table.column("stay_key").dictionary_encode().combine_chunks()
        key = pc.fill_null(keys.indices if isinstance(keys, pa.DictionaryArray) else keys.chunk(0).indices, -1)
        row["stay_key"] = key.to_numpy(zero_copy_only=False).astype(np.int64)
        row["stay"] = _pieces(row)
        row["stay_days"] = _stay_days(row)
        self._count(row, table.column("plan_hash"))
        order = np.lexsort((row["seq"], row["day"], row["person"]))
        row = {name: values[order] for name, values in row.items()}
        paid = _paid(row)
        totals = {name: int(values.sum()) for name, values in paid.items() if name.endswith("_fen")}
        return row, {**row, **paid}, totals

    def _variants(self, column: pa.ChunkedArray) -> Ints:
        """Numbers of variants: a new one for facts not met before."""
        met = column.combine_chunks().dictionary_encode()
        numbers = [self.variants.setdefault(text, len(self.variants)) for text in met.dictionary.to_pylist()]
        found: Ints = np.array(numbers or [0], dtype=np.int64)[met.indices.to_numpy()]
        return found

    def _count(self, row: Mapping[str, Any], plans: pa.ChunkedArray) -> None:
        third = row["stated_fen"] - sum(row[name] for name in SUMS)
        self.third_party_fen += int(third.sum())
        self.notes["third_party"] += int(np.count_nonzero(third))
        self.notes["carried"] += int(np.count_nonzero(row["carried"] & (row["carried_number"] == 0)))
        self.notes["moved"] += int(np.count_nonzero(row["moved"]))
        self.notes["other_policies"] += len(plans) - int(pc.sum(pc.equal(plans, self.in_force)).as_py() or 0)

    def variant_rows(self) -> dict[str, list[Any]]:
        """The table `variants`."""
        parts = [text.split(UNIT) for text in self.variants]
        return {
            "variant": list(range(len(parts))),
            **{name: [part[at] for part in parts] for at, name in enumerate(VARIANT)},
        }


def check_words(table: pa.Table, what: str, optional: tuple[str, ...] = ()) -> None:
    """Every column that must be there is, in every row. Raises: Malformed naming the columns."""
    faults = [
        Fault(what, 0, name, f"{table.column(name).null_count:,} 行没有可发布的值", "数据集代码表中的值")
        for name in table.column_names
        if name not in optional and table.column(name).null_count
    ]
    if faults:
        raise Malformed(faults)


def _sequence(row: Mapping[str, Any]) -> Ints:
    """Order of settlement within a person's year from 0: pools in the order they began, within one as the platform."""
    person, pool = row["person"], row["pool"]
    # a pool begins with its first bill
    order = np.lexsort((row["document_id"], pool, person))
    new = _changes(person[order], pool[order])
    began = np.empty(len(person), dtype=np.int64)
    began[order] = row["document_id"][order][np.flatnonzero(new)[np.cumsum(new) - 1]]
    order = np.lexsort((row["seq"], pool, began, person))
    starts = np.flatnonzero(_changes(person[order]))
    found = np.empty(len(person), dtype=np.int64)
    found[order] = np.arange(len(person)) - np.repeat(starts, np.diff(np.append(starts, len(person))))
    return found


def openings(row: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of `openings`: what each stay that began before the year brings, in the order of that table."""
    rows = np.flatnonzero(row["carried_number"])
    rows = rows[np.lexsort((row["stay"][rows], row["pool"][rows], row["person"][rows]))]
    first = _changes(*(row[name][rows] for name in ("person", "pool", "stay"))) if len(rows) else rows.astype(bool)
    rows = rows[first].repeat(len(OPENED))
    values = [row[name][rows[at :: len(OPENED)]] for at, name in enumerate(("carried_fen", "carried_number"))]
    return {
        **{name: row[name][rows] for name in ("person", "pool", "stay")},
        "name": list(OPENED) * (len(rows) // len(OPENED)),
        "value": np.stack(values, axis=1).reshape(-1),
    }


def _changes(*columns: Ints) -> npt.NDArray[np.bool_]:
    """True where a row begins another combination than the row before."""
    new = np.zeros(len(columns[0]), dtype=bool)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new


def _pieces(row: Mapping[str, Any]) -> Ints:
    """Ordinal, within person and pool, of a stay that has several bills or began before the year; -1 otherwise."""
    found = np.full(len(row["person"]), -1, dtype=np.int64)
    rows = np.flatnonzero(row["stay_key"] >= 0)
    order = rows[np.lexsort((row["stay_key"][rows], row["pool"][rows], row["person"][rows]))]
    if not len(order):
        return found
    person, pool, key = row["person"][order], row["pool"][order], row["stay_key"][order]
    new = _changes(person, pool, key)
    stay = np.cumsum(new) - 1
    several = (np.bincount(stay)[stay] > 1) | (np.bincount(stay, row["carried_number"][order])[stay] > 0)
    numbered = np.cumsum(new & several)
    starts = np.flatnonzero(_changes(person, pool))
    before = (numbered - (new & several))[starts]
    ordinal = numbered - 1 - np.repeat(before, np.diff(np.append(starts, len(order))))
    found[order[several]] = ordinal[several]
    return found


def _stay_days(row: Mapping[str, Any]) -> Ints:
    """Days in hospital: from admission, or from the visit's piece before, to discharge; at least one a visit."""
    found = np.zeros(len(row["person"]), dtype=np.int64)
    rows = np.flatnonzero(np.isin(row["benefit"], STAYS))
    order = rows[np.lexsort((row["seq"][rows], row["discharged"][rows], row["visit_id"][rows]))]
    if not len(order):
        return found
    visit, admitted, discharged = (row[name][order].astype(np.int64) for name in ("visit_id", "admitted", "discharged"))
    new = _changes(visit)
    since = admitted.copy()
    since[1:] = np.where(new[1:], admitted[1:], np.maximum(admitted[1:], discharged[:-1]))
    found[order] = np.maximum(discharged - since, new.astype(np.int64))
    return found


def _paid(row: Mapping[str, Any]) -> dict[str, Ints]:
    """Money columns of `settled`: by payer, as the documents state it with the differences settled since."""
    total = sum(row[name] for name in SUMS)
    by_layer = {column: row[f"paid_{column}"] for column in LAYERS}
    remote = np.where(row["excluded"] != 0, 0, (row["in_scope_fen"] * row["remote_bp"] + 5_000) // 10_000)
    return {
        "total_fen": total,
        "in_scope_fen": row["in_scope_fen"],
        "deductible_fen": row["deductible_fen"],
        "remote_first_self_pay_fen": remote,
        **by_layer,
        "supplement_fund_fen": row["fund_fen"] - sum(by_layer.values()),
        "city_product_fen": row["city_product_fen"],
        "hospital_fen": row["hospital_fen"],
        "burden_fen": total - row["fund_fen"] - row["hospital_fen"],
        "account_fen": row["account_fen"],
    }
