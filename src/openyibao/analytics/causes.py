"""Why a bill differs where no figure explains it (差异原因): another person, place, order, or bill.

Each hypothesis changes what is known of the person, the visit or the order, and nothing else; the policy room settles
the year again. Kept are those for which the bill equals the record in every field. Of several, the one that explains
most bills of the year, then the one that explains most elsewhere. What can be fitted freely (an amount spent before the
files begin) must explain a second bill too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from openyibao.analytics.contracts import Bill, BillYear
from openyibao.analytics.figure import Domain
from openyibao.analytics.infer import Progress
from openyibao.analytics.resettle import Outcome, differing, resettle
from openyibao.analytics.solve import hit
from openyibao.kernel.money import MOST_FEN, yuan_text
from openyibao.policy.facade import Policies
from openyibao.policy.terms import FILINGS, GROUPS, LEVELS, STATUSES, STATUSES_OF

KINDS = {
    "deductible": "起付线",
    "filing": "备案",
    "group": "帮扶身份",
    "rate": "比例",
    "cap": "限额",
    "accumulated_state": "累计状态",
    "catalogue": "目录拆分",
    "exclusion": "不予支付",
    "account": "个人账户",
    "reversal": "退费与原单不符",
    "unknown": "未能说明",
}
MOST_YEARS = 3_000
"""Person-years whose bills are looked into; the rest count as not looked into."""
MOST_TURNS = 4
LEVEL_WORDS = tuple(level for level in LEVELS if level not in ("pharmacy",))


@dataclass
class Hypothesis:
    """Something that might have been otherwise. `year` is the person-year with it."""

    kind: str
    detail: str
    year: BillYear
    opening: Mapping[str, str] | None = None
    free: bool = False
    """An amount was fitted: one bill always fits, so a second must."""


@dataclass
class Explained:
    """A hypothesis that makes a bill agree, with all the bills it makes agree (by number)."""

    hypothesis: Hypothesis
    bills: list[str] = field(default_factory=list)


class Causes:
    """Finds the causes of the bills that still differ."""

    def __init__(self, policies: Policies, progress: Progress | None = None) -> None:
        self.policies = policies
        self.progress = progress or (lambda _what, _count: None)
        self.examined = 0

    def run(self, years: Sequence[BillYear]) -> dict[str, tuple[str, str]]:
        """Cause (kind, detail) by bill number, for the bills of the given years that differ."""
        found: dict[str, tuple[str, str]] = {}
        waiting: list[tuple[BillYear, Mapping[str, str] | None]] = [(year, None) for year in years[:MOST_YEARS]]
        self.examined = len(waiting)
        for _ in range(MOST_TURNS):
            tried = []
            for at, (year, opening) in enumerate(waiting):
                tried.append(self._explanations(year, opening, found))
                if at % 100 == 0:
                    self.progress("causes", at)
            often = Counter(key for some in tried for key in {_key(one) for one in some})
            waiting = []
            for some in tried:
                if some:
                    best = max(some, key=lambda one: (len(one.bills), often[_key(one)]))
                    found |= {bill: _key(best) for bill in best.bills if bill not in found}
                    waiting.append((best.hypothesis.year, best.hypothesis.opening))
            if not waiting:
                break
        for year in years:
            self._leave(year, found)
        return found

    def _leave(self, year: BillYear, found: dict[str, tuple[str, str]]) -> None:
        """Name what can be named of bills without an explanation."""
        outcome = resettle(self.policies, year)
        for bill, names in _differences(year, outcome):
            if bill.bill not in found:
                found[bill.bill] = _direct(bill, names) or _unexplained(year, names[0])

    def _explanations(
        self, year: BillYear, opening: Mapping[str, str] | None, found: Mapping[str, tuple[str, str]]
    ) -> list[Explained]:
        """Hypotheses under which the first differing bill of a year agrees; the best of them by bills explained."""
        outcome = resettle(self.policies, year, opening)
        wrong = [(bill, names) for bill, names in _differences(year, outcome) if bill.bill not in found]
        if not wrong:
            return []
        bill, names = wrong[0]
        plain = _direct(bill, names)
        if plain and plain[0] in ("account", "reversal"):
            return []
        before = {other.bill for other, _ in wrong}
        kept: list[Explained] = []
        for one in self._hypotheses(year, bill, names[0], outcome):
            if one.free and kept:
                break
            again = resettle(self.policies, one.year, one.opening if one.opening is not None else opening)
            after = {other.bill for other, _ in _differences(one.year, again)}
            gone = [other for other in before if other not in after and other in again.rows]
            if bill.bill in gone and not (after - before) and (len(gone) > 1 or not one.free):
                kept.append(Explained(one, gone))
        most = max((len(one.bills) for one in kept), default=0)
        return [one for one in kept if len(one.bills) == most]

    # Hypotheses -----------------------------------------------------------------------------------------------

    def _hypotheses(self, year: BillYear, bill: Bill, name: str, outcome: Outcome) -> Iterator[Hypothesis]:
        yield from _catalogue(year, bill)
        yield from _group(year, bill)
        yield from _remote(year, bill)
        yield from _level(year, bill)
        yield from _status(year, bill)
        yield from _exclusion(year, bill)
        yield from _stays(year, bill)
        yield from _order(year, bill)
        yield from self._before(year, bill, name, outcome)

    def _before(self, year: BillYear, bill: Bill, name: str, outcome: Outcome) -> Iterator[Hypothesis]:
        """Earlier visits that the files do not hold: stays counted, amounts already spent."""
        settled = outcome.settled.get(bill.bill)
        if settled is None or any(other.area != bill.area or other.scheme != bill.scheme for other in year.bills):
            return
        slots = list(settled.book.slots)
        for slot in slots:
            if slot.endswith(".stays") and slot.startswith(bill.benefit):
                for count in (1, 2, 3):
                    yield Hypothesis("accumulated_state", f"此前还有 {count} 次住院", year, {slot: str(count)})
        wanted = bill.recorded[name]
        shortened = replace(year, bills=year.bills[: year.bills.index(bill) + 1])
        for slot in slots:
            if slot.endswith((".stays", "_due")):
                continue

            def paid(fen: int, slot: str = slot) -> int | None:
                row = resettle(self.policies, shortened, {slot: yuan_text(fen)}).rows.get(bill.bill)
                return None if row is None else row.get(name)

            fen = hit(paid, wanted, Domain("amount", 0, MOST_FEN, 0))
            if fen:
                detail = f"此前已有累计（{slot}）"
                yield Hypothesis("accumulated_state", detail, year, {slot: yuan_text(fen)}, free=True)


def _key(one: Explained) -> tuple[str, str]:
    return (one.hypothesis.kind, one.hypothesis.detail)


def _differences(year: BillYear, outcome: Outcome) -> list[tuple[Bill, list[str]]]:
    """Bills of a year that differ, with the fields that do; refunds apart."""
    found = []
    for bill in year.bills:
        row = outcome.rows.get(bill.bill)
        if row is not None and not bill.reverses:
            names = differing(bill, row)
            if names:
                found.append((bill, names))
    return found


def _direct(bill: Bill, names: Sequence[str]) -> tuple[str, str] | None:
    """What shows in the record itself."""
    if names[0] in ("acct_pay", "psn_cash_pay"):
        return ("account", "个人账户支付与可用余额不符")
    if bill.lines is not None:
        return ("catalogue", "费用明细合计与结算的四项金额不符")
    parts = bill.in_scope + bill.non_covered + bill.over_limit + bill.prior_self_pay + bill.special_drug
    if "medfee_sumamt" in bill.recorded and bill.recorded["medfee_sumamt"] != parts:
        return ("catalogue", "四项金额合计不等于总额")
    if names[0] in ("fund_pay_sumamt", "psn_part_amt"):
        return ("unknown", "各基金之和与合计不符（记录自身）")
    return None


def _unexplained(year: BillYear, name: str) -> tuple[str, str]:
    """What is left: years whose beginning the files do not hold, and what nobody explained."""
    if not year.opening_known:
        return ("accumulated_state", "文件始于年中，此前的次数与累计未知")
    return ("unknown", f"首个差异 {name}")


def _with(year: BillYear, bill: Bill, **changes: object) -> BillYear:
    """The year with one bill changed."""
    made = replace(bill, **changes)  # type: ignore[arg-type]
    return replace(year, bills=[made if other is bill else other for other in year.bills])


def _with_all(year: BillYear, **changes: object) -> BillYear:
    """The year with every bill changed."""
    return replace(year, bills=[replace(other, **changes) for other in year.bills])  # type: ignore[arg-type]


def _catalogue(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    if bill.lines is not None:
        non_covered, over, prior, scope = bill.lines
        made = _with(
            year,
            bill,
            non_covered=non_covered,
            over_limit=over,
            prior_self_pay=prior,
            in_scope=scope,
            herb=min(bill.herb, scope),
        )
        yield Hypothesis("catalogue", "结算用的是费用明细合计，不是所记的四项金额", made)
    total = bill.recorded.get("medfee_sumamt", 0)
    rest = total - (bill.in_scope + bill.non_covered + bill.over_limit + bill.prior_self_pay + bill.special_drug)
    if rest and bill.in_scope + rest >= 0:
        made = _with(year, bill, in_scope=bill.in_scope + rest)
        yield Hypothesis("catalogue", "四项金额合计不等于总额，差额在政策范围内", made)


def _group(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    if bill.groups:
        yield Hypothesis("group", "资料有帮扶身份，结算未按帮扶对象", _with_all(year, groups=()))
        detail = "帮扶身份类别不同"
    else:
        detail = "资料缺帮扶身份，结算按帮扶对象"
    for group in GROUPS:
        if (group,) != bill.groups:
            yield Hypothesis("group", detail, _with_all(year, groups=(group,)))
            later = year.bills.index(bill)
            if later and not bill.groups:
                bills = [
                    replace(other, groups=(group,)) if at >= later else other for at, other in enumerate(year.bills)
                ]
                yield Hypothesis("group", "资料缺帮扶身份（自某日起），结算按帮扶对象", replace(year, bills=bills))


def _remote(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    if bill.care_area and bill.care_area != bill.area:
        for filing in FILINGS:
            if filing != bill.filing:
                yield Hypothesis("filing", "异地备案与资料不同", _with(year, bill, filing=filing))
        yield Hypothesis("filing", "按本地就医结算", _with(year, bill, care_area=bill.area))


def _level(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    for level in LEVEL_WORDS:
        if level != bill.level and bill.level:
            detail = f"机构级别：资料 {LEVELS.get(bill.level, '无')}，结算按 {LEVELS[level]}"
            yield Hypothesis("rate", detail, _with(year, bill, level=level))


def _status(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    for status in STATUSES_OF.get(bill.scheme, ()):
        if status != bill.status:
            detail = f"人员状态：资料 {STATUSES[bill.status]}，结算按 {STATUSES[status]}"
            yield Hypothesis("rate", detail, _with_all(year, status=status))
            yield Hypothesis("rate", detail, _with(year, bill, status=status))
    for name in ("standard", "first", "second"):
        if name != bill.contribution_class:
            yield Hypothesis("rate", "缴费档次不同", _with_all(year, contribution_class=name))


def _exclusion(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    if bill.exclusion:
        yield Hypothesis("exclusion", "资料称不予支付，基金支付了", _with(year, bill, exclusion=""))
    elif bill.recorded.get("fund_pay_sumamt") == 0:
        yield Hypothesis(
            "exclusion", "基金分文未付（工伤、第三人等，或未享受待遇）", _with(year, bill, exclusion="third_party")
        )


def _stays(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    """Another joining of stays."""
    if bill.benefit != "inpatient":
        return
    at = year.bills.index(bill)
    earlier = [other for other in year.bills[:at] if other.benefit == "inpatient" and not other.reverses]
    if earlier:
        stay = earlier[-1].stay or earlier[-1].visit
        if stay != bill.stay:
            yield Hypothesis("deductible", "与上一次住院并为一次", _with(year, bill, stay=stay))
            yield Hypothesis(
                "deductible", "作为下转，不再收起付线", _with(year, bill, stay=stay, origin="transfer_down")
            )
    if bill.origin or any(other.stay == bill.stay for other in earlier):
        yield Hypothesis("deductible", "另算一次住院", _with(year, bill, stay=f"{bill.visit} alone", origin=""))


def _order(year: BillYear, bill: Bill) -> Iterator[Hypothesis]:
    """Another order of settlement."""
    if len(year.bills) < 2 or any(other.reverses for other in year.bills):
        return
    orders = [
        ("按出院日期而非结算时间", sorted(year.bills, key=lambda one: (one.day, one.settled_at, one.bill))),
        ("按结算ID而非结算时间", sorted(year.bills, key=lambda one: one.bill)),
    ]
    at = year.bills.index(bill)
    for other in (at - 1, at + 1):
        if 0 <= other < len(year.bills):
            swapped = list(year.bills)
            swapped[at], swapped[other] = swapped[other], swapped[at]
            orders.append(("与相邻一笔先后相反", swapped))
    for detail, bills in orders:
        if bills != year.bills:
            yield Hypothesis("accumulated_state", f"结算顺序：{detail}", replace(year, bills=bills))


__all__ = ["KINDS", "MOST_YEARS", "Causes"]
