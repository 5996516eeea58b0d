"""The SELECTs of the definitions, gathered into one statement per table; written in DuckDB's dialect, read by SQLGlot.

Every SELECT of a definition is `SELECT SUM(expression) FROM table [WHERE condition]`. Together they become
`SELECT CAST(COALESCE(SUM(CASE WHEN condition THEN expression END), 0) AS BIGINT) AS t0, … FROM table`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from openyibao.analytics.indicators.definitions import TABLES

SQUARES = {
    ("bills", "total_fen"): "total_sq",
    ("bills", "in_scope_fen"): "scope_sq",
    ("bills", "assistance_fen"): "assistance_sq",
    ("grants", "fen"): "fen_sq",
}
"""Columns whose sum of squares (in yuan) a cube holds."""
FUND = ("basic_fen", "serious_illness_fen", "special_drug_fen", "supplement_fund_fen")


@dataclass(frozen=True)
class Select:
    """One SELECT taken apart: table, summed expression, condition (empty: every row)."""

    table: str
    expression: str
    condition: str

    def instead(self, expression: str) -> str:
        """The same SELECT of another expression."""
        where = f" WHERE {self.condition}" if self.condition else ""
        return f"SELECT SUM({expression}) FROM {self.table}{where}"


@lru_cache(maxsize=2_000)
def taken_apart(sql: str) -> Select:
    """Raises: ValueError when it is not of the one form."""
    import sqlglot
    from sqlglot import expressions as exp

    tree: Any = sqlglot.parse_one(sql, read="duckdb")
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or not isinstance(tree.expressions[0], exp.Sum):
        raise ValueError(f"不是 SELECT SUM(…) FROM 表 [WHERE …]：{sql}")
    table = tree.find(exp.Table)
    if (
        table is None
        or table.name not in TABLES
        or set(tree.args)
        - {"expressions", "from_", "from", "where", "kind"}
        - {name for name, value in tree.args.items() if not value}
    ):
        raise ValueError(f"表或写法不在约定之内：{sql}")
    where = tree.args.get("where")
    condition = where.this.sql(dialect="duckdb") if where is not None else ""
    return Select(table.name, tree.expressions[0].this.sql(dialect="duckdb"), condition)


def gathered(selects: Iterable[str]) -> dict[str, tuple[str, list[str]]]:
    """table -> (one statement in DuckDB's dialect, the SELECTs it answers in the order of its columns)."""
    by_table: dict[str, list[str]] = {}
    for sql in selects:
        by_table.setdefault(taken_apart(sql).table, []).append(sql)
    found = {}
    for table, texts in by_table.items():
        columns = []
        for at, sql in enumerate(texts):
            one = taken_apart(sql)
            inner = f"CASE WHEN {one.condition} THEN {one.expression} END" if one.condition else one.expression
            columns.append(f"CAST(COALESCE(SUM({inner}), 0) AS BIGINT) AS t{at}")
        found[table] = (f"SELECT {', '.join(columns)} FROM {table}", texts)
    return found


def for_spark(sql: str) -> str:
    """The same statement in Spark's dialect."""
    import sqlglot

    return sqlglot.transpile(sql, read="duckdb", write="spark")[0]
