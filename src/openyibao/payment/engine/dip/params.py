"""Figures of a DIP run (DIP 测算参数), with sources: thresholds, years, trimming, order of choice, factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.dip import tables
from openyibao.payment.engine.dip.tables import TREATMENTS, PrefixTable, ProcedureTable, RangeTable
from openyibao.payment.engine.pack.reading import Cursor
from openyibao.payment.engine.pack.stats import Trim
from openyibao.payment.engine.pack.terms import PROVENANCE
from openyibao.policy.facade import data_folder, read_source

RANKS = tuple([f"core_{name}" for name in TREATMENTS] + [f"mixed_{name}" for name in TREATMENTS])
TIES = {
    "names_main": "包含主要手术操作",
    "most_matched": "匹配的手术操作最多",
    "nearest_cost": "均费与病例费用最接近",
}
"""Rules that choose between groups of one rank, in the order of the profile; the code decides last."""


@dataclass(frozen=True)
class Severity:
    """Severity of illness (疾病严重程度): 4 died, 3 MCC, 2 CC, 1 else; only for stays longer than `over_days`."""

    table: PrefixTable
    over_days: int
    factors: Mapping[str, int]
    same_category_counts: bool = False


@dataclass(frozen=True)
class Comorbidity:
    """Charlson comorbidity index (CCI): weights by condition, factor by sum: (upto, -1 = any; factor)."""

    table: PrefixTable
    bands: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Auxiliary:
    """The auxiliary catalogue (辅助目录): factors in 1/10,000, combined as `combine` says (product, highest)."""

    combine: str = "highest"
    most: int = 20_000
    severity: Severity | None = None
    comorbidity: Comorbidity | None = None
    ages: tuple[tuple[int, int, int], ...] = ()
    """(from age, through age, factor)."""
    tumour_main: tuple[str, ...] = ()
    tumour_other: tuple[str, ...] = ()
    tumour_factor: int = 10_000
    tcm_share: int = 0
    tcm_factor: int = 10_000


@dataclass(frozen=True)
class Parameters:
    """All figures of a run, and the tables they name."""

    name: str
    title: str
    path: Path
    files: tuple[str, ...]
    certainty: Mapping[str, str]
    procedures: ProcedureTable
    sections: RangeTable
    chapters: RangeTable
    diagnosis_characters: int = 4
    procedure_characters: int = 4
    most_combined: int = 3
    core_cases: int = 15
    mixed_cases: int = 15
    years: tuple[int, ...] = (1, 2, 7)
    scale: int = 1_000
    trim: Trim = field(default_factory=Trim)
    operation_levels: tuple[tuple[int, ...], ...] = ((1,), (2,), (3, 4))
    most_variation: int = 10_000
    basic_share: int = 5_000
    basic_variation: int = 7_000
    ranks: tuple[str, ...] = RANKS
    ties: tuple[str, ...] = tuple(TIES)
    auxiliary: Auxiliary = field(default_factory=Auxiliary)

    def diagnosis(self, code: str) -> str:
        """A diagnosis at its four characters: I20.806 -> I20.8."""
        return code[: self.diagnosis_characters + 1]

    def procedure(self, code: str) -> str:
        """A procedure at its four digits: 39.2200x002 -> 39.22."""
        return code[: self.procedure_characters + 1]

    def level_band(self, level: int) -> str:
        """Name of the band an operation's level is in: "1", "2", "3-4"."""
        for band in self.operation_levels:
            if level in band:
                return str(band[0]) if len(band) == 1 else f"{band[0]}-{band[-1]}"
        return ""


def default_parameters() -> Path:
    """The parameters that come with the program."""
    return data_folder("payment_packs") / "dip" / "parameters.yaml"


KEYS = ("kind", "name", "title", "sources", "provenance", "tables", "groups", "score", "selection", "auxiliary")


def load_parameters(path: Path | None = None) -> Parameters:
    """Read parameters and their tables. Raises: Malformed with every fault."""
    path = path or default_parameters()
    source = read_source(path, path.name)
    faults: list[Fault] = []
    top = Cursor(source, faults)
    top.shape(KEYS)
    if not isinstance(top.node, dict):
        raise Malformed(faults)
    top.word("kind", ("dip_parameters",))
    place = top.at("tables")
    place.shape(("procedures", "diagnoses", "complications", "charlson"))
    files = {key: place.text(key) for key in ("procedures", "diagnoses", "complications", "charlson")}
    folder = path.parent
    groups, score, selection = top.at("groups"), top.at("score"), top.at("selection")
    groups.shape(
        ("core_cases", "mixed_cases", "most_combined", "operation_levels"),
        ("diagnosis_characters", "procedure_characters", "most_variation", "basic_share", "basic_variation"),
    )
    score.shape(("scale", "years", "trim"))
    selection.shape(("order", "ties"))
    made = Parameters(
        name=top.text("name"),
        title=top.text("title"),
        path=path,
        files=tuple(files.values()),
        certainty=_certainty(top),
        procedures=tables.read_procedures(folder / files["procedures"], faults),
        sections=tables.read_ranges(folder / files["diagnoses"], "section", faults),
        chapters=tables.read_ranges(folder / files["diagnoses"], "chapter", faults),
        diagnosis_characters=groups.integer("diagnosis_characters", 3, 6, 4),
        procedure_characters=groups.integer("procedure_characters", 2, 6, 4),
        most_combined=groups.integer("most_combined", 1, 9, 3),
        core_cases=groups.integer("core_cases", 1, 10_000, 15),
        mixed_cases=groups.integer("mixed_cases", 1, 10_000, 15),
        years=_years(score),
        scale=score.integer("scale", 1, 100_000, 1_000),
        trim=_trim(score.at("trim")),
        operation_levels=_operation_levels(groups),
        most_variation=groups.bp("most_variation", 10_000, most=100_000),
        basic_share=groups.bp("basic_share", 5_000),
        basic_variation=groups.bp("basic_variation", 7_000, most=100_000),
        ranks=_order(selection, "order", RANKS),
        ties=_order(selection, "ties", tuple(TIES)),
        auxiliary=_auxiliary(top.at("auxiliary"), folder, files, faults),
    )
    if faults:
        raise Malformed(faults)
    return made


def _certainty(top: Cursor) -> dict[str, str]:
    sources = [name for name, _ in top.entries("sources")]
    found = {}
    for section, place in top.entries("provenance"):
        if section not in ("*", "tables", "groups", "score", "selection", "auxiliary"):
            place.wrong(f"没有 {section!r} 这一部分")
        if place.shape(("source", "certainty"), ("note",)):
            if place.text("source") not in sources:
                place.wrong(f"没有名为 {place.text('source')!r} 的来源", "、".join(sources), "source")
            found[section] = place.word("certainty", PROVENANCE)
    for section in ("groups", "score", "selection", "auxiliary"):
        if section not in found and "*" not in found:
            top.wrong(f"{section} 没有来源", "provenance 中写明", "provenance")
    return found


def _years(score: Cursor) -> tuple[int, ...]:
    words = score.texts("years")
    if not words or not all(word.isdigit() and int(word) > 0 for word in words):
        score.wrong("各年权重须为正整数，由远及近", "[1, 2, 7]", "years")
        return (1,)
    return tuple(map(int, words))


def _trim(place: Cursor) -> Trim:
    place.shape(("kind",), ("times", "share", "least_cases"))
    kind = place.word("kind", ("iqr", "percent", "none"))
    amount = place.number("times", 4, 15_000) if kind == "iqr" else place.bp("share", 0, most=4_900)
    return Trim(kind, amount, place.integer("least_cases", 1, 1_000, 8))


def _operation_levels(groups: Cursor) -> tuple[tuple[int, ...], ...]:
    node = groups.node.get("operation_levels") if isinstance(groups.node, dict) else None
    rows = node if isinstance(node, list) else []
    flat = [level for row in rows if isinstance(row, list) for level in row]
    if sorted(map(str, flat)) != ["1", "2", "3", "4"] or len(flat) != sum(
        len(row) for row in rows if isinstance(row, list)
    ):
        groups.wrong("手术级别须各出现一次", "[[1], [2], [3, 4]]", "operation_levels")
        return ((1,), (2,), (3, 4))
    return tuple(tuple(int(level) for level in row) for row in rows)


def _order(place: Cursor, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    words = place.texts(key)
    if sorted(words) != sorted(known):
        place.wrong("须把每一项各列一次", "、".join(known), key)
        return known
    return words


def _auxiliary(place: Cursor, folder: Path, files: Mapping[str, str], faults: list[Fault]) -> Auxiliary:
    place.shape(("combine", "most"), ("severity", "comorbidity", "ages", "tumour", "tcm"))
    severity = comorbidity = None
    if place.has("severity"):
        here = place.at("severity")
        here.shape(("over_days", "factors"), ("same_category_counts",))
        factors = here.factor_by("factors", ("1", "2", "3", "4"))
        if sorted(factors) != ["1", "2", "3", "4"]:
            here.wrong("缺少程度", "1、2、3、4 各一个系数", "factors")
        table = tables.read_prefixes(folder / files["complications"], "class", "", faults)
        for prefix, (word, _) in table.rows.items():
            if word not in ("cc", "mcc"):
                faults.append(Fault(files["complications"], 0, prefix, f"{word!r} 不对", "cc、mcc"))
        severity = Severity(table, here.integer("over_days", 0, 100), factors, here.flag("same_category_counts", False))
    if place.has("comorbidity"):
        here = place.at("comorbidity")
        here.shape(("bands",))
        bands = []
        for row in here.items("bands"):
            row.shape(("factor",), ("upto",))
            bands.append((row.integer("upto", 0, 99, 0) if row.has("upto") else -1, row.number("factor", 4)))
        uptos = [upto for upto, _ in bands]
        if uptos[:-1] != sorted(set(uptos[:-1])) or uptos[-1:] != [-1] or -1 in uptos[:-1]:
            here.wrong("各段没有递增，或最后一段写了上界", "最后一段不写 upto", "bands")
        table = tables.read_prefixes(folder / files["charlson"], "condition", "weight", faults)
        comorbidity = Comorbidity(table, tuple(bands))
    ages = []
    for row in place.items("ages"):
        row.shape(("factor",), ("from", "through"))
        ages.append((row.integer("from", 0, 130, 0), row.integer("through", 0, 130, 130), row.number("factor", 4)))
    tumour, tcm = place.at("tumour"), place.at("tcm")
    if place.has("tumour"):
        tumour.shape(("main", "other", "factor"))
    if place.has("tcm"):
        tcm.shape(("share", "factor"))
    return Auxiliary(
        combine=place.word("combine", ("highest", "product")),
        most=place.number("most", 4),
        severity=severity,
        comorbidity=comorbidity,
        ages=tuple(ages),
        tumour_main=tumour.texts("main"),
        tumour_other=tumour.texts("other"),
        tumour_factor=tumour.number("factor", 4, 10_000),
        tcm_share=tcm.bp("share", 0),
        tcm_factor=tcm.number("factor", 4, 10_000),
    )
