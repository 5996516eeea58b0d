"""Invents grouping schemes: small, senseless, and of every shape the tables allow, so that engine and walker meet all.

`invent(folder, number)` writes the tables of scheme `number` into a folder.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

from openyibao.payment.engine.tables import SHAPES

DX = [f"A{n:02d}.{n % 10}00" for n in range(40)]
PX = [f"{n:02d}.{n % 100:02d}00" for n in range(25)]
CODE_OPS = ("in", "in", "in", "in", "not_in", "present", "absent", "=")
NUMBER_OPS = ("<", "<=", "=", ">=", ">", "in", "not_in", "present", "absent")
NUMBERS = {"sex": (1, 2), "age": (0, 1, 18, 65), "age_days": (0, 7, 28), "birth_weight": (0, 1500, 2499.5)}
NUMBERS |= {"los": (0, 1, 7.5, 60), "icu_hours": (0, 96)}


def write(folder: Path, name: str, rows: Iterable[Sequence[object]]) -> None:
    """One table of a scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(SHAPES[name].columns)
        out.writerows(rows)


class _Inventor:
    def __init__(self, number: int) -> None:
        self.rng = Random(number)
        self.lists: list[tuple[str, str, str, str]] = []
        self.steps: list[tuple[object, ...]] = []
        self.conditions: list[tuple[object, ...]] = []
        self._code_lists()

    def _code_lists(self) -> None:
        for kind, letter, codes, many in (("dx", "D", DX, 7), ("px", "P", PX, 5)):
            for at in range(many):
                chosen = self.rng.sample(codes, self.rng.randint(1, len(codes) // 2))
                self.lists += [(f"{letter}{at}", kind, code, "") for code in chosen]
        for name in ("D90", "D91"):
            for code in self.rng.choices(DX, k=14):  # some twice, under two parts: the later one counts
                self.lists.append((name, "dx", code, self.rng.choice(("头", "胸", "腹", "肢"))))
        self.lists += [("VALID_PX", "px", code, "") for code in self.rng.sample(PX, 15)]
        self.lists += [("V1", "dept", "0302", ""), ("V1", "dept", "31", ""), ("V2", "number", "7", "")]
        self.lists += [("V2", "number", "2.50", ""), ("V2", "number", "0", "")]

    def atom(self) -> tuple[str, str, str, str]:
        """Field, operator, list, value."""
        rng = self.rng
        kind = rng.choices(("code", "number", "text", "severity", "parts", "always"), (60, 18, 6, 8, 5, 3))[0]
        if kind == "code":
            name = rng.choice(("dx_main",) * 5 + ("px_main",) * 5 + ("dx_other", "dx_any", "px_other", "px_any"))
            op = rng.choice(CODE_OPS)
            diagnosis = name.startswith("dx")
            if op in ("in", "not_in"):
                lists = (
                    ["D0", "D1", "D2", "D3", "D4", "D5", "D6", "D90"] if diagnosis else ["P0", "P1", "P2", "VALID_PX"]
                )
                return name, op, rng.choice(lists), ""
            return name, op, "", rng.choice(DX if diagnosis else PX) if op == "=" else ""
        if kind == "number":
            name, op = rng.choice(list(NUMBERS)), rng.choice(NUMBER_OPS)
            if op in ("in", "not_in"):
                return name, op, "V2", ""
            return name, op, "", "" if op in ("present", "absent") else str(rng.choice(NUMBERS[name]))
        if kind == "text":
            name = rng.choice(("dept", "leaving"))
            op = rng.choice(("in", "not_in", "=", "present", "absent", "<", ">="))
            if op in ("in", "not_in"):
                return name, op, "V1", ""
            return name, op, "", "" if op in ("present", "absent") else rng.choice(("5", "31", "0302"[op != "=" :]))
        if kind == "severity":
            return rng.choice(("mcc", "cc")), rng.choice(("present", "present", "absent")), "", ""
        if kind == "parts":
            op = rng.choice(("<", "<=", "=", ">=", ">=", ">", "present", "absent"))
            return "dx_parts", op, rng.choice(("D90", "D91")), "" if op in ("present", "absent") else rng.choice("0123")
        return "always", "", "", ""

    def condition(self, step: int, *, easy: float) -> None:
        rng = self.rng
        if rng.random() < 0.03:
            return  # a step without a condition never holds
        if rng.random() < easy:
            self.conditions.append((step, 1, 1, "always", "", "", ""))
            return
        for clause in range(1, rng.choice((1, 1, 1, 2, 2, 3)) + 1):
            for place in range(1, rng.choice((1, 1, 2, 2, 3)) + 1):
                self.conditions.append((step, clause, place, *self.atom()))

    def step(self, parent: object, seq: int, level: str, target: str, otherwise: str, easy: float) -> int:
        step = len(self.steps) + 1
        enabled = int(self.rng.random() < 0.9)
        self.steps.append((step, parent, seq, level, target, "", enabled, otherwise))
        self.condition(step, easy=easy)
        return step

    def tree(self) -> None:
        rng = self.rng
        for m, letter in enumerate(rng.sample("ABCDE", rng.randint(1, 4))):
            mdc = self.step("", m * 10, "MDC", f"MDC{letter}", "", 0.3)
            for a in range(rng.randint(0, 6)):
                if rng.random() < 0.12:
                    self.step(mdc, a, "QY", f"{letter}QY", "", 0.2)
                    continue
                code = f"{letter}{rng.choice('AKR')}{a}"
                adrg = self.step(mdc, a, "ADRG", code, rng.choice(("", code, "0000")), 0.1)
                for d in range(rng.randint(0, 4)):
                    self.step(adrg, d, "DRG", f"{code}{d + 1}", "", 0.3)
        rng.shuffle(self.steps)


def invent(folder: Path, number: int) -> Path:
    """Write the scheme of a number."""
    made = _Inventor(number)
    made.tree()
    rng = made.rng
    switches = [("scheme", f"invented_{number}"), ("fail_code", rng.choice(("0000", "9999", "")))]
    switches += [("retry_secondary_procedure", rng.choice(("0", "1"))), ("qy_enabled", rng.choice(("0", "1", "")))]
    write(folder, "scheme.csv", switches)
    write(folder, "adrg_rules.steps.csv", made.steps)
    write(folder, "adrg_rules.conditions.csv", made.conditions)
    write(folder, "adrg_rules.codes.csv", made.lists)
    for name in ("cc.csv", "mcc.csv", "cc_exclusions.csv"):
        write(folder, name, [(code, rng.randint(1, 4)) for code in sorted(rng.sample(DX, 15))])
    for name, codes in (("icd10_map.csv", DX), ("icd9cm3_map.csv", PX)):
        write(folder, name, [(code, rng.choice((code, rng.choice(codes), "-"))) for code in codes[:-3]])
    return folder
