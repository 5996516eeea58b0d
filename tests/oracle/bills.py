"""From a visit as written to the bill the layers receive: gate, components, entitlement, remote care.

Nothing here looks at a counter, so a replay can use the same bills again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .figures import OracleRefuses, as_number, fen, half_up, own_ratio, ratio
from .layers import Bill, visit_limit
from .rulebook import FOREVER, NO_PLAN, Plan, Rulebook, pooling_area

# fmt: off
BENEFITS = ["inpatient", "outpatient", "chronic", "two_disease", "special_drug", "separate_drug", "delivery",
            "prenatal", "long_term_care"]
LEVELS = ["community", "primary", "secondary", "tertiary", "ungraded", "pharmacy"]
GROUPS = ["extremely_poor", "minimum_living", "returned_to_poverty", "low_income_edge", "monitored",
          "impoverished_by_illness", "registered_poor"]
# fmt: on
WORDS = {
    "benefit": BENEFITS,
    "level": LEVELS,
    "prescribing_level": LEVELS,
    "care_kind": ["medical", "institution", "home"],
    "filing": ["long_term", "referral", "emergency", "temporary", "none"],
    "origin": ["emergency", "transfer_up", "transfer_down"],
    "exclusion": ["work_injury", "third_party", "public_health", "abroad"],
}
SUMS = ("in_scope", "non_covered", "over_limit", "prior_self_pay")
SAME_DISEASE = {"高血压": "高血压病", "hypertension": "高血压病", "diabetes": "糖尿病"}


@dataclass(frozen=True)
class Prepared:
    """A visit ready to settle: the sums of its lines in full, and the bill for the layers."""

    sums: dict[str, int]
    bill: Bill
    books_of: tuple[str, str]  # counters belong to (pooling area, scheme)


def state_on(person: dict[str, Any], on: str) -> dict[str, Any]:
    """The person as of a date: what was stated first, overlaid by every change up to that date."""
    state = {"groups": [], "supplements": [], "filings": [], "account_since": "", **person}
    for change in sorted(person.get("history", []), key=lambda change: change["from"]):
        if change["from"] <= on:
            state |= change
            if "account_balance" in change:
                state["account_since"] = change["from"]
    return state


def prepare(state: dict[str, Any], visit: dict[str, Any], stay: str, rules: Rulebook) -> Prepared:
    """Gate and components of one visit, for the person's state on its date."""
    for key, words in WORDS.items():
        if visit.get(key, words[0]) not in words:
            raise OracleRefuses(f"{key}: {visit[key]!r} is no known word")
    if "benefit" not in visit:
        raise OracleRefuses("a visit needs its benefit")
    if unknown := set(state["groups"]) - set(GROUPS):
        raise OracleRefuses(f"unknown groups {unknown}")
    benefit, on = visit["benefit"], visit["date"]
    excluded = "exclusion" in visit
    plan = plan_for(state, benefit, on, rules, excluded)
    through_funds = not excluded
    disease = canonical(visit.get("disease"))
    if through_funds and not plan.absent:
        check_entitlement(state, visit, disease, plan)

    care_area = visit.get("care_area", state["area"])
    facts = facts_of(state, visit, care_area, disease, plan)
    days = int(visit["days"]) if "days" in visit else None
    sums = components(visit)
    if benefit == "long_term_care" and plan.basic and not visit.keys() & {"in_scope", "lines"}:
        sums["in_scope"] = visit_limit(plan.basic, days, facts) or 0
    settled = without_third_party(sums, visit) if through_funds else sums
    remote_first = 0
    if through_funds:
        remote_first = remote_first_self_pay(state, care_area, benefit, settled["in_scope"], facts, plan)
    bill = Bill(
        benefit=benefit,
        scheme=state["scheme"],
        through_funds=through_funds,
        in_scope=settled["in_scope"],
        herb=settled["herb_in_scope"],
        remote_first=remote_first,
        beside={part: settled[part] for part in ("prior_self_pay", "over_limit", "non_covered", "special_drug")},
        facts=facts,
        groups=tuple(group for group in GROUPS if group in state["groups"]),
        supplements=tuple(state["supplements"]),
        stay=stay,
        transfer_down=visit.get("origin") == "transfer_down",
        days=days,
        disease=disease,
        plan=plan,
    )
    return Prepared(sums, bill, (pooling_area(state["area"]), state["scheme"]))


def plan_for(state: dict[str, Any], benefit: str, on: str, rules: Rulebook, excluded: bool) -> Plan:
    """The plan in force. An excluded bill needs none: no fund pays it anyway."""
    if excluded:
        with suppress(OracleRefuses):
            return rules.plan(state["area"], state["scheme"], benefit, on)
        return NO_PLAN
    plan = rules.plan(state["area"], state["scheme"], benefit, on)
    if not plan.known and not plan.absent:
        raise OracleRefuses(f"no file covers {benefit} for {state['scheme']} in {state['area']} on {on}")
    return plan


def facts_of(
    state: dict[str, Any], visit: dict[str, Any], care_area: str, disease: str | None, plan: Plan
) -> tuple[str, ...]:
    """The keys that hold for this visit, the more specific first; a table is looked up with them."""
    level = visit.get("level")
    if level == "pharmacy":
        level = visit.get("prescribing_level")
    child = min(int(visit["child_order"]), 3) if "child_order" in visit else None
    where = "in_province" if care_area[:2] == state["area"][:2] else "out_of_province"
    facts = [
        level,
        plan.read_as.get(level or ""),
        state.get("status"),
        state.get("contribution_class", "standard"),
        f"child_{child}" if child else None,
        visit.get("care_kind"),
        disease,
        filing_of(state, visit, care_area),
        where,
    ]
    return tuple(fact for fact in facts if fact)


def components(visit: dict[str, Any]) -> dict[str, int]:
    """The sums of the lines (fen), as stated or added up from lines."""
    if "lines" in visit:
        if visit.keys() & {*SUMS, "herb_in_scope"}:
            raise OracleRefuses("lines stand instead of the four sums, not beside them")
        sums = dict.fromkeys((*SUMS, "herb_in_scope"), 0)
        for line in visit["lines"]:
            for part, amount in price(line).items():
                sums[part] += amount
    else:
        sums = {part: fen(visit.get(part, "0")) for part in (*SUMS, "herb_in_scope")}
    sums["special_drug"] = fen(visit.get("special_drug", "0"))
    if sums["herb_in_scope"] > sums["in_scope"]:
        raise OracleRefuses("more herbs in scope than in scope at all")
    return sums


def price(line: dict[str, Any]) -> dict[str, int]:
    """One line split: outside the catalogue, over the limit, paid first by the patient, in scope."""
    amount = fen(line["amount"])
    kind = line.get("class", "A")
    if kind == "C":
        return {"non_covered": amount}
    if kind not in ("A", "B") or (kind == "B" and "own_ratio" not in line):
        raise OracleRefuses(f"a line of class {kind} without what its class needs")
    allowed = amount
    if "limit_price" in line:
        allowed = min(amount, half_up(fen(line["limit_price"]) * as_number(line.get("quantity", "1"))))
    first = half_up(allowed * own_ratio(line["own_ratio"])) if kind == "B" else 0
    in_scope = allowed - first
    herb = in_scope if line.get("herb") == "true" else 0
    return {"over_limit": amount - allowed, "prior_self_pay": first, "in_scope": in_scope, "herb_in_scope": herb}


def without_third_party(sums: dict[str, int], visit: dict[str, Any]) -> dict[str, int]:
    """What settles when a third party owes a share of every component and the fund does not advance it."""
    owed = visit.get("third_party")
    if owed is None or owed.get("advance") == "true":
        return sums
    share = ratio(owed["share"])
    if share > 1:
        raise OracleRefuses("a third party cannot owe more than the bill")
    return {part: amount - half_up(amount * share) for part, amount in sums.items()}


def check_entitlement(state: dict[str, Any], visit: dict[str, Any], disease: str | None, plan: Plan) -> None:
    """What a benefit demands of the visit and of the person's filings."""
    benefit, on = visit["benefit"], visit["date"]
    chronic = [filing for filing in state["filings"] if filing["kind"] == "chronic"]
    valid = {canonical(filing.get("disease")) for filing in chronic if holds(filing, on)}
    covered = plan.basic.body.get("diseases") if plan.basic else None
    reasons = {
        "long-term care needs care_kind and days": benefit == "long_term_care"
        and not {"care_kind", "days"} <= visit.keys(),
        "a delivery needs child_order": benefit == "delivery" and "child_order" not in visit,
        "two-disease needs its disease": benefit == "two_disease" and disease is None,
        "the disease is not on the list": covered is not None and disease is not None and disease not in covered,
        "a chronic filing for the disease is valid": benefit == "two_disease" and disease in valid,
        "no chronic filing for the disease is valid": benefit == "chronic"
        and bool(chronic)
        and not (disease in valid if disease else valid),
    }
    for reason, true in reasons.items():
        if true:
            raise OracleRefuses(reason)


def filing_of(state: dict[str, Any], visit: dict[str, Any], care_area: str) -> str:
    """The remote filing that counts: the visit's own, or the person's first that is valid and for that area."""
    if "filing" in visit:
        return visit["filing"]
    for filing in state["filings"]:
        for_area = pooling_area(filing.get("area", care_area)) == pooling_area(care_area)
        if filing["kind"] == "remote" and for_area and holds(filing, visit["date"]):
            return filing["type"]
    return "none"


def remote_first_self_pay(
    state: dict[str, Any], care_area: str, benefit: str, in_scope: int, facts: tuple[str, ...], plan: Plan
) -> int:
    """异地首先自付: taken from the in-scope cost when the care was outside the person's pooling area."""
    away = pooling_area(care_area) != pooling_area(state["area"])
    if not (away and in_scope and plan.basic and plan.remote and benefit in plan.remote.head["benefits"]):
        return 0
    return half_up(in_scope * plan.remote.rate(plan.remote.body["first_self_pay"], facts))


def holds(filing: dict[str, Any], on: str) -> bool:
    """Is the filing valid on the date, its last day included?"""
    return filing.get("from", "") <= on <= filing.get("until", FOREVER)


def canonical(disease: str | None) -> str | None:
    """One name per disease."""
    return SAME_DISEASE.get(disease or "", disease)
