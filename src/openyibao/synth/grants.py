"""Benefits that are no bill (非就诊待遇): maternity allowance, long-term care by the year, subsidised enrolment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.datasets.facade import FUNDS, GRANT_KINDS
from openyibao.synth.care import Care
from openyibao.synth.pay import YearOf, subsidised
from openyibao.synth.plan import ACTIVE, ADULT, OUT, Ints
from openyibao.synth.sampling import choose

Array = npt.NDArray[Any]
Generator = np.random.Generator
GRANT = {name: at for at, name in enumerate(GRANT_KINDS)}
FUND = {name: at for at, name in enumerate(FUNDS)}


def grants(rng: Generator, of: YearOf, care: Care, want: dict[str, int], by_bill: bool) -> dict[str, Array]:
    """Columns of the year's table. Args: by_bill says that employees' long-term care is paid bill by bill."""
    rows = [_allowances(rng, of, care, want["allowance"]), _subsidies(of)]
    rows += [
        _long_term_care(rng, of, care, scheme, want[f"ltc_paid_{name}"])
        for scheme, name in enumerate(("employee", "resident"))
        if scheme or not by_bill
    ]
    names = ("person", "scheme", "kind", "fund", "times", "days", "fen")
    table = {name: np.concatenate([row[name] for row in rows]) for name in names}
    key = table["person"] * 8 + table["kind"]
    _, first = np.unique(key, return_index=True)
    table = {name: values[first] for name, values in table.items()}
    table["pool"] = of.pools[table.pop("scheme")]
    table["person"] = of.numbers[table["person"]]
    return table


def _rows(person: Ints, scheme: int, kind: str, fund: str, times: int, days: Ints, fen: Ints) -> dict[str, Array]:
    n = len(person)
    return {
        "person": person.astype(np.int64),
        "scheme": np.full(n, scheme, np.int64),
        "kind": np.full(n, GRANT[kind], np.int64),
        "fund": np.full(n, FUND[fund], np.int64),
        "times": np.full(n, times, np.int64),
        "days": days.astype(np.int64),
        "fen": fen.astype(np.int64),
    }


def _allowances(rng: Generator, of: YearOf, care: Care, times: int) -> dict[str, Array]:
    """To the women who gave birth, and after a miscarriage or operation to some more (生育津贴)."""
    book, year, spans = of.book, of.year, of.spans
    mothers = care.mothers[:times]
    others = care.fertile(spans.klass == ACTIVE) * care.maternity
    others[care.mothers] = 0
    more = choose(rng, others, times - len(mothers))
    span = np.concatenate((mothers, more))
    long, short = int(book.get("maternity.allowance_days", year)), int(book.get("maternity.short_days", year))
    days = np.where(np.arange(len(span)) < len(mothers), long, short)
    who = spans.person[span]
    return _rows(who, 0, "maternity_allowance", "employee_pool", 1, days, of.wage[who] * days // 30)


def _long_term_care(rng: Generator, of: YearOf, care: Care, scheme: int, persons: int) -> dict[str, Array]:
    """Persons in care and what was paid for them in the year (长期护理): printed totals, days and shares assumed."""
    book, year, spans = of.book, of.year, of.spans
    able = care.ltc & ((spans.klass < ADULT) if scheme == 0 else (spans.klass >= ADULT))
    weight = able * np.exp2((care.age - 60) / 6) * np.exp(care.luck)
    span = choose(rng, weight, persons)
    length = (spans.end - spans.start)[span].astype(np.int64)
    part = book.get("ltc.least_part", year)
    days = np.maximum(1, np.round(length * (part + (1 - part) * rng.random(len(span))))).astype(np.int64)
    a_person = book.yuan("ltc.paid", year) / book.heads("ltc.persons", year) * 100
    expected = max(float(length.mean()) if len(length) else 0.0, 1.0) * (1 + part) / 2
    fen = np.round(days * (a_person / expected)).astype(np.int64)
    return _rows(spans.person[span], scheme, "long_term_care", "long_term_care", 12, days, fen)


def _subsidies(of: YearOf) -> dict[str, Array]:
    """Helped residents insured at the year's end; by the policy's amounts, else the whole premium (资助参保)."""
    now = of.people.classes[of.k + 1]
    who = np.flatnonzero((of.groups > 0) & (now >= ADULT) & (now < OUT))
    fen = subsidised(of.rates, of.groups[who])
    if not any(of.rates.resident.subsidised.values()):
        fen = np.full(len(who), of.rates.resident.individual, np.int64)
    who, fen = who[fen > 0], fen[fen > 0]
    return _rows(who, 1, "subsidised_enrolment", "assistance", 1, np.zeros(len(who), np.int64), fen)
