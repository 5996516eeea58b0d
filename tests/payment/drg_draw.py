"""Draws cases that hit the steps and lists of a scheme: every path of its tree, its boundaries, and near misses.

A case is drawn from its number, so one that is printed can be drawn again.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.payment.drg_oracle import NUMBERS, Walker

USUAL = {"sex": (1, 2), "age": range(100), "age_days": range(40), "birth_weight": range(400, 5000), "los": range(90)}


class Drawer:
    """Draws from a walker's tables."""

    def __init__(self, walker: Walker) -> None:
        self.lists = {name: list(codes) for name, codes in walker.lists.items()}
        self.parts = walker.lists
        self.clauses = {step: list(clauses.values()) for step, clauses in walker.clauses.items()}
        above = {step["step"]: step for steps in walker.children.values() for step in steps}
        self.paths = []
        for step in above.values():
            path = [step]
            while path[-1]["parent"] in above:
                path.append(above[path[-1]["parent"]])
            self.paths.append([step["step"] for step in path])
        atoms = [atom for clauses in self.clauses.values() for clause in clauses for atom in clause]
        self.edges: dict[str, list[float]] = {name: [0] for name in NUMBERS}
        for atom in atoms:
            if atom["field"] in NUMBERS and atom["value"]:
                value = float(atom["value"])
                self.edges[atom["field"]] += [value - 1, value, value + 1]
        self.texts = {name: ["", "1", "0302"] for name in ("dept", "leaving")}
        for atom in atoms:
            if atom["field"] in self.texts:
                self.texts[atom["field"]] += [atom["value"]] if atom["value"] else self.lists.get(atom["list"], [])
        listed = {"dx": ["Z99.999"], "px": ["99.9999"]}
        for name, codes in self.lists.items():
            kind = "px" if any(a["list"] == name and a["field"].startswith("px") for a in atoms) else "dx"
            listed[kind] += codes
        self.severe = {kind: list(table) or ["Z99.998"] for kind, table in walker.tables.items()}
        self.maps = [list(table) for table in walker.maps]
        self.any_dx = [listed["dx"], *self.severe.values(), list(walker.voids) or ["Z99.997"]]
        self.any_px = listed["px"]
        self.mains = [atom["list"] for atom in atoms if atom["field"] == "dx_main" and atom["list"]]

    def draw(self, number: int) -> dict[str, Any]:
        """The case of a number."""
        rng = Random(number)
        case: dict[str, Any] = dict.fromkeys(NUMBERS) | {"dept": "", "leaving": ""}
        case |= {name: rng.choice(values) for name, values in USUAL.items() if rng.random() < 0.9}
        case |= {"sex": rng.choice((1, 2)), "age": rng.choice(USUAL["age"])}
        case |= {name: rng.choice(texts) for name, texts in self.texts.items()}
        codes: dict[str, list[str]] = {"dx": [], "px": []}
        mains: dict[str, str] = {}
        for step in rng.choice(self.paths or [[]]):
            for atom in rng.choice(self.clauses.get(step) or [[]]):
                if rng.random() < 0.97:
                    self._meet(rng, atom, case, codes, mains)
        self._disturb(rng, case, codes, mains)
        for kind, found in codes.items():
            rng.shuffle(found)
            case[kind] = tuple(([mains[kind]] if kind in mains else []) + found)
        if case["px"] and rng.random() < 0.03:
            case["px"] += ("",)  # a trailing | is no procedure
        return case

    def _meet(self, rng: Random, atom: dict[str, str], case: Any, codes: Any, mains: Any) -> None:
        name, op, value = atom["field"], atom["op"], atom["value"]
        members = self.lists.get(atom["list"]) or ([value] if value else [])
        if name == "dx_parts":
            for code in rng.sample(members, min(len(members), rng.choice((1, 2, 2, 3)))):
                codes["dx"].append(code)
        elif name in self.severe:
            codes["dx"].append(rng.choice(self.severe[name]))
        elif name[:3] in ("dx_", "px_"):
            kind = name[:2]
            if op == "present":
                members = self.any_px if kind == "px" else self.any_dx[0]
            if op in ("in", "=", "present") and members:
                code = rng.choice(members)
                if name.endswith("_main") and kind not in mains:
                    mains[kind] = code
                elif not name.endswith("_main") or rng.random() < 0.5:
                    codes[kind].append(code)
        elif name in NUMBERS and op != "absent":
            wanted = [float(member) for member in members] if op == "in" else self.edges[name]
            case[name] = _whole(max(0, rng.choice(wanted)))
            if op != "in" and rng.random() < 0.7 and value:
                near = {"<": -1, ">": 1}.get(op, 0)
                case[name] = _whole(max(0, float(value) + near))
        elif name in self.texts:
            case[name] = rng.choice(members) if op == "in" else value or "1"

    def _disturb(self, rng: Random, case: Any, codes: Any, mains: Any) -> None:
        for _ in range(rng.choice((0, 0, 1, 1, 2, 4, 9))):
            codes["dx"].append(rng.choice(rng.choice(self.any_dx)))
        for _ in range(rng.choice((0, 0, 0, 1, 1, 3))):
            codes["px"].append(rng.choice(self.any_px))
        if rng.random() < 0.1:
            case[rng.choice(NUMBERS)] = None
        if rng.random() < 0.1:
            name = rng.choice(NUMBERS)
            case[name] = _whole(max(0, rng.choice(self.edges[name])))
        if rng.random() < 0.05 and self.mains:
            mains["dx"] = rng.choice(self.lists[rng.choice(self.mains)])
        if rng.random() < 0.03:
            mains.pop(rng.choice(("dx", "px")), None)
        if rng.random() < 0.05 and codes["dx"]:
            codes["dx"].append(rng.choice(codes["dx"]))
        if rng.random() < 0.1:
            case |= {"age": 0, "age_days": rng.choice((0, 27, 28, 29, 364, None))}
        if rng.random() < 0.15:
            for place, kind in enumerate(("dx", "px")):
                codes[kind] += rng.sample(self.maps[place], min(2, len(self.maps[place])))


def _whole(value: float) -> int:
    return int(value)
