"""What a file does to stored versions: in whatever order files come, no day has two versions or loses its own."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openyibao.catalogue.logic.versions import Plan, Row, Stored, plan

START = date(2024, 1, 1)


def day(n: int) -> date:
    return START + timedelta(days=n)


def applied(stored: list[Stored], made: Plan) -> list[Stored]:
    """What the store holds after a plan, as the database would."""
    ends = {one: (until, declared) for one, until, declared in made.ends}
    kept = [
        Stored(v.id, v.start, *ends.get(v.id, (v.until, v.declared)), v.digest)
        for v in stored
        if v.id not in made.voided
    ]
    first = max((v.id for v in stored), default=0) + 1
    added = [Stored(first + n, r.start, until, r.until, r.digest) for n, (r, until) in enumerate(made.added)]
    return sorted(kept + added, key=lambda v: v.start)


def content_on(stored: list[Stored], on: date) -> list[str]:
    return [v.digest for v in stored if v.start <= on and (v.until is None or on < v.until)]


def load(stored: list[Stored], *rows: Row, correct: bool = False) -> tuple[list[Stored], Plan]:
    made = plan(rows, stored, correct=correct)
    return (stored if made.faults else applied(stored, made)), made


def test_a_later_row_closes_the_version_in_force_and_keeps_its_days() -> None:
    stored, _ = load([], Row(2, day(0), None, "old"))
    stored, made = load(stored, Row(2, day(10), None, "new"))
    assert (made.closed, len(made.added)) == (1, 1)
    assert [(v.start, v.until, v.digest) for v in stored] == [(day(0), day(10), "old"), (day(10), None, "new")]


def test_an_older_file_again_changes_nothing() -> None:
    stored, _ = load([], Row(2, day(0), None, "old"))
    stored, _ = load(stored, Row(2, day(10), None, "new"))
    again, made = load(stored, Row(2, day(0), None, "old"))
    assert (again, made.unchanged) == (stored, 1)


def test_the_same_row_with_a_last_day_ends_the_version() -> None:
    stored, _ = load([], Row(2, day(0), None, "x"))
    stored, made = load(stored, Row(2, day(0), day(5), "x"))
    assert made.ended == 1
    assert [(v.start, v.until, v.declared) for v in stored] == [(day(0), day(5), day(5))]


def test_other_content_from_the_same_day_is_a_fault_unless_it_corrects() -> None:
    stored, _ = load([], Row(2, day(0), None, "wrong"))
    stored, _ = load(stored, Row(2, day(10), None, "new"))
    _, made = load(stored, Row(7, day(0), None, "right"))
    assert [(line, column) for line, column, _, _ in made.faults] == [(7, "from")]
    corrected, made = load(stored, Row(7, day(0), None, "right"), correct=True)
    assert (made.voided, made.faults) == ([1], [])
    assert [(v.start, v.until, v.digest) for v in corrected] == [(day(0), day(10), "right"), (day(10), None, "new")]
    _, made = load(stored, Row(7, day(0), day(20), "right"), correct=True)
    assert [(line, column) for line, column, _, _ in made.faults] == [(7, "until")]


def test_an_earlier_row_that_reaches_into_a_stored_version_is_a_fault() -> None:
    stored, _ = load([], Row(2, day(10), None, "x"))
    assert [f[:2] for f in load(stored, Row(2, day(0), None, "y"))[1].faults] == [(2, "from")]
    assert [f[:2] for f in load(stored, Row(2, day(0), day(11), "y"))[1].faults] == [(2, "from")]
    assert load(stored, Row(2, day(0), day(10), "y"))[1].faults == []


def test_a_row_that_would_leave_days_without_a_version_is_a_fault() -> None:
    stored, _ = load([], Row(2, day(0), None, "x"))
    assert [f[:2] for f in load(stored, Row(2, day(5), day(8), "y"))[1].faults] == [(2, "until")]
    stored, _ = load(stored, Row(2, day(5), day(8), "y"), Row(3, day(8), None, "x"))
    assert [(v.start, v.until, v.digest) for v in stored] == [
        (day(0), day(5), "x"),
        (day(5), day(8), "y"),
        (day(8), None, "x"),
    ]


def test_rows_of_one_file_may_not_overlap_or_repeat() -> None:
    _, made = load([], Row(2, day(0), None, "x"), Row(3, day(5), None, "y"))
    assert [f[:2] for f in made.faults] == [(3, "from")]
    _, made = load([], Row(2, day(0), None, "x"), Row(3, day(0), None, "x"))
    assert [f[:2] for f in made.faults] == [(3, "code")]


rows = st.builds(
    lambda start, length, digest: Row(2, day(start), day(start + length) if length else None, digest),
    st.integers(0, 30),
    st.integers(0, 12),
    st.sampled_from("abc"),
)


@given(st.lists(st.tuples(st.lists(rows, min_size=1, max_size=3), st.booleans()), min_size=1, max_size=6))
def test_any_history_of_loads_holds(files: list[tuple[list[Row], bool]]) -> None:
    """No day ever has two versions; a load again changes nothing; days before a new row keep what they had."""
    stored: list[Stored] = []
    for file, correct in files:
        before = stored
        stored, made = load(stored, *file, correct=correct)
        for n in range(60):
            on = day(n)
            assert len(content_on(stored, on)) <= 1
            touched = any(r.start <= on for r in file)
            if not touched:
                assert content_on(stored, on) == content_on(before, on)
        if made.faults:
            assert stored is before
        else:
            for r in file:
                assert content_on(stored, r.start) == [r.digest]
            again = plan(file, stored, correct=correct)
            assert (again.faults, again.added, again.ends, again.voided) == ([], [], [], [])
