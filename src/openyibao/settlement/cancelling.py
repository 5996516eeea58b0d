"""Cancellation (结算撤销): the negative of a stored document, and the year replayed without it.

Nothing already settled is altered. That later settlements of the year would have been paid differently is, by the
area's mode, a reason to refuse, a difference settled with the person, or a request to their hospitals to settle again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from openyibao.foundation import audit
from openyibao.foundation.transactions import joined
from openyibao.kernel.clock import business_day
from openyibao.ledger import facade as ledger
from openyibao.policy.facade import State
from openyibao.settlement import differences, documents, store
from openyibao.settlement.contracts import Caller, Cancel, Settlement
from openyibao.settlement.documents import DocumentRow
from openyibao.settlement.errors import AlreadyCancelled, LaterSettlement, SettlementUnknown
from openyibao.settlement.logic import moves
from openyibao.settlement.logic.switches import switch
from openyibao.settlement.visits import check_sender

REFUSE = "refuse"


@dataclass(frozen=True)
class _Change:
    """What a replay changes for one standing document: fen by payer, to what its payers now bear."""

    document: DocumentRow
    payers: Mapping[str, int]


def reverse(caller: Caller, command: Cancel) -> Settlement:
    """Cancel a settlement (2208, 2305): its negative document, the year replayed, the journal reversed.

    Raises: SettlementUnknown, AlreadyCancelled, LaterSettlement with the list of those that follow.
    """
    check_sender(caller)
    with joined():
        person_id = store.lock_person(command.person_no)
        visit = store.visit_of(command.visit_no, person_id, caller.institution_code)
        document = documents.by_number(command.settlement_no)
        if document is None or document.visit_id != visit.id or visit.inpatient != command.inpatient:
            raise SettlementUnknown(
                f"该就诊没有结算 {command.settlement_no}", hint="核对 setl_id 与 mdtrt_id；门诊用 2208，住院用 2305"
            )
        if document.state == "cancelled":
            raise AlreadyCancelled(
                f"结算 {command.settlement_no} 已撤销",
                hint="无须再次撤销；可用 5203 查询",
                settlement_no=command.settlement_no,
            )
        if document.state != "standing":
            raise SettlementUnknown(f"{command.settlement_no} 是冲销单", hint="填写原结算的 setl_id")
        return _Reversal(caller, visit, document).run()


class _Reversal:
    """One cancellation, from the standing document to its negative."""

    def __init__(self, caller: Caller, visit: store.VisitRow, document: DocumentRow) -> None:
        self.caller = caller
        self.visit = visit
        self.document = document
        self.today: date = business_day(caller.at)

    def run(self) -> Settlement:
        document = self.document
        others = [row for row in documents.standing(document.person_id, document.key) if row.id != document.id]
        mode = switch("reversal_mode", document.area, self.today)
        later = [row for row in others if row.seq > document.seq]
        if later and mode == REFUSE:
            raise self._later(later)
        undone = documents.adjusted_payers([document.id]).get(document.id, {})
        changes = (
            [_Change(document, {layer: -fen for layer, fen in undone.items() if fen})] if any(undone.values()) else []
        )
        after = State()
        if others:
            fold = documents.fold_of(others)
            changes += [_Change(others[index], changed) for index, changed in fold.replay()]
            after = fold.state((document.area, document.scheme))
        state = moves.next_state(self.visit.state, "reverse")
        year = store.person_year(document.person_id, document.year, document.area, document.scheme)
        negative = self._write(state, year.seq + 1, mode, changes)
        store.put_person_year(document.person_id, document.key, year.seq + 1, after.counters, after.stays)
        return documents.shown(negative)

    def _later(self, later: list[DocumentRow]) -> LaterSettlement:
        listed = "、".join(f"{row.settlement_no}（{row.decided_on}，{row.institution_code}）" for row in later[:20])
        return LaterSettlement(
            f"其后还有 {len(later)} 笔结算：{listed}",
            hint="从最后一笔起依次撤销，再撤销本笔，然后重新结算",
            settlements=[row.settlement_no for row in later],
        )

    # Writing --------------------------------------------------------------------------------------------------

    def _write(self, state: str, seq: int, mode: str, changes: list[_Change]) -> DocumentRow:
        document = self.document
        number = f"{document.area}S{store.next_number():014d}"
        balance = self._accounts_to_refund()
        journal_id = None
        if document.journal_id is not None:
            journal_id = ledger.reverse_journal(
                document.journal_id, self.today, self.caller.at, "settlement", number, f"冲销 {document.settlement_no}"
            )
        for posted in ledger.journals_of("settlement_receivable", document.settlement_no):
            ledger.reverse_journal(posted, self.today, self.caller.at, "settlement_receivable", number)
        negative = documents.insert_negative(document, number, seq, journal_id, balance, self.caller)
        documents.reopen(self.visit, document, state)
        documents.supersede_requests(document.id, self.caller.at)
        for change in changes:
            differences.record(negative, change.document, change.payers, mode, self.today, self.caller.at)
        audit.record(
            self.caller.actor,
            "settlement.reverse",
            document.settlement_no,
            document.area,
            negative=number,
            adjusted=[change.document.settlement_no for change in changes],
        )
        return negative

    def _accounts_to_refund(self) -> int:
        """Lock every account that gets money back, opening what was closed meanwhile; the own balance afterwards."""
        paid = {pair[0]: pair[1] for pair in self.document.accounts}
        held = store.locked_accounts(self.document.person_id, list(paid))
        for account in held:
            if account.closed and account.id in paid:
                ledger.reopen_account(account.id)
        mine = (account for account in held if account.owner_id == self.document.person_id)
        return sum(account.balance_fen + paid.get(account.id, 0) for account in mine)
