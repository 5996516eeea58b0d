"""An explanation as data (入组说明的数据): the same facts as the text, for a screen or another program."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from openyibao.payment.engine.atoms import complications
from openyibao.payment.engine.contracts import Case, Grouping
from openyibao.payment.engine.replay import NearMiss, Tried, near_misses
from openyibao.payment.engine.scheme import Scheme, Step
from openyibao.payment.engine.steps_text import why_not
from openyibao.payment.engine.terms import ALWAYS
from openyibao.payment.engine.told import Told
from openyibao.payment.engine.whatif import unknown_codes
from openyibao.payment.engine.wording import asked, evidence


def as_json(scheme: Scheme, told: Told) -> dict[str, Any]:
    """Everything an explanation says. Codes with their names, steps and rows with their places in the tables."""
    walked = told.walked
    case = told.tried
    entered = walked is not None and not told.faults
    return {
        "case_id": told.case_id,
        "line": told.line,
        "scheme": scheme.name,
        "sha256": scheme.sha256,
        **_result(scheme, told.result),
        "diagnoses": [_code(scheme, "dx", code) for code in told.given.dx],
        "procedures": [_code(scheme, "px", code) for code in told.given.px],
        "mapped": told.mapped,
        "changes": [{"code": code, "becomes": becomes} for code, becomes in told.changes if code != becomes],
        "faults": told.faults,
        "retried_with": walked.procedure if walked else "",
        "path": [_step(scheme, case, one) for one in _path(told)],
        "tried": [_tried(scheme, case, one) for one in walked.tried] if walked else [],
        "complications": _complications(scheme, case) if entered else [],
        "near": _near(scheme, told) if entered else [],
        "others": [
            {"change": one.change, "codes": list(one.codes), **_result(scheme, one.result)} for one in told.others
        ],
        "unknown": [{**asdict(one), "alike": list(one.alike)} for one in unknown_codes(scheme, told.given)],
    }


def _result(scheme: Scheme, result: Grouping) -> dict[str, Any]:
    return {**result._asdict(), "name": scheme.group_name(result.drg)}


def _code(scheme: Scheme, kind: str, code: str) -> dict[str, str]:
    return {"code": code, "name": scheme.diagnosis_name(code) if kind == "dx" else scheme.procedure_name(code)}


def _path(told: Told) -> list[Tried]:
    """The steps the case went through, as they were asked."""
    found: list[Tried] = []
    below = told.walked.tried if told.walked else []
    for step in told.walked.path if told.walked else ():
        one = next(tried for tried in below if tried.step is step)
        found.append(one)
        below = one.below
    return found


def _place(scheme: Scheme, step: Step) -> dict[str, Any]:
    return {
        "level": step.level,
        "code": step.target,
        "name": scheme.group_name(step.target),
        "step": step.id,
        "row": f"adrg_rules.steps.csv:{step.line}",
    }


def _step(scheme: Scheme, case: Case, tried: Tried) -> dict[str, Any]:
    """A step that held: what it asks and where that is written, and what of the case meets it."""
    clause = tried.step.clauses[next(at for at, unmet in enumerate(tried.unmet) if not unmet)]
    met = [
        {
            "asks": asked(atom, scheme) if atom.field != ALWAYS else "无条件",
            "row": f"adrg_rules.conditions.csv:{atom.line}",
            "by": evidence(atom, case, scheme),
        }
        for atom in clause
    ]
    return {**_place(scheme, tried.step), "met": met}


def _tried(scheme: Scheme, case: Case, tried: Tried) -> dict[str, Any]:
    why = "" if tried.holds else why_not(scheme, case, tried) if tried.step.clauses else "没有条件"
    below = [_tried(scheme, case, one) for one in tried.below]
    return {**_place(scheme, tried.step), "holds": tried.holds, "why_not": why, **({"below": below} if below else {})}


def _complications(scheme: Scheme, case: Case) -> list[dict[str, Any]]:
    main = scheme.exclusions.get(case.dx[0], "")
    return [
        {
            **_code(scheme, "dx", one.code),
            "kind": one.kind,
            "table": one.table,
            "main_table": main,
            "counts": not one.excluded,
            "row": scheme.places.row(f"{one.kind}.csv", one.code),
        }
        for one in dict.fromkeys(complications(case, scheme))
    ]


def _near(scheme: Scheme, told: Told) -> list[dict[str, Any]]:
    near, late = near_misses(scheme, told.tried, told.walked.path if told.walked else [])
    return [
        *({**_place(scheme, path[-1]), "wants": [], "late": True} for path in late),
        *({**_place(scheme, miss.path[-1]), "wants": _wants(scheme, miss), "late": False} for miss in near),
    ]


def _wants(scheme: Scheme, miss: NearMiss) -> list[str]:
    return list(dict.fromkeys(asked(atom, scheme) for atom in miss.atoms))
