"""Personal accounts (个人账户) as this room moves them: through the ledger's templates, never by sums of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.ledger import facade as ledger
from openyibao.ledger.contracts import PersonalAccount
from openyibao.people import registry, store
from openyibao.people.contracts import DeclaredAmounts, Spell
from openyibao.people.errors import AccountMissing, AccountNotAllowed
from openyibao.people.store import Person


def open_person_account(actor: Actor, person_no: str, *, area: str, on: date, at: datetime) -> int:
    """Open the personal account (建立个人账户) of an employee with combined account and pool; its ledger id.

    An account that is open already answers with its id.
    Raises: AccountNotAllowed (pool only, or another scheme), PersonUnknown, PersonDeceased, NotPermitted.
    """
    require(actor, "people.open_account", area)
    pool = areas.pooling_area_of(area)
    with transaction.atomic():
        (person,) = store.locked(person_no)
        person.must_live(on)
        spells = [row.spell for row in store.coverage(person.id) if row.spell.covers(on)]
        if not any(may_have_account(spell) and spell.pooling_area == pool for spell in spells):
            raise AccountNotAllowed(
                f"{person.no} 在 {on} 不是 {pool} 统账结合的职工参保人", hint="单建统筹与居民医保不建个人账户"
            )
        held = open_account_of(person.id, pool)
        if held is not None:
            return held.id
        made = opened(person, pool, on)
        store.note(actor, person, "account_opened", on, at, area, account=made)
        return made


def accounts_of(actor: Actor, person_no: str) -> tuple[PersonalAccount, ...]:
    """Accounts (个人账户) of a person with balances in fen, closed ones too. Raises: PersonUnknown, NotPermitted."""
    person = store.person(person_no)
    require(actor, "people.read_record", registry.reading_area(actor, person.area))
    return tuple(ledger.accounts_of(store.ids_of(person.id)))


# Joining an open transaction --------------------------------------------------------------------------------------


def may_have_account(spell: Spell) -> bool:
    return spell.scheme == "employee" and not spell.pool_only


def open_accounts(person_id: int) -> list[PersonalAccount]:
    """The person's open accounts, one in each area; locked, so that a balance read is the balance moved."""
    return [account for account in ledger.accounts_of([person_id], lock=True) if account.closed_on is None]


def open_account_of(person_id: int, pool: str) -> PersonalAccount | None:
    return next((account for account in open_accounts(person_id) if account.area == pool), None)


def opened(person: Person, pool: str, on: date) -> int:
    """Open an account where none is open."""
    return int(ledger.open_account(person.id, pool, on))


def must_have(person: Person, pool: str) -> PersonalAccount:
    """Raises: AccountMissing."""
    found = open_account_of(person.id, pool)
    if found is None:
        raise AccountMissing(f"{person.no} 在 {pool} 没有个人账户", hint="先建立个人账户", person_no=person.no)
    return found


def post_contribution(
    person: Person, spell: Spell, amounts: DeclaredAmounts, account_fen: int, on: date, at: datetime, document: str
) -> list[int]:
    """Post a contribution to both books; what the pool owes the account beyond it (a retiree) is an allocation."""
    pool = spell.pooling_area
    if spell.scheme == "resident":
        sums = {
            "individual": amounts.individual_fen,
            "subsidy": amounts.subsidy_fen,
            "assisted": amounts.assistance_fen,
        }
        return _posted("contribution_resident", sums, {"treasury": pool}, pool, on, at, document)
    total = amounts.employer_fen + amounts.individual_fen + amounts.subsidy_fen + amounts.assistance_fen
    of_it = min(account_fen, total)
    account = _account_for(person, pool, on) if account_fen else 0
    made: list[int] = []
    if total:
        sums = {"pool": total - of_it}
        if of_it:
            sums[f"account:{account}"] = of_it
        made = _posted("contribution_employee", sums, {"employer": spell.employer_no}, pool, on, at, document)
    if account_fen > of_it:
        sums = {f"account:{account}": account_fen - of_it}
        made += _posted("account_allocation", sums, {}, pool, on, at, document)
    return made


def moved_out(account: PersonalAccount, on: date, at: datetime, document: str) -> list[int]:
    """Pay the balance to another agency and close the account (账户转出)."""
    made = []
    if account.balance_fen:
        sums = {f"account:{account.id}": account.balance_fen}
        made = _posted("account_transfer_out", sums, {}, account.area, on, at, document, "transfer")
    ledger.close_account(account.id, on)
    return made


def moved_in(person: Person, pool: str, balance_fen: int, on: date, at: datetime, document: str) -> list[int]:
    """Credit what another agency paid over (账户转入)."""
    if not balance_fen:
        return []
    sums = {f"account:{_account_for(person, pool, on)}": balance_fen}
    return _posted("account_transfer_in", sums, {}, pool, on, at, document, "transfer")


def joined(
    person: Person, from_accounts: Iterable[PersonalAccount], on: date, at: datetime, document: str
) -> tuple[int, list[int]]:
    """Put accounts of a merged number into those of the main one, area by area; fen moved, journals."""
    fen, made = 0, []
    for account in from_accounts:
        fen += account.balance_fen
        if account.balance_fen:
            into = _account_for(person, account.area, on)
            parties = {"account": str(account.id), "into_account": str(into)}
            sums = {"balance": account.balance_fen}
            made += _posted("account_merged", sums, parties, account.area, on, at, document, "merge")
        ledger.close_account(account.id, on)
    return fen, made


def inherited(
    accounts: Iterable[PersonalAccount], heir: Person | None, on: date, at: datetime, document: str
) -> tuple[int, int, list[int]]:
    """Pay a deceased person's accounts to the heir's account of the same area, else in cash; fen of each, journals.

    In cash: the business ledger then owes it to the heir, or to the deceased's estate when none is named.
    """
    to_account = to_cash = 0
    made: list[int] = []
    for account in accounts:
        fen = account.balance_fen
        into = open_account_of(heir.id, account.area) if heir is not None and fen else None
        if fen and into is not None:
            to_account += fen
            parties = {"account": str(account.id), "heir_account": str(into.id)}
            made += _posted("account_inherited", {"to_account": fen}, parties, account.area, on, at, document, "death")
        elif fen:
            to_cash += fen
            parties = {"account": str(account.id), "person": str(heir.id if heir else account.owner_id)}
            made += _posted("account_inherited", {"to_cash": fen}, parties, account.area, on, at, document, "death")
        ledger.close_account(account.id, on)
    return to_account, to_cash, made


def reversed_journals(journals: Iterable[int], on: date, at: datetime, kind: str, document: str) -> list[int]:
    """Negate journals, the latest first."""
    return [ledger.reverse_journal(journal, on, at, kind, document) for journal in sorted(journals, reverse=True)]


def _account_for(person: Person, pool: str, on: date) -> int:
    """The open account of the person in a pooling area, opened when there is none."""
    found = open_account_of(person.id, pool)
    return found.id if found is not None else opened(person, pool, on)


def _posted(
    template: str,
    sums: dict[str, int],
    parties: dict[str, str],
    pool: str,
    on: date,
    at: datetime,
    document: str,
    kind: str = "contribution",
) -> list[int]:
    made = ledger.post_template(
        template, sums, parties, area=pool, day=on, at=at, document_kind=kind, document_no=document
    )
    return list(made.values())
