"""Posting templates (分录模板): from named amounts to legs. Pure.

A line of a template is a pair: one debit, one credit, same amount, same fund. So whatever the amounts, a journal
balances, and it balances for each fund by itself: no template can let one fund pay for another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from openyibao.ledger.chart import Account, _read, accounts, funds
from openyibao.ledger.contracts import BOOK_NAMES, Book, JournalDraft, Leg
from openyibao.ledger.errors import TemplateMisused

Place = tuple[str, str, str]
"""Account, fund, party: where an amount comes to rest."""


@dataclass(frozen=True)
class Side:
    """Account (or `@role` of the fund) and the name of its party, "" for none."""

    account: str
    party: str


@dataclass(frozen=True)
class Pair:
    """One line of a template: amount name (`prefix:*` for many), fund (`*`, `*any`: as the amount says), both sides."""

    amount: str
    fund: str
    debit: Side
    credit: Side


@dataclass(frozen=True)
class Template:
    """A posting template: Chinese title and its pairs by book."""

    name: str
    title: str
    pairs: Mapping[Book, tuple[Pair, ...]]
    known: frozenset[str]
    """Amount names of its pairs, as written."""


@cache
def templates() -> Mapping[str, Template]:
    """Every template by name."""
    return {name: _template_from(name, row) for name, row in _read("templates.yaml")["templates"].items()}


def _template_from(name: str, row: Mapping[str, Any]) -> Template:
    pairs: dict[Book, tuple[Pair, ...]] = {
        book: tuple(_pair(line) for line in row[book]) for book in BOOK_NAMES if book in row
    }
    return Template(name, row["title"], pairs, frozenset(one.amount for listed in pairs.values() for one in listed))


def _pair(line: Mapping[str, object]) -> Pair:
    return Pair(str(line["amount"]), str(line["fund"]), _side(line["debit"]), _side(line["credit"]))


def _side(written: object) -> Side:
    account, party = [*written, ""][:2] if isinstance(written, list) else (written, "")
    return Side(str(account), str(party))


def template_title(name: str) -> str:
    """Chinese title of a template."""
    return templates()[name].title if name in templates() else name


def legs_of(
    template: str, amounts: Mapping[str, int], parties: Mapping[str, str], book: Book | None = None
) -> list[Leg]:
    """Legs of one book for named amounts in fen.

    Negative amounts swap the sides, zero leaves no leg, legs of one account, fund and party are added up.
    Args: book, may be left out when the template touches one book only.
    Raises: TemplateMisused, for an unknown template, an amount nobody uses, an unknown fund or a missing party.
    """
    found = _template(template)
    _used_up(found, amounts)
    if book is None and len(found.pairs) != 1:
        raise TemplateMisused(f"模板 {template} 涉及两本账", hint="写明 book")
    totals: dict[Place, int] = {}
    only = next(iter(found.pairs)) if book is None else book
    for pair in found.pairs.get(only, ()):
        for bound, fen in _matching(pair.amount, amounts):
            fund = _fund(pair, bound)
            for side, sign in ((pair.debit, 1), (pair.credit, -1)):
                place = _place(found.name, side, fund, bound, parties)
                totals[place] = totals.get(place, 0) + sign * fen
    return [_leg(place, fen) for place, fen in totals.items() if fen]


def drafts_of(
    template: str,
    amounts: Mapping[str, int],
    parties: Mapping[str, str],
    *,
    area: str,
    day: date,
    at: datetime,
    document_kind: str,
    document_no: str,
    note: str = "",
) -> list[JournalDraft]:
    """One draft for each book of the template that gets a leg. Raises: TemplateMisused."""
    drafts = []
    for book in _template(template).pairs:
        legs = tuple(legs_of(template, amounts, parties, book))
        if legs:
            drafts.append(JournalDraft(book, area, day, at, template, document_kind, document_no, legs, note))
    return drafts


def _template(name: str) -> Template:
    if name not in templates():
        raise TemplateMisused(f"没有分录模板 {name!r}", hint="见 ledger/data/templates.yaml")
    return templates()[name]


def _used_up(template: Template, amounts: Mapping[str, int]) -> None:
    for key in amounts:
        if key not in template.known and f"{key.partition(':')[0]}:*" not in template.known:
            hint = "可用：" + "、".join(sorted(template.known))
            raise TemplateMisused(f"模板 {template.name} 没有金额 {key!r}", hint=hint)


def _matching(wanted: str, amounts: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    if not wanted.endswith(":*"):
        if wanted in amounts:
            yield "", amounts[wanted]
        return
    prefix = wanted[:-1]
    for key, fen in amounts.items():
        if key.startswith(prefix):
            yield key[len(prefix) :], fen


def _fund(pair: Pair, bound: str) -> str:
    """The fund of a line; personal accounts' fund moves by each person's account, unless the template says `*any`."""
    code = bound if pair.fund.startswith("*") else pair.fund
    if code not in funds():
        raise TemplateMisused(f"没有基金 {code!r}", hint="见 ledger/data/funds.yaml")
    if pair.fund == "*" and funds()[code].nature == "account":
        raise TemplateMisused(
            "个人账户的收支须落到每个人的账户", hint="用 account:<账户编号> 写明金额", amount=pair.amount
        )
    return code


def _place(template: str, side: Side, fund: str, bound: str, parties: Mapping[str, str]) -> Place:
    code = funds()[fund].roles[side.account[1:]] if side.account.startswith("@") else side.account
    account = accounts()[code]
    if not account.party_kind:
        return code, fund, ""
    party = bound if side.party == "*" else parties.get(side.party, "") if side.party else ""
    if not party and account.party_required:
        raise TemplateMisused(f"模板 {template} 的科目 {account.name} 缺对象 {side.party!r}", hint="在 parties 中写明")
    return code, fund, party


def _leg(place: Place, fen: int) -> Leg:
    code, fund, party = place
    kind = accounts()[code].party_kind if party else ""
    return Leg(code, fund, kind, party, max(fen, 0), max(-fen, 0))


def faults_of(legs: Iterable[Leg], book: Book) -> list[str]:
    """What PostgreSQL would refuse in these legs, in Chinese; empty when they may be posted."""
    found: list[str] = []
    sums: dict[str, int] = {}
    for leg in legs:
        sums[leg.fund] = sums.get(leg.fund, 0) + leg.debit_fen - leg.credit_fen
        account = accounts().get(leg.account)
        if account is None or account.book != book:
            found.append(f"本账没有科目 {leg.account}")
        elif not _party_fits(account, leg):
            found.append(f"科目 {account.name} 的对象不合")
        if min(leg.debit_fen, leg.credit_fen) != 0 or max(leg.debit_fen, leg.credit_fen) <= 0:
            found.append(f"科目 {leg.account} 须恰有一方大于零")
        if leg.fund not in funds():
            found.append(f"没有基金 {leg.fund!r}")
    if not sums:
        found.append("没有分录")
    return found + [f"基金 {fund} 借贷相差 {fen} 分" for fund, fen in sums.items() if fen]


def _party_fits(account: Account, leg: Leg) -> bool:
    if leg.party_kind == "":
        return leg.party == "" and not account.party_required
    return leg.party_kind == account.party_kind and leg.party != ""
