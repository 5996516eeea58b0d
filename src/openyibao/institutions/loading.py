"""Loading institutions from a file: everything wrong with it is told at once, and then nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.institutions import store
from openyibao.institutions.columns import COLUMNS, check_row
from openyibao.institutions.contracts import AgreementDraft, Institution, LoadReport, Registration
from openyibao.kernel.csv_file import Line, Table, read_table
from openyibao.kernel.errors import Malformed, TryAgain


def load(actor: Actor, path: Path, at: datetime) -> LoadReport:
    """See `facade.load_csv`."""
    table = read_table(path, COLUMNS)
    for line in table.lines:
        check_row(table, line)
    _check_repeats(table)
    _permit(actor, table)
    with transaction.atomic():
        codes = [line.values["code"] for line in table.lines if "code" in line.values]
        store.lock_for_load(codes)
        known = store.institutions(codes)
        todo = [(line, known.get(line.values.get("code", ""))) for line in table.lines]
        for line, held in todo:
            if held:
                for column, wrong, right in _against(line.values, held):
                    table.wrong(line.number, column, wrong, right)
        if table.faults:
            raise Malformed(table.faults)
        counts = {"registered": 0, "levels_changed": 0, "agreements_signed": 0, "unchanged": 0}
        for line, held in todo:
            _write(actor, line.values, held, at, counts)
        report = LoadReport(table.name, table.sha256, len(table.lines), **counts)
        if report.unchanged < report.rows:
            audit.record(actor, "institutions.load", f"file:{table.sha256[:16]}", actor.area, **vars(report))
    return report


def _permit(actor: Actor, table: Table) -> None:
    areas = {line.values["area"] for line in table.lines if "area" in line.values} or {actor.area}
    agreeing = {line.values.get("area", actor.area) for line in table.lines if line.values.get("agreements")}
    for area in sorted(areas):
        require(actor, "institutions.register", area)
    for area in sorted(agreeing):
        require(actor, "institutions.agree", area)


def _check_repeats(table: Table) -> None:
    seen: dict[str, Line] = {}
    for line in table.lines:
        code = line.values.get("code")
        if code in seen:
            table.wrong(line.number, "code", f"{code} 已在第 {seen[code].number} 行", "一个机构一行")
        elif code:
            seen[code] = line


def _against(row: Mapping[str, Any], held: Institution) -> Iterator[tuple[str, str, str]]:
    """What a row says otherwise than what is stored, and may not."""
    for column, stored in (("kind", held.kind), ("uscc", held.uscc), ("area", held.area)):
        if column in row and row[column] != stored:
            yield column, f"{held.code} 登记的是 {stored}", stored
    start = row.get("from")
    if start and {"level", "hosp_lv", "name"} <= row.keys():
        same = _same_profile(row, held)
        later = [profile.start for profile in held.profiles if profile.start >= start]
        if not same and later:
            yield "from", f"{held.code} 自 {later[0]} 起已有级别登记", "变更日须晚于已有的登记"
    if not row.get("agreement_from"):
        return
    for kind in row.get("agreements") or ():
        if not _same_agreement(row, kind, held):
            first, end = row["agreement_from"], _after(row.get("agreement_until"))
            for spell in held.agreements:
                over = (spell.until is None or first < spell.until) and (end is None or spell.start < end)
                if spell.kind == kind and spell.state != "ended" and over:
                    yield "agreement_from", f"与已有协议 {spell.number}（{spell.start} 起）期间重叠", "先解除或改日期"
                    break


def _same_profile(row: Mapping[str, Any], held: Institution) -> bool:
    wanted = (row["level"], row["hosp_lv"], row["name"], row["from"])
    return any((p.level, p.hosp_lv, p.name, p.start) == wanted for p in held.profiles)


def _same_agreement(row: Mapping[str, Any], kind: str, held: Institution) -> bool:
    """Whether this agreement is stored: same number, first and last day, whatever became of it since."""
    spells = [s for s in held.agreements if (s.kind, s.number) == (kind, row["agreement_no"])]
    if not spells:
        return False
    ends = {spell.until for spell in spells}
    until = None if None in ends else max(end for end in ends if end)
    return min(s.start for s in spells) == row["agreement_from"] and until == _after(row["agreement_until"])


def _write(
    actor: Actor, row: Mapping[str, Any], held: Institution | None, at: datetime, counts: dict[str, int]
) -> None:
    new = Registration(
        row["code"],
        row["name"],
        row["kind"],
        row["uscc"],
        row["area"],
        row["level"],
        row["hosp_lv"],
        row["from"],
        "装载文件",
    )
    before = dict(counts)
    if held is None:
        institution_id = store.add(new, at)
        if institution_id is None:
            raise TryAgain(f"机构 {new.code} 刚被登记", hint="重新装载")
        store.add_profile(institution_id, new, at)
        counts["registered"] += 1
    else:
        institution_id, _ = store.lock(new.code)
        if not _same_profile(row, held):
            store.add_profile(institution_id, new, at)
            counts["levels_changed"] += 1
    for kind in row["agreements"]:
        if held is None or not _same_agreement(row, kind, held):
            draft = AgreementDraft(kind, row["agreement_no"], row["agreement_from"], _after(row["agreement_until"]))
            store.add_agreement(institution_id, draft, actor.name, at)
            counts["agreements_signed"] += 1
    counts["unchanged"] += counts == before


def _after(last: date | None) -> date | None:
    return last + timedelta(days=1) if last else None
