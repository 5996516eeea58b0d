"""Policy files as they hold for an area, a scheme, a benefit and a date (政策文件在某地某日的效力).

Files are read with every scalar as text. A city's rule beats the province's and the nation's, only by naming them.
Nothing changes between two dates that the files or a reform mention, so plans are kept per era instead of per day.
"""

from __future__ import annotations

import copy
import json
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .figures import OracleRefuses, fen, plain, ratio

MISSING = "missing"
NATION = "000000"
FOREVER = "9999-12-31"


@dataclass(frozen=True)
class Rule:
    """One version of one file, as it holds on a date: `head` is the file's, `body` the version's (inheritance done)."""

    path: str
    head: dict[str, Any]
    body: dict[str, Any]

    @property
    def cap(self) -> dict[str, Any]:
        """The yearly cap; empty when the file states none."""
        cap = self.body.get("cap", "none")
        return {} if cap == "none" else cap

    @property
    def deductible(self) -> dict[str, Any]:
        """The deductible; empty when the file states none."""
        return self.body.get("deductible", {})

    def pays_as(self, scheme: str) -> str:
        """National field this rule pays into."""
        field = self.head["pays_as"]
        return field[scheme] if isinstance(field, dict) else field

    def named(self, what: str) -> str:
        """Name of one of this rule's counters: `<benefit>.what` for a basic layer, `<layer>.what` otherwise."""
        owner = self.head["benefit"] if self.head["kind"] == "benefit" else self.head["layer"]
        return f"{owner}.{what}"

    def figure(self, node: Any, keys: tuple[str, ...], unmatched: str = MISSING) -> str | None:
        """Follow `keys` down to one figure; None for no limit. A missing figure refuses."""
        while isinstance(node, dict):
            key = next((key for key in keys if key in node), "otherwise")
            node = node.get(key, unmatched)
        if node == MISSING:
            raise OracleRefuses(f"{self.path}: a figure is missing for {keys}")
        return None if node == "none" else node

    def amount(self, node: Any, keys: tuple[str, ...]) -> int | None:
        """A figure in fen; None for no limit."""
        text = self.figure(node, keys)
        return None if text is None else fen(text)

    def rate(self, node: Any, keys: tuple[str, ...], unmatched: str = MISSING) -> Fraction:
        """A figure that is a percentage."""
        return ratio(self.figure(node, keys, unmatched) or "none")


@dataclass(frozen=True)
class Plan:
    """Everything the files say about one benefit of one scheme in one area during one era."""

    basic: Rule | None  # the benefit's own file; None for a benefit that only a further layer carries (特药)
    absent: bool  # the files say that there is no such benefit yet
    known: bool  # some file covers the benefit
    chain: tuple[tuple[dict[str, Any], Rule | None], ...]  # chain entries that are there, with their layer's rule
    basic_caps: tuple[Rule, ...]  # files of the basic layer whose yearly cap counts this benefit
    remote: Rule | None
    read_as: dict[str, str]
    sets: dict[str, list[str]]


NO_PLAN = Plan(None, False, False, (), (), None, {}, {})


def pooling_area(area: str) -> str:
    """Pooling area (统筹区) of a county, city or province: the city."""
    return area[:4] + "00"


def lineage(area: str) -> list[str]:
    """The area, its city, its province, the nation: from the most specific on."""
    return list(dict.fromkeys([area, pooling_area(area), area[:2] + "0000", NATION]))


@lru_cache(maxsize=8)
def read_files(policies: Path) -> dict[str, dict[str, Any]]:
    """All policy files by their path below `policies`."""
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    found = {}
    for file in sorted(policies.rglob("*.yaml")):
        found[file.relative_to(policies).as_posix()] = yaml.load(file.read_text(encoding="utf-8"), loader)
    return found


@lru_cache(maxsize=256)
def rulebook(policies: Path, changes: str) -> Rulebook:
    """The rulebook under replaced figures; `changes` is JSON of [[file, key path, first day, value], …]."""
    return Rulebook(read_files(policies), json.loads(changes))


def as_changes(replaced: dict[str, Any], reform: list[dict[str, Any]]) -> str:
    """A case's `with:` (for every date) and then a reform's changes (from a date on), as `rulebook` takes them."""
    listed = [(path, "", value) for path, value in replaced.items()]
    listed += [(change["path"], change["from"], change["value"]) for change in plain(list(reform))]
    return json.dumps([[*path.partition("#")[::2], since, value] for path, since, value in listed])


class Rulebook:
    """Answers which rules hold. Keeps what it has resolved."""

    def __init__(self, files: dict[str, dict[str, Any]], changes: list[list[Any]]) -> None:
        self.files = files
        self.changes: dict[str, list[list[Any]]] = {}
        for file, keys, since, value in changes:
            versions = files.get(file, {}).get("versions", [])
            if not any(replace(copy.deepcopy(version), keys, value) for version in versions):
                raise OracleRefuses(f"no such figure: {file}#{keys}")
            self.changes.setdefault(file, []).append([keys, since, value])
        self.turns = sorted(turning_dates(files) | {change[2] for change in changes})
        self.plans: dict[tuple[str, str, str, int], Plan] = {}

    def plan(self, area: str, scheme: str, benefit: str, on: str) -> Plan:
        """The plan for a benefit on a date."""
        key = (area, scheme, benefit, bisect_right(self.turns, on))
        if key not in self.plans:
            self.plans[key] = self._resolve(area, scheme, benefit, on)
        return self.plans[key]

    def _resolve(self, area: str, scheme: str, benefit: str, on: str) -> Plan:
        line = lineage(area)
        of_line = [
            (path, head)
            for place in line
            for path, head in self.files.items()
            if head.get("area") == place and scheme in head.get("schemes", [scheme])
        ]

        def holding(**wanted: str) -> Rule | None:
            return self._winner([p for p, head in of_line if wanted.items() <= head.items()], on)

        chain = holding(kind="chain")
        if chain is None:
            raise OracleRefuses(f"no chain of layers for {scheme} in {area} on {on}")
        basics = {
            b: holding(kind="benefit", benefit=b) for b in {h["benefit"] for _, h in of_line if h["kind"] == "benefit"}
        }
        basic = basics.get(benefit)
        carried = holding(kind="layer", benefit=benefit)
        absent = any(head.get("benefit") == benefit and on < head.get("none_before", "") for _, head in of_line)
        basic_layers = {"basic_pool"} | {rule.head["layer"] for rule in basics.values() if rule}
        entries = [(entry, holding(kind="layer", layer=entry["layer"])) for entry in chain.body["order"]]
        levels = holding(kind="levels")
        return Plan(
            basic=basic,
            absent=absent and not (basic or carried),
            known=bool(basic or carried),
            chain=tuple((entry, rule) for entry, rule in entries if rule or entry["layer"] in basic_layers),
            basic_caps=tuple(r for r in basics.values() if r and basic and shares_cap(r, basic)),
            remote=holding(kind="remote"),
            read_as=levels.body["read_as"] if levels else {},
            sets={name: s for _, h in reversed(of_line) if h["kind"] == "groups" for name, s in h["sets"].items()},
        )

    def _winner(self, paths: list[str], on: str) -> Rule | None:
        """The most specific file that holds; it must name, or inherit the naming of, every other one that does."""
        rules = [rule for path in paths if (rule := self._version(path, on))]
        named: set[str] = set()
        for place, rule in enumerate(rules):
            if place and rule.path not in named:
                raise OracleRefuses(f"{rules[0].path} and {rule.path} both hold on {on}")
            named |= {*listed(rule.head.get("overrides")), *listed(rule.head.get("extends"))}
        return rules[0] if rules else None

    def _version(self, path: str, on: str) -> Rule | None:
        """The file's version on a date, replaced figures in, and what it does not state taken from what it extends."""
        head = self.files[path]
        for version in head.get("versions", []):
            if not version["from"] <= on <= version.get("until", FOREVER) or "absent" in version:
                continue
            body = version
            for keys, since, value in self.changes.get(path, []):
                if since <= on:
                    body = copy.deepcopy(body)
                    replace(body, keys, value)
            for other in listed(head.get("extends")):
                if base := self._version(other, on):
                    body = {**base.body, **body}
            return Rule(path, head, body)
        return None


def shares_cap(rule: Rule, basic: Rule) -> bool:
    """Does the yearly cap stated in `rule`, a file of the same basic layer, count the benefit of `basic`?"""
    same_layer = rule.head["layer"] == basic.head["layer"]
    return same_layer and bool(rule.cap) and basic.head["benefit"] in rule.cap.get("counts", [rule.head["benefit"]])


def replace(version: dict[str, Any], keys: str, value: Any) -> bool:
    """Put `value` at a key path (list entries count from 1). False, and nothing done, when there is no such figure."""
    *way, last = [int(key) - 1 if key.isdecimal() and key != "0" else key for key in keys.split(".")]
    node: Any = version
    try:
        for key in way:
            node = node[key]
        node[last]
        node[last] = value
    except (KeyError, IndexError, TypeError):
        return False
    return True


def turning_dates(files: dict[str, dict[str, Any]]) -> set[str]:
    """Every day on which something begins; an end stands as text just after its last day."""
    turns = set()
    for head in files.values():
        turns.add(head.get("none_before", ""))
        for version in head.get("versions", []):
            turns |= {version["from"], version.get("until", FOREVER) + "+"}
    return turns


def listed(value: Any) -> list[str]:
    """One name or a list of names, as a list."""
    return [value] if isinstance(value, str) else list(value or [])
