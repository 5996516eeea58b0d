"""The back-test (回测): settle recorded bills again, compare to the fen, name the figures and causes that differ."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from openyibao.analytics.causes import Causes
from openyibao.analytics.contracts import (
    Backtest,
    Bill,
    BillYear,
    Cause,
    Confirmation,
    FieldDifference,
    FigureFinding,
    FilingSpell,
    Imported,
    Worst,
)
from openyibao.analytics.figure import Change, domain_of
from openyibao.analytics.infer import Found, Progress, Search
from openyibao.analytics.resettle import ACCOUNT, COMPARED, Met, Outcome, differing, resettle
from openyibao.kernel.money import yuan_text
from openyibao.policy.facade import Policies, explain, money_rows

BINS = ((1, "0.01"), (100, "1 元以内"), (10_000, "100 元以内"), (100_000, "1,000 元以内"), (0, "1,000 元以上"))
WORST = 10
PINNED_YEARS = 30
Places = dict[str, tuple[str, str]]


def backtest(policies: Policies, imported: Imported, progress: Progress | None = None) -> Backtest:
    """Compare every fund field of recorded bills with our settlement of them."""
    return _Backtest(policies, imported, progress or (lambda _what, _count: None)).run()


class _Backtest:
    """One back-test: what was compared, what differs, what was found."""

    def __init__(self, policies: Policies, imported: Imported, progress: Progress) -> None:
        self.policies = policies
        self.imported = imported
        self.progress = progress
        self.fields = {name: FieldDifference(name) for name in COMPARED}
        self.histogram: Counter[str] = Counter()
        self.not_compared: Counter[str] = Counter()
        self.causes: Places = {}
        self.wrong: dict[str, tuple[int, Bill, dict[str, int]]] = {}
        """Bills that differ under our policies: year index, bill, our fields."""
        self.compared = self.matched = self.reversals = self.fund = self.fund_matched = 0
        self.assumed_filings: dict[str, str] = {}

    def run(self) -> Backtest:
        begun = time.monotonic()
        years = [self._with_filings(year) for year in self.imported.years]
        search = Search(self.policies, years, self.progress, self._compare)
        search.run()
        after = search.bench.current
        figures = [self._finding(found, search) for found in search.found]
        left = self._figures_explain(search, figures)
        seeking = Causes(after, self.progress)
        self.causes |= seeking.run([years[at] for at in sorted(left)])
        confirmations = self._confirmations(search, figures)
        return Backtest(
            policies=self.policies.rulebook.digest,
            bills=self.imported.bills,
            persons=len({year.person for year in years}),
            person_years=len(years),
            reversals=self.reversals,
            compared=self.compared,
            matched=self.matched,
            matched_after=self.compared - sum(len(some) for some in left.values()),
            fund_fen=self.fund,
            fund_matched_fen=self.fund_matched,
            unknown_opening=sum(not year.opening_known for year in years),
            fields=[entry for entry in self.fields.values() if entry.compared],
            histogram={label: self.histogram[label] for _, label in BINS if self.histogram[label]},
            not_compared=dict(self.not_compared.most_common()),
            notices=self.imported.notices,
            figures=figures,
            hints=[self._finding(found, search, sure=False) for found in search.hints if _still(found, search)],
            confirmations=confirmations,
            causes=self._causes(),
            worst=self._worst(years, after),
            seconds=time.monotonic() - begun,
            sampled=seeking.examined,
        )

    # Comparing ------------------------------------------------------------------------------------------------

    def _with_filings(self, year: BillYear) -> BillYear:
        """A chronic filing is taken for granted where the fund paid as if there was one; the bill says so."""
        filed = {one.disease for one in year.filings if one.kind == "chronic"}
        if not filed and self.imported.counts.get("opsp_reg_d"):
            paid = [bill for bill in year.bills if bill.benefit == "chronic" and not bill.reverses]
            self.assumed_filings |= {bill.bill: bill.disease for bill in paid if bill.recorded["fund_pay_sumamt"] > 0}
        lacking = {
            bill.disease
            for bill in year.bills
            if bill.benefit == "chronic" and not bill.problem and bill.recorded.get("fund_pay_sumamt", 0) > 0
        } - filed
        if not lacking or not filed:
            return year
        outcome = resettle(self.policies, year)
        refused = [bill for bill in year.bills if outcome.refused.get(bill.bill, ("", ""))[0] == "BENEFIT_EXCLUDED"]
        missing = [bill for bill in refused if bill.benefit == "chronic" and bill.recorded["fund_pay_sumamt"] > 0]
        if not missing:
            return year
        for bill in missing:
            self.assumed_filings[bill.bill] = bill.disease
        spells = tuple(FilingSpell("chronic", name, "", "", None, None) for name in {bill.disease for bill in missing})
        return replace(year, filings=(*year.filings, *spells))

    def _compare(self, at: int, year: BillYear, outcome: Outcome) -> None:
        """Count one person-year settled by our policies."""
        by_number = {bill.bill: bill for bill in year.bills}
        for bill in year.bills:
            ours = outcome.rows.get(bill.bill)
            if ours is None:
                code, text = outcome.refused.get(bill.bill, ("PROBLEM", "所冲销的结算没有重算"))
                self.not_compared[text if code == "PROBLEM" else f"{code} {text}"] += 1
                continue
            if bill.reverses:
                self._refund(bill, by_number[bill.reverses])
                continue
            self.compared += 1
            wrong = differing(bill, ours)
            self.fund += bill.recorded["fund_pay_sumamt"]
            self._count(bill, ours)
            if bill.bill in self.assumed_filings:
                self.causes[bill.bill] = ("filing", "资料缺门诊慢特病备案，基金按有备案支付")
            if not wrong:
                self.matched += 1
                self.fund_matched += bill.recorded["fund_pay_sumamt"]
            else:
                self.wrong[bill.bill] = (at, bill, ours)

    def _refund(self, bill: Bill, target: Bill) -> None:
        """A refund must be the negative of its original."""
        self.reversals += 1
        names = [name for name in COMPARED if name in bill.recorded and name in target.recorded]
        if any(bill.recorded[name] != -target.recorded[name] for name in names):
            self.causes[bill.bill] = ("reversal", "退费各项不是原单的负数")

    def _count(self, bill: Bill, ours: dict[str, int]) -> None:
        for name, entry in self.fields.items():
            if name not in bill.recorded or (name in ACCOUNT and bill.balance_before is None):
                continue
            recorded = bill.recorded[name]
            entry.compared += 1
            entry.ours_fen += ours[name]
            entry.recorded_fen += recorded
            entry.differing += ours[name] != recorded
            entry.absolute_fen += abs(ours[name] - recorded)
        off = abs(ours["fund_pay_sumamt"] - bill.recorded["fund_pay_sumamt"])
        if off:
            self.histogram[next(label for most, label in BINS if not most or off <= most)] += 1

    # Figures --------------------------------------------------------------------------------------------------

    def _finding(self, found: Found, search: Search, *, sure: bool = True) -> FigureFinding:
        change = found.change
        provenance, standing = self._origin(change.figure, search, found.effect.better)
        return FigureFinding(
            path=change.figure.path,
            ours=change.figure.value,
            implied=change.text,
            start=str(change.start or ""),
            support=len(found.effect.better),
            persons=found.persons,
            counter=len(found.effect.worse),
            effect_fen=found.effect.fund_fen,
            certainty=provenance,
            standing=standing,
            cause=_kind_of(change.figure.path),
            alternatives=tuple(found.equals),
            sure=sure,
        )

    def _origin(self, figure: Met, search: Search, places: Sequence[tuple[int, int]]) -> tuple[str, str]:
        """Certainty of a figure, and whether it is assumed or extended on the day of the first bill given."""
        name, _, key = figure.path.partition("#")
        rulebook = self.policies.rulebook
        version = next(one for one in rulebook.files[name].versions if one.period.start == figure.start)
        provenance = version.provenance(key, rulebook)
        at, index = places[0]
        return provenance.certainty, provenance.standing_on(search.years[at].bills[index].day)

    def _figures_explain(self, search: Search, figures: Sequence[FigureFinding]) -> dict[int, list[str]]:
        """Give each bill that agrees now to the last figure that improved it; returns the bills left, by year."""
        owner: dict[str, FigureFinding] = {}
        for found, finding in zip(search.found, figures, strict=True):
            for at, index in found.effect.better:
                owner[search.years[at].bills[index].bill] = finding
        left: dict[int, list[str]] = {}
        again: dict[int, Outcome] = {}
        for number, (at, bill, _) in self.wrong.items():
            if at not in again:
                again[at] = resettle(search.bench.current, search.years[at])
            ours = again[at].rows.get(number)
            if ours is not None and not differing(bill, ours) and number in owner:
                finding = owner[number]
                detail = f"{finding.path}：{finding.ours} → {finding.implied}"
                self.causes[number] = (finding.cause, detail)
            elif ours is None or differing(bill, ours):
                left.setdefault(at, []).append(number)
            else:
                self.causes[number] = ("accumulated_state", "同年另一笔的参数改正后即相符")
        return left

    def _confirmations(self, search: Search, figures: Sequence[FigureFinding]) -> list[Confirmation]:
        """What the agreeing bills say about figures that are only assumed or extended."""
        used: dict[str, list[int]] = {}
        bills: Counter[str] = Counter()
        after = search.bench.current
        for at, year in enumerate(search.years):
            outcome = resettle(after, year)
            if outcome.year is None:
                continue
            rows = iter(money_rows(outcome.year))
            for bill in year.bills:
                if bill.bill not in outcome.rows:
                    continue
                row = next(rows)
                if bill.reverses or differing(bill, outcome.rows[bill.bill]):
                    continue
                for path in row.provisional:
                    bills[path] += 1
                    used.setdefault(path, []).append(at)
            if at % 1_000 == 0:
                self.progress("assumed figures", at)
        found = [
            Confirmation(one.path, one.ours, one.standing, "contradicted", one.support, one.implied)
            for one in figures
            if one.standing
        ]
        met = {figure.path: figure for figure in search.meets}
        for path in sorted(used):
            figure = met.get(path)
            if figure is None:
                continue
            standing = self._origin(figure, search, [(used[path][0], 0)])[1] or "extended"
            verdict = "confirmed" if self._pinned(search, figure, used[path]) else "compatible"
            found.append(Confirmation(path, figure.value, standing, verdict, bills[path]))
        return found

    def _pinned(self, search: Search, figure: Met, places: list[int]) -> bool:
        """Whether bills would stop agreeing with the figure a little higher and a little lower."""
        domain = domain_of(figure, self.policies)
        if domain is None or domain.now < 0:
            return False
        drawn = search.random.sample(sorted(set(places)), min(len(set(places)), PINNED_YEARS))
        step = 50 if domain.unit == "rate" else max(100, domain.now // 100)
        for value in (domain.now - step, domain.now + step):
            if not domain.low <= value <= domain.high:
                continue
            if not search.effect(Change(figure, domain, value), drawn).worse:
                return False
        return True

    # Report ---------------------------------------------------------------------------------------------------

    def _causes(self) -> list[Cause]:
        found: dict[tuple[str, str], Cause] = {}
        for number, key in self.causes.items():
            cause = found.setdefault(key, Cause(*key))
            cause.bills += 1
            if len(cause.examples) < 5:
                cause.examples.append(number)
            if number in self.wrong:
                _, bill, ours = self.wrong[number]
                cause.fen += abs(ours["fund_pay_sumamt"] - bill.recorded["fund_pay_sumamt"])
                if bill.institution:
                    cause.institutions[bill.institution] = cause.institutions.get(bill.institution, 0) + 1
        return sorted(found.values(), key=lambda one: (-one.bills, one.kind, one.detail))

    def _worst(self, years: Sequence[BillYear], after: Policies) -> list[Worst]:
        def off(item: tuple[int, Bill, dict[str, int]]) -> int:
            return abs(item[2]["fund_pay_sumamt"] - item[1].recorded["fund_pay_sumamt"])

        found = []
        for at, bill, ours in sorted(self.wrong.values(), key=lambda item: (-off(item), item[1].bill))[:WORST]:
            said = [_reasoning(policies, years[at], bill) for policies in (self.policies, after)]
            text = said[0] if said[0] == said[1] else f"{said[0]}\n\n以反推的参数重算：\n{said[1]}"
            kind, detail = self.causes.get(bill.bill, ("unknown", ""))
            recorded = {name: bill.recorded[name] for name in COMPARED if name in bill.recorded}
            mine = {name: ours[name] for name in recorded}
            found.append(Worst(bill.bill, str(bill.day), mine, recorded, f"{kind} {detail}".strip(), text))
        return found


def _reasoning(policies: Policies, year: BillYear, bill: Bill) -> str:
    """Our reasoning about one bill of a year."""
    outcome = resettle(policies, year)
    if outcome.year is None or bill.bill not in outcome.settled:
        return ""
    parts = explain(outcome.year).split("\n\n")
    at: int = outcome.settled[bill.bill].visit.index
    return parts[at]


def _still(found: Found, search: Search) -> bool:
    """Whether a hint still says something after what was accepted."""
    return any(place in search.first for place in found.effect.better)


def _kind_of(path: str) -> str:
    key = path.partition("#")[2]
    if key.startswith("deductible"):
        return "deductible"
    return "cap" if "cap" in key.split(".")[0] else "rate"


def fund_text(fen: int) -> str:
    """Yuan with sign, as a report shows an effect."""
    return f"{'+' if fen > 0 else ''}{yuan_text(fen)}"
