"""Special-case review on the platform (特例单议): the engine's state machine, kept, with who may make which move."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.payment import case_store, store
from openyibao.payment.engine.pack import special as engine
from openyibao.payment.engine.pack.loading import load_pack
from openyibao.payment.engine.pack.pack import SpecialRules
from openyibao.payment.engine.pack.special import Application, Decision, Move
from openyibao.payment.errors import PackUnfit, SpecialUnknown


def file_special(
    actor: Actor, settlement_no: str, reason: str, note: str, pack_name: str | Path, at: datetime
) -> Application:
    """File a priced stay for review (申报特例单议), by its own institution, within the quota of its month.

    Raises: NotPermitted, SpecialUnknown, PackUnfit, ReviewRefused.
    """
    row = case_store.case_of_settlement(settlement_no)
    facts = case_store.facts_of(settlement_no)
    if row is None or facts is None or row.institution_code != actor.name:
        require(actor, "payment.review", facts[0] if facts else "000000")
        raise SpecialUnknown(f"本机构没有已计价的结算 {settlement_no}", hint="先由经办机构计价；只能申报本机构的病例")
    area = facts[0]
    require(replace(actor, area=area), "payment.file_special", area)
    rules = _rules(pack_name, row.discharged_on)
    period = f"{row.discharged_on:%Y-%m}"
    with joined():
        store.lock_area(area)
        stored = case_store.special(settlement_no)
        application = (
            _read(stored) if stored is not None else Application(settlement_no, row.institution_code, period, reason)
        )
        others = [_read(text) for text in case_store.specials(area, period)]
        count = case_store.discharges(area, row.institution_code, period)
        left = engine.within_quota(others, {row.institution_code: count}, rules)[row.institution_code]
        made = Move("file", actor.name, business_day(at), note)
        return _keep(actor, area, engine.move(application, made, rules, left))


def move_special(
    actor: Actor,
    settlement_no: str,
    move: str,
    note: str,
    pack_name: str | Path,
    at: datetime,
    decision: Decision | None = None,
) -> Application:
    """Make a step of a review: return, screen, opinion, conclude, decide, close; withdraw and appeal by the hospital.

    A decision in force prices the stay at its next pricing. Raises: NotPermitted, SpecialUnknown, ReviewRefused.
    """
    with joined():
        row, facts = case_store.case_of_settlement(settlement_no), case_store.facts_of(settlement_no)
        stored = case_store.special(settlement_no)
        area = facts[0] if facts else "000000"
        if row is not None and move in engine.BY_HOSPITAL and actor.name == row.institution_code:
            require(replace(actor, area=area), "payment.file_special", area)
        else:
            require(actor, "payment.review", area)
            if move in engine.BY_HOSPITAL:
                raise SpecialUnknown(f"{move} 由医疗机构办理", hint="由申报机构办理")
        if row is None or stored is None:
            raise SpecialUnknown(f"没有 {settlement_no} 的特例申请", hint="由医疗机构先申报")
        made = Move(move, actor.name, business_day(at), note, decision)
        return _keep(actor, area, engine.move(_read(stored), made, _rules(pack_name, row.discharged_on)))


def _rules(pack_name: str | Path, day: date) -> SpecialRules:
    pack = load_pack(pack_name)
    version = pack.version_on(day)
    if version is None or version.special is None:
        raise PackUnfit(f"支付方式包 {pack.name} 在 {day} 没有特例单议规则", hint="在包中写明 special")
    return version.special


def _keep(actor: Actor, area: str, application: Application) -> Application:
    decision = application.in_force
    case_store.put_special(
        area,
        application.case_id,
        application.institution,
        application.period,
        application.state,
        json.dumps(asdict(application), ensure_ascii=False, default=str),
        None if decision is None else json.dumps(asdict(decision), ensure_ascii=False),
    )
    last = application.history[-1]
    audit.record(actor, f"payment.special.{last.name}", application.case_id, area, state=application.state)
    return application


def _read(text: str) -> Application:
    data: dict[str, Any] = json.loads(text)
    data["decision"] = Decision(**data["decision"]) if data["decision"] else None
    data["opinions"] = tuple((who, kind) for who, kind in data["opinions"])
    data["history"] = tuple(
        Move(
            **{
                **one,
                "on": date.fromisoformat(one["on"]),
                "decision": Decision(**one["decision"]) if one["decision"] else None,
            }
        )
        for one in data["history"]
    )
    return Application(**data)
