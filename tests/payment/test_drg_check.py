"""`drg check`: each kind of defect is found where it was planted, and none in the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openyibao.payment.engine.lint import ERROR, kinds, lint
from openyibao.payment.engine.reading import load
from tests.payment.drg_tables import SAMPLE, Rows, change, copied, stated, step

STEPS, CONDITIONS, CODES = "adrg_rules.steps.csv", "adrg_rules.conditions.csv", "adrg_rules.codes.csv"


def listed(list_id: str, kind: str, *codes: str) -> Callable[[Rows], None]:
    return lambda rows: rows.extend({"list": list_id, "kind": kind, "code": code} for code in codes)


def swapped(first: str, second: str) -> Callable[[Rows], None]:
    """Two steps change places."""

    def edit(rows: Rows) -> None:
        one, two = step(rows, first), step(rows, second)
        one["seq"], two["seq"] = two["seq"], one["seq"]

    return edit


def of_step(target: str, folder: Path) -> str:
    return next(one.id for one in load(folder).every() if one.target == target)


def dead(folder: Path) -> None:
    change(folder, STEPS, swapped("PS11", "PS15"))


def shadowed(folder: Path) -> None:
    change(folder, STEPS, swapped("PS11", "PS13"))


def leafless(folder: Path) -> None:
    change(folder, STEPS, lambda rows: step(rows, "NF19").update(enabled="0"))


def never_built(folder: Path) -> None:
    change(folder, "drg.csv", lambda rows: rows.append({"code": "NF1a", "name": "没有建成的组"}))


def never_called(folder: Path) -> None:
    change(folder, STEPS, lambda rows: step(rows, "NB2").update(enabled="0"))


def unreachable(folder: Path) -> None:
    change(folder, STEPS, swapped("PR1", "PU1"))


def impossible(folder: Path) -> None:
    number = of_step("NB2", folder)
    change(folder, CONDITIONS, lambda rows: rows.__setitem__(slice(None), [r for r in rows if r["step"] != number]))


def contradiction(folder: Path) -> None:
    row = {"step": of_step("NS11", folder), "clause": "1", "atom": "2", "field": "age", "op": ">", "value": "17"}
    change(folder, CONDITIONS, lambda rows: rows.append(row))


def diagnosis_outside(folder: Path) -> None:
    change(folder, CODES, listed("D0030", "dx", "K29.500"))


def procedure_outside(folder: Path) -> None:
    row = {"step": of_step("MDCZ", folder), "clause": "1", "atom": "3", "field": "px_main", "op": "in", "list": "P0010"}
    change(folder, CONDITIONS, lambda rows: rows.append(row))
    change(folder, STEPS, lambda rows: step(rows, "ZC1").update(enabled="1"))
    change(folder, CONDITIONS, lambda rows: step_of(rows, of_step("ZC1", folder)).update(field="px_main"))


def step_of(rows: Rows, number: str) -> dict[str, str]:
    return next(row for row in rows if row["step"] == number)


def both(folder: Path) -> None:
    change(folder, "cc.csv", lambda rows: rows.append({"code": "J96.000", "exclusion_table": "7"}))


def not_listed(folder: Path) -> None:
    change(folder, "drg.csv", lambda rows: rows.pop())


def overlap(folder: Path) -> None:
    change(folder, CODES, listed("D0030", "dx", "N92.000"))


def order(folder: Path) -> None:
    change(folder, STEPS, swapped("NJ1", "NK1"))


def pre_late(folder: Path) -> None:
    change(folder, STEPS, swapped("MDCP", "MDCZ"))


def elsewhere(folder: Path) -> None:
    change(folder, "adrg.csv", lambda rows: rows[0].update(mdc="MDCN"))


def unmapped(folder: Path) -> None:
    def edit(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["grouper_code"] != "I10.x00"]

    change(folder, "icd10_map.csv", edit)


def unused(folder: Path) -> None:
    change(folder, CODES, listed("D0099", "dx", "I10.x00"))


def nameless(folder: Path) -> None:
    change(folder, "adrg.csv", lambda rows: rows[0].update(name=""))
    change(folder, "icd10_names.csv", lambda rows: rows.pop())


def exclusion_unused(folder: Path) -> None:
    change(folder, "mcc.csv", lambda rows: rows[0].update(exclusion_table="999"))


def repeated(folder: Path) -> None:
    change(folder, CODES, lambda rows: rows.append(dict(rows[0])))


def otherwise(folder: Path) -> None:
    change(folder, STEPS, lambda rows: step(rows, "MDCN").update(otherwise="N00"))


def switch(folder: Path) -> None:
    stated(folder, "qy_enabled", "0")


def third_sex(folder: Path) -> None:
    number = of_step("MDCN", folder)
    rows_with(folder, lambda row: row["step"] == number and row["field"] == "sex", value="3")


def too_many_parts(folder: Path) -> None:
    rows_with(folder, lambda row: row["field"] == "dx_parts" and row["op"] == ">=", value="99")


def rows_with(folder: Path, wanted: Callable[[dict[str, str]], bool], **cells: str) -> None:
    """Change the first condition of a sort."""
    change(folder, CONDITIONS, lambda rows: next(row for row in rows if wanted(row)).update(cells))


def against_above(folder: Path) -> None:
    """A leaf of newborns that asks for grown-ups."""
    number = of_step("PB11", folder)
    cells = {"field": "age", "op": ">", "list": "", "value": "17"}
    rows_with(folder, lambda row: row["step"] == number, **cells)


def otherwise_unknown(folder: Path) -> None:
    change(folder, STEPS, lambda rows: step(rows, "PB1").update(otherwise="PB9"))


def fail_code(folder: Path) -> None:
    stated(folder, "fail_code", "PB11")


def overlap_of_operations(folder: Path) -> None:
    """The list of one surgical group also has an operation of another one that asks nothing else."""
    change(folder, CODES, listed(list_of("NB1", folder), "px", "85.4300"))
    change(folder, CODES, listed(list_of("NF1", folder), "px", "85.4300"))
    for target in ("NB1", "NF1"):
        number, list_id = of_step(target, folder), list_of(target, folder)
        row = {"step": number, "clause": "1", "atom": "1", "field": "px_main", "op": "in", "list": list_id}
        change(folder, CONDITIONS, lambda rows, row=row: only(rows, row))


def list_of(target: str, folder: Path) -> str:
    """The list of operations a group asks for."""
    found = next(one for one in load(folder).every() if one.target == target)
    return next(atom.list for clause in found.clauses for atom in clause if atom.field.startswith("px"))


def only(rows: Rows, row: dict[str, str]) -> None:
    rows[:] = [*(one for one in rows if one["step"] != row["step"]), row]


def kind_unknown(folder: Path) -> None:
    change(folder, "mdc.csv", lambda rows: rows[0].update(kind="first"))


def no_input(folder: Path) -> None:
    def edit(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["code"] != "I10.x00"]
        rows.append({"code": "I10.x99", "grouper_code": "I10.x00"})

    change(folder, "icd10_map.csv", edit)


def tables_gone(folder: Path) -> None:
    (folder / "icd10_map.csv").unlink()
    (folder / "icd10_names.csv").unlink()


PLANTED = [
    ("dead_leaf", dead, "adrg_rules.steps.csv:16 PS11（步骤 15） 排在 PS15"),
    ("shadowed_leaf", shadowed, "PS11（步骤 15） 排在 PS13"),
    ("adrg_without_leaf", leafless, "NF1（步骤 65）"),
    ("drg_never_built", never_built, "NF1a 没有建成的组"),
    ("adrg_never_called", never_called, " NB2 "),
    ("step_unreachable", unreachable, "PS1（步骤"),
    ("condition_impossible", impossible, "NB2（步骤 51） 没有条件"),
    ("condition_impossible", contradiction, "NS11（步骤 81） 条件矛盾"),
    ("diagnosis_outside_mdc", diagnosis_outside, "K29.500 在 NS1"),
    ("procedure_outside_mdc", procedure_outside, "在 ZC1"),
    ("condition_impossible", third_sex, "MDCN（步骤 41） 条件不可能成立：性别只有 1 和 2"),
    ("condition_impossible", too_many_parts, "MDCZ（步骤 26） 条件不可能成立：诊断涉及的部位数最多"),
    ("condition_impossible", against_above, "PB11（步骤 3） 条件与上级 MDCP（步骤 1）、PB1（步骤 2） 矛盾"),
    ("target_not_listed", otherwise_unknown, "PB1（步骤 2） 的 otherwise PB9 不在 adrg.csv、drg.csv"),
    ("fail_code_taken", fail_code, "PB11（步骤 3） 与 scheme.csv 的 fail_code 相同"),
    ("cc_and_mcc", both, "J96.000 急性呼吸衰竭"),
    ("target_not_listed", not_listed, "NZ15"),
    ("overlap", overlap, "N92.000 在 NS1（步骤 80）、NZ1（步骤 84），MDCN"),
    ("overlap", overlap_of_operations, "85.4300 在 NB1（步骤"),
    ("order", kind_unknown, "mdc.csv:2 MDCP 的 kind 写作 'first'，应为 pre 或 main"),
    ("order", order, "NJ1（步骤 67） 排在 NK1"),
    ("order", pre_late, "MDCP（步骤 1） 是先期分组，却排在其他 MDC 之后"),
    ("leaf_elsewhere", elsewhere, "adrg.csv:2 PB1（步骤 2） 在 MDCP，此处写作 MDCN"),
    ("unmapped", unmapped, "I10.x00（诊断）"),
    ("not_in_map", no_input, "I10.x00（诊断）"),
    ("table_missing", tables_gone, "icd10_map.csv 没有这张表，未检查诊断编码的对照"),
    ("list_unused", unused, "D0099（1 项）"),
    ("name_missing", nameless, "adrg.csv:2 PB1"),
    ("exclusion_unused", exclusion_unused, "表 999"),
    ("repeated", repeated, "VALID_PX 中 46.0100 列了两次"),
    ("without_effect", otherwise, "MDCN（步骤 41） 的 otherwise N00"),
    ("without_effect", switch, "ZQY（步骤 36） 启用，而 scheme.csv 的 qy_enabled 是 0"),
]


def test_the_sample_has_no_defect() -> None:
    report = lint(load(SAMPLE))
    assert report.findings == ()
    assert report.summary["drgs"] == report.summary["drgs_reachable"] == 53


@pytest.mark.parametrize(("kind", "plant", "said"), PLANTED, ids=[plant.__name__ for _, plant, _ in PLANTED])
def test_a_planted_defect_is_found(kind: str, plant: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    plant(folder)
    report = lint(load(folder))
    found = {finding.kind: finding for finding in report.findings}
    assert kind in found, sorted(found)
    assert any(said in str(spot) for spot in found[kind].spots), found[kind].examples
    assert all(spot.place.partition(":")[0].endswith(".csv") for spot in found[kind].spots)
    assert found[kind].count >= len(found[kind].examples) > 0
    assert found[kind].level == kinds()[kind][0]


def test_every_kind_of_defect_is_planted_here() -> None:
    assert {kind for kind, _, _ in PLANTED} == set(kinds())


def test_errors_come_first_and_are_counted(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    dead(folder)
    unused(folder)
    report = lint(load(folder))
    assert [finding.level for finding in report.findings] == sorted(finding.level for finding in report.findings)
    assert (report.errors, report.warnings) == (1, 1)
    assert report.findings[0].level == ERROR
    assert report.as_json()["findings"][0]["kind"] == "dead_leaf"


def test_a_dead_leaf_cannot_be_reached(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    dead(folder)
    report = lint(load(folder))
    assert report.summary["drgs_reachable"] == 51  # PS11 and PS13 stand behind PS15 now
    assert "可到达的 DRG 51 / 53" in report.findings[0].beside
