"""Reads and judges a file in our own form: `figures`, `relations`, `statements` (数据核对文件).

Everything wrong with the file is found before anything is judged.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from openyibao.analytics.figures import special
from openyibao.analytics.figures.contracts import STATUSES, Checked, FiguresChecked
from openyibao.analytics.figures.expressions import read_expression
from openyibao.analytics.figures.judge import judge, judge_formula
from openyibao.analytics.figures.printed import ROUNDED_NOUNS, Printed, decimal, printed
from openyibao.analytics.figures.reading import Located
from openyibao.analytics.figures.relations import (
    COMMON,
    FORMULAS,
    MANY,
    ONE,
    OPTIONAL_MANY,
    OPTIONAL_ONE,
    SPECIAL,
    Formula,
)
from openyibao.analytics.figures.statements import expand

TOP = ("kind", "title", "note", "documents", "figures", "relations", "statements")
FIGURE = ("value", "unit", "title", "source", "note", "step", "exact", "bound")
BOUNDS = ("at_least", "at_most")
Path = tuple[str | int, ...]


def check(located: Located) -> FiguresChecked:
    """Judge a file in our own form. Raises: Malformed with every fault."""
    reader = _Reader(located)
    data = located.data
    reader.known(data, TOP, ())
    if not isinstance(data.get("figures", {}), dict):
        located.fault(("figures",), "不是映射", "名称: {value: …, unit: …}")
    else:
        for name, entry in data.get("figures", {}).items():
            reader.figures[name] = reader.figure(name, entry, ("figures", name))
    wanted = reader.rows(data, "relations")
    wanted += [
        (made, ("statements", at))
        for at, entry in enumerate(data.get("statements") or [])
        for made in expand(located, entry, ("statements", at))
    ]
    if not wanted and not located.faults:
        located.fault((), "没有要核对的关系", "relations 或 statements")
    plans = [plan for entry, path in wanted if (plan := reader.plan(entry, path)) is not None]
    located.close()
    found = FiguresChecked(located.name, str(data.get("title", "")))
    for made, entry, path in plans:
        checked = made()
        checked.line = located.line(*path)
        checked.expected = str(entry.get("expect", ""))
        checked.title = str(entry.get("title", "")) or checked.title
        found.relations.append(checked)
    return found


class _Reader:
    def __init__(self, located: Located) -> None:
        self.located = located
        self.figures: dict[str, Printed] = {}
        documents = located.data.get("documents") or {}
        if not isinstance(documents, dict):
            located.fault(("documents",), "不是映射", "名称: {title: …}")
            documents = {}
        self.documents: dict[str, Any] = documents

    def known(self, data: Any, keys: tuple[str, ...], path: Path) -> bool:
        if not isinstance(data, dict):
            self.located.fault(path, "不是映射（键: 值）", "、".join(keys))
            return False
        for key in data:
            if key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                self.located.fault((*path, key), f"不认识 {key!r}", near[0] if near else "、".join(keys))
        return True

    def rows(self, data: dict[str, Any], key: str) -> list[tuple[dict[str, Any], Path]]:
        rows = data.get(key) or []
        if not isinstance(rows, list):
            self.located.fault((key,), "不是列表", "- relation: …")
            return []
        return [(entry, (key, at)) for at, entry in enumerate(rows)]

    def figure(self, name: str, entry: Any, path: Path) -> Printed:
        """A figure stated in full. A fault gives a stand-in, so that the rest can still be read."""
        stand_in = Printed(name, "", Fraction(0), Fraction(0), printed("", "0").unit, missing=True)
        if isinstance(entry, str):
            entry = {"value": entry}
        if not self.known(entry, FIGURE, path):
            return stand_in
        title = str(entry.get("title") or "")
        source = self.source(entry.get("source"), path)
        bound = entry.get("bound") or ""
        if bound and bound not in BOUNDS:
            self.located.fault((*path, "bound"), f"{bound!r} 不在可取值之内", "、".join(BOUNDS))
        exact = entry.get("exact")
        if exact not in (None, True, False):
            self.located.fault((*path, "exact"), f"{exact!r} 不在可取值之内", "true、false")
            exact = None
        if "value" not in entry:
            self.located.fault(path, "缺少 value", "印载的数，或 missing")
            return stand_in
        value, unit = entry["value"], str(entry.get("unit") or "")
        if value in (None, "missing"):
            known = printed("", "0", unit).unit
            return Printed(name, "", Fraction(0), Fraction(0), known, title=title, source=source, missing=True)
        try:
            return printed(
                name,
                str(value),
                unit,
                step=str(entry.get("step") or ""),
                exact=exact,
                title=title,
                source=source,
                bound=bound if bound in BOUNDS else "",
            )
        except ValueError as problem:
            self.located.fault((*path, "value"), str(problem), "印载的数，如 2323.3")
            return stand_in

    def source(self, name: Any, path: Path) -> str:
        if not name:
            return ""
        entry = self.documents.get(str(name))
        if entry is None:
            if self.documents:
                self.located.fault((*path, "source"), f"documents 中没有 {name}", "、".join(self.documents))
            return str(name)
        return str(entry.get("title", name)) if isinstance(entry, dict) else str(entry)

    def one(self, entry: Any, path: Path) -> Printed:
        """A figure by name, or stated on the spot."""
        if isinstance(entry, str) and not entry.replace(",", "").lstrip("+-").replace(".", "", 1).isdigit():
            found = self.figures.get(entry)
            if found is None:
                near = difflib.get_close_matches(entry, self.figures, 1)
                self.located.fault(path, f"没有名为 {entry} 的数字", near[0] if near else "figures 中的名称")
                return Printed(entry, "", Fraction(0), Fraction(0), printed("", "0").unit, missing=True)
            return found
        return self.figure("", entry, path)

    def many(self, entry: Any, path: Path) -> list[Printed]:
        if not isinstance(entry, list) or not entry:
            self.located.fault(path, "不是列表，或是空的", "至少一个数字")
            return []
        return [self.one(single, (*path, at)) for at, single in enumerate(entry)]

    def plan(self, entry: Any, path: Path) -> Any:
        """What will judge this relation; None when it has a fault."""
        if not isinstance(entry, dict) or "relation" not in entry:
            self.located.fault(path, "缺少 relation", "、".join([*FORMULAS, *SPECIAL]))
            return None
        kind = str(entry["relation"])
        if entry.get("expect") and entry["expect"] not in STATUSES:
            self.located.fault((*path, "expect"), f"{entry['expect']!r} 不在可取值之内", "、".join(STATUSES))
        if kind in ("growth",) and "change" in entry and "before" not in entry:
            kind = "growth_by_change"
        before = len(self.located.faults)
        if kind in FORMULAS:
            made = self.formula(kind, FORMULAS[kind], entry, path)
        elif kind in SPECIAL:
            made = self.special(kind, entry, path)
        else:
            near = difflib.get_close_matches(kind, [*FORMULAS, *SPECIAL], 1)
            self.located.fault((*path, "relation"), f"不认识的关系 {kind}", near[0] if near else "、".join(FORMULAS))
        return (made, entry, path) if len(self.located.faults) == before else None

    def roles(self, roles: Mapping[str, str], entry: dict[str, Any], path: Path) -> dict[str, Printed | list[Printed]]:
        self.known(entry, (*COMMON, *roles), path)
        given: dict[str, Printed | list[Printed]] = {}
        for role, need in roles.items():
            if role not in entry:
                if "optional" not in need:
                    self.located.fault(path, f"缺少 {role}", "、".join(roles))
            elif need in (MANY, OPTIONAL_MANY):
                given[role] = self.many(entry[role], (*path, role))
            elif need in (ONE, OPTIONAL_ONE):
                given[role] = self.one(entry[role], (*path, role))
        return given

    def formula(self, kind: str, spec: Formula, entry: dict[str, Any], path: Path) -> Any:
        given = self.roles(spec.roles, entry, path)
        self._units(spec, given, path)
        return lambda: judge(kind, given, str(entry.get("title", "")))

    def _units(self, spec: Formula, given: Mapping[str, Printed | list[Printed]], path: Path) -> None:
        def of(role: str) -> list[Printed]:
            one = given.get(role, [])
            return one if isinstance(one, list) else [one]

        nouns = {one.unit.noun: one for role in spec.same_unit for one in of(role) if one.unit.noun}
        if len(nouns) > 1:
            self.located.fault(path, f"单位不同，不能相比：{'、'.join(nouns)}", "同一单位")
        for role in spec.forbid_percent:
            if any(one.unit.noun == "%" for one in of(role)):
                self.located.fault((*path, role), "百分数的增减以百分点计，不是百分之几", "relation: points")
        for role in (*spec.percent, *spec.points):
            right = ("%",) if role in spec.percent else ("个百分点", "百分点")
            for one in of(role):
                if one.unit.noun not in ("", *right):
                    wrong = f"单位是{one.unit.text}，应是{'百分数' if role in spec.percent else '百分点'}"
                    self.located.fault((*path, role), wrong, "%、‰" if role in spec.percent else "个百分点")
        kinds = {one.unit.noun == "元" for role in spec.both_money for one in of(role) if one.unit.noun}
        if len(kinds) > 1:
            self.located.fault(path, "一方是钱，另一方不是", "同为金额，或同为人数、人次")

    def special(self, kind: str, entry: dict[str, Any], path: Path) -> Any:
        label, roles = SPECIAL[kind]
        given: Any = self.roles(roles, entry, path)
        title = str(entry.get("title", "")) or label
        if kind == "formula":
            return self._own_formula(given, entry, path, title)
        if kind == "between":
            return lambda: special.between(given["value"], given["bounds"], title)
        if kind == "equal":
            if len(given.get("values", [])) < 2:
                self.located.fault(path, "至少两处才能相比", "values: [一处, 另一处]")
            return lambda: special.equal(given["values"], title)
        if kind == "not_copied":
            subjects = self.map_of(entry, "subjects", path, self.many)
            return lambda: special.not_copied(subjects, title)
        if kind == "same_list":
            lists = self.map_of(entry, "lists", path, lambda one, _: [str(item) for item in one or []])
            return lambda: special.same_list(lists, title)
        if kind == "same_base":
            return self._pairs(entry, path, title)
        if kind == "plausible":
            least, most = (self.limit(entry, name, path) for name in ("at_least", "at_most"))
            why = str(entry.get("why", ""))
            return lambda: special.plausible(given["left"], given["right"], least, most, why, title)
        if kind == "sign":
            said = str(entry.get("said", ""))
            if said not in special.SAID:
                self.located.fault((*path, "said"), f"{said!r} 不在可取值之内", "、".join(special.SAID))
            return lambda: special.sign(given["income"], given["expenditure"], said, title)
        if kind == "one_period":
            periods = [str(one) for one in entry.get("periods") or []]
            return lambda: special.one_period(given["value"], periods, title)
        said = str(entry.get("said") or "")
        if said not in ("", "included", "excluded"):
            self.located.fault((*path, "said"), f"{said!r} 不在可取值之内", "included、excluded")
        return lambda: special.included(given["whole"], given["part"], said, title)

    def limit(self, entry: dict[str, Any], name: str, path: Path) -> Fraction | None:
        if entry.get(name) is None:
            return None
        try:
            return Fraction(decimal(str(entry[name])))
        except ValueError as problem:
            self.located.fault((*path, name), str(problem), "数")
            return None

    def map_of(self, entry: dict[str, Any], key: str, path: Path, read: Any) -> dict[str, Any]:
        rows = entry.get(key)
        if not isinstance(rows, dict) or len(rows) < 2:
            self.located.fault((*path, key), "至少两项的映射", "名称: [ … ]")
            return {}
        return {name: read(one, (*path, key, name)) for name, one in rows.items()}

    def _pairs(self, entry: dict[str, Any], path: Path, title: str) -> Any:
        pairs = []
        for at, one in enumerate(entry.get("pairs") or []):
            if not isinstance(one, dict) or set(one) != {"part", "percent"}:
                self.located.fault((*path, "pairs", at), "须有 part 与 percent", "{part: …, percent: …}")
                continue
            here = (*path, "pairs", at)
            part, share = (self.one(one[key], (*here, key)) for key in ("part", "percent"))
            if not share.missing and share.interval.low <= 0:
                self.located.fault((*here, "percent"), "占比须大于零")
            pairs.append((part, share))
        if len(pairs) < 2:
            self.located.fault((*path, "pairs"), "至少两期", "- {part: …, percent: …}")
        return lambda: special.same_base(pairs, title)

    def _own_formula(self, given: Any, entry: dict[str, Any], path: Path, title: str) -> Any:
        names = entry.get("with")
        if names is None:
            names = {}
        if not isinstance(names, dict):
            self.located.fault((*path, "with"), "不是映射", "公式中的名称: figures 中的名称")
            names = {}
        try:
            formula = read_expression(str(entry.get("expression", "")))
        except ValueError as problem:
            self.located.fault((*path, "expression"), str(problem), "如 a*b+c")
            return None
        used: dict[str, Printed] = {}
        for name in formula.names:
            if name in names:
                used[name] = self.one(names[name], (*path, "with", name))
            else:
                used[name] = self.one(name, (*path, "expression"))
        return lambda: judge_formula("formula", formula, used, given["is"], formula.text, "公式", title)


__all__ = ["ROUNDED_NOUNS", "Checked", "check"]
