"""Reads YAML so that nothing is guessed and every value remembers its line.

Scalars stay what was written: integers become int, `true`/`false` bool, everything else text. A date or a decimal is
never converted on the way, so no amount passes through a float. Duplicate keys, tabs and oversized files are faults.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from jsonschema.exceptions import ValidationError

from openyibao.kernel.errors import Fault, Malformed

Node = Any
"""What a file holds: dict, list, str, int, bool or None."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_INT = re.compile(r"-?(0|[1-9][0-9]*)")
TYPES = {
    "object": "映射（键: 值）",
    "array": "列表",
    "string": "文本",
    "integer": "整数",
    "number": "数",
    "boolean": "true 或 false",
    "null": "空",
}
_MOST_BYTES = 2_000_000
_MOST_NODES = 400_000
_MOST_DEPTH = 40


@dataclass
class Source:
    """One file as data, with the line of every path."""

    name: str
    data: Node
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """Line of the value at `path`, or of its nearest parent that has one."""
        for end in range(len(path), -1, -1):
            found = self.lines.get(path[:end])
            if found:
                return found
        return 1

    def fault(self, path: tuple[str | int, ...], wrong: str, right: str = "") -> Fault:
        return Fault(self.name, self.line(*path), ".".join(map(str, path)), wrong, right)


def read(path: Path, name: str = "") -> Source:
    """Read one YAML (or JSON) file. Raises: Malformed with the place of the first thing that cannot be read."""
    name = name or str(path)
    try:
        if path.exists() and not path.is_file():
            raise Malformed([Fault(name, 0, "", "不是普通文件", "YAML 或 JSON 文件")])
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as problem:
        raise Malformed([Fault(name, 0, "", f"读不到文件（{problem.strerror}）", "一个存在的文件")]) from None
    return parse(raw, name)


def parse(raw: bytes, name: str) -> Source:
    """Parse the bytes of a YAML file. Raises: Malformed."""
    if len(raw) > _MOST_BYTES:
        raise Malformed([Fault(name, 0, "", "文件过大", f"至多 {_MOST_BYTES} 字节")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Malformed([Fault(name, 0, "", f"不是 UTF-8 文本（第 {problem.start} 字节）", "UTF-8 编码")]) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 0
        raise Malformed([Fault(name, line, "", f"YAML 语法错误：{problem.problem}", "合法的 YAML")]) from None
    except (yaml.YAMLError, RecursionError) as problem:
        raise Malformed([Fault(name, 0, "", f"无法读取：{problem}", "合法的 YAML")]) from None
    builder = _Builder(name)
    data = builder.build(root, ()) if root is not None else None
    if builder.faults:
        raise Malformed(builder.faults)
    return Source(name, data, builder.lines)


class _Builder:
    """Turns composed nodes into plain values, collecting lines and faults."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.faults: list[Fault] = []
        self.count = 0
        self.length = 0

    def build(self, node: yaml.Node, path: tuple[str | int, ...]) -> Node:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.count += 1
        if self.count > _MOST_NODES or len(path) > _MOST_DEPTH:
            if not self.faults:
                self.faults.append(Fault(self.name, line, "", "内容过多或嵌套过深", f"至多 {_MOST_DEPTH} 层"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, at)) for at, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Node]:
        made: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(self.name, line, ".".join(map(str, path)), "键不是文本", "文本键"))
                continue
            key = self._text(key_node)
            if key in made:
                self.faults.append(
                    Fault(self.name, line, ".".join(map(str, (*path, key))), "同一处写了两次", "只保留一处")
                )
            self.lines[(*path, key)] = line
            made[key] = self.build(value_node, (*path, key))
        return made

    def _text(self, node: yaml.Node) -> str:
        """A scalar's text; control characters and half surrogates are faults, and all text together has a limit."""
        text = str(node.value)
        self.length += len(text)
        if self.length > 2 * _MOST_BYTES and not self.faults:
            self.faults.append(Fault(self.name, node.start_mark.line + 1, "", "内容过多", "较小的文件"))
        if _UNPRINTABLE.search(text):
            self.faults.append(Fault(self.name, node.start_mark.line + 1, "", "含控制字符", "可显示的文字"))
            return _UNPRINTABLE.sub("", text)
        return text

    def _scalar(self, node: yaml.Node) -> Node:
        text = self._text(node) if self.length <= 2 * _MOST_BYTES else ""
        if node.style in ("'", '"', "|", ">"):  # type: ignore[attr-defined]
            return text
        if node.tag == "tag:yaml.org,2002:null":
            return None
        if text in ("true", "false"):
            return text == "true"
        if _INT.fullmatch(text) and len(text) < 19:
            return int(text)
        return text


@cache
def schema(kind: str) -> dict[str, Any]:
    """A published JSON Schema of this room by name: "policy", "case", "reform", "contribution"."""
    text = (files(__package__) / "schema" / f"{kind}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _validator(kind: str, part: str) -> jsonschema.Draft202012Validator:
    whole = schema(kind)
    if not part:
        return jsonschema.Draft202012Validator(whole)
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]})


def schema_faults(source: Source, kind: str, part: str = "") -> list[Fault]:
    """Everything about `source` that the schema (or one of its $defs) refuses, in Chinese, with lines."""
    found: list[Fault] = []
    for error in _validator(kind, part).iter_errors(source.data):
        found.extend(_explain(source, error))
    return found


def _explain(source: Source, error: ValidationError) -> Iterator[Fault]:
    if error.validator in ("anyOf", "oneOf") and error.context:
        deepest = max(error.context, key=lambda inner: len(inner.absolute_path))
        if len(deepest.absolute_path) > len(error.absolute_path):
            yield from _explain(source, deepest)
            return
        if not isinstance(error.instance, dict | list):
            leaf = error.context[0]
            right = _described(leaf) or _described(error) or _right(leaf)
            yield source.fault(tuple(error.absolute_path), _shown(error.instance) + " 不符合要求", right)
            return
    path = tuple(error.absolute_path)
    rule: Any = error.schema
    wanted: Any = error.validator_value
    instance: Any = error.instance
    right = _right(error)
    if error.validator == "required":
        gone = [key for key in wanted if key not in instance]
        yield source.fault(path, f"缺少 {'、'.join(gone)}", f"写明 {'、'.join(gone)}")
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        known = list(rule.get("properties", {}))
        for key in instance:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = near[0] if near else "、".join(known)
                yield source.fault((*path, key), f"不认识 {key!r}", hint)
    elif error.validator == "enum":
        yield source.fault(path, f"{error.instance!r} 不在可取值之内", "、".join(map(str, wanted)))
    elif error.validator == "const":
        yield source.fault(path, f"{error.instance!r} 不对", str(error.validator_value))
    else:
        yield source.fault(path, _shown(instance) + " 不符合要求", right or error.message)


def _described(error: ValidationError) -> str:
    rule: Any = error.schema
    return str(rule.get("description", "")) if isinstance(rule, dict) else ""


def _right(error: ValidationError) -> str:
    """What the schema says would be right."""
    rule: Any = error.schema
    wanted: Any = error.validator_value
    if error.validator == "enum":
        return "、".join(map(str, wanted))
    if error.validator == "type" and "description" not in rule:
        return "或".join(TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted))
    return _described(error)


def _shown(value: Node) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"
