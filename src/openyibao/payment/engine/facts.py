"""Facts of a record as bits: what its codes are listed in, how its numbers compare, how many parts it touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openyibao.payment.engine.terms import (
    CODE_FIELDS,
    NUMBER_FIELDS,
    PARTS,
    TEXT_FIELDS,
    compared,
    number,
)

PLAIN_ORDER = ("sex", "age", "age_days", "birth_weight", "dept", "los", "leaving", "icu_hours")
"""Plain fields in the order of `Case`."""

StoredAtom = tuple[Any, ...]
"""(field, operator, list, value, bit)."""


class CodeFacts:
    """Bits of the codes of one kind: by where in the record a code stands (main, other, any)."""

    def __init__(self, kind: str, atoms: Iterable[StoredAtom], lists: Mapping[str, Sequence[str]]) -> None:
        self._main: dict[str, int] = {}
        self._other: dict[str, int] = {}
        self._has = {"main": 0, "other": 0, "any": 0}
        for name, op, list_id, value, at in atoms:
            if name not in CODE_FIELDS or not name.startswith(kind):
                continue
            place = name.partition("_")[2]
            if op == "present":
                self._has[place] |= 1 << at
                continue
            for code in lists[list_id] if op == "in" else [value]:
                for wanted, table in (("main", self._main), ("other", self._other)):
                    if place in (wanted, "any"):
                        table[code] = table.get(code, 0) | 1 << at

    def table(self) -> dict[str, tuple[int, int]]:
        """Facts of every code that some fact names: as the main one, and as a further one."""
        return {code: self._with(code) for code in self._main.keys() | self._other.keys()}

    def any_code(self) -> tuple[int, int]:
        """Facts of a code that no list has."""
        return self._with("")

    def _with(self, code: str) -> tuple[int, int]:
        has = self._has
        main, other = (self._main.get(code, 0), self._other.get(code, 0)) if code else (0, 0)
        return main | has["main"] | has["any"], other | has["other"] | has["any"]


PlainField = tuple[int, dict[Any, int], "_Asker"]


class PlainFacts:
    """Bits of the plain fields, remembered by value: the same age is compared once."""

    def __init__(self, atoms: Iterable[StoredAtom], lists: Mapping[str, Sequence[str]]) -> None:
        self._fields: list[tuple[int, PlainField]] = []
        for place, name in enumerate(PLAIN_ORDER):
            mine = [atom for atom in atoms if atom[0] == name]
            if mine:
                bits = sum(1 << atom[-1] for atom in mine)
                self._fields.append((bits, (place, {}, _Asker(name, mine, lists))))

    def asked_for(self, bits: int) -> tuple[PlainField, ...]:
        """The fields that some facts come from: place in PLAIN_ORDER, facts of values met so far, facts of a value."""
        return tuple(field for mine, field in self._fields if mine & bits)


class _Asker:
    """What is to be asked of a value of one field."""

    def __init__(self, name: str, atoms: Sequence[StoredAtom], lists: Mapping[str, Sequence[str]]) -> None:
        self._name, self._atoms = name, atoms
        self._members: dict[int, set[Any]] = {}
        for _, op, list_id, _, at in atoms:
            if op == "in":
                listed = lists[list_id]
                self._members[at] = {number(text) for text in listed} if name in NUMBER_FIELDS else set(listed)

    def __call__(self, value: Any) -> int:
        mask = 0
        for _, op, _, stated, at in self._atoms:
            if value in self._members[at] if op == "in" else _plainly(self._name, value, op, stated):
                mask |= 1 << at
        return mask


def _plainly(name: str, value: Any, op: str, stated: str) -> bool:
    """Whether a value of a plain field is there, or compares as stated."""
    if name in TEXT_FIELDS:
        if op == "present":
            return bool(value)
        if op == "=":
            return bool(value == stated)
        value = number(value)
    elif op == "present":
        return value is not None and not (value == 0 and name == "birth_weight")
    right = number(stated)
    return value is not None and right is not None and compared(value, op, right)


class PartedFacts:
    """Bits of how many parts of the body the diagnoses touch, for each list that states parts."""

    def __init__(self, atoms: Iterable[StoredAtom], parts: Mapping[str, Mapping[str, str]]) -> None:
        self._parts: dict[str, int] = {}
        self._lists: list[tuple[int, list[tuple[str, Any, int]]]] = []
        self._known: dict[int, int] = {}
        start = 0
        for list_id, by_code in parts.items():
            places = {part: start + at for at, part in enumerate(dict.fromkeys(by_code.values()))}
            for code, part in by_code.items():
                self._parts[code] = self._parts.get(code, 0) | 1 << places[part]
            mine = [
                (op, number(value), at) for name, op, at_list, value, at in atoms if (name, at_list) == (PARTS, list_id)
            ]
            self._lists.append(((1 << len(places)) - 1 << start, mine))
            start += len(places)

    def table(self) -> dict[str, int]:
        """The part each code counts for in each list, as bits."""
        return self._parts

    def of(self, parts: int) -> int:
        """Facts of all parts a record touches."""
        facts = self._known.get(parts)
        if facts is None:
            facts = self._known[parts] = self._ask(parts)
        return facts

    def _ask(self, parts: int) -> int:
        facts = 0
        for mask, atoms in self._lists:
            count = (parts & mask).bit_count()
            for op, value, at in atoms:
                if count > 0 if op == "present" else value is not None and compared(count, op, value):
                    facts |= 1 << at
        return facts
