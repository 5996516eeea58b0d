"""The door of the settlement room (就医结算): open visits, price lines, settle, cancel, ask, explain.

Every verb takes who calls and a command, opens a transaction unless one is open, and either does all of it or nothing.

SQL door, for whoever reads in bulk: `settlement_bill`, a row per standing settlement as it was decided, with what its
payers bear now (the differences of replays included; `moved_*` says how much of it they are); `settlement_standing`,
whose they are. Neither says who a person is. Who reads them asks for a permission and leaves an audit row.
"""

from __future__ import annotations

from openyibao.settlement.billing import upload_lines, withdraw_lines
from openyibao.settlement.cancelling import reverse
from openyibao.settlement.differences import settle_adjustment
from openyibao.settlement.lists import accepted_list, listed_stays, record_settlement_list
from openyibao.settlement.logic.benefits import INSUTYPES, PSN_TYPES, benefit_of, scheme_of
from openyibao.settlement.merging import join_person_years
from openyibao.settlement.queries import (
    counters_of,
    explain,
    reference,
    replayed_year,
    settlement_of,
    settlements_of_visit,
    visit_state,
    year_of,
)
from openyibao.settlement.settling import pre_settle, settle
from openyibao.settlement.statement import StatementLine, statement_of, statement_pdf
from openyibao.settlement.visits import (
    admit,
    amend_admission,
    cancel_admission,
    cancel_discharge,
    cancel_registration,
    discharge,
    record_visit,
    register_visit,
)

__all__ = [
    "INSUTYPES",
    "PSN_TYPES",
    "StatementLine",
    "accepted_list",
    "admit",
    "amend_admission",
    "benefit_of",
    "cancel_admission",
    "cancel_discharge",
    "cancel_registration",
    "counters_of",
    "discharge",
    "explain",
    "join_person_years",
    "listed_stays",
    "pre_settle",
    "record_settlement_list",
    "record_visit",
    "reference",
    "register_visit",
    "replayed_year",
    "reverse",
    "scheme_of",
    "settle",
    "settle_adjustment",
    "settlement_of",
    "settlements_of_visit",
    "statement_of",
    "statement_pdf",
    "upload_lines",
    "visit_state",
    "withdraw_lines",
    "year_of",
]
