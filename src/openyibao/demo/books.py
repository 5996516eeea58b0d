"""Money in and out beside the bills (账务装载): balances taken over, contributions, premiums, payments, closings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from openyibao.demo import material
from openyibao.demo.days import Calendar, moment
from openyibao.demo.events import Event
from openyibao.demo.material import stream
from openyibao.demo.population import Member
from openyibao.demo.registering import AGENCY, AREA, FINANCE, REVIEW
from openyibao.foundation.actors import SYSTEM
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import Month
from openyibao.payment import facade as payment
from openyibao.people import facade as people
from openyibao.people.contracts import DeclaredAmounts

SIZE = 3_000
"""Persons the opening balances of the funds are stated for."""
_OPENING, _MONTHLY, _PAYING, _CLOSING = 0, 1, 7, 8


class Books:
    """The dated entries of the fund's books for a population and its institutions."""

    def __init__(self, seed: int, calendar: Calendar, members: Sequence[Member], institutions: Sequence[str]) -> None:
        self.seed = seed
        self.calendar = calendar
        self.members = members
        self.institutions = institutions
        self.contributions = 0
        self.paid_fen: dict[str, int] = {}

    def events(self) -> Iterator[Event]:
        calendar = self.calendar
        opened = moment(calendar.opened_on)
        yield Event(opened, _OPENING, 0, self._open, alone=True)
        interest_on = min(calendar.first, date(calendar.first.year, 1, 20))
        yield Event(moment(interest_on, 6), _OPENING, 1, lambda: self._interest(interest_on), alone=True)
        for first in calendar.months():
            yield from self._contributions(first)
        yield Event(moment(calendar.first, 7), _MONTHLY, 0, self._premiums)
        yield from self._closings()
        yield Event(moment(calendar.today, 0), _CLOSING, 9, self._seal, alone=True)

    # Opening --------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        day = self.calendar.opened_on
        at = moment(day)
        share = len(self.members) / SIZE
        funds = {
            f"fund:{fund}": round(yuan * share) * 100 for fund, yuan in material.shares()["fund_opening_yuan"].items()
        }
        self._post("opening_balance", funds, day, at, "opening", "funds", "期初结余（演示）")
        balances = {}
        for member in self.members:
            if member.balance_fen and not member.story.get("transferred_from"):
                account = people.open_person_account(AGENCY, member.no, area=AREA, on=day, at=at)
                balances[f"account:{account}"] = member.balance_fen
        if balances:
            self._post("account_transfer_in", balances, day, at, "opening", "accounts", "旧系统个人账户余额（演示）")

    def _interest(self, day: date) -> None:
        ledger.credit_interest(FINANCE, AREA, day.year - 1, day, moment(day, 6))

    # Contributions and premiums -------------------------------------------------------------------------------

    def _contributions(self, first: date) -> Iterator[Event]:
        months = self.calendar.months()
        on = max(first.replace(day=10), self.calendar.first)
        if on >= self.calendar.today:
            return
        for member in self.members:
            if not member.contributes or member.story.get("enrolled_days_ago"):
                continue
            if member.scheme == "resident" and first != months[0]:
                continue
            if _gone(member, on, self.calendar):
                continue
            run = partial(self._contribute, member, first, on)
            yield Event(moment(on, 8), _MONTHLY, member.serial, run)

    def _contribute(self, member: Member, first: date, on: date) -> None:
        self.contributions += 1
        period = f"{first:%Y-%m}" if member.scheme == "employee" else str(first.year)
        at = moment(on, 8)
        # as the tax office declares it: a figure of a year to come may not be in the rules yet
        declared = self._employee_declared(member) if member.scheme == "employee" else _resident_declared(member)
        people.record_contribution(AGENCY, member.no, period, on=on, at=at, declared=declared)

    def _employee_declared(self, member: Member) -> DeclaredAmounts:
        """What the tax office declares of an employee's month; of a retiree only what the pool allots."""
        shares = material.shares()["contribution"]
        rng = stream(self.seed, "retiree", member.serial)
        if member.status == "retired" or "retired_days_ago" in member.story:
            low, high = shares["retiree_account_yuan"]
            return DeclaredAmounts(account_fen=0 if member.pool_only else rng.randint(low, high) * 100)
        base = member.wage_fen
        employer, individual = (base * shares[key] // 10_000 for key in ("employer_bp", "individual_bp"))
        if member.employment == "flexible":
            employer, individual = 0, employer + individual
        account = 0 if member.pool_only else base * shares["individual_bp"] // 10_000
        return DeclaredAmounts(base, employer, individual, 0, 0, account)

    def _premiums(self) -> None:
        """Per-head premiums of the year, by what the data file says a head costs."""
        day = self.calendar.first
        yuan = material.shares()["premium_yuan"]
        heads = {"resident": 0, "employee": 0}
        for member in self.members:
            if member.scheme in heads:
                heads[member.scheme] += 1
        amounts = {
            "serious_illness_resident": heads["resident"] * yuan["serious_illness_resident"] * 100,
            "serious_illness_employee": heads["employee"] * yuan["serious_illness_employee"] * 100,
            "long_term_care": heads["employee"] * yuan["long_term_care"] * 100,
        }
        pools = {"resident": amounts["serious_illness_resident"]}
        pools["employee_pool"] = amounts["serious_illness_employee"] + amounts["long_term_care"]
        at = moment(day, 7)
        self._to_expenditure(pools, day, at, f"{day:%Y}-premium")
        self._post("premium_transfer", amounts, day, at, "premium", f"{day:%Y}", "", insurer="示例人寿聊城中心支公司")

    # Months ---------------------------------------------------------------------------------------------------

    def _closings(self) -> Iterator[Event]:
        """Each month that is over is closed on the 5th after it; months with bills are paid on the 8th after them."""
        calendar = self.calendar
        month = Month.of(calendar.opened_on)
        while month.until <= calendar.today:
            old = month.until <= calendar.first
            close_at = moment(calendar.first, 7, 30) if old else moment(month.until + timedelta(days=4), 18)
            if close_at < calendar.at:
                yield Event(
                    *(close_at, _CLOSING, month.first.toordinal()),
                    run=partial(ledger.close_month, FINANCE, AREA, month, close_at),
                    alone=True,
                )
            pay_at = moment(month.until + timedelta(days=7), 10)
            if not old and pay_at < calendar.at:
                yield Event(
                    *(pay_at, _PAYING, month.first.toordinal()),
                    run=partial(self._pay, month, pay_at),
                    alone=True,
                )
            month = Month.of(month.until)

    def _pay(self, month: Month, at: datetime) -> None:
        """Pay every institution its slip of a month: drafted, confirmed, paid, by three persons."""
        slips = payment.draft_slips(AGENCY, AREA, month, at)
        pools: dict[str, int] = defaultdict(int)
        for slip in slips:
            for line in slip.lines:
                if ledger.funds()[line.fund].nature != "special":
                    pools[line.fund] += line.fen["paid"]
        self._to_expenditure(pools, at.date(), at, f"{month}-payment")
        for slip in slips:
            payment.confirm_slip(REVIEW, slip.slip_no, at)
            payment.pay_slip(FINANCE, slip.slip_no, at)
        self.paid_fen[str(month)] = sum(slip.total("paid") for slip in slips)

    def _to_expenditure(self, pools: dict[str, int], day: date, at: datetime, document: str) -> None:
        amounts = {f"fiscal_to_expenditure:{fund}": fen for fund, fen in sorted(pools.items()) if fen}
        if amounts:
            self._post("fund_between_accounts", amounts, day, at, "fund_transfer", document, "财政专户拨入支出户")

    def _seal(self) -> None:
        """Seal the areas' journals up to the day before."""
        for area in ledger.areas_used():
            ledger.seal_day(SYSTEM, area, self.calendar.ago(1), moment(self.calendar.today, 0))

    def _post(
        self,
        template: str,
        amounts: dict[str, int],
        day: date,
        at: datetime,
        kind: str,
        number: str,
        note: str = "",
        **parties: str,
    ) -> None:
        ledger.post_template(
            *(template, amounts, parties),
            area=AREA,
            day=day,
            at=at,
            document_kind=kind,
            document_no=number,
            note=note,
        )


def _gone(member: Member, on: date, calendar: Calendar) -> bool:
    """Whether nothing is paid for somebody on a day, because the coverage stands still or is over."""
    story = member.story
    for key in ("suspended_days_ago", "ended_days_ago", "died_days_ago", "out_days_ago"):
        if key in story and on.replace(day=1) >= calendar.ago(story[key]).replace(day=1):
            return True
    return bool(member.fate) or story.get("transferred_from") is not None


def _resident_declared(member: Member) -> DeclaredAmounts:
    yuan = material.shares()["contribution"]["resident_yuan"]
    individual, subsidy = yuan["individual"] * 100, yuan["subsidy"] * 100
    assisted = individual // 2 if member.groups else 0
    return DeclaredAmounts(individual_fen=individual - assisted, subsidy_fen=subsidy, assistance_fen=assisted)
