"""The door of the catalogue: what an item or code is on a day, lists of them, loading, institutions' own codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache, partial
from importlib.resources import as_file, files
from pathlib import Path

import yaml
from django.db import transaction

from openyibao.catalogue import loading, store
from openyibao.catalogue.cache import ITEMS
from openyibao.catalogue.columns import CEILINGS, COLUMNS
from openyibao.catalogue.contracts import Code, Item, ItemFilter, ItemPage, ItemVersion, LoadReport, LocalCode
from openyibao.catalogue.errors import CodeUnknown, ItemUnknown, MatchConflict, QueryTooWide
from openyibao.catalogue.terms import CODE_KINDS
from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.kernel.areas import NATION, all_areas, lineage, pooling_area_of
from openyibao.kernel.errors import Fault, Malformed

FILE_KINDS = tuple(COLUMNS)
"""Kinds of file `load_csv` reads: item, diagnosis, operation, chronic, two_disease."""
SAMPLE = {
    "item": "items.csv",
    "diagnosis": "diagnoses.csv",
    "operation": "operations.csv",
    "chronic": "chronic_diseases.csv",
    "two_disease": "two_diseases.csv",
}
MOST_PER_PAGE = 1_000


def load_csv(actor: Actor, kind: str, path: Path, at: datetime, *, correct: bool = False) -> LoadReport:
    """Load a catalogue file (装载目录), all of it or nothing; loading it again changes nothing.

    Args: kind of `FILE_KINDS`; at: instant of recording; correct: rows from the same day with other content replace
    what was recorded by mistake (the replaced version stays, marked as voided).
    Returns: what was done, and the number of the catalogue afterwards.
    Raises: Malformed with every fault by line and column; NotPermitted for an area that is not the actor's.
    Source: docs/reference/catalogue-files.md.
    """
    if kind not in COLUMNS:
        raise Malformed([Fault(path.name, 0, "kind", f"{kind!r} 不是目录文件的种类", "、".join(COLUMNS))])
    return loading.load(actor, kind, path, at, correct=correct)


def load_sample(actor: Actor, at: datetime) -> list[LoadReport]:
    """Load the shipped sample (随附样例目录): invented codes in the national shape, real generic names."""
    found = []
    for kind, name in SAMPLE.items():
        with as_file(files(__package__) / "data" / name) as path:
            found.append(load_csv(actor, kind, path, at))
    return found


def version_number() -> int:
    """The number of the catalogue (目录版本号), raised by each load that changes anything; table catalogue_version."""
    return store.number()


def items_on(codes: Iterable[str], day: date, area: str, level: str) -> dict[str, Item]:
    """Items (目录项目) by code as they hold on the day of the fee, read by one statement.

    Args: area: where care is given, any level; city beats province beats nation, row by row. level: of the
    institution (`terms.LEVELS` of policy), decides the ceiling (限价).
    Returns: only codes the catalogue has that day: what is missing is outside the catalogue (自费).
    """
    return _read(list(codes), day, area, level)[1]


def cached_items_on(number: int, codes: Iterable[str], day: date, area: str, level: str) -> dict[str, Item]:
    """The same from the process's memory; `number` as the caller read it within its own transaction."""
    read = partial(_read, day=day, area=area, level=level)
    return ITEMS.get((number, day, area, level), list(codes), read)


def _read(codes: Sequence[str], day: date, area: str, level: str) -> tuple[int, dict[str, Item]]:
    number, items = store.items_on(codes, day, area_chain(area), _ceiling_of_level(level))
    return number, {item.code: item for item in items}


@cache
def area_chain(area: str) -> tuple[str, ...]:
    """Areas whose rows may apply in an area, most specific first: 371502 -> (371500, 370000, 000000)."""
    city = pooling_area_of(area)
    return lineage(city) if city in all_areas() else (city, city[:2] + "0000", NATION)


@cache
def _level_ceilings() -> dict[str, str]:
    entry = yaml.safe_load((files(__package__) / "data" / "levels.yaml").read_text(encoding="utf-8"))
    found: dict[str, str] = entry["levels"]
    assert set(found.values()) <= set(CEILINGS)
    return found


def _ceiling_of_level(level: str) -> str:
    return _level_ceilings()[level]


def item_history(code: str) -> list[ItemVersion]:
    """Every version of an item, by area and date, voided ones too. Raises: ItemUnknown."""
    found = store.history(code)
    if not found:
        raise ItemUnknown(f"三目录中没有编码 {code}", hint="核对编码，或先装载目录", code=code)
    return found


def search(wanted: ItemFilter, page: int = 1, size: int = 100) -> ItemPage:
    """A page of the catalogue (1312), by code, area and date. Raises: QueryTooWide for a page or size not offered."""
    if not (1 <= page <= 100_000 and 1 <= size <= MOST_PER_PAGE):
        raise QueryTooWide(
            f"页码 {page}、每页 {size} 条不可用",
            hint=f"页码从 1 起，每页 1 到 {MOST_PER_PAGE} 条",
            page=page,
            size=size,
        )
    total, versions = store.search(wanted, page, size)
    return ItemPage(total, page, tuple(versions))


def codes_on(kind: str, codes: Iterable[str], day: date) -> dict[str, Code]:
    """Codes of one kind (`terms.CODE_KINDS`) by code as they hold on a day, in one query; unknown ones are absent."""
    return store.codes_on(kind, list(codes), day)


def diagnosis_on(code: str, day: date) -> Code:
    """A diagnosis (诊断, diag_code). Raises: CodeUnknown."""
    return _one("diagnosis", code, day)


def operation_on(code: str, day: date) -> Code:
    """An operation (手术操作, oprn_oprt_code). Raises: CodeUnknown."""
    return _one("operation", code, day)


def chronic_disease(code: str, day: date) -> Code:
    """A chronic or special disease (门诊慢特病病种, opsp_dise_code); `names` has every name policies use.

    Raises: CodeUnknown.
    """
    return _one("chronic", code, day)


def two_disease(code: str, day: date) -> Code:
    """One of the two diseases (两病, dise_codg of a two-disease visit). Raises: CodeUnknown."""
    return _one("two_disease", code, day)


def disease_named(kind: str, name: str, day: date) -> Code:
    """The chronic (`chronic`) or two-disease (`two_disease`) code of a name policies use. Raises: CodeUnknown."""
    found = store.codes_named(kind, name, day)
    if not found:
        raise CodeUnknown(f"{CODE_KINDS[kind]}目录中没有“{name}”", hint="核对病种名称", kind=kind, name=name)
    return found[0]


def list_codes(kind: str, day: date) -> list[Code]:
    """Every code of a kind on a day, by code."""
    return store.all_codes(kind, day)


def _one(kind: str, code: str, day: date) -> Code:
    found = store.codes_on(kind, [code], day).get(code)
    if found is None:
        raise CodeUnknown(
            f"{CODE_KINDS[kind]}目录 {day} 没有编码 {code}", hint="核对编码与日期，或先装载目录", kind=kind, code=code
        )
    return found


def match_local_code(actor: Actor, match: LocalCode) -> bool:
    """Let an institution's own code stand for a catalogue item from a day (目录对照, 3301). False if it already does.

    Raises: ItemUnknown, MatchConflict when the local code stands for something else from that day or a later one,
    NotPermitted.
    """
    require(actor, "catalogue.match", match.area)
    with transaction.atomic():
        if not items_on([match.code], match.valid_from, match.area, "pharmacy"):
            raise ItemUnknown(
                f"三目录 {match.valid_from} 没有编码 {match.code}", hint="核对编码与日期", code=match.code
            )
        try:
            changed = store.set_match(
                match.institution_code, match.local_code, match.local_name, match.code, match.valid_from
            )
        except ValueError as later:
            raise MatchConflict(
                f"本地编码 {match.local_code} 自 {later} 起已有对应",
                hint="生效日须晚于已有的对应",
                local_code=match.local_code,
            ) from None
        if changed:
            record = f"catalogue_match:{match.institution_code}:{match.local_code}"[:80]
            audit.record(actor, "catalogue.match", record, match.area, **_shown(match))
    return changed


def matched_codes(institution_code: str, local_codes: Iterable[str], day: date) -> dict[str, str]:
    """Catalogue code of each of an institution's own codes that has one on a day, in one query."""
    return store.matched(institution_code, list(local_codes), day)


def _shown(match: LocalCode) -> dict[str, object]:
    return {"code": match.code, "valid_from": match.valid_from}
