"""From tables to a scheme, or every fault of the tables with file and line. Nothing is ever half loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from openyibao.kernel.errors import Malformed
from openyibao.kernel.periods import day_from_text
from openyibao.payment.engine.atoms import atom_fault
from openyibao.payment.engine.contracts import EDITIONS
from openyibao.payment.engine.errors import SchemeUnknown
from openyibao.payment.engine.places import Places
from openyibao.payment.engine.scheme import Atom, CodeList, Group, Note, Scheme, Step
from openyibao.payment.engine.tables import FIRST, SHAPES, Row, Tables, contents, fingerprint, read_tables
from openyibao.payment.engine.terms import LEVELS, PARENT_LEVEL, SEVERITY_FIELDS

STEPS, CONDITIONS, CODES = "adrg_rules.steps.csv", "adrg_rules.conditions.csv", "adrg_rules.codes.csv"
SWITCHES = ("retry_secondary_procedure", "qy_enabled")


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a scheme. Raises: SchemeUnknown when there is no such folder or nothing of a scheme in it."""
    files = contents(folder) if folder.is_dir() else {}
    if not files:
        what = "文件夹里没有分组方案的表" if folder.is_dir() else "没有这个文件夹"
        inside = "、".join(sorted(path.parent.name for path in folder.glob("*/scheme.csv")))
        usual = "方案是一个文件夹，内有 scheme.csv、adrg_rules.steps.csv 等表"
        hint = f"里面有几个方案，请指明一个：{inside}" if inside else usual
        raise SchemeUnknown(f"{folder}：{what}", hint=hint)
    return files


def load(folder: Path, files: Mapping[str, bytes] | None = None) -> Scheme:
    """A scheme from its folder. Raises: SchemeUnknown; Malformed with every fault of every table."""
    files = read_files(folder) if files is None else files
    tables = read_tables(folder, files)
    facts = _facts(tables)
    scheme = Scheme(facts.get("scheme", "") or folder.resolve().name, fingerprint(files), facts)
    scheme.missing = tuple(name for name in SHAPES if name not in files)
    _lists(tables, scheme)
    _steps(tables, scheme)
    _conditions(tables, scheme)
    _severities(tables, scheme)
    _groups(tables, scheme)
    scheme.dx_map = _map(tables, scheme, "icd10_map.csv")
    scheme.px_map = _map(tables, scheme, "icd9cm3_map.csv")
    scheme.dx_names = _names(tables, scheme, "icd10_names.csv")
    scheme.px_names = _names(tables, scheme, "icd9cm3_names.csv")
    if tables.faults:
        raise Malformed(tables.faults)
    scheme.places = Places(tables.rows)
    return scheme


def _facts(tables: Tables) -> dict[str, str]:
    facts: dict[str, str] = {}
    name = "scheme.csv"
    for at, (key, value) in enumerate(tables.rows.get(name, ())):
        if key in facts:
            tables.wrong(name, at, key, f"{key} 写了两次", "一次")
        facts[key] = value
        if key in ("code_edition", "map_edition") and value not in ("", *EDITIONS):
            tables.wrong(name, at, key, f"{value!r} 不是编码版本", "、".join(EDITIONS))
        if key in SWITCHES and value not in ("", "0", "1"):
            tables.wrong(name, at, key, f"{value!r} 不是 0 或 1", "0 或 1")
        if key in ("valid_from", "valid_until") and value:
            try:
                day_from_text(value)
            except ValueError as problem:
                tables.wrong(name, at, key, str(problem), "如 2026-01-01")
                facts[key] = ""
    start, end = facts.get("valid_from", ""), facts.get("valid_until", "")
    if start and end and end < start:
        tables.wrong(name, -1, "valid_until", f"{end} 早于 valid_from {start}", "不早于起日")
    return facts


def _lists(tables: Tables, scheme: Scheme) -> None:
    kinds: dict[str, str] = {}
    parts: dict[str, dict[str, str]] = {}
    for at, (name, kind, code, part) in enumerate(tables.rows.get(CODES, ())):
        codes = parts.get(name)
        if codes is None:
            codes = parts[name] = {}
            kinds[name] = kind
            if not name:
                tables.wrong(CODES, at, "list", "没有写码表编号", "如 D0001")
        elif kinds[name] != kind:
            tables.wrong(CODES, at, "kind", f"{name} 的种类先是 {kinds[name]!r}，这里是 {kind!r}", "同一码表同一种类")
        if not code or code != code.strip():
            tables.wrong(CODES, at, "code", f"编码 {code!r} 是空的或首尾有空格", "一个编码")
        if code in codes:
            again = f"{name} 中 {code} 列了两次"
            again += f"（部位 {codes[code]}、{part}，以后者为准）" if codes[code] != part else ""
            scheme.notes.append(Note("repeated", CODES, at + FIRST, again))
        codes[code] = part
    scheme.lists = {name: CodeList(name, kinds[name], parts[name]) for name in parts}


def _steps(tables: Tables, scheme: Scheme) -> None:
    wrong = tables.wrong
    for at, cells in enumerate(tables.rows.get(STEPS, ())):
        step_id, parent, seq, level, target, variant, enabled, otherwise = cells
        if not step_id or step_id in scheme.by_id:
            wrong(STEPS, at, "step", f"步骤号 {step_id!r} {'重复' if step_id else '没有写'}", "每步一个号")
            continue
        if level not in LEVELS:
            wrong(STEPS, at, "level", f"{level!r} 不是层级", "、".join(LEVELS))
        if not target:
            wrong(STEPS, at, "target", f"步骤 {step_id} 没有写代码", "入组后给出的代码")
        if enabled not in ("0", "1"):
            wrong(STEPS, at, "enabled", f"{enabled!r} 不是 0 或 1", "0 或 1")
        order = int(seq) if seq.isascii() and seq.isdigit() else -1
        if order < 0:
            wrong(STEPS, at, "seq", f"{seq!r} 不是顺序号", "同一上级之内的整数")
        line = at + FIRST
        scheme.by_id[step_id] = Step(step_id, parent, order, level, target, variant, enabled == "1", otherwise, line)
    _tree(tables, scheme)


def _tree(tables: Tables, scheme: Scheme) -> None:
    """Hang every step under its parent, in order."""
    taken: dict[tuple[str, int], Step] = {}
    for step in scheme.by_id.values():
        at = step.line - FIRST
        above = scheme.by_id.get(step.parent)
        if step.parent and above is None:
            tables.wrong(STEPS, at, "parent", f"没有步骤 {step.parent}", "一个已有的步骤号，顶层留空")
        elif step.level in LEVELS and (above.level if above else "") != PARENT_LEVEL[step.level]:
            right = f"上级是 {PARENT_LEVEL[step.level]}" if PARENT_LEVEL[step.level] else "在顶层，上级留空"
            tables.wrong(
                STEPS, at, "parent", f"{step.level} 步骤 {step.id} 的上级是 {above.level if above else '空'}", right
            )
        else:
            (above.children if above else scheme.steps).append(step)
        same = taken.setdefault((step.parent, step.seq), step)
        if same is not step and step.seq >= 0:
            tables.wrong(STEPS, at, "seq", f"与步骤 {same.id} 的顺序号同为 {step.seq}", "同一上级之内各不相同")
    scheme.steps.sort(key=lambda step: step.seq)
    for step in scheme.by_id.values():
        step.children.sort(key=lambda child: child.seq)


def _conditions(tables: Tables, scheme: Scheme) -> None:
    found: dict[str, dict[str, list[Atom]]] = {}
    seen: set[tuple[str, str, str]] = set()
    for at, (step, clause, place, field, op, list_id, value) in enumerate(tables.rows.get(CONDITIONS, ())):
        if scheme.by_id and step not in scheme.by_id:
            tables.wrong(CONDITIONS, at, "step", f"没有步骤 {step!r}", "adrg_rules.steps.csv 中的步骤号")
        if (step, clause, place) in seen:
            tables.wrong(CONDITIONS, at, "atom", f"步骤 {step} 第 {clause} 组第 {place} 条写了两次", "各不相同")
        seen.add((step, clause, place))
        atom = Atom(field, op, list_id, value, at + FIRST)
        fault = atom_fault(atom, scheme)
        if fault:
            tables.wrong(CONDITIONS, at, *fault)
        found.setdefault(step, {}).setdefault(clause, []).append(atom)
    for step_id, clauses in found.items():
        if step_id in scheme.by_id:
            scheme.by_id[step_id].clauses = tuple(tuple(atoms) for atoms in clauses.values())


def _severities(tables: Tables, scheme: Scheme) -> None:
    scheme.cc = _pairs(tables, scheme, "cc.csv", ("code", "exclusion_table"))
    scheme.mcc = _pairs(tables, scheme, "mcc.csv", ("code", "exclusion_table"))
    scheme.exclusions = _pairs(tables, scheme, "cc_exclusions.csv", ("main_code", "exclusion_table"))
    asked = {atom.field for step in scheme.by_id.values() for clause in step.clauses for atom in clause}
    for name in SEVERITY_FIELDS:
        if name in asked and f"{name}.csv" not in tables.rows:
            tables.wrong(
                f"{name}.csv", -1, "", f"缺少这个文件，而有条件用到 {name}", "一张表，列为 code,exclusion_table"
            )
    if asked & set(SEVERITY_FIELDS) and "cc_exclusions.csv" not in tables.rows:
        tables.wrong("cc_exclusions.csv", -1, "", "缺少这个文件，而有条件用到并发症", "没有排除也须有表头")


def _pairs(
    tables: Tables,
    scheme: Scheme,
    name: str,
    columns: tuple[str, str],
    filled: Callable[[str], object] | None = None,
) -> dict[str, str]:
    """A table of two columns as a mapping; the same key with another value is a fault, with the same one a note."""
    found: dict[str, str] = {}
    for at, (code, value) in enumerate(tables.rows.get(name, ())):
        if not code or code != code.strip():
            tables.wrong(name, at, columns[0], f"编码 {code!r} 是空的或首尾有空格", "一个编码")
        elif filled and not filled(value):
            tables.wrong(name, at, columns[1], f"{code} 的值没有写", "一个编码，弃用写 -")
        elif code in found and found[code] != value:
            tables.wrong(name, at, columns[1], f"{code} 先写作 {found[code]!r}，这里是 {value!r}", "每个编码一行")
        elif code in found:
            scheme.notes.append(Note("repeated", name, at + FIRST, f"{code} 列了两次"))
        found[code] = value
    return found


def _map(tables: Tables, scheme: Scheme, name: str) -> dict[str, str] | None:
    if name not in tables.rows:
        return None
    return _pairs(tables, scheme, name, ("code", "grouper_code"), filled=bool)


def _names(tables: Tables, scheme: Scheme, name: str) -> dict[str, str]:
    """Names are for reading only: the first one stands, and a second is a note."""
    rows = tables.rows.get(name, [])
    found = dict(reversed([(row[0], row[1]) for row in rows]))
    if len(found) < len(rows):
        seen: set[str] = set()
        for at, (code, _) in enumerate(rows):
            if code in seen:
                scheme.notes.append(Note("repeated", name, at + FIRST, f"{code} 有两个名称"))
            seen.add(code)
    return found


def _groups(tables: Tables, scheme: Scheme) -> None:
    for name, target in (("mdc.csv", scheme.mdcs), ("adrg.csv", scheme.adrgs), ("drg.csv", scheme.drgs)):
        for at, row in enumerate(tables.rows.get(name, ())):
            group = _group(name, row, at + FIRST)
            if group.code in target:
                tables.wrong(name, at, "code", f"{group.code} 写了两次", "每个代码一行")
            target[group.code] = group
            if group.order < 0:
                tables.wrong(name, at, "order", f"{row[3]!r} 不是顺序号", "整数")


def _group(file: str, row: Row, line: int) -> Group:
    if file == "mdc.csv":
        order = int(row[3]) if row[3].isascii() and row[3].isdigit() else -1
        return Group(row[1], row[2], line, parent=row[0], kind=row[4], order=order)
    if file == "adrg.csv":
        return Group(row[0], row[1], line, parent=row[2], kind=row[3])
    return Group(row[0], row[1], line)
