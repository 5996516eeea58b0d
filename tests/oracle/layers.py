"""How the layers of the chain share one bill, given the counters of the person-year (各层支付).

A layer measures x; its accumulator stood at acc. Its deductible takes d of x, its tiers pay on [acc + d, acc + x),
its caps cut, rounding happens once. The basic layer turns in-scope cost into the patient's burden by component; each
further layer measures some components of what is left and takes its payment out of them.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from .figures import OracleRefuses, fen, half_up, ratio
from .rulebook import Plan, Rule

# What a fund pays leaves the burden in this order.
BURDEN = ("co_pay", "above_cap", "deductible", "prior_self_pay", "remote_first_self_pay", "over_limit", "non_covered",
          "special_drug")  # fmt: skip
SUPPLEMENT = "supplement_pay"  # the city product: outside the funds, reduces nothing


@dataclass(frozen=True)
class Bill:
    """One visit ready for the layers: fen, after a third party's share. It does not depend on any counter."""

    benefit: str
    scheme: str
    through_funds: bool  # False: an exclusion; no layer pays, no counter moves
    in_scope: int
    herb: int  # part of in_scope
    remote_first: int  # 异地首先自付, part of in_scope
    beside: dict[str, int]  # prior_self_pay, over_limit, non_covered, special_drug
    facts: tuple[str, ...]  # keys that hold for this visit: level, level read as, status, class, child, care, disease
    groups: tuple[str, ...]  # the person's helped groups, in the order of the contract
    supplements: tuple[str, ...]
    stay: str
    transfer_down: bool
    days: int | None
    disease: str | None
    plan: Plan


@dataclass
class Book:
    """Counters of one (person, benefit year, area, scheme), and what is known of its stays."""

    counters: dict[str, int] = field(default_factory=dict)  # fen by name; `<benefit>.stays` is a number
    stays: dict[tuple[str, str], int] = field(default_factory=dict)  # (benefit, stay) -> its n in the year
    borne: dict[tuple[str, str], int] = field(default_factory=dict)  # (layer, stay) -> deductible borne so far

    def copy(self) -> Book:
        return Book(dict(self.counters), dict(self.stays), dict(self.borne))

    def at(self, name: str) -> int:
        return self.counters.get(name, 0)

    def grow(self, name: str, by: int) -> None:
        if by:
            self.counters[name] = self.at(name) + by


@dataclass(frozen=True)
class Shares:
    """Who pays what of one bill, fen: payments by layer, the national field of each layer, the basic deductible."""

    payers: dict[str, int]
    fields: dict[str, str]
    deductible: int
    book: Book


def share_out(bill: Bill, book: Book) -> Shares:
    """The whole chain. Several helped groups are tried alone; the one with the highest payment of all layers counts."""
    if not bill.through_funds:
        return Shares(dict.fromkeys(layers_of(bill), 0), {}, 0, book)
    trials = [run_chain(bill, group, book.copy()) for group in bill.groups or (None,)]
    return max(trials, key=lambda trial: sum(trial.payers.values()))  # the first of equals


def run_chain(bill: Bill, group: str | None, book: Book) -> Shares:
    """The chain for one group (or none); `book` is moved on."""
    plan, basic = bill.plan, bill.plan.basic
    group_keys = group_keys_of(group, plan)
    keys = (*bill.facts, *group_keys)

    begun = open_stay(bill, book)
    x = bill.in_scope - bill.remote_first
    taken, before_caps, paid = 0, 0, 0
    if basic:
        taken, before_caps, paid = layer_pays(basic, plan.basic_caps, x, bill, keys, book, begun)
    burden = {
        **bill.beside,
        "deductible": taken,
        "co_pay": x - taken - before_caps,
        "above_cap": before_caps - paid,
        "remote_first_self_pay": bill.remote_first,
    }

    payers, fields = {}, {}
    for entry, rule in plan.chain:
        layer = entry["layer"]
        if not entry_applies(entry, bill, group_keys):
            continue
        payers[layer] = 0
        if basic and layer == basic.head["layer"]:
            payers[layer], fields[layer] = paid, basic.pays_as(bill.scheme)
        elif rule and is_for(rule, group_keys):
            measured = [part for part in BURDEN if part in rule.body["measures"].get(bill.benefit, [])]
            if plan.absent and measured != ["special_drug"]:
                continue  # a benefit not in force: only what is not the benefit's own, its special drugs, has a payer
            x = sum(burden[part] for part in measured)
            _, _, payers[layer] = layer_pays(rule, own_cap(rule, bill.benefit), x, bill, keys, book)
            fields[layer] = rule.pays_as(bill.scheme)
            if fields[layer] != SUPPLEMENT:
                relieve(burden, measured, payers[layer])
    return Shares(payers, fields, taken, book)


def layers_of(bill: Bill) -> list[str]:
    """Layers of the chain that apply to the person, whatever they pay."""
    keys = [key for group in bill.groups for key in group_keys_of(group, bill.plan)]
    return [entry["layer"] for entry, _ in bill.plan.chain if entry_applies(entry, bill, tuple(keys))]


def group_keys_of(group: str | None, plan: Plan) -> tuple[str, ...]:
    """A helped group and then the sets that contain it."""
    return (group, *(name for name, members in plan.sets.items() if group in members)) if group else ()


def entry_applies(entry: dict[str, Any], bill: Bill, group_keys: tuple[str, ...]) -> bool:
    """A chain entry may be for holders of a supplement, or for helped groups."""
    holds_supplement = entry.get("supplement") is None or entry["supplement"] in bill.supplements
    in_group = entry.get("groups") is None or entry["groups"] in group_keys
    return holds_supplement and in_group


def is_for(rule: Rule, group_keys: tuple[str, ...]) -> bool:
    """`who`: groups or sets this layer is for; without it, everybody."""
    return "who" not in rule.body or any(name in group_keys for name in rule.body["who"])


def relieve(burden: dict[str, int], measured: list[str], paid: int) -> None:
    """Take a payment out of the components it measured, in the order of BURDEN."""
    for part in measured:
        relief = min(paid, burden[part])
        burden[part] -= relief
        paid -= relief


def layer_pays(
    rule: Rule, caps: tuple[Rule, ...], x: int, bill: Bill, keys: tuple[str, ...], book: Book, begun: bool = False
) -> tuple[int, int, int]:
    """(deductible taken, payment before caps, payment) of one layer on x; counters are moved on."""
    if x == 0:  # a missing figure refuses only when there is money to measure
        with contextlib.suppress(OracleRefuses):  # a layer without its figures notes nothing
            require_figures(rule, caps, keys)
            note_level(rule, keys, book)
        return 0, 0, 0
    require_figures(rule, caps, keys)
    kind = "in_scope" if rule.head["kind"] == "benefit" else "burden"
    accumulator = rule.body.get("counter", rule.named(kind))
    acc = book.at(accumulator)

    if "top_up" in rule.body:
        taken = 0
        allowed = rule.rate(rule.body["top_up"]["patient_share"], keys) * bill.in_scope
        before_caps = max(0, half_up(x - allowed))
    else:
        taken = deductible_taken(rule, x, acc, bill, keys, book, begun)
        before_caps = half_up(tiers_pay(rule, acc + taken, acc + x, bill, keys))
    paid = after_caps(rule, caps, before_caps, bill, keys, book)
    if "top_up" not in rule.body:
        book.grow(accumulator, x)
    return taken, before_caps, paid


def note_level(rule: Rule, keys: tuple[str, ...], book: Book) -> int:
    """Highest yearly deductible among the levels used so far, this visit's included, cost or no cost."""
    stated = rule.deductible
    if not stated or stated["per"] != "year_highest":
        return 0
    name = rule.named("deductible_due")
    mine = rule.amount(stated["amount"], keys) or 0
    book.grow(name, max(0, mine - book.at(name)))
    return book.at(name)


def require_figures(rule: Rule, caps: tuple[Rule, ...], keys: tuple[str, ...]) -> None:
    """A layer that measures money needs all its figures, whether or not this visit reaches them."""
    for tier in rule.body.get("tiers", ()):
        rule.rate(tier["rate"], keys)
    if rule.deductible:
        rule.amount(rule.deductible["amount"], keys)
    for holder in caps:
        rule.amount(holder.cap["amount"], keys)


def deductible_taken(rule: Rule, x: int, acc: int, bill: Bill, keys: tuple[str, ...], book: Book, begun: bool) -> int:
    """What the layer's deductible (起付线) takes of x; noted as borne by the stay or the year."""
    stated = rule.deductible
    if not stated:
        return 0
    by_stay = (rule.head["layer"], bill.stay)
    by_year = rule.named("deductible")
    match stated["per"]:
        case "stay" if bill.transfer_down and begun:
            owed = 0
        case "stay":
            owed = stay_amount(rule, stated, book.stays.get((bill.benefit, bill.stay), 1), keys) - book.borne.get(
                by_stay, 0
            )
        case "year":
            owed = (rule.amount(stated["amount"], keys) or 0) - acc
        case "year_highest":
            owed = note_level(rule, keys, book) - book.at(by_year)
        case other:
            raise OracleRefuses(f"{rule.path}: deductible per {other}")
    taken = min(x, max(0, owed))
    if stated["per"] == "stay":
        book.borne[by_stay] = book.borne.get(by_stay, 0) + taken
    if stated["per"] == "year_highest":
        book.grow(by_year, taken)
    return taken


def stay_amount(rule: Rule, stated: dict[str, Any], nth: int, keys: tuple[str, ...]) -> int:
    """Deductible of the n-th stay: a share of the level's amount, or an amount of its own; the last entry goes on."""
    entries = stated.get("nth_stay", ["100%"])
    entry = rule.figure(entries[min(nth, len(entries)) - 1], keys) or "0%"
    if not entry.endswith("%"):
        return fen(entry)
    return half_up((rule.amount(stated["amount"], keys) or 0) * ratio(entry))


def tiers_pay(rule: Rule, start: int, end: int, bill: Bill, keys: tuple[str, ...]) -> Fraction | int:
    """Exact payment of the marginal tiers on [start, end), with the bonus on herbs (中草药) pro rata."""
    paid: Fraction | int = 0
    floor = 0
    for tier in rule.body["tiers"]:
        top = fen(tier["upto"]) if "upto" in tier else end
        part = min(end, top) - max(start, floor)
        if part > 0:
            bonus = sum(rule.rate(node, keys, unmatched="0%") for node in rule.body.get("bonus", {}).values())
            rate = min(1, rule.rate(tier["rate"], keys) + bonus)
            paid += rate * part
            if bill.herb and "herb_bonus" in rule.body:
                herb_rate = min(rule.rate(rule.body["herb_bonus"], keys), 1 - rate)
                paid += herb_rate * part * Fraction(bill.herb, bill.in_scope)
        floor = top
    return paid


def after_caps(rule: Rule, caps: tuple[Rule, ...], paid: int, bill: Bill, keys: tuple[str, ...], book: Book) -> int:
    """What the visit's cap and then the yearly caps leave of a payment; the caps' counters grow by it."""
    if paid == 0:
        return 0
    limits, counters = [visit_limit(rule, bill.days, keys)], []
    for holder in caps:
        counter = cap_counter(holder, bill.disease)
        limit = holder.amount(holder.cap["amount"], keys)
        limits.append(None if limit is None else max(0, limit - book.at(counter)))
        counters.append(counter)
    paid = min([paid, *(limit for limit in limits if limit is not None)])
    for counter in counters:
        book.grow(counter, paid)
    return paid


def visit_limit(rule: Rule, days: int | None, keys: tuple[str, ...]) -> int | None:
    """Most the layer pays for this visit: an amount, or an amount a day (长护险) times the days."""
    stated = rule.body.get("visit_cap")
    if stated is None:
        return None
    amount = rule.amount(stated["amount"], keys)
    if amount is None or stated.get("per", "visit") == "visit":
        return amount
    if days is None:
        raise OracleRefuses(f"{rule.path}: paid by the day, and the visit has no days")
    return amount * days


def own_cap(rule: Rule, benefit: str) -> tuple[Rule, ...]:
    """A further layer is capped by its own file, for the benefits the cap counts (default: all it measures)."""
    return (rule,) if rule.cap and benefit in rule.cap.get("counts", [benefit]) else ()


def cap_counter(holder: Rule, disease: str | None) -> str:
    """Name of the counter a yearly cap looks at."""
    if "counter" in holder.cap:
        return holder.cap["counter"]
    if holder.cap.get("per") != "disease":
        return holder.named("paid")
    if disease is None:
        raise OracleRefuses(f"{holder.path}: one cap per disease, and the visit has no disease")
    return holder.named(f"{disease}.paid")


def open_stay(bill: Bill, book: Book) -> bool:
    """Give the visit's stay its n in the year, once for all its pieces (住院次数); had it begun before?"""
    basic = bill.plan.basic
    if (bill.benefit, bill.stay) in book.stays:
        return True
    if basic is None:
        return False
    if bill.benefit == "inpatient" or basic.deductible.get("per") == "stay":
        book.grow(f"{bill.benefit}.stays", 1)
        book.stays[bill.benefit, bill.stay] = book.at(f"{bill.benefit}.stays")
    return False
