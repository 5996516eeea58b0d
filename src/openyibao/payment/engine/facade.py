"""The door of grouping (病例分组): load a scheme, group cases, say why, find what is wrong with a scheme.

Pure: files in, values out. The payment room and the command line use it; notebooks may.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import day_from_text
from openyibao.payment.engine.batch import Progress, Summary
from openyibao.payment.engine.batch import group_file as _group_file
from openyibao.payment.engine.cache import load_grouper
from openyibao.payment.engine.contracts import EDITIONS, STATUSES, Case, Grouping
from openyibao.payment.engine.errors import CaseUnknown, EditionDiffers, MapMissing, SchemeUnknown
from openyibao.payment.engine.explain import Explanation, explain
from openyibao.payment.engine.grouper import Grouper
from openyibao.payment.engine.lint import LEVELS as FINDING_LEVELS
from openyibao.payment.engine.lint import Finding, Report, lint
from openyibao.payment.engine.reading import load as load_scheme
from openyibao.payment.engine.records import find_case, read_cases
from openyibao.payment.engine.registry import Registry, is_registry
from openyibao.payment.engine.scheme import Scheme
from openyibao.policy.facade import data_folder


def scheme_folder(name: str) -> Path:
    """Folder of a scheme: a path, or the name of one shipped under `schemes/`. Raises: SchemeUnknown."""
    path = Path(name)
    if path.is_dir():
        return path
    shipped = data_folder("schemes") / name
    if path.name == name and shipped.is_dir():
        return shipped
    have = "、".join(sorted(folder.name for folder in data_folder("schemes").glob("*/"))) or "无"
    raise SchemeUnknown(f"没有分组方案 {name}", hint=f"写一个文件夹，或随附方案之一：{have}")


def edition_of(facts: dict[str, str]) -> str | None:
    """Edition of the codes a scheme groups by ("insurance", "clinical"), as it declares it; None when it does not.

    Stated in scheme.csv by `code_edition`, or in words by `code_system_diagnosis`. Nothing is inferred from codes.
    """
    stated = facts.get("code_edition", "")
    if stated in EDITIONS:
        return stated
    for_dx, for_px = (_in_words(facts.get(key, "")) for key in ("code_system_diagnosis", "code_system_procedure"))
    return for_dx if for_px in (for_dx, None) else None


def _in_words(words: str) -> str | None:
    found = [edition for edition, chinese in EDITIONS.items() if edition in words or chinese in words]
    return found[0] if len(found) == 1 else None


def _check_both(grouper: Grouper, edition: str | None) -> None:
    """Raises: EditionDiffers when a scheme takes diagnoses of one edition and procedures of the other."""
    for_dx, for_px = (
        _in_words(grouper.facts.get(key, "")) for key in ("code_system_diagnosis", "code_system_procedure")
    )
    if edition and for_dx and for_px and for_dx != for_px and not grouper.facts.get("code_edition"):
        raise EditionDiffers(
            f"方案 {grouper.name} 的诊断用{EDITIONS[for_dx]}编码，手术操作用{EDITIONS[for_px]}编码",
            hint="病例不能都是同一版；不写 --edition 则按原样使用",
        )


def check_edition(grouper: Grouper, edition: str | None, *, mapped: bool) -> str | None:
    """Edition the cases are taken to be coded in: the one asked for, else the scheme's own.

    Raises: MapMissing; EditionDiffers when the cases are of another edition and no declared map converts it.
    """
    own = edition_of(grouper.facts)
    _check_both(grouper, edition)
    if mapped:
        _ = grouper.maps
        converts = grouper.facts.get("map_edition", "") or own
        if edition and converts and edition != converts:
            raise EditionDiffers(
                f"病例是{EDITIONS[edition]}编码，{grouper.name} 的对照表转换{EDITIONS.get(converts, converts)}编码",
                hint="在 scheme.csv 用 map_edition 写明对照表从哪一版转换",
            )
        return edition or converts
    if edition and own and edition != own:
        raise EditionDiffers(
            f"病例是{EDITIONS[edition]}编码，方案 {grouper.name} 用{EDITIONS[own]}编码",
            hint="两版有同码异义；用写明 map_edition 的对照表转换（--map），不能按原样分组",
        )
    return edition or own


def group_file(
    scheme: Path,
    cases: Path,
    out: Path,
    *,
    mapped: bool = False,
    edition: str | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Summary:
    """Group a CSV file of cases into another, by one scheme or, from a folder of schemes, by area and discharge day.

    Raises: SchemeUnknown, EditionDiffers, MapMissing; Malformed with every fault of the scheme or of the cases.
    """
    if is_registry(scheme):
        choose = chooser(scheme, mapped=mapped, edition=edition)
        return _group_file(cases, out, choose=choose, mapped=mapped, jobs=jobs, progress=progress)
    grouper = load_grouper(scheme)
    check_edition(grouper, edition, mapped=mapped)
    return _group_file(cases, out, grouper=grouper, mapped=mapped, jobs=jobs, progress=progress)


def chooser(folder: Path, *, mapped: bool = False, edition: str | None = None) -> Chooser:
    """The schemes of a folder, by area and day of discharge, all of them loaded. Raises: Malformed, EditionDiffers."""
    return Chooser(Registry(folder), mapped, edition)


class Chooser:
    """Grouper of an area and a day (按统筹区和出院日选方案): called with both. Raises: SchemeMissing."""

    def __init__(self, registry: Registry, mapped: bool = False, edition: str | None = None) -> None:
        self._registry = registry
        self._loaded: dict[Path, Grouper] = {}
        for folder in {entry.folder: None for entry in registry.entries}:
            self._loaded[folder] = load_grouper(folder)
            check_edition(self._loaded[folder], edition, mapped=mapped)

    def __call__(self, area: str, discharged: date) -> Grouper:
        return self._loaded[self._registry.on(area, discharged)]


def explain_case(
    scheme: Path, cases: Path, case_id: str, *, mapped: bool = False, edition: str | None = None
) -> Explanation:
    """Why a case of a file is grouped as it is. Raises: CaseUnknown, and what `group_file` raises."""
    several = is_registry(scheme)
    found = find_case(cases, case_id, by_area=several)
    if found is None:
        raise CaseUnknown(f"{cases.name} 里没有病例 {case_id}", hint="核对病例号")
    if several:
        try:
            scheme = Registry(scheme).on(found.area, day_from_text(found.discharged))
        except ValueError as problem:
            raise Malformed([Fault(cases.name, found.line, "discharged", str(problem), "如 2026-01-01")]) from None
    grouper = load_grouper(scheme)
    check_edition(grouper, edition, mapped=mapped)
    loaded = load_scheme(scheme)
    return explain(loaded, case_id, found.case, mapped=mapped, line=found.line, grouper=grouper, cells=found.cells)


__all__ = [
    "EDITIONS",
    "FINDING_LEVELS",
    "STATUSES",
    "Case",
    "Chooser",
    "Explanation",
    "Finding",
    "Grouper",
    "Grouping",
    "MapMissing",
    "Registry",
    "Report",
    "Scheme",
    "Summary",
    "check_edition",
    "chooser",
    "edition_of",
    "explain",
    "explain_case",
    "group_file",
    "is_registry",
    "lint",
    "load_grouper",
    "load_scheme",
    "read_cases",
    "scheme_folder",
]
