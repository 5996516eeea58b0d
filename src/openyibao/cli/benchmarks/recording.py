"""One real settlement's statements, recorded as they are sent and written as a script for pgbench.

What belongs to the visit, the person or the message becomes an expression of the script's variables; everything else
stays as the literal it was. So pgbench runs the same statements on the same tables, each time on a fresh visit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any


def recorded_settlement(
    warming: bytes, code: str, body: bytes, headers: Mapping[str, str], visit_id: int, filled: Any
) -> str:
    """Settle one visit in this process, after one that fills its caches; the script of what was sent for the second."""
    import psycopg

    from openyibao.gateway.facade import Request, answer

    sent: list[tuple[str, Sequence[Any]]] = []
    execute = psycopg.Cursor.execute

    def recording(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        if isinstance(query, str) and not query.startswith(("SAVEPOINT", "RELEASE")):
            sent.append((query, params or ()))
        return execute(cursor, query, params, **options)

    lowered = {name.lower(): value for name, value in headers.items()}
    _settled(answer(Request("/fsi/api/rsfComIfsService/callService", lowered, warming)))
    psycopg.Cursor.execute = recording  # type: ignore[method-assign,assignment]
    try:
        reply = answer(Request("/fsi/api/rsfComIfsService/callService", lowered, body))
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]
    _settled(reply)
    return _script(sent, code, visit_id, filled)


def _settled(reply: bytes) -> None:
    if json.loads(reply)["infcode"] != 0:
        raise RuntimeError(f"the recorded settlement was refused: {reply.decode()[:300]}")


def _script(sent: Sequence[tuple[str, Sequence[Any]]], code: str, visit_id: int, filled: Any) -> str:
    from openyibao.cli.benchmarks import gateway_data as data

    person = 1 + (visit_id * 7919) % filled.persons
    codes = "ARRAY[" + ", ".join(f"'{one}'" for one in filled.institutions) + "]"
    spelled = {
        data.visit_no(visit_id): f"('{data.AREA}M' || lpad(:visit::text, 14, '0'))",
        data.person_no(person): f"('{data.AREA}P' || lpad(:person::text, 14, '0'))",
        code: f"({codes})[1 + :visit % {len(filled.institutions)}]",
        str(person): ":person::text",
    }
    lines = [
        "\\set turn :turn + 1",
        f"\\set visit :first + (:turn - 1) * {8} + :client_id",
        f"\\set person 1 + (:visit * 7919) % {filled.persons}",
        "BEGIN;",
    ]
    for query, params in sent:
        claims = "INSERT INTO gateway_message" in query
        finishes = query.startswith("UPDATE gateway_message")
        parts = re.split(r"%s|\$[0-9]+", query)
        values = [_literal(value, spelled, visit_id, person) for value in params]
        if claims:
            values[2] = "('B' || :visit::text)"
        if finishes:
            values[-1] = ":msg_id::bigint"
        text = parts[0] + "".join(value + part for value, part in zip(values, parts[1:], strict=True))
        text = " ".join(text.replace("%%", "%").split())
        lines.append(text + (" \\gset msg_" if claims else ";"))
    lines.append("COMMIT;")
    return "\n".join(lines) + "\n"


def _literal(value: Any, spelled: Mapping[str, str], visit_id: int, person: int) -> str:
    """A parameter as SQL: an expression where it names visit, person or settlement, else the literal it was."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "NULL"}[value]
    if isinstance(value, int):
        return ":visit::bigint" if value == visit_id else ":person::bigint" if value == person else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"'\\x{bytes(value).hex()}'::bytea"
    if isinstance(value, datetime):
        return f"'{value.isoformat(' ')}'::timestamptz"
    if isinstance(value, date):
        return f"'{value}'::date"
    if isinstance(value, list | tuple):
        return "ARRAY[" + ", ".join(_literal(one, spelled, visit_id, person) for one in value) + "]"
    if value in spelled:
        return spelled[value]
    if len(value) == 21 and value[6] == "S" and value[7:].isdigit():
        return f"('{value[:6]}S' || lpad(:visit::text, 14, '0'))"
    if value[:1] in "{[":
        value = _spaced(value)
    return "'" + str(value).replace("'", "''") + "'"


def _spaced(text: str) -> str:
    """JSON with a space behind each colon, where pgbench would see the name of a variable."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
