"""The columns of the institutions' file, and what must hold between them. docs/reference shows the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openyibao.institutions.terms import AGREEMENTS, HOSPITAL_LEVELS, HOSPITAL_LEVELS_OF, KINDS
from openyibao.kernel import csv_file as c
from openyibao.kernel.areas import all_areas
from openyibao.kernel.csv_file import Column, Line, Table
from openyibao.policy.terms import LEVELS

DAY = "如 2026-01-01"
CODE = r"[HP][0-9]{11}"
USCC = r"[0-9A-Z]{18}"


def _choices(words: Mapping[str, str]) -> str:
    return "、".join(f"{key} {title}" for key, title in words.items())


COLUMNS = (
    Column("code", "机构编号", "H（药店 P）加 11 位数字", c.shaped(CODE)),
    Column("name", "机构名称", "至多 200 字", c.text_of(200)),
    Column("kind", "机构类别", _choices(KINDS), c.one_of(KINDS)),
    Column("uscc", "统一社会信用代码", "18 位数字或大写字母", c.shaped(USCC)),
    Column("area", "所在区划", "已知的六位代码", c.area),
    Column("level", "待遇级别", _choices(LEVELS), c.one_of(LEVELS)),
    Column("hosp_lv", "医院等级", _choices(HOSPITAL_LEVELS) + "；药店为空", c.one_of(HOSPITAL_LEVELS), False, ""),
    Column("from", "级别生效日", DAY, c.day),
    Column("agreements", "协议种类", _choices(AGREEMENTS) + "；多种以 | 分隔", c.words_of(AGREEMENTS), False, ()),
    Column("agreement_no", "协议编号", "至多 40 字；有协议时必填", c.text_of(40), False, ""),
    Column("agreement_from", "协议起日", DAY + "；有协议时必填", c.day, False),
    Column("agreement_until", "协议最后一日", DAY + "；空为长期", c.day, False),
)


def check_row(table: Table, line: Line) -> None:
    """Note what does not hold between the cells of one row; cells that are faulty themselves are not there."""
    row = line.values
    for column, wrong, right in _relations(row):
        table.wrong(line.number, column, wrong, right)
    if row.get("agreements"):
        for name, title in (("agreement_no", "协议编号"), ("agreement_from", "协议起日")):
            if name in row and not row[name]:
                table.wrong(line.number, name, f"有协议而未填{title}", "填写")
    elif "agreements" in row:
        filled = [name for name in ("agreement_no", "agreement_from", "agreement_until") if row.get(name)]
        if filled:
            table.wrong(line.number, "agreements", f"填了 {'、'.join(filled)} 而没有协议种类", "填写协议种类")
    start, until = row.get("agreement_from"), row.get("agreement_until")
    if start and until and until < start:
        table.wrong(line.number, "agreement_until", f"最后一日 {until} 早于起日 {start}", "不早于起日")


def registration_faults(new: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(member, what is wrong, what would be right) of a registration that came by a verb and not from a file."""
    if not re.fullmatch(CODE, new["code"]):
        yield "code", f"{new['code']!r} 写法不对", "H（药店 P）加 11 位数字"
    if not new["name"].strip() or len(new["name"]) > 200:
        yield "name", f"{new['name']!r} 不可用", "1 到 200 个字"
    if not re.fullmatch(USCC, new["uscc"]):
        yield "uscc", f"{new['uscc']!r} 写法不对", "18 位数字或大写字母"
    for name, words in (("kind", KINDS), ("level", LEVELS), ("area", all_areas())):
        if new[name] not in words:
            yield name, f"{new[name]!r} 不在可用的值之内", "见 docs/reference/institution-files.md"
    yield from _relations(new)


def _relations(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    code, kind, level = row.get("code"), row.get("kind"), row.get("level")
    if code and kind in KINDS and (code[0] == "P") != (kind == "pharmacy"):
        yield "code", f"{KINDS[str(kind)]}的编号不会以 {code[0]} 开头", "药店 P，其余 H"
    if kind in KINDS and level in LEVELS and (kind == "pharmacy") != (level == "pharmacy"):
        yield "level", f"{KINDS[str(kind)]}的级别不会是{LEVELS[str(level)]}", "药店填 pharmacy，其余不填 pharmacy"
    if level in LEVELS and "hosp_lv" in row and row["hosp_lv"] not in HOSPITAL_LEVELS_OF[str(level)]:
        right = "、".join(HOSPITAL_LEVELS_OF[str(level)]).strip() or "空"
        yield "hosp_lv", f"{LEVELS[str(level)]}的医院等级不会是 {row['hosp_lv'] or '空'}", right
