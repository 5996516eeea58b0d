"""Special-case review: its moves, its quota, who may do what, and that nothing else is possible."""

from __future__ import annotations

from datetime import date

import pytest

from openyibao.payment.engine.pack.errors import ReviewRefused
from openyibao.payment.engine.pack.pack import SpecialRules
from openyibao.payment.engine.pack.special import (
    MOVES,
    Application,
    Decision,
    Move,
    move,
    quota_of,
    within_quota,
)

RULES = SpecialRules(500, ("high_cost", "long_stay"), ("by_item", "raised", "rejected"), 2, 20_000)
DAY = date(2026, 4, 1)


def application(reason: str = "high_cost") -> Application:
    return Application("C1", "H1", "2026-03", reason)


def run(start: Application, *moves: tuple[str, str] | Move) -> Application:
    for one in moves:
        made = one if isinstance(one, Move) else Move(one[0], one[1], DAY)
        start = move(start, made, RULES)
    return start


def opinion(who: str, kind: str = "by_item") -> Move:
    return Move("opinion", who, DAY, decision=Decision(kind))


def decide(kind: str, times: int = 10_000, by: str = "agency") -> Move:
    return Move("decide", by, DAY, "材料齐全", Decision(kind, times))


REVIEWED = (("file", "hospital"), ("screen", "agency"), opinion("专家甲"), opinion("专家乙"), ("conclude", "agency"))


def test_the_way_of_a_case_that_is_paid_by_item() -> None:
    decided = run(application(), *REVIEWED, decide("by_item"))
    assert decided.state == "decided"
    assert decided.in_force == Decision("by_item")
    assert [one.name for one in decided.history] == ["file", "screen", "opinion", "opinion", "conclude", "decide"]
    assert run(decided, ("close", "agency")).in_force == Decision("by_item")


def test_a_rejected_case_has_no_decision_in_force_and_may_be_appealed_once_to_another_person() -> None:
    rejected = run(application(), *REVIEWED, decide("rejected"))
    assert rejected.in_force is None
    appealed = run(rejected, ("appeal", "hospital"))
    assert appealed.in_force is None
    with pytest.raises(ReviewRefused, match="另一人"):
        run(appealed, decide("raised", 15_000))
    raised = run(appealed, decide("raised", 15_000, by="director"))
    assert raised.in_force == Decision("raised", 15_000)
    with pytest.raises(ReviewRefused, match="已申诉过"):
        run(raised, ("appeal", "hospital"))


def test_a_returned_case_is_filed_again_without_a_new_place() -> None:
    returned = run(application(), ("file", "hospital"), ("return", "agency"))
    assert move(returned, Move("file", "hospital", DAY), RULES, places_left=0).state == "filed"


@pytest.mark.parametrize(
    ("moves", "last", "why"),
    [
        ((), ("screen", "agency"), "不能 screen"),
        ((("file", "h"), ("screen", "a"), opinion("甲")), ("conclude", "a"), "至少 2 份"),
        ((("file", "h"), ("screen", "a"), opinion("甲")), opinion("甲"), "已提交意见"),
        ((("file", "h"), ("screen", "a")), Move("opinion", "甲", DAY), "没有写明结论"),
        (REVIEWED, Move("decide", "a", DAY), "没有写明决定"),
        (REVIEWED, decide("raised", 10_000), "高于 100%"),
        (REVIEWED, decide("raised", 20_001), "至多 200%"),
        (REVIEWED, decide("by_item", by="专家甲"), "专家不得"),
        (REVIEWED, Move("decide", "a", date(2026, 3, 31), decision=Decision("by_item")), "早于上一步"),
        ((("withdraw", "h"),), ("file", "h"), "无"),
    ],
)
def test_what_may_not_be_is_refused(moves: tuple[Move, ...], last: Move, why: str) -> None:
    with pytest.raises(ReviewRefused, match=why):
        run(run(application(), *moves), last)


def test_a_reason_outside_the_list_is_refused() -> None:
    with pytest.raises(ReviewRefused, match="理由"):
        run(application("new_technology"), ("file", "hospital"))


def test_the_quota_is_a_share_of_discharges_cut_down() -> None:
    assert [quota_of(count, RULES) for count in (0, 19, 20, 39, 400)] == [0, 0, 1, 1, 20]
    filed = run(application(), ("file", "hospital"))
    left = within_quota(
        [filed, application(), run(application(), ("withdraw", "hospital"))], {"H1": 39, "H2": 40}, RULES
    )
    assert left == {"H1": 0, "H2": 2}
    with pytest.raises(ReviewRefused, match="名额"):
        move(application(), Move("file", "hospital", DAY), RULES, places_left=left["H1"])


def test_every_state_is_reached_and_ends() -> None:
    reached, todo = set(), ["draft"]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += MOVES[state].values()
    assert reached == set(MOVES)
    assert [state for state, moves in MOVES.items() if not moves] == ["final", "withdrawn"]
