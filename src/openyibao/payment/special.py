"""Special-case review on the platform (特例单议): the engine's state machine, kept, with who may make which move.

The hospital files its own stay; the agency's clerk checks it and names experts; each expert gives one opinion; a third
person decides. The rules and terms of the day it was filed stay with the application. A decision in force prices the
stay at its next pricing; a year that is cleared takes no move any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.areas import NATION, all_areas
from openyibao.kernel.clock import business_day
from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment import case_store, rules, special_store, store
from openyibao.payment.case_store import CaseRow
from openyibao.payment.engine.pack import special as engine
from openyibao.payment.engine.pack.loading import load_pack
from openyibao.payment.engine.pack.pack import SpecialRules
from openyibao.payment.engine.pack.special import Application, Decision, Move
from openyibao.payment.errors import PackUnfit, SpecialRefused, SpecialUnknown
from openyibao.payment.logic import review
from openyibao.payment.logic.review import Quota, Terms
from openyibao.payment.review_paper import Review


def file_special(
    actor: Actor, settlement_no: str, reason: str, note: str, pack_name: str | Path, at: datetime
) -> Review:
    """File a priced stay for review (申报特例单议), by its own institution, within the quota of its period; again after
    it was sent back or withdrawn.

    Raises: NotPermitted, SpecialUnknown, PackUnfit, SpecialRefused with everything that speaks against it.
    """
    row, area = _stay(settlement_no)
    if row is None or row.institution_code != actor.name:
        require(actor, "payment.review", area)
        raise SpecialUnknown(f"本机构没有已计价的结算 {settlement_no}", hint="先由经办机构计价；只能申报本机构的病例")
    require(replace(actor, area=area), "payment.file_special", area)
    found = _rules(pack_name, row.discharged_on, area)
    terms = rules.review_terms(area, row.discharged_on)
    period = review.period_of(row.discharged_on, terms.period)
    day = business_day(at)
    with joined():
        store.lock_area(area)
        stored = special_store.special(settlement_no)
        earlier = _read(stored.application) if stored is not None else None
        before = earlier.history if earlier is not None else ()
        if earlier is not None and earlier.state == "withdrawn":
            earlier = None
        places = _quota(area, row.institution_code, period, found)
        faults = review.filing_faults(earlier, reason, day, period, places, found, terms) + _stay_faults(row, area)
        if faults:
            raise SpecialRefused("；".join(faults), hint="逐条改正后再申报")
        fresh = earlier or Application(settlement_no, row.institution_code, period, reason, history=before)
        made = engine.move(replace(fresh, reason=reason), Move("file", actor.name, day, note), found, places.left)
        return _keep(actor, area, Review(made, (), found, terms, True))


def assign_special(actor: Actor, settlement_no: str, experts: Sequence[str], note: str, at: datetime) -> Review:
    """Pass the formal check and name the experts (形式审核、分派专家).

    Raises: NotPermitted, SpecialUnknown, SpecialRefused with everything that speaks against it.
    """
    with joined():
        row, area = _stay(settlement_no)
        require(actor, "payment.review", area)
        found = _locked(settlement_no, row)
        faults = review.expert_faults(found.application, experts, actor.name, found.rules) + _stay_faults(row, area)
        if faults:
            raise SpecialRefused("；".join(faults), hint="另行分派")
        made = engine.move(found.application, Move("screen", actor.name, business_day(at), note), found.rules)
        return _keep(actor, area, replace(found, application=made, experts=tuple(experts)))


def move_special(
    actor: Actor, settlement_no: str, move: str, note: str, at: datetime, decision: Decision | None = None
) -> Review:
    """Make another step of a review: return, opinion, decide, close by the agency; withdraw, appeal by the hospital.

    A decision closes the experts' review with it. Raises: NotPermitted, SpecialUnknown, SpecialRefused, ReviewRefused.
    """
    with joined():
        row, area = _stay(settlement_no)
        _may(actor, move, row, area)
        found = _locked(settlement_no, row)
        day = business_day(at)
        faults = _faults(found, move, actor.name, day, decision) + _stay_faults(row, area)
        if faults:
            raise SpecialRefused("；".join(faults), hint="逐条改正")
        application = found.application
        if move == "decide" and application.state == "screened":
            application = engine.move(application, Move("conclude", actor.name, day), found.rules)
        made = engine.move(application, Move(move, actor.name, day, note, decision), found.rules)
        return _keep(actor, area, replace(found, application=made))


def special_of(actor: Actor, settlement_no: str) -> Review:
    """An application with its history; an institution sees its own only. Raises: NotPermitted, SpecialUnknown."""
    stored = special_store.special(settlement_no, lock=False)
    if stored is None or not ("institution" in actor.roles and stored.institution == actor.name):
        require(actor, "payment.read", stored.area if stored else _area_in(settlement_no))
    if stored is None:
        raise SpecialUnknown(f"没有 {settlement_no} 的特例申请", hint="由医疗机构先申报")
    return _review(stored)


def specials_of(
    actor: Actor, area: str, period: str, pack_name: str | Path | None = None
) -> tuple[list[Review], list[Quota]]:
    """A period's applications of an area, oldest first, and with a pack each institution's places; an institution sees
    its own only. Period: 2025-03, or 2025-Q1. Raises: NotPermitted, PackUnfit, Malformed for what is no period.
    """
    try:
        days = review.period_days(period)
    except ValueError:
        raise Malformed([Fault("", 0, "--period", f"{period!r} 不是所属期", "写作 2026-10 或 2026-Q4")]) from None
    own = actor.name if "institution" in actor.roles else ""
    if own:
        require(replace(actor, area=area), "payment.file_special", area)
    else:
        require(actor, "payment.read", area)
    found = [_review(one) for one in special_store.specials(area, period) if own in ("", one.institution)]
    if pack_name is None:
        return found, []
    allowed = _rules(pack_name, days[0], area)
    names = set(special_store.institutions_discharging(area, *days))
    names |= {one.application.institution for one in found}
    return found, [_quota(area, name, period, allowed) for name in sorted(names) if own in ("", name)]


# Within -----------------------------------------------------------------------------------------------------------


def _stay(settlement_no: str) -> tuple[CaseRow | None, str]:
    """The priced stay that stands, and its area; without one the area of its review, else the nation."""
    row, facts = case_store.case_of_settlement(settlement_no), case_store.facts_of(settlement_no)
    if facts is not None:
        return row, facts[0]
    stored = special_store.special(settlement_no, lock=False)
    return None, stored.area if stored is not None else NATION


def _area_in(settlement_no: str) -> str:
    """The area a settlement number begins with; the nation where it names none."""
    return settlement_no[:6] if settlement_no[:6] in all_areas() else NATION


def _may(actor: Actor, move: str, row: CaseRow | None, area: str) -> None:
    if move not in ("withdraw", "appeal"):
        require(actor, "payment.decide_special" if move in ("decide", "close") else "payment.review", area)
    elif row is not None and actor.name == row.institution_code:
        require(replace(actor, area=area), "payment.file_special", area)
    else:
        require(actor, "payment.review", area)
        raise SpecialUnknown(f"{move} 由申报机构办理", hint="由申报机构办理")


def _locked(settlement_no: str, row: CaseRow | None) -> Review:
    stored = special_store.special(settlement_no)
    if row is None or stored is None:
        raise SpecialUnknown(
            f"没有 {settlement_no} 的特例申请，或其结算已撤销", hint="由医疗机构申报；重新结算的须重新申报"
        )
    return _review(stored)


def _faults(found: Review, move: str, by: str, day: date, decision: Decision | None) -> list[str]:
    if move == "opinion":
        return review.opinion_faults(found.application, decision, by, found.experts, found.rules)
    if move == "decide":
        return review.decision_faults(found.application, decision, by, found.rules)
    if move == "appeal":
        return review.appeal_faults(found.application, day, found.terms)
    return []


def _stay_faults(row: CaseRow | None, area: str) -> list[str]:
    """What the stay itself speaks against any move."""
    faults = []
    if row is not None and row.discharged_on.year in case_store.cleared_years(area):
        faults.append(f"{row.discharged_on.year} 年已清算")
    if row is not None and row.status in ("outside", "refused"):
        faults.append("异地参保的病例不在本地预算内" if row.status == "outside" else f"病例未能计价：{row.reason}")
    return faults


def _quota(area: str, institution: str, period: str, found: SpecialRules) -> Quota:
    first, until = review.period_days(period)
    return review.quota(
        institution,
        special_store.discharges(area, institution, first, until),
        special_store.places_used(area, institution, first, until),
        found,
    )


def _rules(pack_name: str | Path, day: date, area: str) -> SpecialRules:
    """The rules of a pack that stays of the area were priced by: nobody brings a pack of his own."""
    pack = load_pack(pack_name)
    if not case_store.pack_used(area, pack.sha256):
        raise PackUnfit(f"支付方式包 {pack.name} 没有用于 {area} 的计价", hint="用计价时的包，内容须一字不差")
    version = pack.version_on(day)
    if version is None or version.special is None:
        raise PackUnfit(f"支付方式包 {pack.name} 在 {day} 没有特例单议规则", hint="在包中写明 special")
    return version.special


def _keep(actor: Actor, area: str, found: Review) -> Review:
    application = found.application
    decision = application.in_force
    special_store.put_special(
        special_store.Stored(
            area=area,
            settlement_no=application.case_id,
            institution=application.institution,
            period=application.period,
            state=application.state,
            application=json.dumps(asdict(application), ensure_ascii=False, default=str),
            experts=json.dumps(found.experts, ensure_ascii=False),
            rules=json.dumps({"special": asdict(found.rules), "terms": asdict(found.terms)}, ensure_ascii=False),
            stands=True,
        ),
        None if decision is None else json.dumps(asdict(decision), ensure_ascii=False),
    )
    last = application.history[-1]
    audit.record(
        actor,
        f"payment.special.{last.name}",
        application.case_id,
        area,
        state=application.state,
        decision=last.decision.kind if last.decision else "",
    )
    return found


def _review(stored: special_store.Stored) -> Review:
    kept = json.loads(stored.rules)
    special: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in kept["special"].items()
    }
    terms: dict[str, Any] = kept["terms"] | {"provisional": tuple(kept["terms"]["provisional"])}
    return Review(
        _read(stored.application),
        tuple(json.loads(stored.experts)),
        SpecialRules(**special),
        Terms(**terms),
        stored.stands,
    )


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
