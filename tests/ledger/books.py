"""Short words for tests: post by template in Liaocheng, one committed transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import count

import psycopg
from django.db import transaction

from openyibao.foundation import sql
from openyibao.ledger import facade

AREA = "371500"
HOSPITAL = "H37150000001"
OTHER = "H37150000002"
PHARMACY = "P37150000009"
AT = datetime(2024, 5, 6, 1, 30, tzinfo=UTC)
_owners = count(1)
_documents = count(1)


def book(
    template: str,
    amounts: Mapping[str, int],
    day: str = "2024-05-06",
    area: str = AREA,
    at: datetime = AT,
    **parties: str,
) -> dict[str, int]:
    """Post a template in a transaction of its own."""
    named = {"institution": HOSPITAL, "person": "7", "insurer": "人保财险", "treasury": "市财政局", **parties}
    with transaction.atomic():
        return facade.post_template(
            *(template, amounts, named),
            area=area,
            day=date.fromisoformat(day),
            at=at,
            document_kind="test",
            document_no=f"D{next(_documents)}",
        )


def reverse(journal_id: int, day: str = "2024-05-20") -> int:
    """Take a journal back in a transaction of its own."""
    with transaction.atomic():
        return facade.reverse_journal(journal_id, date.fromisoformat(day), AT, "reversal", f"R{journal_id}")


def new_account(fen: int = 0, area: str = AREA, day: str = "2024-05-02") -> int:
    """A new person's account, with money transferred in when asked."""
    with transaction.atomic():
        account = facade.open_account(next(_owners), area, date.fromisoformat("2020-01-01"))
    if fen:
        book("account_transfer_in", {f"account:{account}": fen}, day, area)
    return account


def balance(account: int) -> int:
    """Running balance of a personal account."""
    return facade.account(account).balance_fen


def codes() -> list[str]:
    """Codes of what `verify` finds."""
    return [finding.code for finding in facade.verify().findings]


def state_of(problem: psycopg.Error | Exception) -> str:
    """SQLSTATE of Django's or psycopg's error."""
    return getattr(problem, "sqlstate", None) or getattr(problem.__cause__, "sqlstate", "") or ""


def take_back(journals: Mapping[str, int], day: str = "2024-05-20") -> None:
    """Take back what one `book` posted, in both books."""
    found = sql.one("SELECT document_kind, document_no FROM ledger_journal WHERE id = %s", (min(journals.values()),))
    assert found is not None
    with transaction.atomic():
        facade.reverse_document(*found, date.fromisoformat(day), AT, "reversal", f"R-{found[1]}")
