"""Fund statements (基金收支表) as relations: what must hold of every one without being said.

Of each fund: income − expenditure = current balance; opening + current = closing; and advances are no expenditure
before they are settled: paid out − advances + advances settled = expenditure. Of the funds together: every item of
the parts sums to that of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openyibao.analytics.figures.reading import Located

ITEMS = {
    "opening": "上年结余",
    "income": "收入",
    "expenditure": "支出",
    "current": "当期结余",
    "closing": "累计结余",
    "paid": "拨付",
    "advances": "预付",
    "offset": "冲抵预付",
}
SUMMED = ("opening", "income", "expenditure", "current", "closing")
KEYS = ("title", "unit", "source", "funds", "totals", "expect")


def expand(located: Located, entry: Any, path: tuple[str | int, ...]) -> Iterator[dict[str, Any]]:
    """The relations of one statement, in the form of a file's own relations."""
    if not isinstance(entry, dict) or not isinstance(entry.get("funds"), dict):
        located.fault(path, "缺少 funds", "{基金: {income: …, expenditure: …, current: …}}")
        return
    for key in entry:
        if key not in KEYS:
            located.fault((*path, key), f"不认识 {key!r}", "、".join(KEYS))
    title = str(entry.get("title", ""))
    funds: dict[str, dict[str, Any]] = {}
    for name, row in entry["funds"].items():
        if not isinstance(row, dict):
            located.fault((*path, "funds", name), "不是映射", "、".join(ITEMS))
            continue
        for key in row:
            if key not in ITEMS:
                located.fault((*path, "funds", name, key), f"不认识 {key!r}", "、".join(ITEMS))
        funds[name] = {key: _figure(entry, name, key, value) for key, value in row.items() if key in ITEMS}
    expected = entry.get("expect") or {}
    for made in _relations(located, entry, funds, path):
        if isinstance(expected, dict) and made["title"] in expected:
            made["expect"] = expected[made["title"]]
        made["title"] = f"{title} {made['title']}".strip()
        yield made


def _figure(entry: dict[str, Any], fund: str, item: str, value: Any) -> dict[str, Any]:
    stated = dict(value) if isinstance(value, dict) else {"value": value}
    stated.setdefault("unit", entry.get("unit") or "")
    stated.setdefault("title", f"{fund}{ITEMS[item]}")
    if entry.get("source"):
        stated.setdefault("source", entry["source"])
    return stated


def _relations(
    located: Located, entry: dict[str, Any], funds: dict[str, dict[str, Any]], path: tuple[str | int, ...]
) -> Iterator[dict[str, Any]]:
    for name, row in funds.items():
        if {"income", "expenditure", "current"} <= set(row):
            yield {
                "relation": "balance",
                "title": f"{name}当期结余",
                **{key: row[key] for key in ("income", "expenditure")},
                "balance": row["current"],
            }
        if {"opening", "current", "closing"} <= set(row):
            yield {"relation": "closing", "title": f"{name}累计结余", **_pick(row, "opening", "current", "closing")}
        if {"paid", "advances", "expenditure"} <= set(row):
            yield {
                "relation": "advances",
                "title": f"{name}支出不含预付",
                **_pick(row, "paid", "advances", "offset", "expenditure"),
            }
    totals = entry.get("totals") or {}
    if not isinstance(totals, dict):
        located.fault((*path, "totals"), "不是映射", "整体: [部分, 部分]")
        return
    for whole, parts in totals.items():
        unknown = [one for one in (whole, *(parts if isinstance(parts, list) else [])) if one not in funds]
        if unknown or not isinstance(parts, list) or not parts:
            located.fault((*path, "totals", whole), f"funds 中没有 {'、'.join(unknown) or '分项'}", "、".join(funds))
            continue
        for item in SUMMED:
            if item in funds[whole] and all(item in funds[part] for part in parts):
                yield {
                    "relation": "sum",
                    "title": f"{whole}{ITEMS[item]}合计",
                    "total": funds[whole][item],
                    "parts": [funds[part][item] for part in parts],
                }


def _pick(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: row[key] for key in keys if key in row}
