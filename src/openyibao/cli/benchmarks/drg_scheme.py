"""An invented grouping scheme of national size, and cases for it: what the grouper's benchmark runs on.

26 MDCs, 390 ADRGs, 650 DRGs, 34,000 diagnoses, 13,000 procedures, 21,000 complications in 220 exclusion tables. Codes
are drawn evenly, which is harder on the memory of a machine than the few hundred codes most real stays have.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

LETTERS = "APYZMNBCDEFGHIJKLOQRSTUVWX"
SURGICAL, PROCEDURE, MEDICAL = "BCDEFGH", "KL", "RSTUVW"
DIAGNOSES = [f"{letter}{n:02d}.{k}00" for letter in LETTERS for n in range(100) for k in range(13)]
PROCEDURES = [f"{n:02d}.{k:02d}00" for n in range(100) for k in range(100)]
PROCEDURES += [f"{n:02d}.{k:02d}00x001" for n in range(100) for k in range(30)]

Condition = Sequence[Sequence[tuple[str, str, str, str]]]
NONE: Condition = [[("always", "", "", "")]]
MCC: Condition = [[("mcc", "present", "", "")]]
MCC_OR_CC: Condition = [[("mcc", "present", "", "")], [("cc", "present", "", "")]]


class _Tables:
    """The rule tables as they grow."""

    def __init__(self) -> None:
        self.steps: list[tuple[object, ...]] = []
        self.conditions: list[tuple[object, ...]] = []
        self.codes: list[tuple[str, str, str, str]] = []

    def listed(self, kind: str, codes: Iterable[str], parts: Sequence[str] = ("",)) -> str:
        name = f"{kind[0].upper()}{len(self.codes):06d}"
        self.codes += [(name, kind, code, parts[at % len(parts)]) for at, code in enumerate(codes)]
        return name

    def step(self, parent: object, seq: int, level: str, target: str, when: Condition, otherwise: str = "") -> int:
        number = len(self.steps) + 1
        self.steps.append((number, parent, seq, level, target, "", int(level != "QY"), otherwise))
        for clause, atoms in enumerate(when, 1):
            self.conditions += [(number, clause, at, *atom) for at, atom in enumerate(atoms, 1)]
        return number

    def adrg(self, mdc: int, seq: int, code: str, when: Condition) -> None:
        step = self.step(mdc, seq, "ADRG", code, when, code)
        leaves = [("9", NONE)] if seq % 3 else [("1", MCC), ("3", MCC_OR_CC), ("5", NONE)]
        for at, (tail, condition) in enumerate(leaves):
            self.step(step, at, "DRG", code + tail, condition)


def write_scheme(folder: Path) -> None:
    """Write the tables of the invented scheme."""
    rng = Random(20)
    tables = _Tables()
    tables.codes += [("VALID_PX", "px", code, "") for code in PROCEDURES[:10_000]]
    per_mdc = len(DIAGNOSES) // len(LETTERS)
    for at, letter in enumerate(LETTERS):
        mine = DIAGNOSES[at * per_mdc : (at + 1) * per_mdc] + rng.sample(DIAGNOSES, 40)
        _mdc(tables, rng, at, letter, mine)
    listed: dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]] = {
        "scheme.csv": (("key", "value"), [("scheme", "invented_national_size"), ("fail_code", "0000")]),
        "adrg_rules.steps.csv": (
            ("step", "parent", "seq", "level", "target", "variant", "enabled", "otherwise"),
            tables.steps,
        ),
        "adrg_rules.conditions.csv": (("step", "clause", "atom", "field", "op", "list", "value"), tables.conditions),
        "adrg_rules.codes.csv": (("list", "kind", "code", "part"), tables.codes),
        "cc.csv": (("code", "exclusion_table"), [(code, rng.randrange(220)) for code in rng.sample(DIAGNOSES, 16_500)]),
        "mcc.csv": (("code", "exclusion_table"), [(code, rng.randrange(220)) for code in rng.sample(DIAGNOSES, 4_600)]),
        "cc_exclusions.csv": (("main_code", "exclusion_table"), [(code, rng.randrange(220)) for code in DIAGNOSES]),
        "icd10_names.csv": (("code", "name"), [(code, f"诊断 {code}") for code in DIAGNOSES]),
        "icd9cm3_names.csv": (("code", "name"), [(code, f"手术操作 {code}") for code in PROCEDURES]),
        "icd10_map.csv": (("code", "grouper_code"), [(code, code) for code in DIAGNOSES]),
        "icd9cm3_map.csv": (("code", "grouper_code"), [(code, code) for code in PROCEDURES]),
    }
    for name, (head, rows) in listed.items():
        _write(folder / name, head, rows)


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(head)
        out.writerows(rows)


def _mdc(tables: _Tables, rng: Random, at: int, letter: str, mine: Sequence[str]) -> None:
    """One MDC in the manner of the national scheme: surgical, procedure and medical groups, some on any position."""
    main = ("dx_main", "in", tables.listed("dx", mine, ("头", "胸", "腹", "肢") if letter == "Z" else ("",)), "")
    beside = {
        "P": [("age", "=", "", "0")],
        "Z": [("dx_parts", ">=", main[2], "2")],
        "M": [("sex", "=", "", "1")],
        "N": [("sex", "=", "", "2")],
    }
    entry = [("px_main", "in", "VALID_PX", "")] if letter == "A" else [main, *beside.get(letter, [])]
    mdc = tables.step("", at, "MDC", f"MDC{letter}", [entry])
    seq = 0
    surgical = rng.sample(PROCEDURES[:10_000], 40 if letter == "A" else 420)
    for kind in SURGICAL:
        seq += 1
        operations = tables.listed(
            "px", surgical[seq * 4 : seq * 4 + 4] if letter == "A" else surgical[seq * 50 :][:55]
        )
        when = [("px_main", "in", operations, "")]
        if kind == "B" and letter in "AFN":
            when = [("px_any", "in", operations, ""), ("px_any", "in", tables.listed("px", surgical[:20]), "")]
        if kind == "C" and letter == "P":
            when.append(("age_days", "<=", "", "28"))
        tables.adrg(mdc, seq, f"{letter}{kind}1", [when])
    for kind in PROCEDURE:
        seq += 1
        operations = tables.listed("px", rng.sample(PROCEDURES[10_000:], 8 if letter == "A" else 60))
        tables.adrg(mdc, seq, f"{letter}{kind}1", [[("px_main", "in", operations, "")]])
    tables.step(mdc, seq + 1, "QY", f"{letter}QY", [[("px_any", "in", "VALID_PX", "")]])
    share = len(mine) // len(MEDICAL) + 1
    for number, kind in enumerate("" if letter == "A" else MEDICAL):
        listed = tables.listed("dx", mine[number * share : (number + 1) * share])
        field = "dx_any" if letter == "Y" and kind == "R" else "dx_main"
        tables.adrg(mdc, seq + 2 + number, f"{letter}{kind}1", [[(field, "in", listed, "")]])


def rows(many: int) -> list[list[str]]:
    """Cases as the cells of a CSV file, in the order of its columns."""
    rng = Random(21)
    found = []
    for number in range(many):
        age = rng.choice((0, rng.randrange(1, 95), rng.randrange(1, 95), rng.randrange(40, 90)))
        days = rng.randrange(365) if age == 0 else age * 365 + rng.randrange(365)
        weight = str(rng.randrange(800, 4500)) if age == 0 and days <= 28 else ""
        dx = "|".join(rng.choices(DIAGNOSES, k=rng.choice((1, 2, 3, 3, 4, 5, 6, 9))))
        px = "|".join(rng.choices(PROCEDURES, k=rng.choice((0, 0, 1, 1, 2, 4))))
        plain = [str(rng.choice((1, 2))), str(age), str(days), weight, "0302", str(rng.randrange(1, 40)), "1"]
        found.append([f"B{number:07d}", *plain, dx, px])
    return found
