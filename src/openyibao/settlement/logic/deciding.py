"""One settlement decided (待遇核定): from what was read, without a database, to every amount of the document.

The benefit is decided by the policy room's fold, the same that settles a case file; here a visit becomes what the fold
takes, and the burden it leaves is paid from personal accounts, own before the family's, and in cash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from openyibao.institutions.contracts import Institution
from openyibao.kernel import areas
from openyibao.kernel.money import yuan_text
from openyibao.kernel.periods import FAR_FUTURE
from openyibao.ledger.facade import fund_of, funds
from openyibao.people.contracts import Dossier, Spell
from openyibao.policy.facade import (
    Bill,
    Filing,
    Fold,
    Person,
    Policies,
    Settled,
    State,
    Visit,
    amounts,
    context_of,
    layer_steps,
)
from openyibao.settlement.contracts import Circumstances, FundPart
from openyibao.settlement.errors import AreaDiffers, FilingMissing, NotMapped
from openyibao.settlement.logic.packing import packed


@dataclass(frozen=True)
class BillFacts:
    """A bill as a settlement sees it: sums in fen, days, where, and what the visit says of itself."""

    seq: int
    day: date
    benefit: str
    stay_no: str
    disease: str
    circumstances: Circumstances
    admitted: date
    discharged: date
    care_area: str
    in_scope: int
    non_covered: int
    over_limit: int
    prior: int
    special: int
    herb: int


@dataclass(frozen=True)
class Payable:
    """An account that may pay (可用账户), in the order they are used."""

    account_id: int
    balance_fen: int
    own: bool


@dataclass
class Decision:
    """What was decided: the settled bill, who pays, the state after."""

    settled: Settled
    amounts: dict[str, int]
    payers: dict[str, int]
    funds: tuple[FundPart, ...]
    spent: list[tuple[int, int]]
    state: State
    carried: tuple[int, int] | None = None
    """What the stay brought from an earlier year: (n-th of the year, deductible borne)."""

    @property
    def trace(self) -> bytes:
        return packed(self.settled.split.trace)


def person_on(dossier: Dossier, spell: Spell, day: date) -> Person:
    """The person as the policy room sees one on a day."""
    filings = tuple(
        Filing(
            filing.kind,
            filing.disease,
            filing.type,
            areas.pooling_area_of(filing.area) if filing.area else "",
            filing.since,
            filing.until - timedelta(days=1) if filing.until else FAR_FUTURE,
        )
        for filing in dossier.filings_on(day)
        if filing.kind in ("chronic", "remote")
    )
    return Person(
        area=spell.pooling_area,
        scheme=spell.scheme,
        status=spell.status,
        groups=dossier.groups_on(day),
        contribution_class=spell.contribution_class,
        supplements=frozenset(dossier.supplements_on(day)),
        filings=filings,
    )


def level_of(institution: Institution, prescriber: Institution | None, day: date) -> str:
    """Level that decides (机构级别): a pharmacy pays as the institution that prescribed. Raises: NotMapped."""
    level = institution.profile_on(day).level
    if level != "pharmacy":
        return level
    if prescriber is None:
        raise NotMapped("药店门诊统筹缺少开方机构", hint="在 2203A 中填写 rxfixmedinsCode（开方的定点医疗机构代码）")
    return prescriber.profile_on(day).level


def visit_for(bill: BillFacts, level: str, person: Person, *, account_limit: int) -> Visit:
    """The bill as the policy room takes it."""
    said = bill.circumstances
    remote = bill.care_area != person.area
    return Visit(
        index=bill.seq,
        day=bill.day,
        benefit=bill.benefit,
        level=level,
        care_area=bill.care_area,
        in_scope=bill.in_scope,
        non_covered=bill.non_covered - bill.special,
        over_limit=bill.over_limit,
        prior_self_pay=bill.prior,
        special_drug=bill.special,
        herb=bill.herb,
        stay_id=bill.stay_no if bill.benefit == "inpatient" else "",
        origin=said.origin if bill.benefit == "inpatient" else "",
        filing="emergency" if said.emergency and remote else "",
        disease=bill.disease,
        child=f"child_{min(said.child_order, 3)}" if said.child_order else "",
        exclusion=said.exclusion,
        third_party_bp=said.third_party_bp,
        third_party_advance=said.third_party_advance,
        account_limit=account_limit,
        admitted=bill.admitted,
        discharged=bill.discharged,
    )


def check_filing(person: Person, bill: BillFacts) -> None:
    """A chronic-disease visit needs an approved filing; the fold checks which disease. Raises: FilingMissing."""
    if bill.benefit == "chronic" and not any(filing.kind == "chronic" for filing in person.filings):
        raise FilingMissing("没有已认定的门诊慢特病备案", hint="先办理慢特病资格认定，或按普通门诊（med_type 11）就诊")


def check_area(stated: str, person: Person) -> None:
    """The area a caller states must be that of the person's pool. Raises: AreaDiffers."""
    if stated and areas.pooling_area_of(stated) != person.area:
        raise AreaDiffers(
            f"参保地 {stated} 与参保登记不符", hint=f"该人员参保于 {person.area}；以 1101 返回的 insuplc_admdvs 为准"
        )


def decide(
    policies: Policies, person: Person, visit: Visit, state: State, accounts: Sequence[Payable], *, account_used: bool
) -> Decision:
    """Decide one bill from the state before it. Raises: Refused."""
    context = context_of(person)
    fold = Fold(policies.compiler, {context: state})
    fold.balance = sum(account.balance_fen for account in accounts) if account_used else 0
    settled = fold.settle(visit, person)
    spent = _spent(accounts, settled.account)
    own = next((account for account in accounts if account.own), None)
    found = amounts(settled)
    found["fulamt_ownpay_amt"] += visit.special_drug
    found["acct_mulaid_pay"] = sum(fen for account, fen in spent if not account.own)
    found["balc"] = own.balance_fen - sum(fen for account, fen in spent if account.own) if own else 0
    return Decision(
        settled,
        found,
        {layer: fen for layer, fen in settled.payers.items() if fen},
        _fund_parts(settled, settled.account),
        [(account.account_id, fen) for account, fen in spent],
        fold.state(context),
    )


def _spent(accounts: Sequence[Payable], amount: int) -> list[tuple[Payable, int]]:
    """Who of the accounts pays how much: each as much as it holds, in order."""
    found = []
    for account in accounts:
        pay = min(amount, account.balance_fen)
        if pay:
            found.append((account, pay))
        amount -= pay
    assert amount == 0, "the accounts hold less than they pay"
    return found


def _fund_parts(settled: Settled, account_fen: int) -> tuple[FundPart, ...]:
    parts = []
    for step in layer_steps(settled):
        if step.pays_as == "supplement_pay":
            continue
        if step.pays_as == "hosp_part_amt":
            code, name = "630100", "医院减免"
        else:
            fund = funds()[fund_of(step.pays_as, settled.person.scheme, step.layer)]
            code, name = fund.national_code, fund.name
        parts.append(FundPart(code, name, step.measured, step.limit_left, step.paid, step.text))
    if account_fen:
        own = funds()[fund_of("acct_pay", settled.person.scheme)]
        steps = f"个人账户支付{yuan_text(account_fen)}"
        parts.append(FundPart(own.national_code, own.name, settled.burden, -1, account_fen, steps))
    return tuple(parts)


def journal_amounts(settled: Settled, spent: Sequence[tuple[int, int]]) -> dict[str, int]:
    """What the ledger posts for a settlement: by fund, and by personal account."""
    found: dict[str, int] = {}
    for row, fen in zip(settled.split.cell.rows, settled.split.payments, strict=True):
        if fen and row.pays_as not in ("supplement_pay", "hosp_part_amt"):
            key = "fund:" + fund_of(row.pays_as, settled.person.scheme, row.layer)
            found[key] = found.get(key, 0) + fen
    found.update({f"account:{account_id}": fen for account_id, fen in spent})
    return found


def stored_facts(settled: Settled, carried: tuple[int, int] | None) -> dict[str, Any]:
    """What a document keeps to be settled again: person, visit, bill, stay, and what the stay brought with it."""
    person, visit = settled.person, settled.visit
    return {
        "person": {
            "area": person.area,
            "scheme": person.scheme,
            "status": person.status,
            "groups": list(person.groups),
            "contribution_class": person.contribution_class,
            "supplements": sorted(person.supplements),
            "filings": [_plain(filing) for filing in person.filings],
        },
        "visit": _plain(visit),
        "bill": list(settled.bill),
        "stay": settled.stay_key,
        "carried": carried,
    }


def _plain(value: Any) -> dict[str, Any]:
    return {name: part.isoformat() if isinstance(part, date) else part for name, part in vars(value).items()}


def restored(facts: Mapping[str, Any]) -> tuple[Person, Visit, Bill, str]:
    """The values that `stored_facts` kept."""
    kept = facts["person"]
    filings = tuple(
        Filing(**{**node, "start": date.fromisoformat(node["start"]), "last": date.fromisoformat(node["last"])})
        for node in kept["filings"]
    )
    person = Person(
        area=kept["area"],
        scheme=kept["scheme"],
        status=kept["status"],
        groups=tuple(kept["groups"]),
        contribution_class=kept["contribution_class"],
        supplements=frozenset(kept["supplements"]),
        filings=filings,
    )
    days = {
        name: date.fromisoformat(facts["visit"][name])
        for name in ("day", "admitted", "discharged")
        if facts["visit"][name]
    }
    visit = Visit(**{**facts["visit"], **days})
    bill = Bill(*facts["bill"])
    return person, visit, bill._replace(stay=(bill.stay[0], bill.stay[1]) if bill.stay else None), facts["stay"]
