"""`openyibao institutions`: load designated institutions from a file, show one with its history."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.institutions.terms import AGREEMENTS, HOSPITAL_LEVELS, KINDS, PENALTIES, STATES
from openyibao.policy.terms import LEVELS

app = typer.Typer(no_args_is_help=True, help="定点医药机构：装载、查看。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]


@app.command()
def load(file: Annotated[Path, typer.Argument(help="CSV 文件。")], as_json: Json = False) -> None:
    """装载定点机构、级别与协议：有一处错误就全部不装，并列出每一处。"""
    _ready()
    from django.db import transaction

    from openyibao.foundation.actors import SYSTEM
    from openyibao.foundation.clock import now
    from openyibao.institutions import facade

    with transaction.atomic(durable=True):
        report = facade.load_csv(SYSTEM, file, now())
    if as_json:
        show.json_out(asdict(report))
        return
    show.out(
        f"{file.name}：{report.rows} 行；新登记 {report.registered}，级别变更 {report.levels_changed}，"
        f"签订协议 {report.agreements_signed}，未变 {report.unchanged}"
    )


@app.command("show")
def show_(code: Annotated[str, typer.Argument(help="机构编号。")], as_json: Json = False) -> None:
    """一个机构的级别、协议与处罚，各自的起止。"""
    _ready()
    from openyibao.institutions import facade

    found = facade.institution(code)
    penalties = facade.penalties_of(code)
    if as_json:
        answer = asdict(found) | {"penalties": [asdict(penalty) for penalty in penalties]}
        show.json_out(_plain(answer))
        return
    show.out(f"{found.code}  {found.name}  {KINDS[found.kind]}  {found.area}  {found.uscc}  版本 {found.version}")
    for profile in found.profiles:
        national = HOSPITAL_LEVELS.get(profile.hosp_lv, "")
        show.out(f"  级别  {_days(profile.start, profile.until)}  {LEVELS[profile.level]} {national}  {profile.name}")
    for spell in found.agreements:
        days = _days(spell.start, spell.until)
        show.out(f"  协议  {days}  {AGREEMENTS[spell.kind]} {spell.number}  {STATES[spell.state]}（{spell.why}）")
    for penalty in penalties:
        draft = penalty.draft
        show.out(f"  处罚  {draft.decided_on}  {PENALTIES[draft.kind]}  {draft.document}（{draft.why}）")


def _days(start: date, until: date | None) -> str:
    return f"{start} 至 {until - timedelta(days=1) if until else '今'}"


def _plain(value: object) -> object:
    """Dates as text, for JSON."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, date) else value


def _ready() -> None:
    from openyibao.foundation.setup import django_ready

    django_ready()
