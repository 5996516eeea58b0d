"""A plain walk of a grouping scheme, written from the description of its tables and from nothing of the product."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

NUMBERS, NOWHERE = ("sex", "age", "age_days", "birth_weight", "los", "icu_hours"), ("0000", "00", "0000")


class Walker:
    def __init__(self, folder: Path) -> None:
        def rows(name: str) -> list[dict[str, str]]:
            path = folder / name
            return list(csv.DictReader(path.open(encoding="utf-8-sig", newline=""))) if path.exists() else []

        self.facts = {row["key"]: row["value"] for row in rows("scheme.csv")}
        self.clauses: Any = defaultdict(lambda: defaultdict(list))
        for row in rows("adrg_rules.conditions.csv"):
            self.clauses[row["step"]][row["clause"]].append(row)
        self.children: Any = defaultdict(list)
        for row in sorted(rows("adrg_rules.steps.csv"), key=lambda row: int(row["seq"])):
            if row["enabled"] == "1" and not (row["level"] == "QY" and self.facts.get("qy_enabled") == "0"):
                self.children[row["parent"]].append(row)
        self.lists: Any = defaultdict(dict)
        for row in rows("adrg_rules.codes.csv"):
            self.lists[row["list"]][row["code"]] = row["part"]
        self.tables = {kind: {r["code"]: r["exclusion_table"] for r in rows(f"{kind}.csv")} for kind in ("cc", "mcc")}
        self.voids = {row["main_code"]: row["exclusion_table"] for row in rows("cc_exclusions.csv")}
        self.maps = [{r["code"]: r["grouper_code"] for r in rows(f"{n}_map.csv")} for n in ("icd10", "icd9cm3")]

    def group(self, case: dict[str, Any], *, mapped: bool = False) -> tuple[str, str, str, str]:
        dx, px = list(case["dx"]), [code for at, code in enumerate(case["px"]) if code or not at]
        for codes, table, what in ((dx, self.maps[0], "诊断"), (px, self.maps[1], "手术操作")) if mapped else ():
            if any(code not in table for code in codes) or (codes and table[codes[0]] == "-"):
                return (f"{what}不能转换为分组器支持的编码", *NOWHERE)
            codes[:] = [table[code] for code in codes if table[code] != "-"]
        age, days, weight = case["age"], case["age_days"], case["birth_weight"]
        unknown = age is None or (age == 0 and (days is None or (days <= 28 and weight is None)))
        if case["sex"] not in (1, 2) or unknown or not dx:
            return ("信息校验不通过", *NOWHERE)
        fail, again = self.facts.get("fail_code") or "0000", self.facts.get("retry_secondary_procedure") == "1"
        for some in [px, *([one] for one in px[1:] if again)]:
            found = self.walk("", {**case, "dx": dx, "px": some}, ())
            if found and found[2] != fail:
                return ("歧义病案" if found[1] == "QY" else "分组成功", *found)
        return ("无法入组", "0000", "00", fail)

    def walk(self, parent: str, case: dict[str, Any], path: tuple[str, ...]) -> tuple[str, str, str] | None:
        for step in self.children[parent]:
            if not any(all(self.met(atom, case) for atom in atoms) for atoms in self.clauses[step["step"]].values()):
                continue
            if step["level"] in ("DRG", "QY"):
                return (path[0], path[1] if step["level"] == "DRG" else "QY", step["target"])
            found = self.walk(step["step"], case, (*path, step["target"]))
            if found or (step["level"] == "ADRG" and step["otherwise"]):
                return found or (path[0], step["target"], step["otherwise"])
        return None

    def met(self, atom: dict[str, str], case: dict[str, Any]) -> bool:
        name, op, value = atom["field"], atom["op"], atom["value"]
        members, dx, have = self.lists[atom["list"]], case["dx"], case.get(name)
        if name in self.tables:
            found = [self.tables[name][code] for code in dx[1:] if code in self.tables[name]]
            return any(not table or table != self.voids.get(dx[0]) for table in found) == (op == "present")
        if name[:3] in ("dx_", "px_") and name != "dx_parts":
            every = case[name[:2]]
            codes = [code for code in {"main": every[:1], "other": every[1:]}.get(name[3:], every) if code]
            hits = bool(codes) if op in ("present", "absent") else any(c in members or c == value for c in codes)
            return hits == (op in ("in", "present", "="))
        have = len({members[code] for code in dx if code in members}) if name == "dx_parts" else have
        if name == "always" or op in ("present", "absent"):
            known = have not in (None, "") and not (have == 0 and name in ("birth_weight", "dx_parts"))
            return name == "always" or known == (op == "present")
        if op in ("in", "not_in"):
            return (have in ([float(m) for m in members] if name in NUMBERS else members)) == (op == "in")
        if (op == "=" and name in ("dept", "leaving")) or not str(have).replace(".", "").isdigit():
            return op == "=" and bool(have == value)
        a, b = float(have), float(value)
        return {"<": a < b, "<=": a <= b, "=": a == b, ">=": a >= b, ">": a > b}[op]
