"""Reads the figures of a weight run and the negotiated weights (测算参数、谈判权重) from YAML, all faults at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.pack.reading import Cursor
from openyibao.payment.engine.pack.stats import Trim
from openyibao.payment.engine.pack.weights import Override, WeightRules
from openyibao.policy.facade import data_folder, read_source


def load_weight_rules(path: Path | None = None) -> WeightRules:
    """Figures of a run: `kind: weight_rules`, years, trim, thresholds; without a path those that come with the program.

    Raises: Malformed.
    """
    path = path or data_folder("payment_packs") / "weight-rules.yaml"
    faults: list[Fault] = []
    top = Cursor(read_source(path, path.name), faults)
    top.shape(
        ("kind", "years", "trim"),
        ("least_cases", "most_variation", "basic_share", "basic_variation", "basic_groups", "sources"),
    )
    top.word("kind", ("weight_rules",))
    trim = top.at("trim")
    trim.shape(("kind",), ("times", "share", "least_cases"))
    kind = trim.word("kind", ("iqr", "percent", "none"))
    amount = trim.number("times", 4, 15_000) if kind == "iqr" else trim.bp("share", 0, most=4_900)
    years = top.texts("years")
    if not all(year.isdigit() and int(year) > 0 for year in years) or not years:
        top.wrong("各年权重须为正整数，由远及近", "[1, 2, 7]", "years")
        years = ("1",)
    rules = WeightRules(
        trim=Trim(kind, amount, trim.integer("least_cases", 1, 1_000, 8)),
        years=tuple(map(int, years)),
        least_cases=top.integer("least_cases", 1, 10_000, 10),
        most_variation=top.bp("most_variation", 10_000, most=100_000),
        basic_share=top.bp("basic_share", 5_000),
        basic_variation=top.bp("basic_variation", 7_000, most=100_000),
        basic_groups=frozenset(top.texts("basic_groups")) if top.has("basic_groups") else None,
    )
    if faults:
        raise Malformed(faults)
    return rules


def load_overrides(path: Path, groups: Iterable[str]) -> list[Override]:
    """Negotiated weights: `kind: negotiated_weights`, each with group, weight, by, on, why. Raises: Malformed."""
    faults: list[Fault] = []
    top = Cursor(read_source(path, path.name), faults)
    top.shape(("kind", "weights"))
    top.word("kind", ("negotiated_weights",))
    known = set(groups)
    found: list[Override] = []
    for place in top.items("weights"):
        if not place.shape(("group", "weight", "by", "on", "why")):
            continue
        group = place.text("group")
        if group not in known:
            place.wrong(f"病组 {group!r} 没有病例", "测算中有的病组", "group")
        if any(one.group == group for one in found):
            place.wrong(f"{group!r} 出现两次", "每组一项", "group")
        found.append(
            Override(group, place.number("weight", 4, least=1), place.text("by"), place.day("on"), place.text("why"))
        )
    if faults:
        raise Malformed(faults)
    return found
