"""A cursor over a YAML file that reads values strictly and lists everything wrong, each fault with its line.

A faulty or missing value is noted and a harmless stand-in is returned, so that one pass finds all faults; whoever
reads must look at the faults before using what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from openyibao.kernel.errors import Fault
from openyibao.kernel.money import WHOLE_BP, basis_points, fen_from_yuan
from openyibao.kernel.periods import day_from_text
from openyibao.payment.engine.pack.exact import scaled
from openyibao.policy.facade import Source

T = TypeVar("T")
Path_ = tuple[str | int, ...]


class Cursor:
    """A place in a file. Reading a key that is absent without a default is a fault."""

    def __init__(self, source: Source, faults: list[Fault], path: Path_ = (), node: Any = None) -> None:
        self.source = source
        self.faults = faults
        self.path = path
        self.node = source.data if not path and node is None else node

    def wrong(self, wrong: str, right: str = "", *path: str | int) -> None:
        """Note a fault at this place or below it."""
        self.faults.append(self.source.fault((*self.path, *path), wrong, right))

    def shape(self, required: Iterable[str], optional: Iterable[str] = ()) -> bool:
        """Whether this is a mapping with these keys; says which are missing and which nobody knows."""
        needed, known = list(required), [*required, *optional]
        if not isinstance(self.node, dict):
            self.wrong("不是映射（键: 值）", "、".join(known))
            return False
        for key in self.node:
            if key not in known:
                self.wrong(f"不认识 {key!r}", "、".join(known), key)
        gone = [key for key in needed if key not in self.node]
        if gone:
            self.wrong(f"缺少 {'、'.join(gone)}", f"写明 {'、'.join(gone)}")
        return not gone

    def has(self, key: str) -> bool:
        return isinstance(self.node, dict) and key in self.node

    def at(self, key: str) -> Cursor:
        node = self.node.get(key) if isinstance(self.node, dict) else None
        return Cursor(self.source, self.faults, (*self.path, key), node if node is not None else {})

    def items(self, key: str) -> list[Cursor]:
        """A list of places; an absent key is an empty list."""
        if not self.has(key):
            return []
        node = self.node[key]
        if not isinstance(node, list) or not node:
            self.wrong("不是列表，或是空的", "至少一项的列表", key)
            return []
        return [Cursor(self.source, self.faults, (*self.path, key, at), item) for at, item in enumerate(node)]

    def entries(self, key: str = "") -> Iterator[tuple[str, Cursor]]:
        """Keys and places of a mapping."""
        here = self.at(key) if key else self
        if not isinstance(here.node, dict):
            here.wrong("不是映射（键: 值）")
            return
        for name, value in here.node.items():
            yield name, Cursor(self.source, self.faults, (*here.path, name), value)

    def _read(self, key: str, read: Callable[[Any], T], stand_in: T, default: T | None) -> T:
        if not self.has(key):
            if default is None and isinstance(self.node, dict):
                return stand_in  # `shape` has said that it is missing
            return stand_in if default is None else default
        try:
            return read(self.node[key])
        except ValueError as problem:
            self.wrong(str(problem), "", key)
            return stand_in

    def text(self, key: str, default: str | None = None) -> str:
        return self._read(key, _text, "", default)

    def word(self, key: str, words: Iterable[str], default: str | None = None) -> str:
        known = list(words)

        def read(value: Any) -> str:
            if value not in known:
                raise ValueError(f"{value!r} 不在可取值之内（{'、'.join(known)}）")
            return str(value)

        return self._read(key, read, known[0], default)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; an absent key is an empty one."""

        def read(value: Any) -> tuple[str, ...]:
            if not isinstance(value, list) or not value:
                raise ValueError("不是列表，或是空的")
            return tuple(_text(one) for one in value)

        return self._read(key, read, (), ())

    def integer(self, key: str, least: int = 0, most: int = 10**9, default: int | None = None) -> int:
        def read(value: Any) -> int:
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise ValueError(f"{value!r} 不是 {least} 至 {most} 的整数")
            return value

        return self._read(key, read, least, default)

    def number(self, key: str, places: int = 4, default: int | None = None, least: int = 0) -> int:
        """A decimal as an integer count of its last place."""

        def read(value: Any) -> int:
            found = scaled(value, places)
            if found < least:
                raise ValueError(f"{value!r} 过小")
            return found

        return self._read(key, read, int(10**places), default)

    def fen(self, key: str, default: int | None = None) -> int:
        return self._read(key, _fen, 1, default)

    def bp(self, key: str, default: int | None = None, most: int = WHOLE_BP) -> int:
        """A percentage as ten-thousandths, at most `most`."""

        def read(value: Any) -> int:
            points = int(basis_points(value))
            if points > most:
                raise ValueError(f"{value!r} 大于 {most // 100}%")
            return points

        return self._read(key, read, 1, default)

    def flag(self, key: str, default: bool | None = None) -> bool:
        def read(value: Any) -> bool:
            if not isinstance(value, bool):
                raise ValueError(f"{value!r} 不是 true 或 false")
            return value

        return self._read(key, read, False, default)

    def day(self, key: str) -> Any:
        return self._read(key, day_from_text, day_from_text("1900-01-01"), None)

    def by_word(self, key: str, words: Iterable[str], read: Callable[[Any], int]) -> Mapping[str, int]:
        """Figures by word ({"tertiary": …}), or one figure for all (under the key "")."""
        if not self.has(key):
            return {}
        node = self.node[key]
        known = list(words)
        found: dict[str, int] = {}
        rows = node.items() if isinstance(node, dict) else (("", node),)
        for name, value in rows:
            path = (key, name) if isinstance(node, dict) else (key,)
            if name and known and name not in known:
                self.wrong(f"不认识 {name!r}", "、".join(known), *path)
            try:
                found[name] = read(value)
            except ValueError as problem:
                self.wrong(str(problem), "", *path)
        if not rows:
            self.wrong("是空的", "至少一个数", key)
        return found

    def fen_by(self, key: str, words: Iterable[str]) -> Mapping[str, int]:
        return self.by_word(key, words, _fen)

    def factor_by(self, key: str, words: Iterable[str]) -> Mapping[str, int]:
        return self.by_word(key, words, _factor)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError(f"{value!r} 不是文本")
    return str(value)


def _fen(value: Any) -> int:
    fen = int(fen_from_yuan(value))
    if fen < 0:
        raise ValueError(f"{value!r} 是负数")
    return fen


def _factor(value: Any) -> int:
    """A coefficient with at most four decimals, above zero."""
    found = scaled(value, 4)
    if found <= 0:
        raise ValueError(f"{value!r} 不大于零")
    return found
