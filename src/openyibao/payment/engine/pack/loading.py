"""Reads a payment pack (支付方式包) from YAML and its tables from CSV; all faults at once, or the whole pack.

What a single value may be is checked here; how values fit together is checked in `checks`.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import FAR_FUTURE, Period
from openyibao.payment.engine.pack import terms
from openyibao.payment.engine.pack.checks import check_version
from openyibao.payment.engine.pack.method_reading import read_method
from openyibao.payment.engine.pack.pack import Method, Pack, Version
from openyibao.payment.engine.pack.reading import Cursor
from openyibao.payment.engine.pack.year_reading import (
    read_budget,
    read_capitation,
    read_consortium,
    read_special,
    read_year,
)
from openyibao.policy.facade import data_folder, read_source

KEYS = ("kind", "name", "title", "area", "sources", "versions")
VERSION_KEYS = ("from", "sources")
MORE_VERSION_KEYS = ("until", "methods", "remote", "negative", "year", "special", "budget", "capitation", "consortium")


def pack_path(name: str | Path) -> Path:
    """A pack by path, or by its name among those that come with the program (payment_packs/<name>.yaml)."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    return data_folder("payment_packs") / f"{name}.yaml"


def load_pack(path: str | Path) -> Pack:
    """Read a pack. Raises: Malformed with every fault of the file and of the tables that it names."""
    pack, faults = read_pack(pack_path(path))
    if faults:
        raise Malformed(faults)
    return pack


def read_pack(path: Path) -> tuple[Pack, list[Fault]]:
    """A pack and everything wrong with it; use the pack only when nothing is. Raises: Malformed for no YAML at all."""
    source = read_source(path, path.name)
    faults: list[Fault] = []
    top = Cursor(source, faults)
    if not top.shape(KEYS, ("grouping", "note")):
        raise Malformed(faults)
    top.word("kind", ("payment_pack",))
    name, title, area = top.text("name"), top.text("title"), top.text("area")
    if area not in areas.all_areas():
        top.wrong(f"{area!r} 不是已知的行政区划代码", "六位代码", "area")
    sources = _sources(top)
    hashed = hashlib.sha256(path.read_bytes())
    versions = [_version(cursor, index, path, hashed) for index, cursor in enumerate(top.items("versions"))]
    if not versions and top.has("versions") and not faults:
        top.wrong("没有版本", "至少一个版本", "versions")
    _dates(top, versions)
    used = {source_id for version in versions for source_id, _ in version.certainty.values()}
    for cursor, version in zip(top.items("versions"), versions, strict=True):
        for section, (source_id, _) in version.certainty.items():
            if source_id and source_id not in sources:
                cursor.wrong(f"没有名为 {source_id!r} 的来源", "、".join(sources), "sources", section)
        faults += check_version(version, cursor)
    for source_id in sources:
        if source_id not in used:
            top.wrong(f"来源 {source_id!r} 没有用到", "删去它，或在版本的 sources 中引用", "sources", source_id)
    grouping = {key: cursor.node for key, cursor in top.entries("grouping")} if top.has("grouping") else {}
    for key, value in grouping.items():
        if key not in ("scheme", "directory") or not isinstance(value, str):
            top.wrong(f"不认识 {key!r}，或不是文本", "scheme、directory", "grouping", key)
    pack = Pack(
        name, title, area, path.name, tuple(versions), sources, grouping, hashed.hexdigest(), path.resolve().parent
    )
    return pack, sorted(set(faults))


def _sources(top: Cursor) -> dict[str, str]:
    found = {}
    for name, cursor in top.entries("sources"):
        if cursor.shape(("title", "observed"), ("note", "url")):
            found[name] = cursor.text("title")
            cursor.day("observed")
    return found


def _version(cursor: Cursor, index: int, path: Path, hashed: hashlib._Hash) -> Version:
    if not cursor.shape(VERSION_KEYS, MORE_VERSION_KEYS):
        return Version(index, Period(FAR_FUTURE, FAR_FUTURE), ())
    if not any(cursor.has(key) for key in ("methods", "capitation", "consortium")):
        cursor.wrong("没有一种支付方式", "methods；或 capitation、consortium")
    start = cursor.day("from")
    end = cursor.day("until") + timedelta(days=1) if cursor.has("until") else FAR_FUTURE
    if end <= start:
        cursor.wrong("止日早于起日", "不早于 from", "until")
    methods: list[Method] = []
    for at, place in enumerate(cursor.items("methods")):
        method = read_method(place, at, path)
        if method is not None:
            methods.append(method)
            if method.table and (path.parent / method.table).is_file():
                hashed.update((path.parent / method.table).read_bytes())
    return Version(
        index=index,
        period=Period(start, end),
        methods=tuple(methods),
        remote=cursor.word("remote", ("outside", "inside"), "outside"),
        negative=cursor.word("negative", terms.NEGATIVE, "zero"),
        year=read_year(cursor.at("year")) if cursor.has("year") else read_year(None),
        special=read_special(cursor.at("special")) if cursor.has("special") else None,
        budget=read_budget(cursor.at("budget")) if cursor.has("budget") else None,
        capitation=read_capitation(cursor.at("capitation")) if cursor.has("capitation") else None,
        consortium=read_consortium(cursor.at("consortium")) if cursor.has("consortium") else None,
        certainty=_certainty(cursor),
    )


def _certainty(cursor: Cursor) -> dict[str, tuple[str, str]]:
    found = {}
    for section, place in cursor.entries("sources"):
        if place.shape(("source", "certainty"), ("article",)):
            found[section] = (place.text("source"), place.word("certainty", terms.PROVENANCE))
    return found


def _dates(top: Cursor, versions: list[Version]) -> None:
    for before, after in pairwise(versions):
        if after.period.start < before.period.end:
            right = f"自 {before.period.end} 起，或缩短前一版本"
            top.wrong(f"与前一版本（{before.period}）重叠或次序颠倒", right, "versions", after.index, "from")
        elif after.period.start > before.period.end:
            top.wrong(f"{before.period.end} 起没有版本", f"自 {before.period.end} 起", "versions", after.index, "from")
