"""What goes in and out of the ledger (账): legs, drafts of journals, balances, statements, findings. No Django here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

Book = Literal["business", "fund"]
BOOKS: dict[str, str] = {"business": "业务台账", "fund": "基金会计账"}
BOOK_NAMES: tuple[Book, ...] = ("business", "fund")


@dataclass(frozen=True)
class Leg:
    """One side of an entry (分录行): account, fund, whose it is, and fen on exactly one side."""

    account: str
    fund: str
    party_kind: str
    party: str
    debit_fen: int
    credit_fen: int


POST_SQL = (
    "ledger_post(%s::text, %s::text, %s::date, %s::timestamptz, %s::text, %s::text, %s::text, %s::bigint, %s::text,"
    " %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])"
)
"""The call to put into a larger statement, with `JournalDraft.parameters()` in its places; it answers with the id."""


@dataclass(frozen=True)
class JournalDraft:
    """A journal to be posted (记账凭证): book, pooling area, business day, instant, template, document, legs.

    `reverses` is the journal this one takes back; better let `reverse_journal` make such a draft.
    """

    book: Book
    area: str
    day: date
    at: datetime
    template: str
    document_kind: str
    document_no: str
    legs: tuple[Leg, ...]
    note: str = ""
    reverses: int | None = None

    def parameters(self) -> tuple[object, ...]:
        """Arguments of the SQL function `ledger_post`, in its order."""
        return (
            *(self.book, self.area, self.day, self.at, self.template, self.document_kind, self.document_no),
            *(self.reverses, self.note),
            [leg.account for leg in self.legs],
            [leg.fund for leg in self.legs],
            [leg.party_kind for leg in self.legs],
            [leg.party for leg in self.legs],
            [leg.debit_fen for leg in self.legs],
            [leg.credit_fen for leg in self.legs],
        )


@dataclass(frozen=True, order=True)
class Month:
    """An accounting month (会计期间), written 2024-05."""

    first: date

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.replace(day=1))

    @property
    def until(self) -> date:
        """First day after the month."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def before(self) -> Month:
        return Month.of(self.first - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True)
class TrialRow:
    """One line of a trial balance. Opening and closing are debit minus credit; debit and credit are the month's."""

    account: str
    fund: str
    opening_fen: int
    debit_fen: int
    credit_fen: int

    @property
    def closing_fen(self) -> int:
        return self.opening_fen + self.debit_fen - self.credit_fen


@dataclass(frozen=True)
class TrialBalance:
    """Trial balance (试算平衡表) of a book, an area and a month, sorted by account number and fund."""

    book: Book
    area: str
    month: Month
    rows: tuple[TrialRow, ...]
    eliminated_fen: int = 0
    """Taken out when the areas of a province are put together (合并抵销)."""

    @property
    def balanced(self) -> bool:
        """Debits equal credits in the month, and the balances add up to nothing, for every fund."""
        sums: dict[str, list[int]] = {}
        for row in self.rows:
            found = sums.setdefault(row.fund, [0, 0])
            found[0] += row.opening_fen
            found[1] += row.debit_fen - row.credit_fen
        return all(total == [0, 0] for total in sums.values())


@dataclass(frozen=True)
class BridgeItem:
    """A named step between settled and paid (调节项目): signed fen; closing minus opening where it is a balance."""

    key: str
    title: str
    fen: int
    opening_fen: int = 0
    closing_fen: int = 0


@dataclass(frozen=True)
class FundBridge:
    """The bridge of one fund for one month, three identities in fen.

    business: the steps add up to what the business ledger says was paid, net of what was recovered.
    cash: that equals what the fund accounts recognised as spending plus the growth of advances.
    accounts: what the business ledger credited to personal accounts as received is the fund accounts' income.
    payables: opening payable to institutions, each movement by name, closing.
    """

    fund: str
    steps: tuple[BridgeItem, ...]
    paid_fen: int
    recognised: tuple[BridgeItem, ...]
    credited_fen: int
    account_income_fen: int
    payables_opening_fen: int
    payables: tuple[BridgeItem, ...]
    payables_closing_fen: int
    premiums_fen: int
    """Per-head premiums of serious illness and long-term care: fund expenditure that no claim of this fund caused."""

    @property
    def difference_fen(self) -> int:
        """What is left unexplained, sum of the magnitudes of the four differences; 0 when the bridge holds."""
        steps = sum(item.fen for item in self.steps) - self.paid_fen
        cash = self.paid_fen - sum(item.fen for item in self.recognised)
        moved = self.payables_opening_fen + sum(item.fen for item in self.payables) - self.payables_closing_fen
        return abs(steps) + abs(cash) + abs(moved) + abs(self.credited_fen - self.account_income_fen)


@dataclass(frozen=True)
class Bridge:
    """Bridge statement (衔接表) between the two books of an area for a month."""

    area: str
    month: Month
    funds: tuple[FundBridge, ...]

    @property
    def difference_fen(self) -> int:
        return sum(fund.difference_fen for fund in self.funds)


@dataclass(frozen=True)
class PersonalAccount:
    """A personal account (个人账户): `owner_id` is the person's internal id, never an identity number."""

    id: int
    owner_id: int
    area: str
    opened_on: date
    closed_on: date | None
    balance_fen: int


@dataclass(frozen=True)
class StatementLine:
    """One movement: fen added (positive) or taken, and the balance after it."""

    journal_id: int
    day: date
    at: datetime
    template: str
    title: str
    document_kind: str
    document_no: str
    fund: str
    fen: int
    balance_fen: int


@dataclass(frozen=True)
class Statement:
    """Statement (对账单) of a personal account or of what is owed to an institution, oldest line first."""

    party: str
    start: date
    last: date
    opening_fen: int
    lines: tuple[StatementLine, ...]
    closing_fen: int


@dataclass(frozen=True)
class Finding:
    """Something that does not hold (核查发现): stable code, what, and where."""

    code: str
    message: str
    area: str = ""
    book: str = ""
    journal_id: int | None = None
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Verification:
    """Outcome of `verify`: how much was looked at, and every finding."""

    journals: int
    legs: int
    accounts: int
    seals: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Seal:
    """One link of an area's hash chain (封存链): journals after the previous seal up to `last_id`."""

    area: str
    day: date
    last_id: int
    journals: int
    debit_fen: int
    hash: str
