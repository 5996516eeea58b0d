"""The definitions as a page of the documentation: `python -m openyibao.analytics.indicators.listing`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.resources import files

from openyibao.analytics.indicators.contracts import UNITS, Definition
from openyibao.analytics.indicators.definitions import CUBES, cube_sql, definitions, footnotes


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield from files(__package__).joinpath("data/listing.md").read_text(encoding="utf-8").splitlines()
    yield ""
    yield "## Footnotes (口径)"
    yield ""
    yield "| name | 口径 |"
    yield "|---|---|"
    yield from (f"| `{name}` | {text} |" for name, text in footnotes().items())
    yield ""
    yield "## Definitions (定义)"
    for one in definitions().values():
        yield ""
        yield from _one(one)
    yield ""
    yield "## Cubes (汇总)"
    yield ""
    yield "What the engines count from the large tables, one scan each; DuckDB a part at a time, Spark all at once."
    for name in CUBES:
        yield ""
        yield f"### `{name}` cube"
        yield ""
        yield "```sql"
        yield from cube_sql(name).rstrip().splitlines()
        yield "```"


def _one(one: Definition) -> Iterator[str]:
    yield f"### `{one.id}`"
    yield ""
    facts = [one.name, f"单位：{UNITS[one.unit]}"]
    facts += [f"分母：{one.population}"] if one.population else []
    facts += [f"口径：`{one.footnote}`"] if one.footnote else []
    facts += [f"标准误：`{one.error}`"] if one.error else []
    yield "；".join(facts)
    yield ""
    yield "```sql"
    for term in one.numerator:
        yield ("- " if term.sign < 0 else "") + term.sql
    if one.of:
        yield _factors(one.of)
    if one.divides:
        yield "/"
    for term in one.denominator:
        yield ("- " if term.sign < 0 else "") + term.sql
    if one.over:
        yield _factors(one.over)
    yield "```"


def _factors(parts: tuple[tuple[int, str], ...]) -> str:
    text = ""
    for factor, name in parts:
        sign = " - " if factor < 0 else " + " if text else ""
        text += sign + (f"{abs(factor)} × " if abs(factor) != 1 else "") + name
    return text


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
