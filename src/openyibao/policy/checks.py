"""Static checks of a rulebook (政策校验): what a schema cannot see, each fault with its line and what would be right.

Each check is a small generator over one file, one version, or the whole rulebook. They run only on files whose
structure is sound; `check_folder` lists structural and static faults together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import basis_points, fen_from_yuan
from openyibao.policy.compiler import Compiler
from openyibao.policy.rulebook import PolicyFile, Rulebook, Version, figures_of, group_names, load
from openyibao.policy.source import Node
from openyibao.policy.tables import SPLITTING_LAYER, Facts, MissingFigure, resolve
from openyibao.policy.terms import CARE_KINDS, CHILDREN, DIMENSION_OF, DIMENSIONS, LABELS, STATUSES_OF

Path_ = tuple[str | int, ...]
RANK = {"seed": 0, "public": 1, "assumed": 2}
LEVEL_ORDER = ("primary", "secondary", "tertiary")


def check_folder(folder: Path) -> list[Fault]:
    """Every fault of a policies folder; empty when it may be used."""
    try:
        rulebook = load(folder)
    except Malformed as problem:
        return problem.faults
    return check_rulebook(rulebook)


def check_rulebook(rulebook: Rulebook) -> list[Fault]:
    """Static checks of a structurally sound rulebook."""
    faults: list[Fault] = []
    for file in rulebook.files.values():
        faults += _folder(file)
        faults += _dates(file)
        faults += _links(rulebook, file)
        for version in file.versions:
            if "absent" in version.body:
                continue
            faults += _provenance(rulebook, version)
            faults += _selectors(rulebook, version)
            if file.kind in ("benefit", "layer"):
                faults += _layer_shape(rulebook, version)
            elif file.kind == "chain":
                faults += _chain(rulebook, version)
            elif file.kind == "remote":
                faults += _remote(version)
    faults += _claims(rulebook)
    faults += _caps_at_once(rulebook)
    if not faults:
        faults += _unreachable(rulebook)
        faults += _cells(rulebook)
    return sorted(set(faults))


def _at(version: Version, wrong: str, right: str = "", *path: str | int) -> Fault:
    return version.file.source.fault(("versions", version.index, *path), wrong, right)


def check_files(rulebook: Rulebook, names: Iterable[str]) -> list[Fault]:
    """Checks of some files alone: what a replaced figure may have broken.

    Whether a lower level should pay more is left to whoever replaces figures; files must mark it, what-ifs need not.
    """
    faults: list[Fault] = []
    for name in names:
        for version in rulebook.files[name].versions:
            if version.file.kind == "remote":
                faults += _remote(version)
            if version.file.kind in ("benefit", "layer") and "absent" not in version.body:
                faults += _selectors(rulebook, version)
                faults += [fault for fault in _layer_shape(rulebook, version) if "marks: [" not in fault.right]
    return sorted(set(faults))


# One file -----------------------------------------------------------------------------------------------------------


def _folder(file: PolicyFile) -> Iterator[Fault]:
    """The folder of a file is its area, and its scheme when it rules one only."""
    parts = file.name.split("/")
    if not file.area or len(parts) < 2:
        return
    key = areas.all_areas()[file.area].key
    if parts[0] != key:
        yield file.source.fault(("area",), f"文件在 {parts[0]}/ 之下，area 却是 {file.area}", f"移到 {key}/，或改 area")
    if len(parts) == 3 and file.schemes != (parts[1],):
        yield file.source.fault(("schemes",), f"文件在 {parts[1]}/ 之下，schemes 却是 {list(file.schemes)}", parts[1])


def _dates(file: PolicyFile) -> Iterator[Fault]:
    """Versions follow each other without gap or overlap; absence does not contradict them."""
    for before, after in pairwise(file.versions):
        if after.period.start < before.period.end:
            yield _at(after, f"与前一版本（{before.period}）重叠", f"自 {before.period.end} 起，或缩短前一版本", "from")
        elif after.period.start > before.period.end:
            gap_end = after.period.start - timedelta(days=1)
            yield _at(
                after,
                f"{before.period.end} 至 {gap_end} 没有版本",
                f"自 {before.period.end} 起，或补一个 absent: true 的版本",
                "from",
            )
    if file.none_before and file.versions and file.versions[0].period.start < file.none_before:
        yield file.source.fault(
            ("none_before",), f"{file.none_before} 以前已有版本", f"不晚于 {file.versions[0].period.start}"
        )


def _links(rulebook: Rulebook, file: PolicyFile) -> Iterator[Fault]:
    """`overrides` and `extends` name a more general file for the same rule."""
    stated: list[tuple[Path_, str]] = [
        (("overrides", at), name) for at, name in enumerate(file.data.get("overrides", ()))
    ]
    if "extends" in file.data:
        stated.append((("extends",), file.data["extends"]))
    mine = areas.lineage(file.area) if file.area else ()
    for path, name in stated:
        other = rulebook.files.get(name)
        if other is None:
            yield file.source.fault(path, f"没有文件 {name}", "policies/ 之下的文件名")
        elif other.area not in mine[1:]:
            yield file.source.fault(path, f"{name} 不是上级地区的文件", "上级地区（省、国家）的文件")
        elif _rule(other) != _rule(file):
            yield file.source.fault(path, f"{name} 规定的不是同一待遇或支付层", "同 kind、benefit、layer 的文件")


def _rule(file: PolicyFile) -> tuple[str, str, str]:
    """What a file rules, apart from area and scheme."""
    return (file.kind, "" if file.kind == "layer" else file.benefit, file.layer)


def _provenance(rulebook: Rulebook, version: Version) -> Iterator[Fault]:
    """Sources exist, their paths hit something, ranges hold the figure, no alternative is better than the choice."""
    figures = dict(figures_of(version.body))
    for prefix, entry in version.body.get("sources", {}).items():
        where: Path_ = ("sources", prefix)
        if entry["source"] not in rulebook.sources:
            yield _at(version, f"没有来源 {entry['source']!r}", "sources.yaml 中的代号", *where, "source")
        hits = [path for path in figures if prefix == "*" or path == prefix or path.startswith(prefix + ".")]
        if not hits:
            yield _at(version, f"没有 {prefix!r} 这个键", "本版本中的键路径", *where)
        if "range" in entry:
            yield from _range(version, where, entry["range"], [figures[path] for path in hits])
        if "evidence" in entry and entry["evidence"][0] > entry["evidence"][1]:
            yield _at(version, "证据年份颠倒", "[起始年, 终止年]", *where, "evidence")
    for at, entry in enumerate(version.body.get("alternatives", ())):
        where = ("alternatives", at)
        if entry["source"] not in rulebook.sources:
            yield _at(version, f"没有来源 {entry['source']!r}", "sources.yaml 中的代号", *where, "source")
        taken = [path for path in figures if path == entry["path"] or path.startswith(entry["path"] + ".")]
        if not taken:
            yield _at(version, f"没有 {entry['path']!r} 这个键", "本版本中的键路径", *where, "path")
        for path in taken[:1]:
            chosen = version.provenance(path, rulebook).certainty
            if figures[path] != "missing" and RANK[entry["certainty"]] < RANK.get(chosen, 3):
                yield _at(version, f"备选（{entry['certainty']}）比所取（{chosen}）更可靠", "取更可靠的一条", *where)


def _range(version: Version, where: Path_, ends: list[Node], values: Iterable[Node]) -> Iterator[Fault]:
    try:
        low, high = (_number(end) for end in ends)
        if low > high:
            yield _at(version, "下限大于上限", "[下限, 上限]", *where, "range")
        for value in values:
            if str(value)[:1].isdigit() and not low <= _number(value) <= high:
                yield _at(version, f"{value} 不在 {ends[0]}—{ends[1]} 之内", "含有该数的区间", *where, "range")
    except ValueError as problem:
        yield _at(version, str(problem), "与该数同一单位", *where, "range")


def _number(value: Node) -> int:
    return int(basis_points(value)) if str(value).endswith("%") else int(fen_from_yuan(value))


def _selectors(rulebook: Rulebook, version: Version) -> Iterator[Fault]:
    """Keys of a figure's mapping are known and of one dimension."""
    groups = group_names(rulebook)
    diseases = set(version.body.get("diseases", ()))

    def walk(node: Node, path: Path_) -> Iterator[Fault]:
        if isinstance(node, list):
            for at, child in enumerate(node):
                yield from walk(child, (*path, at))
            return
        if not isinstance(node, dict):
            return
        found = {}
        for key in node:
            name = "group" if key in groups else "disease" if key in diseases else DIMENSION_OF.get(key, "")
            if key != "otherwise":
                found[key] = name
            if key != "otherwise" and not name:
                yield _at(version, f"不认识的分列 {key!r}", "级别、状态、帮扶对象、档次、病种等的代号", *path, key)
        kinds = {name for name in found.values() if name}
        if len(kinds) > 1:
            yield _at(version, f"一处按两种口径分列：{'、'.join(found)}", "先按一种分，再在其内按另一种分", *path)
        for key, child in node.items():
            yield from walk(child, (*path, key))

    for path in _tables(version):
        node: Node = version.body
        for key in path:
            node = node[key]
        yield from walk(node, path)


def _tables(version: Version) -> Iterator[Path_]:
    """Paths of every figure of a version that may be a mapping."""
    body = version.body
    for key in ("first_self_pay", "herb_bonus"):
        if key in body:
            yield (key,)
    for key, part in (("deductible", "amount"), ("visit_cap", "amount"), ("top_up", "patient_share")):
        if key in body:
            yield (key, part)
    if isinstance(body.get("cap"), dict):
        yield ("cap", "amount")
    for at in range(len(body.get("tiers", ()))):
        yield ("tiers", at, "rate")
    for name in body.get("bonus", {}):
        yield ("bonus", name)


# Layers -------------------------------------------------------------------------------------------------------------


def _layer_shape(rulebook: Rulebook, version: Version) -> Iterator[Fault]:
    body, file = version.body, version.file
    extended = "extends" in file.data
    if ("tiers" in body) == ("top_up" in body) and not extended:
        yield _at(version, "须有 tiers 或 top_up，且只有其一", "按段支付用 tiers，兜底用 top_up")
    yield from _tiers(version)
    yield from _measures(version, extended)
    yield from _deductible(version)
    for name in body.get("who", ()):
        if name not in group_names(rulebook):
            yield _at(version, f"不认识的对象 {name!r}", "帮扶对象或 groups 中的集合", "who")
    cap = body.get("cap")
    if isinstance(cap, dict):
        if cap.get("per") == "disease" and not body.get("diseases"):
            yield _at(version, "按病种封顶却没有 diseases", "列出病种", "cap", "per")
        if "counts" in cap and file.kind == "benefit" and file.benefit not in cap["counts"]:
            yield _at(version, f"counts 不含本待遇 {file.benefit}", f"加入 {file.benefit}", "cap", "counts")
    for scheme in file.schemes:
        if not file.pays_as(scheme):
            yield file.source.fault(("pays_as",), f"没有写明 {scheme} 记入哪个字段", "国家接口字段，如 hifp_pay")


def _tiers(version: Version) -> Iterator[Fault]:
    tiers = version.body.get("tiers", ())
    last = -1
    for at, tier in enumerate(tiers):
        final = at == len(tiers) - 1
        if "upto" not in tier:
            if not final:
                yield _at(version, "中间的段没有上限", "除最后一段外都写 upto", "tiers", at)
            continue
        if final:
            yield _at(version, "最后一段有上限，其上无比例", "最后一段不写 upto", "tiers", at, "upto")
        upto = int(fen_from_yuan(tier["upto"]))
        if upto <= last:
            yield _at(version, f"上限 {tier['upto']} 不大于前一段", "逐段递增", "tiers", at, "upto")
        last = upto
    for path in _tables(version):
        if path[0] in ("tiers", "bonus", "top_up", "first_self_pay", "herb_bonus"):
            yield from _at_most_whole(version, path)
    if "lower_level_pays_less" not in version.body.get("marks", ()):
        for at, tier in enumerate(tiers):
            yield from _level_order(version, tier["rate"], ("tiers", at, "rate"), falling=True)


def _at_most_whole(version: Version, path: Path_) -> Iterator[Fault]:
    node: Node = version.body
    for key in path:
        node = node[key]
    for key, value in figures_of({"_": node}):
        if isinstance(value, str) and value.endswith("%") and basis_points(value) > 10_000:
            yield _at(version, f"比例 {value} 超过 100%", "0% 至 100%", *path, *key.split(".")[1:])


def _level_order(version: Version, node: Node, path: Path_, *, falling: bool) -> Iterator[Fault]:
    """Lower levels pay no smaller share (falling) and take no higher deductible (not falling) than higher ones."""
    if not isinstance(node, dict):
        return
    if not any(level in node for level in LEVEL_ORDER):
        for key, child in node.items():
            yield from _level_order(version, child, (*path, key), falling=falling)
        return
    present = [level for level in ("community", *LEVEL_ORDER) if level in node]
    for low, high in pairwise(present):
        for a, b in _same_leaves(node[low], node[high]):
            worse = a < b if falling else a > b
            if worse:
                wrong = f"{LABELS[low]}的{'比例低' if falling else '起付线高'}于{LABELS[high]}"
                mark = "lower_level_pays_less" if falling else "higher_deductible_below"
                yield _at(version, wrong, f"核对；如确为如此，加 marks: [{mark}]", *path, low)
                break


def _same_leaves(low: Node, high: Node) -> Iterator[tuple[int, int]]:
    if isinstance(low, dict) and isinstance(high, dict):
        for key in low.keys() & high.keys():
            yield from _same_leaves(low[key], high[key])
    elif not isinstance(low, dict) and not isinstance(high, dict) and not {low, high} & {"missing", "none"}:
        yield _number(low), _number(high)


def _measures(version: Version, extended: bool) -> Iterator[Fault]:
    stated, file = version.body.get("measures"), version.file
    if stated is None:
        if not extended:
            yield _at(version, "没有写明计入什么（measures）", "benefit 用 [in_scope]，layer 按待遇列出")
    elif file.kind == "benefit" and stated != ["in_scope"]:
        yield _at(version, "待遇的首层只计政策范围内费用", "[in_scope]", "measures")
    elif file.kind == "layer" and not isinstance(stated, dict):
        yield _at(
            version, "跨待遇的层须按待遇列出计入的部分", "{inpatient: [deductible, co_pay, above_cap]}", "measures"
        )


def _deductible(version: Version) -> Iterator[Fault]:
    stated = version.body.get("deductible")
    if not stated:
        return
    if "nth_stay" in stated and stated["per"] != "stay":
        yield _at(version, "年度起付线没有“第几次住院”", "per: stay，或删去 nth_stay", "deductible", "nth_stay")
    if stated["per"] == "stay" and version.file.benefit != "inpatient":
        yield _at(version, "按次起付线只用于住院", "per: year", "deductible", "per")
    for at, entry in enumerate(stated.get("nth_stay", ())):
        if str(entry).endswith("%") and basis_points(entry) > 10_000:
            yield _at(version, f"第 {at + 1} 次的比例 {entry} 超过 100%", "0% 至 100%", "deductible", "nth_stay", at)
    if "higher_deductible_below" not in version.body.get("marks", ()):
        yield from _level_order(version, stated["amount"], ("deductible", "amount"), falling=False)


def _chain(rulebook: Rulebook, version: Version) -> Iterator[Fault]:
    seen: set[str] = set()
    supplements_begun = ""
    layers = {file.layer for file in rulebook.files.values() if file.layer}
    for at, entry in enumerate(version.body["order"]):
        layer = entry["layer"]
        if layer in seen:
            yield _at(version, f"支付层 {layer} 出现两次", "每层一次", "order", at)
        seen.add(layer)
        if layer not in layers and "expected_for" not in entry:
            yield _at(version, f"没有任何文件规定 {layer}", "已有的支付层，或注明 expected_for", "order", at)
        if "groups" in entry and entry["groups"] not in group_names(rulebook):
            yield _at(version, f"不认识的对象 {entry['groups']!r}", "帮扶对象或 groups 中的集合", "order", at, "groups")
        outside = any(
            file.layer == layer and file.pays_as(scheme) == "supplement_pay"
            for file in rulebook.files.values()
            for scheme in file.schemes
        )
        if outside:
            supplements_begun = layer
        elif supplements_begun:
            yield _at(version, f"{layer} 排在不入基金的 {supplements_begun} 之后", "基金各层在前", "order", at)
    if SPLITTING_LAYER not in seen:
        yield _at(version, f"支付顺序没有 {SPLITTING_LAYER}", "首层为 basic_pool", "order")


def _remote(version: Version) -> Iterator[Fault]:
    for filing in DIMENSIONS["filing"]:
        for region in DIMENSIONS["region"]:
            try:
                resolve(version.body["first_self_pay"], ((filing,), (region,)), "first_self_pay")
            except MissingFigure as gone:
                if gone.wanted != "missing":
                    where = f"{LABELS[filing]}、{LABELS[region]}"
                    yield _at(version, f"没有{where}的比例", "每种备案在省内、跨省都有比例", "first_self_pay")
    yield from _at_most_whole(version, ("first_self_pay",))


# The whole rulebook -------------------------------------------------------------------------------------------------


def _claims(rulebook: Rulebook) -> Iterator[Fault]:
    """Two files for one rule on one date: the more specific must say what becomes of the other."""
    ruled = [file for file in rulebook.files.values() if file.area and file.versions]
    for file in ruled:
        for other in ruled:
            if file is other or _rule(file) != _rule(other) or other.area not in areas.lineage(file.area):
                continue
            if file.schemes and other.schemes and not set(file.schemes) & set(other.schemes):
                continue
            clash = next(
                (
                    (mine, theirs)
                    for mine in file.versions
                    for theirs in other.versions
                    if mine.period.overlaps(theirs.period) and "absent" not in {**mine.body, **theirs.body}
                ),
                None,
            )
            if clash is None:
                continue
            if file.area == other.area:
                if file.name < other.name:
                    yield _at(clash[0], f"与 {other.name} 在同一日期规定同一待遇", "只留一个文件", "from")
            elif other.name not in _spoken_for(rulebook, file):
                yield _at(
                    clash[0], f"与上级 {other.name} 同时有效而未声明", f"overrides: [{other.name}] 或 extends", "from"
                )


def _caps_at_once(rulebook: Rulebook) -> Iterator[Fault]:
    """A benefit is held by at most two yearly limits at once: its own, and one that it shares."""
    caps = [
        (file, version, set(version.body["cap"].get("counts", [file.benefit])))
        for file in rulebook.files.values()
        if file.kind == "benefit"
        for version in file.versions
        if isinstance(version.body.get("cap"), dict)
    ]
    for at, (file, version, counted) in enumerate(caps):
        for benefit in counted:
            others = {
                other.name
                for other, theirs, also in caps
                if other is not file
                and other.layer == file.layer
                and benefit in also
                and other.area in areas.lineage(file.area)
                and set(other.schemes) & set(file.schemes)
                and theirs.period.overlaps(version.period)
            }
            if len(others) > 1:
                said = "、".join(sorted(others))
                yield _at(caps[at][1], f"{benefit} 同时受三个以上限额约束（{said}）", "至多两个", "cap")


def _spoken_for(rulebook: Rulebook, file: PolicyFile) -> set[str]:
    """Files a file replaces or builds on, directly or through those it builds on."""
    named: set[str] = set()
    while True:
        named |= set(file.data.get("overrides", ()))
        base = file.data.get("extends")
        if not base or base in named or base not in rulebook.files:
            return named
        named.add(base)
        file = rulebook.files[base]


def _unreachable(rulebook: Rulebook) -> Iterator[Fault]:
    """A layer that no order of payers of its area ever names would silently never pay."""
    for file in rulebook.files.values():
        if file.kind not in ("benefit", "layer") or not file.versions:
            continue
        for scheme in file.schemes:
            orders = [
                {entry["layer"] for entry in version.body["order"]}
                for chain in rulebook.files.values()
                if chain.kind == "chain"
                and scheme in chain.schemes
                and (chain.area in areas.lineage(file.area) or file.area in areas.lineage(chain.area))
                for version in chain.versions
            ]
            if not any(file.layer in order for order in orders):
                yield file.source.fault(
                    ("layer",), f"{scheme} 的支付顺序里没有 {file.layer}", "在 chain.yaml 中加入该层"
                )


def _cells(rulebook: Rulebook) -> Iterator[Fault]:
    """Every level x status x group cell of every version is filled, or says `missing`."""
    compiler = Compiler(rulebook)
    for file in rulebook.files.values():
        if file.kind not in ("benefit", "layer"):
            continue
        for version in file.versions:
            yield from _cells_of(compiler, rulebook, version)


def _cells_of(compiler: Compiler, rulebook: Rulebook, version: Version) -> Iterator[Fault]:
    file = version.file
    merged = rulebook.in_force([file], version.period.start)
    if merged is None:
        return
    told: set[str] = set()
    for scheme in file.schemes:
        for facts in _all_facts(rulebook, merged, scheme):
            levels: tuple[str, ...] = (facts.level, *_read_as(rulebook, file.area, facts.level, version.period.start))
            tries = (
                levels,
                (facts.status,),
                (facts.group, *rulebook.sets_with(facts.group)) if facts.group else (),
                (facts.contribution_class,),
                (facts.child,),
                (facts.care_kind,),
                (facts.disease,),
            )
            for path in _tables(merged):
                if path[0] == "bonus":
                    continue
                node: Node = merged.body
                for key in path:
                    node = node[key]
                dotted = ".".join(str(key + 1) if isinstance(key, int) else key for key in path)
                try:
                    resolve(node, tries, dotted)
                except MissingFigure as gone:
                    if gone.wanted != "missing" and gone.path not in told:
                        told.add(gone.path)
                        yield _at(version, f"{gone.path} 有未填的格：{gone.wanted}", "补上该格，或写 missing", *path)


def _all_facts(rulebook: Rulebook, version: Version, scheme: str) -> Iterator[Facts]:
    body = version.body
    who = body.get("who")
    groups = [""] if who is None else []
    for name in who if who is not None else ():
        groups += rulebook.members(name)
    text = str(body)
    children = tuple(CHILDREN) if "child_" in text else ("",)
    kinds = tuple(CARE_KINDS) if version.file.benefit == "long_term_care" else ("",)
    for level in ("community", "primary", "secondary", "tertiary", "ungraded"):
        for status in STATUSES_OF[scheme]:
            for group in groups:
                for child in children:
                    for kind in kinds:
                        for disease in body.get("diseases", [""]) if "disease" in str(body.get("cap")) else [""]:
                            yield Facts(version.file.benefit, level, status, group, "standard", child, kind, disease)


def _read_as(rulebook: Rulebook, area: str, level: str, day: date) -> tuple[str, ...]:
    files = rulebook.of(area, "", "levels") if area in areas.all_areas() else []
    version = rulebook.in_force(files, day)
    read_as = version.body["read_as"].get(level) if version else None
    return (read_as,) if read_as else ()
