"""`openyibao catalogue`: load files of the three catalogues, show what a code is and was."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openyibao.catalogue.terms import CHARGE_TYPES, CLASSES, CODE_KINDS, KINDS
from openyibao.cli import show
from openyibao.kernel.areas import all_areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import Period, day_from_text
from openyibao.policy.terms import LEVELS

if TYPE_CHECKING:
    from openyibao.catalogue.contracts import Code, Item, ItemVersion

app = typer.Typer(no_args_is_help=True, help="三目录：装载、查看。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]


@app.command()
def load(
    kind: Annotated[str, typer.Argument(help="item、diagnosis、operation、chronic 或 two_disease。")],
    file: Annotated[Path, typer.Argument(help="CSV 文件。")],
    correct: Annotated[
        bool, typer.Option("--correct", help="更正登记有误的版本：同一生效日的内容以本文件为准。")
    ] = False,
    as_json: Json = False,
) -> None:
    """装载一个目录文件：有一处错误就全部不装，并列出每一处。"""
    _ready()
    from django.db import transaction

    from openyibao.catalogue import facade
    from openyibao.foundation.actors import SYSTEM
    from openyibao.foundation.clock import now

    with transaction.atomic(durable=True):
        report = facade.load_csv(SYSTEM, kind, file, now(), correct=correct)
    if as_json:
        show.json_out(asdict(report))
        return
    show.out(
        f"{file.name}：{report.rows} 行；新增 {report.added}，接替旧版本 {report.closed}，改止日 {report.ended}，"
        f"更正 {report.corrected}，未变 {report.unchanged}；目录版本号 {report.number}"
    )


@app.command("show")
def show_(
    code: Annotated[str, typer.Argument(help="目录、诊断、手术或病种编码。")],
    on: Annotated[str, typer.Option("--on", help="日期，如 2026-01-01；不写则列出各版本。")] = "",
    area: Annotated[str, typer.Option("--area", help="就医地区划。")] = "371500",
    level: Annotated[str, typer.Option("--level", help="机构级别。")] = "tertiary",
    as_json: Json = False,
) -> None:
    """某个编码是什么：某日、某地、某级别机构适用的内容；不写日期则为各个版本。"""
    _choice("--area", area, all_areas())
    _choice("--level", level, LEVELS)
    day = _day(on) if on else None
    _ready()
    found = _item_answer(code, day, area, level) or _code_answer(code, day)
    if found is None:
        from openyibao.catalogue.errors import CodeUnknown

        raise CodeUnknown(f"{on + ' ' if on else ''}目录中没有编码 {code}", hint="核对编码与日期，或先装载目录")
    if as_json:
        show.json_out(found)
        return
    for entry in [found] if day else found["versions"]:
        for key, value in entry.items():
            if value not in ("", None, False):
                show.out(f"{key:<18} {value}")
        show.out("")


def _item_answer(code: str, day: date | None, area: str, level: str) -> dict[str, Any] | None:
    from openyibao.catalogue import facade
    from openyibao.catalogue.errors import ItemUnknown

    if day:
        item = facade.items_on([code], day, area, level).get(code)
        return _item_row(item) if item else None
    try:
        return {"versions": [_version_row(version) for version in facade.item_history(code)]}
    except ItemUnknown:
        return None


def _code_answer(code: str, day: date | None) -> dict[str, Any] | None:
    from openyibao.catalogue import facade
    from openyibao.foundation.clock import today

    for kind in CODE_KINDS:
        found = facade.codes_on(kind, [code], day or today()).get(code)
        if found:
            return _code_row(found) if day else {"versions": [_code_row(found)]}
    return None


def _item_row(item: Item) -> dict[str, Any]:
    row = asdict(item)
    row["kind"] = KINDS[item.kind]
    row["charge_type"] = f"{item.charge_type} {CHARGE_TYPES[item.charge_type]}"
    row["item_class"] = CLASSES[item.item_class]
    for name in ("ceiling_micro", "price_micro"):
        micro = row.pop(name)
        row[name.removesuffix("_micro")] = None if micro is None else _yuan(micro)
    return row


def _version_row(version: ItemVersion) -> dict[str, Any]:
    row = _item_row(version.item)
    row.pop("ceiling")
    row |= {name: _yuan(micro) for name, micro in version.ceilings.items()}
    row |= {"from": str(version.valid_from), "until": _last(version.valid_from, version.valid_until)}
    voided = str(version.voided_at) if version.voided_at else None
    return row | {"source": version.source, "certainty": version.certainty, "voided_at": voided}


def _code_row(code: Code) -> dict[str, Any]:
    return {
        "code": code.code,
        "kind": CODE_KINDS[code.kind],
        "name": code.name,
        "aliases": "、".join(code.names[1:]),
        "from": str(code.valid_from),
        "until": _last(code.valid_from, code.valid_until),
        "version_id": code.version_id,
    }


def _last(start: date, until: date | None) -> str:
    return str(Period(start, until).last_day) if until else ""


def _yuan(micro: int) -> str:
    """Micro-yuan as text in yuan with two to six decimals: 12345678 -> 12.345678, 1500000 -> 1.50."""
    whole, part = divmod(micro, 1_000_000)
    return f"{whole}.{f'{part:06d}'.rstrip('0').ljust(2, '0')}"


def _day(text: str) -> date:
    try:
        return day_from_text(text)
    except ValueError as problem:
        raise Malformed([Fault("", 0, "--on", str(problem), "如 2026-01-01")]) from None


def _choice(option: str, value: str, known: Any) -> None:
    if value not in known:
        raise Malformed(
            [Fault("", 0, option, f"{value!r} 不可用", "六位区划代码" if len(known) > 20 else "、".join(known))]
        )


def _ready() -> None:
    from openyibao.foundation.setup import django_ready

    django_ready()
