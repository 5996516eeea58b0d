"""Two at once: of two moves of one agreement one wins; of two loads of one file one writes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier

import pytest

from openyibao.institutions import facade
from openyibao.institutions.contracts import AgreementDraft, Decision
from openyibao.institutions.errors import AgreementMove, AgreementOverlap
from openyibao.kernel.errors import Refused
from tests.institutions.test_loading import file, row
from tests.support.actors import actor

pytestmark = pytest.mark.usefixtures("db")
AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
AGENCY = actor("agency")


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Results, or refusals, of calls begun together on connections of their own."""
    from django.db import connection

    start = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        start.wait()
        try:
            return call()
        except Refused as problem:
            return type(problem)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_two_at_once(tmp_path: Path) -> None:
    code = "H37150066661"
    bare = row(code=code, agreements="", agreement_no="", agreement_from="", agreement_until="")
    path = file(tmp_path, bare)
    reports = at_once(*[lambda: facade.load_csv(AGENCY, path, AT)] * 4)
    assert sorted(r.registered for r in reports) == [0, 0, 0, 1]  # type: ignore[attr-defined]
    draft = AgreementDraft("basic", "协议", date(2020, 1, 1))
    signed = at_once(*[lambda: facade.sign_agreement(AGENCY, code, draft, AT)] * 4)
    assert signed.count(AgreementOverlap) == 3
    why = Decision(date(2026, 2, 1), "违约", "文1")
    moved = at_once(*[lambda: facade.suspend_agreement(AGENCY, code, "basic", why, AT)] * 4)
    assert moved.count(AgreementMove) == 3
    assert [s.state for s in facade.institution(code).agreements] == ["active", "suspended"]
