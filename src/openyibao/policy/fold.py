"""A person-year (人年结算): settles the visits of a case in order, reverses, replays, and pays the person's side.

State is explicit: counters by (area, scheme), stays by their id. A reversal takes the stored row back and replays the
year without the visit; what later visits would then have been paid differently is listed as adjustments, and the
replayed counters are what the next visit meets. Nothing already settled is altered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from openyibao.kernel import areas
from openyibao.kernel.errors import BenefitExcluded, EarlierVisitMissing, Malformed, PolicyMissing, Refused
from openyibao.kernel.money import share
from openyibao.policy.adjudicate import Bill, Split, adjudicate, best_of
from openyibao.policy.case import Case, Person, Visit
from openyibao.policy.compiler import Compiler, SchemeBook
from openyibao.policy.state import State, read_counter
from openyibao.policy.tables import Cell, Facts
from openyibao.policy.terms import BENEFITS, EXCLUSIONS, FUND_FIELDS, GROUPS

Context = tuple[str, str]
OWN_STAY = "\0"
"""Begins the key of a stay without `stay_id`; no file can spell it."""
_EMPTY = Cell(-1, (), -1, (), {})


@dataclass
class Settled:
    """One settled visit: the bill as it went in, the split, the person's side."""

    visit: Visit
    person: Person
    context: Context
    book: SchemeBook
    facts: Facts
    bill: Bill
    split: Split
    filing: str
    remote_path: str
    stay_key: str
    current: dict[str, int]
    """Payments by layer after adjustments; equals `payers` until a reversal changes them."""
    account: int = 0
    balance: int = 0
    supplement: int = 0
    notes: list[str] = field(default_factory=list)
    third_party: int = 0
    receivable: int = 0
    state_before: dict[str, int] = field(default_factory=dict)

    @property
    def payers(self) -> dict[str, int]:
        return {row.layer: pay for row, pay in zip(self.split.cell.rows, self.split.payments, strict=True)}

    def by_field(self) -> dict[str, int]:
        """Payments by national field; the city product stands under supplement_pay."""
        sums: dict[str, int] = {}
        for row, pay in zip(self.split.cell.rows, self.split.payments, strict=True):
            sums[row.pays_as] = sums.get(row.pays_as, 0) + pay
        return sums

    @property
    def funds(self) -> int:
        return sum(pay for name, pay in self.by_field().items() if name in FUND_FIELDS)

    @property
    def hospital(self) -> int:
        return self.by_field().get("hosp_part_amt", 0)

    @property
    def burden(self) -> int:
        return self.visit.total - self.funds - self.hospital


@dataclass
class Reversed:
    """A reversal (冲销): the negative of a stored row, and what it changes for others."""

    visit: Visit
    target: Settled
    balance: int
    adjustments: list[tuple[int, dict[str, int]]]


@dataclass
class PersonYear:
    """All that `settle` answers about a case."""

    case: Case
    rows: list[Settled | Reversed]
    states: dict[Context, State]
    last: Context
    seq: int
    compiler: Compiler


def settle_case(case: Case, compiler: Compiler) -> PersonYear:
    """Settle every visit of a case in order. Raises: Refused, Malformed."""
    return _CaseYear(case, compiler).run()


class Fold:
    """The fold itself: the states by (area, scheme), what stands, the account balance, as visits go by.

    `opening` is the state before the first visit; a reversal replays from it. Whoever keeps documents of a year builds
    a fold from them with `restore`, and goes on with `settle` and `reverse`.
    """

    def __init__(self, compiler: Compiler, opening: Mapping[Context, State] | None = None) -> None:
        self.compiler = compiler
        self.opening = dict(opening or {})
        self.states = {context: state.copy() for context, state in self.opening.items()}
        self.standing: list[Settled] = []
        self.settled: dict[int, Settled] = {}
        self.balance = 0
        self.balances: list[tuple[date, int | None]] = []

    def state(self, context: Context) -> State:
        return self.states.setdefault(context, State())

    def restore(
        self,
        visit: Visit,
        person: Person,
        bill: Bill,
        stay_key: str,
        payers: Mapping[str, int],
        compiler: Compiler | None = None,
    ) -> Settled:
        """Take up a visit settled before, under the policies of then, as its document states it; no state moves."""
        context = context_of(person)
        book = (compiler or self.compiler).book(*context)
        settled = Settled(visit, person, context, book, Facts(visit.benefit), bill, _NOTHING, "", "", stay_key, {})
        settled.current = dict(payers)
        self.standing.append(settled)
        self.settled[visit.index] = settled
        return settled

    def replay(self) -> list[tuple[int, dict[str, int]]]:
        """Settle every standing visit again from the opening state; what each one's payers' payments change by."""
        self.states = {context: state.copy() for context, state in self.opening.items()}
        changes = ((settled.visit.index, self._replay(settled)) for settled in self.standing)
        return [(index, changed) for index, changed in changes if changed]

    # One visit ------------------------------------------------------------------------------------------------

    def settle(self, visit: Visit, person: Person) -> Settled:
        """Settle one more visit of a person who stood like this on its day. Raises: Refused."""
        context = context_of(person)
        book = self.compiler.book(*context)
        notes: list[str] = []
        cells = self.cells(book, person, visit)
        self._entitled(cells[0][1], book, person, visit, notes)
        if visit.at_standard:
            visit = replace(visit, in_scope=self._standard(book, person, visit))
            notes.append("未给费用，按支付标准计")
        filing, remote_bp, remote_path = self._remote(book, person, visit)
        insured, third = _without_third_party(visit)
        stay_key = self._stay_key(visit, cells[0][1])
        bill = Bill(
            insured.in_scope,
            insured.prior_self_pay,
            insured.over_limit,
            insured.non_covered,
            insured.special_drug,
            insured.herb,
            remote_bp,
            visit.days,
            None,
            int(visit.origin == "transfer_down"),
        )
        settled = Settled(
            visit, person, context, book, cells[0][0], bill, _NOTHING, filing, remote_path, stay_key, {}, notes=notes
        )
        settled.state_before = dict(self.state(context).counters)
        self._decide(settled, [cell for _, cell in cells], [facts for facts, _ in cells])
        settled.third_party = third
        if visit.third_party_advance:
            settled.receivable = int(share(settled.funds, visit.third_party_bp))
        self._person_side(settled)
        self.standing.append(settled)
        self.settled[visit.index] = settled
        return settled

    def cells(self, book: SchemeBook, person: Person, visit: Visit) -> list[tuple[Facts, Cell]]:
        """The cell of each helped group to try: none, the only one, or every one of several."""
        if visit.exclusion:
            return [(Facts(visit.benefit), _EMPTY)]
        groups = [group for group in GROUPS if group in person.groups] or [""]
        found = []
        for group in groups:
            facts = Facts(
                visit.benefit,
                visit.level,
                person.status,
                group,
                person.contribution_class,
                visit.child,
                visit.care_kind,
                visit.disease,
                person.supplements,
            )
            found.append((facts, book.cell(visit.day, facts)))
        return found

    def _standard(self, book: SchemeBook, person: Person, visit: Visit) -> int:
        """Cost of long-term care billed at its standard: day rate times days; nothing where no fund pays any."""
        try:
            cell = self.cells(book, person, replace(visit, exclusion=""))[0][1]
        except PolicyMissing:
            if visit.exclusion:
                return 0
            raise
        limits = [book.parts(row.offset).visit_limit(visit.days) for row in cell.rows]
        return max([0, *limits])

    def _entitled(self, cell: Cell, book: SchemeBook, person: Person, visit: Visit, notes: list[str]) -> None:
        """Disease lists, filings and benefits that exclude each other."""
        if visit.exclusion:
            notes.append(f"{EXCLUSIONS[visit.exclusion]}，基本医疗保险基金不予支付")
            return
        if visit.benefit == "long_term_care":
            for stay in self._overlapping(visit, "inpatient"):
                raise BenefitExcluded(
                    f"护理日期 {visit.admitted} 至 {visit.discharged} 与住院 {stay.admitted} 至 {stay.discharged} 重叠",
                    hint="住院期间不享受长期护理待遇；请按日期拆开",
                )
        if visit.benefit == "inpatient":
            for care in self._overlapping(visit, "long_term_care"):
                notes.append(f"住院日期与 #{care.index} 的长期护理重叠，护理待遇应冲销后按日期拆开")
        if visit.benefit not in ("chronic", "two_disease") or not cell.in_force:
            return
        chronic = [filing for filing in person.filings if filing.kind == "chronic"]
        valid = [filing for filing in chronic if filing.covers(visit.day)]
        listed = next((row.version.body.get("diseases") for row in cell.rows if row.layer == "basic_pool"), None)
        if visit.disease and listed and visit.disease not in listed:
            raise BenefitExcluded(
                f"{visit.disease} 不在{BENEFITS[visit.benefit]}的 {len(listed)} 个病种之内",
                hint=f"病种见 policies/{cell.rows[0].version.file.name} 的 diseases",
            )
        if visit.benefit == "two_disease":
            if any(filing.disease == visit.disease for filing in valid):
                raise BenefitExcluded(
                    f"{visit.disease} 已有有效的门诊慢特病备案，不得再享受两病待遇", hint="按门诊慢特病结算"
                )
        elif chronic and not any(not visit.disease or filing.disease == visit.disease for filing in valid):
            raise BenefitExcluded(
                f"{visit.day} 没有 {visit.disease or '任何病种'} 的有效门诊慢特病备案", hint="先办理慢特病资格认定"
            )
        elif not chronic:
            notes.append("本例未列慢特病备案，未核对资格")

    def _overlapping(self, visit: Visit, benefit: str) -> list[Visit]:
        """Standing bills of a benefit whose days overlap this one's, where both say from when to when."""
        if visit.admitted is None or visit.discharged is None:
            return []
        return [
            other
            for other in (settled.visit for settled in self.standing)
            if other.benefit == benefit
            and other.admitted is not None
            and other.discharged is not None
            and visit.admitted < other.discharged
            and other.admitted < visit.discharged
        ]

    def _remote(self, book: SchemeBook, person: Person, visit: Visit) -> tuple[str, int, str]:
        """Kind of filing of a remote visit, its ratio and the figure's path; ("", 0, "") at home."""
        if not visit.care_area or visit.care_area == person.area or visit.exclusion:
            return "", 0, ""
        if not book.in_force(visit.day, visit.benefit):
            return "", 0, ""
        filing = visit.filing or next(
            (
                known.type
                for known in person.filings
                if known.kind == "remote" and known.covers(visit.day) and known.area in ("", visit.care_area)
            ),
            "none",
        )
        ratio, path = book.remote_rate(
            visit.day, visit.benefit, filing, areas.same_province(person.area, visit.care_area)
        )
        return filing, ratio, path

    def _stay_key(self, visit: Visit, cell: Cell) -> str:
        """Which stay an inpatient bill belongs to; a new one of its own without `stay_id`."""
        if cell.stays_slot < 0:
            return ""
        transferred = visit.origin in ("transfer_up", "transfer_down")
        if visit.stay_id:
            if transferred and not self._met(visit.stay_id):
                raise EarlierVisitMissing(
                    f"转院（{visit.origin}）所接的住院 {visit.stay_id} 此前没有结算", hint="补上转出的那一段住院"
                )
            return visit.stay_id
        if not transferred:
            return f"{OWN_STAY}{visit.index}"
        previous = [settled.stay_key for settled in self.standing if settled.stay_key]
        if not previous:
            raise EarlierVisitMissing(f"转院（{visit.origin}）此前却没有住院", hint="补上转出的住院，或写明 stay_id")
        return previous[-1]

    def _met(self, stay_id: str) -> bool:
        """Whether a piece of the stay was settled before, or stands in the opening state."""
        return any(settled.visit.stay_id == stay_id for settled in self.settled.values()) or any(
            stay_id in state.stays for state in self.opening.values()
        )

    def _decide(self, settled: Settled, cells: list[Cell], facts: list[Facts]) -> None:
        """Run the kernel for each candidate group, keep the best, move the state."""
        if settled.visit.exclusion:
            settled.split = Split(_EMPTY, (), 0, 0, None, self.state(settled.context).counters, ())
            return
        state = self.state(settled.context)
        stay = state.stays.get(settled.stay_key, (0, 0)) if settled.stay_key else None
        settled.bill = settled.bill._replace(stay=stay)
        splits = [adjudicate(settled.book, cell, settled.bill, state.counters) for cell in cells]
        best = best_of(splits) if len(splits) > 1 else splits[0]
        settled.split = best
        settled.facts = facts[splits.index(best)]
        settled.current = settled.payers
        state.counters = dict(best.counters)
        if settled.stay_key and best.stay is not None:
            state.stays[settled.stay_key] = best.stay

    def _person_side(self, settled: Settled) -> None:
        """Own account, then cash (个人账户、现金). The city product stands beside and reduces neither."""
        assert settled.funds + settled.hospital <= settled.visit.total, "funds pay more than the bill"
        assert 0 <= settled.split.remote <= settled.visit.in_scope, "remote self-pay beyond the in-scope cost"
        assert all(pay >= 0 for pay in settled.split.payments), "a payer pays less than nothing"
        self._credit(settled.visit)
        limit = settled.visit.account_limit
        most = settled.burden if limit < 0 else min(limit, settled.burden)
        settled.account = min(most, self.balance)
        self.balance -= settled.account
        settled.balance = self.balance
        settled.supplement = settled.by_field().get("supplement_pay", 0)

    def _credit(self, visit: Visit) -> None:
        """A balance stated for a date takes effect with the first visit on or after it."""
        while self.balances and self.balances[0][0] <= visit.day:
            amount = self.balances.pop(0)[1]
            if amount is not None:
                self.balance = amount

    # Reversal -------------------------------------------------------------------------------------------------

    def reverse(self, visit: Visit) -> Reversed:
        target = self.settled[visit.reverses]
        self.standing.remove(target)
        self._credit(visit)
        self.balance += target.account
        adjustments = []
        undone = _difference(target.current, target.payers)
        if undone:
            adjustments.append((target.visit.index, undone))
        return Reversed(visit, target, self.balance, [*adjustments, *self.replay()])

    def _replay(self, stored: Settled) -> dict[str, int]:
        """Settle a standing visit again on the replayed state; what its payers' payments change by."""
        again = replace(stored, current={}, split=_NOTHING)
        cells = self.cells(stored.book, stored.person, stored.visit)
        self._decide(again, [cell for _, cell in cells], [facts for facts, _ in cells])
        new = again.payers
        changed = _difference(stored.current, new)
        stored.current = new
        return changed


def payment_fields(compiler: Compiler, person: Person, visit: Visit) -> dict[str, str]:
    """National payment field of each layer a visit of this person meets."""
    fold = Fold(compiler)
    cells = fold.cells(compiler.book(*context_of(person)), person, visit)
    return {row.layer: row.pays_as for _, cell in cells for row in cell.rows}


def context_of(person: Person) -> Context:
    """What counters belong to: pooling area and scheme."""
    return (person.area, person.scheme)


_NOTHING = Split(_EMPTY, (), 0, 0, None, {}, ())


def _difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {
        layer: after.get(layer, 0) - before.get(layer, 0)
        for layer in dict.fromkeys((*before, *after))
        if after.get(layer, 0) != before.get(layer, 0)
    }


def _without_third_party(visit: Visit) -> tuple[Visit, int]:
    """The bill without the third party's share, and that share; the whole bill when the fund advances."""
    if not visit.third_party_bp or visit.third_party_advance:
        return visit, 0
    names = ("in_scope", "non_covered", "over_limit", "prior_self_pay", "special_drug", "herb")
    parts = {name: int(share(getattr(visit, name), visit.third_party_bp)) for name in names}
    insured = replace(visit, **{name: getattr(visit, name) - part for name, part in parts.items()})
    insured = replace(insured, herb=min(insured.herb, insured.in_scope))
    return insured, visit.total - insured.total


class _CaseYear(Fold):
    """A case's year: its opening state, its visits in order, everything refused listed."""

    def __init__(self, case: Case, compiler: Compiler) -> None:
        super().__init__(compiler)
        self.case = case
        self.balances = [(start, person.balance_fen) for start, person in case.timeline]
        self._supplements()
        self.opening = self._opening()
        self.states = {context: state.copy() for context, state in self.opening.items()}

    def run(self) -> PersonYear:
        rows: list[Settled | Reversed] = []
        context = context_of(self.case.person_on(self.case.visits[0].day))
        refused: list[Refused] = []
        for visit in self.case.visits:
            try:
                if visit.reverses < 0:
                    settled = self.settle(visit, self.case.person_on(visit.day))
                    context = settled.context
                    rows.append(settled)
                elif visit.reverses in self.settled:
                    rows.append(self.reverse(visit))
            except Refused as problem:
                if refused and isinstance(problem, EarlierVisitMissing):
                    continue  # the visit it misses is the one refused before
                source = self.case.source
                problem.where = f"{source.name}:{source.line('visits', visit.index)} visits.{visit.index}"
                refused.append(problem)
        if refused:
            refused[0].also = tuple(refused[1:])
            raise refused[0]
        return PersonYear(self.case, rows, self.states, context, self.case.opening_seq + len(rows), self.compiler)

    # State ----------------------------------------------------------------------------------------------------

    def _supplements(self) -> None:
        """Supplements are those that some order of payers names. Raises: Malformed."""
        rulebook = self.compiler.rulebook
        known = {
            entry["supplement"]
            for file in rulebook.files.values()
            if file.kind == "chain"
            for version in file.versions
            for entry in version.body["order"]
            if "supplement" in entry
        }
        said = {name for _, person in self.case.timeline for name in person.supplements}
        if said - known:
            path = ("person", "supplements")
            wrong = f"不认识的补充保障 {'、'.join(sorted(said - known))}"
            raise Malformed([self.case.source.fault(path, wrong, "、".join(sorted(known)))])

    def _opening(self) -> dict[Context, State]:
        case = self.case
        person = case.person_on(case.visits[0].day)
        if not case.opening_counters:
            return {}
        faults = []
        found: dict[Context, State] = {}
        for name, value in case.opening_counters.items():
            context, bare = context_of(person), name
            if not name.startswith("stay.") and name.count("/") >= 2:
                area, scheme, bare = name.split("/", 2)
                context = (area, scheme)
            path = ("opening", "counters", name)
            try:
                known = self.compiler.book(*context).slots
            except (Malformed, KeyError):
                faults.append(case.source.fault(path, "不认识的地区或险种", "<区划>/<险种>/<计数器>"))
                continue
            state = found.setdefault(context, State())
            try:
                read_counter(state, bare, value, known)
            except ValueError as problem:
                faults.append(case.source.fault(path, str(problem), "、".join(sorted(known))))
        if faults:
            raise Malformed(faults)
        return found
