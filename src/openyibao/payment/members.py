"""Who is signed to whom on the platform (签约): loaded from a file, dated, with its history.

One fault in a file and nothing of it is written; all of them are told. What stood is voided and added anew, so what was
known on a day can be read later.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.institutions import facade as institutions
from openyibao.kernel import csv_file as c
from openyibao.kernel.csv_file import Column, Table
from openyibao.kernel.errors import Malformed
from openyibao.payment import member_store, store
from openyibao.payment.logic.signing import Signing, changes, repeated

DAY = "如 2026-01-01"
COLUMNS = (
    Column("person_no", "人员编号", "至多 40 字", c.text_of(40)),
    Column("institution_code", "定点医药机构编号", "H 加 11 位数字", c.shaped(r"H[0-9]{11}")),
    Column("since", "签约起日", DAY, c.day),
    Column("until", "最后一日", DAY + "；空为长期", c.day, False),
    Column("diseases", "病种", "小写代码，如 hypertension，多种以 | 分隔", c.shaped(r"[a-z_]+(\|[a-z_]+)*"), False, ""),
)


@dataclass(frozen=True)
class SignReport:
    """What a load of signings did: rows, newly signed, moved from elsewhere, replaced, unchanged."""

    file: str
    rows: int
    signed: int
    moved: int
    replaced: int
    unchanged: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def sign_members(actor: Actor, area: str, path: Path, at: datetime) -> SignReport:
    """Load signings of an area (签约装载). Raises: NotPermitted, Malformed with every fault, and nothing is written."""
    require(actor, "payment.sign_members", area)
    table = c.read_table(path, COLUMNS)
    counts = dict.fromkeys(("signed", "moved", "replaced", "unchanged"), 0)
    with joined():
        store.lock_area(area)
        rows = _signings(table, area)
        for line, wrong in repeated(rows):
            table.wrong(line, "person_no", wrong, "一人同时只签一家")
        held = member_store.standing(area, {one.person_id for _, one in rows})
        voided: list[int] = []
        added: list[Signing] = []
        for line, new in rows:
            found = changes(new, held.get(new.person_id, []))
            if found.fault:
                table.wrong(line, "since", found.fault, "晚于已有签约的起日（改签），或与其同日同机构（更正）")
                continue
            counts[found.kind] += 1
            voided += found.voided
            added += found.added
            mine = [one for one in held.get(new.person_id, []) if one.id not in found.voided]
            held[new.person_id] = [*mine, *found.added]
        if table.faults:
            raise Malformed(sorted(table.faults))
        member_store.change(area, voided, added, actor.name, at)
        audit.record(actor, "payment.sign_members", f"file:{table.sha256[:16]}", area, **counts)
    return SignReport(table.name, len(table.lines), **counts)


def signings_of(actor: Actor, area: str, person_no: str) -> list[dict[str, Any]]:
    """Every signing of a person in an area as recorded, voided ones too (签约历史). Raises: NotPermitted."""
    require(actor, "payment.read", area)
    rows = member_store.history(area, person_no)
    audit.record(actor, "payment.signings_of", person_no, area, rows=len(rows))
    return [
        {
            "area": row[0],
            "institution": row[1],
            "since": str(row[2]),
            "last_day": str(row[3] - timedelta(days=1)) if row[3] else None,
            "diseases": row[4].split("|") if row[4] else [],
            "recorded_by": row[5],
            "recorded_at": row[6].isoformat(),
            "voided_by": row[7] or None,
            "voided_at": row[8].isoformat() if row[8] else None,
        }
        for row in rows
    ]


def _signings(table: Table, area: str) -> list[tuple[int, Signing]]:
    """The rows that can be read, by line; what is wrong with the others is noted."""
    persons = member_store.persons_of({line.values["person_no"] for line in table.lines if "person_no" in line.values})
    codes = {line.values["institution_code"] for line in table.lines if "institution_code" in line.values}
    known = institutions.institutions(codes)
    found = []
    for line in table.lines:
        row = line.values
        number, code, since, until = (row.get(name) for name in ("person_no", "institution_code", "since", "until"))
        if number is not None and number not in persons:
            table.wrong(line.number, "person_no", f"没有人员 {number}，或已并入他人", "参保人现用的人员编号")
        if code is not None and code not in known:
            table.wrong(line.number, "institution_code", f"没有定点机构 {code}", "已登记的机构")
        if since and until and until < since:
            table.wrong(line.number, "until", f"最后一日 {until} 早于起日 {since}", "不早于起日")
        if since and member_store.cleared(area, since.year):
            table.wrong(line.number, "since", f"{since.year} 年按人头已清算", "清算以后的日期")
        if number in persons and code is not None and isinstance(since, date):
            end = until + timedelta(days=1) if isinstance(until, date) else None
            diseases = tuple(str(row["diseases"]).split("|")) if row.get("diseases") else ()
            if end is None or end > since:
                found.append((line.number, Signing(persons[number], str(code), since, end, diseases)))
    return found
