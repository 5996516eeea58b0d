"""The coverage gate (参保待遇衔接): from when does a new coverage run, and from when does it pay?

A pure decision over the person's earlier coverage, the area's dated rules and what is asked. A wait that has not ended
is carried along, so that changing scheme or status never shortens it; only work with an employer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from openyibao.people.contracts import Reason
from openyibao.people.logic.months import add_months
from openyibao.people.logic.rules import Rules


@dataclass(frozen=True)
class Past:
    """Earlier coverage that paid or would have: scheme, first day, day not included, first day of benefits."""

    scheme: str
    since: date
    until: date | None
    benefit_from: date


@dataclass(frozen=True)
class Request:
    """What is asked (参保申请): scheme and first day, and what bears on the wait.

    employment: "flexible" or a kind of employer, for the employee scheme. asked_on: the day of paying.
    back_paid: the gap since the earlier coverage is paid for. bought_back_years: missing years of a resident paid for.
    """

    scheme: str
    start: date
    asked_on: date
    status: str = ""
    employment: str = ""
    born_on: date | None = None
    groups: tuple[str, ...] = ()
    back_paid: bool = False
    bought_back_years: int = 0


@dataclass(frozen=True)
class Decision:
    """First day of coverage and of benefits, with reasons. `buyable_months` of the wait could still be bought back."""

    since: date
    benefit_from: date
    reasons: tuple[Reason, ...] = field(default=())
    buyable_months: int = 0


def decide(history: Sequence[Past], rules: Rules, request: Request) -> Decision:
    """When the coverage asked for begins, and when it pays.

    history: any order; coverage that begins after the start asked for is not looked at.
    """
    previous = max((past for past in history if past.since < request.start), key=lambda past: past.since, default=None)
    if previous is not None and previous.until is not None and previous.until < request.start:
        gap_from = previous.until
    else:
        gap_from = request.start
    if request.scheme in ("retired_cadre", "disabled_serviceman"):
        return _at_once(request, "own_scheme", "离休人员与一至六级残疾军人不设等待期")
    if request.status == "retired":
        return _at_once(request, "retired", "退休人员不缴费，不设等待期")
    if request.scheme == "resident":
        return _resident(previous, gap_from, rules, request)
    return _employee(history, previous, gap_from, rules, request)


def newborn_since(born_on: date, enrolled_on: date, rules: Rules) -> date | None:
    """First day of a newborn's coverage: the birth when enrolled in time (落地即参保), else None."""
    last = born_on + timedelta(days=rules.number("newborn_days"))
    return born_on if born_on <= enrolled_on <= last else None


# Residents ------------------------------------------------------------------------------------------------------


def _resident(previous: Past | None, gap_from: date, rules: Rules, request: Request) -> Decision:
    if request.born_on is not None:
        since = newborn_since(request.born_on, request.asked_on, rules)
        if since is not None:
            days = rules.number("newborn_days")
            return Decision(since, since, (Reason("newborn", f"出生后 {days} 日内参保，自出生之日享受待遇"),))
    free = rules.names("resident_wait_free_groups")
    if any(group in free for group in request.groups):
        return _at_once(request, "helped", "困难群众参保不设等待期")
    if previous is not None and gap_from == request.start:
        return _continued(previous, request, "continuous", "连续参保，不设等待期")
    if _changed_in_time(previous, gap_from, rules, request):
        assert previous is not None
        return _continued(previous, request, "scheme_change", _change_text(rules))
    if previous is None and _in_window(rules, request):
        return _at_once(request, "window", "集中参保期内首次参保，不设等待期")
    return _late_resident(previous, gap_from, rules, request)


def _late_resident(previous: Past | None, gap_from: date, rules: Rules, request: Request) -> Decision:
    fixed = rules.number("resident_late_wait")
    reasons = [Reason("late", f"未在集中参保期参保或未连续参保：固定等待期 {fixed} 个月")]
    missing = 0
    if previous is not None:
        first = max(rules.number("resident_missing_years_from"), (gap_from - timedelta(days=1)).year + 1)
        missing = max(0, request.start.year - first)
    each = rules.number("resident_missing_year_wait")
    bought = min(request.bought_back_years, missing)
    moving = each * (missing - bought)
    if missing and each:
        reasons.append(
            Reason("missing_years", f"断保 {missing} 年，已补缴 {bought} 年：变动等待期 {moving} 个月（可补缴修复）")
        )
    wait = fixed + moving
    least = rules.number("resident_long_gap_least")
    if each and missing >= rules.number("resident_long_gap") and wait < least:
        wait = least
        reasons.append(Reason("long_gap", f"断保 {missing} 年，等待期合计不少于 {least} 个月"))
    floor = max(fixed, least if each and missing >= rules.number("resident_long_gap") else 0)
    return Decision(request.start, add_months(request.start, wait), tuple(reasons), max(0, wait - floor))


def _in_window(rules: Rules, request: Request) -> bool:
    """Whether the premium of the start's year is paid in the enrolment period before it (集中参保期)."""
    year = request.start.year - 1
    first = rules.day_of_year("resident_window_first", year)
    last = rules.day_of_year("resident_window_last", year)
    return first <= request.asked_on <= last and (request.start.month, request.start.day) == (1, 1)


# Employees ------------------------------------------------------------------------------------------------------


def _employee(
    history: Sequence[Past], previous: Past | None, gap_from: date, rules: Rules, request: Request
) -> Decision:
    employed = [past for past in history if past.scheme == "employee" and past.since < request.start]
    if previous is not None and gap_from == request.start:
        if previous.scheme != "employee" and request.employment != "flexible":
            return _at_once(request, "employer", "随用人单位参保，不设等待期")
        return _continued(previous, request, "continuous", "连续参保，不设等待期")
    if _changed_in_time(previous, gap_from, rules, request):
        assert previous is not None
        if request.employment != "flexible":
            return _at_once(request, "scheme_change", _change_text(rules))
        return _continued(previous, request, "scheme_change", _change_text(rules))
    if not employed:
        if request.employment != "flexible":
            return _at_once(request, "employer", "随用人单位首次参保，不设等待期")
        wait = rules.number("flexible_first_wait")
        reason = Reason("flexible_first", f"灵活就业人员首次参保：等待期 {wait} 个月")
        return Decision(request.start, add_months(request.start, wait), (reason,))
    return _gap(max(employed, key=lambda past: past.since), rules, request)


def _gap(last: Past, rules: Rules, request: Request) -> Decision:
    """Employee after employee with a gap: healed when short and paid for, else a wait (中断缴费)."""
    ended = last.until or request.start
    most = rules.number("employee_gap_healed")
    wait = rules.number("employee_gap_wait")
    if request.start > add_months(ended, most):
        reason = Reason("long_gap", f"中断缴费超过 {most} 个月（自 {ended}）：等待期 {wait} 个月")
        return Decision(request.start, add_months(request.start, wait), (reason,))
    if request.back_paid:
        reason = Reason("healed", f"中断不超过 {most} 个月且已补缴，自 {ended} 起视为连续")
        return Decision(ended, max(ended, last.benefit_from), (reason,))
    reason = Reason("gap_unpaid", f"中断自 {ended} 起未补缴：等待期 {wait} 个月；补缴后不设等待期")
    return Decision(request.start, add_months(request.start, wait), (reason,), wait)


# Both -----------------------------------------------------------------------------------------------------------


def _changed_in_time(previous: Past | None, gap_from: date, rules: Rules, request: Request) -> bool:
    return (
        previous is not None
        and previous.scheme != request.scheme
        and request.start <= add_months(gap_from, rules.number("scheme_change_free"))
    )


def _change_text(rules: Rules) -> str:
    return f"{rules.number('scheme_change_free')} 个月内转换险种，不设等待期"


def _at_once(request: Request, code: str, text: str) -> Decision:
    return Decision(request.start, request.start, (Reason(code, text),))


def _continued(previous: Past, request: Request, code: str, text: str) -> Decision:
    """No wait of its own; one that has not ended is carried along."""
    if previous.benefit_from > request.start:
        carried = Reason("wait_carried", f"前一参保的等待期到 {previous.benefit_from} 才届满，继续计算")
        return Decision(request.start, previous.benefit_from, (carried,))
    return Decision(request.start, request.start, (Reason(code, text),))
