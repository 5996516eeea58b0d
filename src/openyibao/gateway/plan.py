"""Validators compiled from the field tables (报文校验): one plan per transaction, form and mode, made at first use.

A plan reads a decoded `input` into typed nodes and collects every fault on the way. Work is proportional to the
members the message has: each is looked up once, read once; what is missing is a set difference at the end of a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from openyibao.gateway import standards
from openyibao.gateway.errors import FieldFault, FieldsInvalid, TooManyLines
from openyibao.gateway.standards import Field
from openyibao.gateway.values import EMPTY, Reader, Wrong, reader_for

Row = dict[str, Any]
Nodes = dict[str, Any]
KEPT = 100
"""Faults written out; further ones are only counted."""
FULL_FORM_SIGNS = frozenset({"psn_name", "psn_selfpay", "psn_ownpay", "psn_cashpay", "hsorg", "hi_type", "certno"})
"""Members of `setlinfo` that only the older shape of 4101 has."""


@dataclass
class Faults:
    """Collects what is wrong with one message."""

    kept: list[FieldFault] = field(default_factory=list)
    count: int = 0

    def add(self, path: str, title: str, wrong: str, right: str = "") -> None:
        self.count += 1
        if self.count <= KEPT:
            self.kept.append(FieldFault(path, title, wrong, right))

    def check(self) -> None:
        """Raises: FieldsInvalid when there are any."""
        if self.count:
            raise FieldsInvalid(self.kept, self.count)


class NodePlan:
    """Reads the rows of one node."""

    def __init__(self, name: str, fields: list[Field], strict: bool) -> None:
        self.name = name
        self.many = False
        self.required = False
        self.title = ""
        self.strict = strict
        self.readers: dict[str, tuple[str, Reader, str]] = {}
        self.from_root: list[tuple[str, str]] = []
        self.titles: dict[str, str] = {}
        self.with_other: list[tuple[str, str]] = []
        needed = set()
        for one in fields:
            self.many = one.rows == "many"
            if one.kind == "node":
                self.required, self.title = self.required or one.required == "yes", one.title
                continue
            entry = (one.field, reader_for(one, strict), one.title)
            self.titles[one.field] = one.title
            self.readers[one.field] = entry
            for alias in filter(None, one.alias.split("|")):
                if alias.startswith("/"):
                    self.from_root.append((alias[1:], one.field))
                else:
                    self.readers.setdefault(alias, entry)
            if one.required == "yes" or (strict and one.required == "strict"):
                needed.add(one.field)
            elif one.required.startswith("with:"):
                self.with_other.append((one.field, one.required[5:]))
        self.needed = frozenset(needed)
        if self.needed and not self.many:
            self.required = True

    def row(self, raw: Any, path: str, faults: Faults) -> Row:
        """One row: known members read, unknown ones left out (in strict mode a fault)."""
        got: Row = {}
        if type(raw) is not dict:
            faults.add(path, self.title, "不是对象", "{…}")
            return got
        bad: set[str] = set()
        readers, strict = self.readers, self.strict
        for key, value in raw.items():
            entry = readers.get(key)
            if entry is None:
                if strict:
                    faults.add(f"{path}.{key[:40]}", "", "不是本交易的字段")
                continue
            if value is None or (type(value) is str and value in EMPTY and not (strict and value)):
                continue
            try:
                read = entry[1](value)
            except Wrong as wrong:
                bad.add(entry[0])
                faults.add(f"{path}.{key}" if path else key, entry[2], wrong.wrong, wrong.right)
                continue
            if read is not None and (entry[0] == key or entry[0] not in got):
                got[entry[0]] = read
        if not self.needed <= got.keys():
            self._missing(self.needed - got.keys() - bad, path, faults)
        for name, other in self.with_other:
            if other in got and name not in got and name not in bad:
                self._missing({name}, path, faults)
        return got

    def _missing(self, names: set[str] | frozenset[str], path: str, faults: Faults) -> None:
        for name in self.titles:
            if name in names:
                faults.add(f"{path}.{name}" if path else name, self.titles[name], "必填而没有填")

    def read(self, raw: Any, root: Row, lines: int, faults: Faults) -> Any:
        """The node: a row, or a list of rows; a list node given as one object is a list of one."""
        if self.from_root and isinstance(raw, dict):
            for theirs, mine in self.from_root:
                if theirs in root and mine not in raw:
                    raw = {**raw, mine: root[theirs]}
        if not self.many:
            if type(raw) is list and len(raw) == 1 and not self.strict:
                raw = raw[0]
            return self.row(raw, self.name, faults)
        if type(raw) is dict and not self.strict:
            raw = [raw]
        if type(raw) is not list:
            faults.add(self.name, self.title, "不是数组", "[…]")
            return []
        if len(raw) > lines:
            raise TooManyLines(f"{self.name} 有 {len(raw)} 行，一次至多 {lines} 行；请分批上传")
        if not raw and self.required:
            faults.add(self.name, self.title, "没有一行", "至少一行")
        row = self.row
        return [row(one, f"{self.name}[{at}]", faults) for at, one in enumerate(raw)]


class Plan:
    """Reads the `input` of one transaction into typed nodes."""

    def __init__(self, infno: str, form: str, strict: bool) -> None:
        self.strict = strict
        by_node: dict[str, list[Field]] = {}
        for one in standards.fields_of(infno, "in"):
            if not one.form or not form or one.form == form:
                by_node.setdefault(one.node, []).append(one)
        self.root = NodePlan("", by_node.pop("", []), False)
        self.nodes = {name: NodePlan(name, fields, strict) for name, fields in by_node.items()}

    def read(self, raw: Any, lines: int) -> Nodes:
        """Typed nodes by name; root members stand under their own names.

        Raises: FieldsInvalid with every fault; TooManyLines.
        """
        faults = Faults()
        if type(raw) is not dict:
            faults.add("input", "交易输入", "不是对象", "{…}")
            faults.check()
        made: Nodes = self.root.row(raw, "", faults) if self.root.readers else {}
        for name, plan in self.nodes.items():
            value = raw.get(name)
            if value is None or value == "" or value == "null":
                if plan.required:
                    faults.add(name, plan.title, "必填而没有填", "[…]" if plan.many else "{…}")
                made[name] = [] if plan.many else {}
            else:
                made[name] = plan.read(value, raw, lines, faults)
        if self.strict:
            for key in raw:
                if key not in self.nodes and key not in self.root.readers:
                    faults.add(key[:40], "", "不是本交易的节点")
        faults.check()
        return made


@cache
def plan_for(infno: str, form: str, strict: bool) -> Plan:
    """The plan of a transaction's fields in a form ("" for transactions with one), compiled once."""
    return Plan(infno, form, strict)


def form_of(infno: str, raw: Any) -> str:
    """Which shape of 4101 a message has: "full" (旧版, with amounts) or "clinical" (新版); "" for all others."""
    if infno != "4101" or type(raw) is not dict:
        return ""
    header = raw.get("setlinfo")
    if raw.get("iteminfo") or (isinstance(header, Mapping) and not FULL_FORM_SIGNS.isdisjoint(header)):
        return "full"
    return "clinical"
