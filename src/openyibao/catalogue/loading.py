"""Loading a file: read it whole, find everything wrong with it, compare it with what is stored, write it at once."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from openyibao.catalogue import store
from openyibao.catalogue.columns import CEILINGS, COLUMNS, FLAGS, check_row
from openyibao.catalogue.contracts import LoadReport
from openyibao.catalogue.logic.versions import Plan, Row, plan
from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.kernel.areas import NATION
from openyibao.kernel.csv_file import Line, Table, read_table
from openyibao.kernel.errors import Malformed

Key = tuple[str, str]
"""(code, area); the area of a diagnosis, operation or disease is the nation."""


def load(actor: Actor, kind: str, path: Path, at: datetime, *, correct: bool) -> LoadReport:
    """See `facade.load_csv`."""
    table = read_table(path, COLUMNS[kind])
    for line in table.lines:
        check_row(table, kind, line)
    groups = _groups(kind, table)
    for area in sorted({area for _, area in groups} or {actor.area}):
        require(actor, "catalogue.load", area)
    with transaction.atomic():
        number = store.lock_number()
        plans = _plans(kind, table, groups, correct)
        if table.faults:
            raise Malformed(table.faults)
        report = _report(kind, table, plans, number)
        if report.changed:
            load_id = store.add_load(report, actor.name, at)
            store.apply(kind, load_id, at, plans.values())
            lines = {line.number: line.values for line in table.lines}
            records = [
                _record(kind, lines[row.line], row, until, load_id)
                for made in plans.values()
                for row, until in made.added
            ]
            store.add_versions(kind, records)
            store.set_number(report.number)
            _audit(actor, report, sorted({area for _, area in groups}), load_id)
    return report


def _groups(kind: str, table: Table) -> dict[Key, list[Row]]:
    """Rows by code and area, those with a faulty code, area or date left out."""
    groups: dict[Key, list[Row]] = defaultdict(list)
    for line in table.lines:
        row = line.values
        if {"code", "from"} <= row.keys() and ("area" in row or kind != "item") and "until" in row:
            groups[row["code"], row.get("area", NATION)].append(
                Row(line.number, row["from"], _next_day(row["until"]), _digest(line))
            )
    return groups


def _next_day(last: date | None) -> date | None:
    return last + timedelta(days=1) if last else None


def _digest(line: Line) -> str:
    """Fingerprint of what a row says apart from its key and its days."""
    content = {name: value for name, value in line.values.items() if name not in ("code", "area", "from", "until")}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plans(kind: str, table: Table, groups: dict[Key, list[Row]], correct: bool) -> dict[Key, Plan]:
    stored = store.versions_of(kind, sorted({code for code, _ in groups}))
    plans = {key: plan(rows, stored.get(key, ()), correct=correct) for key, rows in groups.items()}
    for made in plans.values():
        for line, column, wrong, right in made.faults:
            table.wrong(line, column, wrong, right)
    if kind == "item":
        _same_kind(table)
    return plans


def _same_kind(table: Table) -> None:
    """An item stays of one kind, in every area and for ever: its code would mean two things otherwise."""
    lines = [line for line in table.lines if {"code", "kind"} <= line.values.keys()]
    kinds = store.kinds_of(sorted({line.values["code"] for line in lines}))
    for line in lines:
        kind = kinds.setdefault(line.values["code"], line.values["kind"])
        if kind != line.values["kind"]:
            table.wrong(line.number, "kind", f"{line.values['code']} 已登记为 {kind}", kind)


def _report(kind: str, table: Table, plans: dict[Key, Plan], number: int) -> LoadReport:
    counts = {
        "added": sum(len(made.added) - len(made.voided) for made in plans.values()),
        "closed": sum(made.closed for made in plans.values()),
        "ended": sum(made.ended for made in plans.values()),
        "corrected": sum(len(made.voided) for made in plans.values()),
    }
    return LoadReport(
        kind=kind,
        file=table.name,
        sha256=table.sha256,
        rows=len(table.lines),
        unchanged=sum(made.unchanged for made in plans.values()),
        number=number + 1 if any(counts.values()) else number,
        **counts,
    )


def _record(kind: str, row: Any, plan_row: Row, until: date | None, load_id: int) -> dict[str, Any]:
    """Column values of the table for one version."""
    common = {
        "code": row["code"],
        "name": row["name"],
        "valid_from": plan_row.start,
        "valid_until": until,
        "declared_until": plan_row.until,
        "digest": plan_row.digest,
        "source": row["source"],
        "certainty": row["certainty"],
        "load_id": load_id,
    }
    if kind != "item":
        return {**common, "kind": kind, "aliases": row["aliases"]}
    return {
        **common,
        **{name: row[name] for name in ("area", "kind", "charge_type", "spec", "form", "unit", "restriction", *FLAGS)},
        **{f"{name}_micro": row[name] for name in (*CEILINGS, "price")},
        "item_class": row["class"],
        "own_ratio_bp": row["own_ratio"],
        "exception_ratio_bp": row["exception_ratio"],
    }


def _audit(actor: Actor, report: LoadReport, areas: list[str], load_id: int) -> None:
    for area in areas:
        audit.record(
            actor,
            "catalogue.load",
            f"catalogue_load:{load_id}",
            area,
            kind=report.kind,
            file=report.file,
            sha256=report.sha256,
            rows=report.rows,
            added=report.added,
            closed=report.closed,
            ended=report.ended,
            corrected=report.corrected,
        )
