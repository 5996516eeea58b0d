"""Trial and settlement (预结算、结算): one path, the trial without the write.

One read pass under the person's lock, one pure decision, one write: the document, its batch and visit, the person-year,
the journal, in a single statement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from openyibao.foundation.actors import require
from openyibao.foundation.transactions import joined
from openyibao.institutions.contracts import Institution
from openyibao.kernel.clock import business_day
from openyibao.kernel.money import WHOLE_BP, yuan_text
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import JournalDraft
from openyibao.people.contracts import Dossier, Spell
from openyibao.policy.facade import Person, State, provisional
from openyibao.rulebook.facade import plan_of
from openyibao.settlement import store
from openyibao.settlement.contracts import Caller, Claimed, PersonShown, Settle, Settlement, Totals
from openyibao.settlement.errors import AreaDiffers, NothingToSettle, NotMapped, TotalsDiffer, VisitUnknown
from openyibao.settlement.logic import deciding, moves
from openyibao.settlement.logic.benefits import PSN_TYPES
from openyibao.settlement.logic.deciding import BillFacts, Decision, Payable
from openyibao.settlement.visits import check_identity, not_in_future


def pre_settle(caller: Caller, command: Settle) -> Settlement:
    """What a settlement would be (预结算, 2206, 2303). Nothing is written. Raises: as `settle`."""
    with joined():
        case = _Case(caller, command)
        return case.shown(case.decide(), "trial", "")


def settle(caller: Caller, command: Settle) -> Settlement:
    """Settle a batch, or the open lines of a stay (结算, 2207, 2304).

    Raises: VisitUnknown, MoveRefused, NothingToSettle, CoverageNotActive, AgreementNotActive, TotalsDiffer with every
    sum that differs, NotMapped, FilingMissing, IdentityDiffers, and what the policy refuses (FigureMissing, …).
    """
    with joined():
        case = _Case(caller, command)
        decision = case.decide()
        number = f"{case.facts.visit.insured_area}S{case.facts.number:014d}"
        shown = case.shown(decision, "standing", number)
        case.write(decision, shown)
        return shown


@dataclass(frozen=True)
class _Standing:
    """How the person and the institution stand on the deciding day."""

    person: Person
    spell: Spell
    institution: Institution
    level: str


class _Case:
    """One settlement from its command to its document."""

    def __init__(self, caller: Caller, command: Settle) -> None:
        self.caller = caller
        self.command = command
        self.facts = store.locked_facts(
            *(command.visit_no, command.person_no, caller.institution_code, command.batch_no),
            mid_stay=command.mid_stay,
            ended_on=command.ended_on,
        )
        self.state_after = self._checked_state()
        self.batch = self._checked_batch()
        self.standing = self._standing()

    # Checks ---------------------------------------------------------------------------------------------------

    def _checked_state(self) -> str:
        """The visit's state after this step. Raises: VisitUnknown, MoveRefused, NotMapped."""
        visit, command = self.facts.visit, self.command
        if visit.inpatient != command.inpatient:
            kind, family = ("住院", "2303、2304") if visit.inpatient else ("门诊", "2206、2207")
            raise VisitUnknown(f"{visit.visit_no} 是{kind}就诊", hint=f"{kind}结算用 {family}")
        state = moves.next_state(visit.state, "settle_mid" if command.mid_stay else "settle")
        for name, stated, known in (
            ("险种 insutype", command.insutype, visit.insutype),
            ("医疗类别 med_type", command.med_type, visit.med_type),
        ):
            if stated and stated != known:
                raise NotMapped(f"{name} {stated} 与就诊登记的 {known} 不符", hint="与登记一致，或撤销后重新登记")
        not_in_future(self.facts.decided_on, self.caller, "结算所依据的日期")
        return state

    def _checked_batch(self) -> store.BatchRow:
        """The batch to settle, with the caller's totals compared. Raises: NothingToSettle, TotalsDiffer."""
        batch = self.facts.batch
        if batch is None or not batch.lines:
            what = "本次住院" if self.command.inpatient else f"收费批次 {self.command.batch_no}"
            raise NothingToSettle(f"{what}没有未结算的明细", hint="先上传明细（2204、2301）；核对 chrg_bchno")
        if batch.settlement_id is not None:
            raise NothingToSettle(
                f"收费批次 {batch.batch_no} 已结算", hint="查询结算（5203）；重新结算须先撤销（2208）"
            )
        compare_totals(self.command.total_fen, self.command.totals, batch)
        return batch

    def _standing(self) -> _Standing:
        """Coverage, agreement, identity and level on the day. Raises: what refuses each."""
        facts, day = self.facts, self.facts.decided_on
        require(self.caller.actor, "settlement.send", facts.institution.area)
        facts.institution.agreement_on(day)
        spell = facts.dossier.coverage_on(day, facts.visit.scheme)
        if spell.pooling_area != facts.visit.insured_area:
            raise AreaDiffers(
                f"登记时参保地为 {facts.visit.insured_area}，{day} 已在 {spell.pooling_area} 参保",
                hint="撤销登记后重新登记",
            )
        claimed = self.command.claimed
        if claimed != Claimed():
            check_identity(claimed, facts.dossier)
        prescriber = None
        code = facts.visit.circumstances.prescriber_code
        if code and facts.institution.kind == "pharmacy":
            prescriber = store.institution_of(code)
        level = deciding.level_of(facts.institution, prescriber, day)
        return _Standing(deciding.person_on(facts.dossier, spell, day), spell, facts.institution, level)

    # Decision -------------------------------------------------------------------------------------------------

    def decide(self) -> Decision:
        facts, batch, command = self.facts, self.batch, self.command
        visit = facts.visit
        bill = BillFacts(
            seq=facts.year.seq,
            day=facts.decided_on,
            benefit=visit.benefit,
            stay_no=visit.stay_no or visit.visit_no,
            disease=visit.disease,
            circumstances=visit.circumstances,
            admitted=visit.begun_on,
            discharged=self.ended_on,
            care_area=visit.care_area,
            in_scope=batch.in_scope,
            non_covered=batch.non_covered,
            over_limit=batch.over_limit,
            prior=batch.prior,
            special=batch.special,
            herb=batch.herb,
        )
        person = self.standing.person
        deciding.check_filing(person, bill)
        used = command.account_used
        policy_visit = deciding.visit_for(bill, self.standing.level, person, account_limit=-1 if used else 0)
        state = State(dict(facts.year.counters), dict(facts.year.stays))
        carried = self._carried(bill.stay_no, state)
        if carried is not None:
            state.stays[bill.stay_no] = carried
        policies = plan_of(facts.plan_hash).policies
        decision = deciding.decide(policies, person, policy_visit, state, self._accounts(), account_used=used)
        decision.carried = carried
        return decision

    def _carried(self, stay_no: str, state: State) -> tuple[int, int] | None:
        """What a stay brings into this year from pieces settled before it: its number and the deductible it bore.

        A stay over New Year bears one deductible and counts once, in the year of its first piece. A piece that no fund
        paid brings nothing, and yet the stay was settled.
        """
        visit = self.facts.visit
        if not visit.inpatient or stay_no in state.stays or not (visit.stay_no or visit.standing):
            return None
        return store.earlier_stay(stay_no, visit.person_id)

    def _accounts(self) -> list[Payable]:
        """Own account first, then those of the family who authorised this person on the day."""
        facts = self.facts
        own = facts.visit.person_id
        family = facts.dossier.owners_on(facts.decided_on) if self.command.account_used else ()
        held = {account.owner_id: account for account in facts.accounts}
        return [Payable(held[one].id, held[one].balance_fen, one == own) for one in (own, *family) if one in held]

    @property
    def ended_on(self) -> date:
        visit = self.facts.visit
        return self.facts.decided_on if visit.inpatient else visit.ended_on or self.facts.decided_on

    # Result ---------------------------------------------------------------------------------------------------

    def shown(self, decision: Decision, state: str, number: str) -> Settlement:
        facts, visit = self.facts, self.facts.visit
        settled = decision.settled
        return Settlement(
            settlement_no=number,
            visit_no=visit.visit_no,
            state=state,
            institution_code=visit.institution_code,
            institution_name=facts.institution.profile_on(facts.decided_on).name,
            insured_area=visit.insured_area,
            care_area=visit.care_area,
            insutype=visit.insutype,
            med_type=visit.med_type,
            benefit=visit.benefit,
            level=self.standing.level,
            decided_on=facts.decided_on,
            begun_on=visit.begun_on,
            ended_on=self.ended_on,
            settled_at=self.caller.at,
            year=facts.decided_on.year,
            seq=facts.year.seq + 1,
            amounts=decision.amounts,
            payers=decision.payers,
            funds=decision.funds,
            person=person_shown(facts.dossier, self.standing.spell, visit.person_no),
            msgid=self.caller.msgid,
            plan_hash=facts.plan_hash,
            provisional=tuple(provisional(settled)),
            notes=tuple(settled.notes),
            invoice_no=self.command.invoice_no,
            disease_code=visit.disease_code,
            disease_name=visit.disease_name,
            operator=self.caller.operator,
            mid_stay=self.command.mid_stay,
            clearing_type=clearing_type(visit.med_type, inpatient=visit.inpatient),
        )

    def write(self, decision: Decision, shown: Settlement) -> None:
        """Everything a settlement writes, in one statement; a third party's share is posted beside it."""
        visit, settled = self.facts.visit, decision.settled
        today = business_day(self.caller.at)
        parties = {"institution": visit.institution_code, "person": str(visit.person_id)}
        legs = ledger.legs_of("settlement", deciding.journal_amounts(settled, decision.spent), parties, "business")
        journal = JournalDraft(
            "business",
            visit.insured_area,
            today,
            self.caller.at,
            "settlement",
            "settlement",
            shown.settlement_no,
            tuple(legs),
        )
        amounts = shown.amounts
        own = amounts["acct_pay"] - amounts["acct_mulaid_pay"]
        document = (
            *(shown.settlement_no, visit.id, visit.person_id, visit.institution_code, visit.insured_area, visit.scheme),
            *(shown.year, shown.seq, shown.decided_on, shown.settled_at, shown.mid_stay),
            *(amounts["medfee_sumamt"], amounts["fund_pay_sumamt"], amounts["hosp_part_amt"]),
            *(own, amounts["acct_mulaid_pay"], amounts["psn_cash_pay"]),
            *(_json(amounts), _json(decision.payers), _json(deciding.stored_facts(settled, decision.carried))),
            *(_json(settled.state_before), _json(decision.spent)),
            *(shown.plan_hash, decision.trace, _json(details_of(shown, self.batch.id))),
            *(self.caller.msgid, self.caller.infno),
        )
        after = (
            *(self.batch.id, self.state_after, visit.id),
            *(visit.person_id, shown.year, visit.insured_area, visit.scheme, shown.seq),
            *(_json(decision.state.counters), _json(decision.state.stays)),
        )
        store.write_settlement(journal, document, after)
        if settled.receivable:
            self._post_receivable(decision, shown, today)

    def _post_receivable(self, decision: Decision, shown: Settlement, today: date) -> None:
        """What the funds advanced and a third party owes them, by fund; what rounding leaves is the first fund's."""
        by_fund = {
            key: fen for key, fen in deciding.journal_amounts(decision.settled, ()).items() if key.startswith("fund:")
        }
        bp = decision.settled.visit.third_party_bp
        owed = {key: fen * bp // WHOLE_BP for key, fen in by_fund.items()}
        first = next(iter(owed))
        owed[first] += decision.settled.receivable - sum(owed.values())
        ledger.post_template(
            "receivable_third_party",
            owed,
            {"person": str(self.facts.visit.person_id)},
            area=self.facts.visit.insured_area,
            day=today,
            at=self.caller.at,
            document_kind="settlement_receivable",
            document_no=shown.settlement_no,
        )


def compare_totals(total_fen: int, totals: Totals | None, batch: store.BatchRow) -> None:
    """The caller's sums must be the platform's. Raises: TotalsDiffer naming every one that is not."""
    pairs = [("医疗费总额 medfee_sumamt", total_fen, batch.total)]
    if totals is not None:
        pairs += [
            ("全自费 fulamt_ownpay_amt", totals.non_covered_fen, batch.non_covered),
            ("超限价 overlmt_selfpay", totals.over_limit_fen, batch.over_limit),
            ("先行自付 preselfpay_amt", totals.prior_self_pay_fen, batch.prior),
            ("符合范围 inscp_scp_amt", totals.in_scope_fen, batch.in_scope),
        ]
    wrong = [f"{name} 送 {yuan_text(sent)}，明细为 {yuan_text(known)}" for name, sent, known in pairs if sent != known]
    if wrong:
        raise TotalsDiffer(
            "；".join(wrong),
            hint="以明细上传返回的分割金额合计为准；有漏传或重传的明细先撤销再传",
            batch=batch.batch_no,
        )


def person_shown(dossier: Dossier, spell: Spell, person_no: str) -> PersonShown:
    """The person as replies and statements show them."""
    identity = dossier.identity()
    return PersonShown(
        person_no=person_no,
        name=identity.name,
        cert_type=identity.cert_type,
        cert_no=identity.cert_no,
        gender=dossier.gender,
        born_on=dossier.born_on,
        ethnicity=dossier.ethnicity,
        psn_type=PSN_TYPES[spell.status],
        civil_servant="civil_servant" in {member.name for member in dossier.supplements},
        employer_name=spell.employer_name,
        employer_no=spell.employer_no,
    )


def clearing_type(med_type: str, *, inpatient: bool) -> str:
    """Clearing type (清算类别, clr_type): inpatient, pharmacy, or outpatient."""
    if inpatient:
        return "21"
    return "41" if med_type == "41" else "11"


def details_of(shown: Settlement, batch_id: int) -> dict[str, Any]:
    """What a document keeps to be shown again beside its own columns."""
    return {
        "batch": batch_id,
        "institution_name": shown.institution_name,
        "level": shown.level,
        "begun_on": shown.begun_on.isoformat(),
        "ended_on": shown.ended_on.isoformat(),
        "med_type": shown.med_type,
        "benefit": shown.benefit,
        "insutype": shown.insutype,
        "care_area": shown.care_area,
        "funds": [asdict(part) for part in shown.funds],
        "provisional": list(shown.provisional),
        "notes": list(shown.notes),
        "invoice_no": shown.invoice_no,
        "disease_code": shown.disease_code,
        "disease_name": shown.disease_name,
        "operator": shown.operator,
        "psn_type": shown.person.psn_type,
        "civil_servant": shown.person.civil_servant,
        "employer_no": shown.person.employer_no,
        "employer_name": shown.person.employer_name,
        "clearing_type": shown.clearing_type,
    }


def _json(value: Mapping[str, Any] | Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
