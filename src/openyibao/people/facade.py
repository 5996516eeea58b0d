"""The door of the people room (人员与参保): verbs take who acts, the day it is for, and the instant it is recorded.

Verbs open their own transaction or join the one that is open. Each writes the person's events and the audit trail and
runs a bounded number of statements. The view `people_dossier` is part of this door; read it with `Dossier.from_row`.

So are the views for statistics, which say nothing of who somebody is: `people_census` (birth, sex, area, death),
`people_census_coverage` (not voided), `people_census_group`, `people_census_contribution` (posted), all by the main
record of a person, and `people_census_identity`, which leads from any record's id to the main one. Who reads them asks
for a permission and leaves an audit row.
"""

from __future__ import annotations

from openyibao.people.accounts import accounts_of, open_person_account
from openyibao.people.contributions import contributions_of, months_of, record_contribution, reverse_contribution
from openyibao.people.enrolment import (
    change_status,
    correct_coverage,
    coverage_records,
    end_coverage,
    enrol,
    enrol_newborn,
    history_as_known_at,
    resume,
    suspend,
)
from openyibao.people.entitlement import (
    add_supplement,
    approve_filing,
    authorise_family,
    coverage_on,
    end_filing,
    end_supplement,
    entitlements_on,
    file_chronic,
    file_remote,
    join_group,
    leave_group,
    revoke_family,
)
from openyibao.people.moves import merge_persons, record_death, transfer_in, transfer_out
from openyibao.people.registry import (
    amend_identity,
    dossier,
    find_person,
    identity_of,
    person_ids,
    register_employer,
    register_person,
)

__all__ = [
    "accounts_of",
    "add_supplement",
    "amend_identity",
    "approve_filing",
    "authorise_family",
    "change_status",
    "contributions_of",
    "correct_coverage",
    "coverage_on",
    "coverage_records",
    "dossier",
    "end_coverage",
    "end_filing",
    "end_supplement",
    "enrol",
    "enrol_newborn",
    "entitlements_on",
    "file_chronic",
    "file_remote",
    "find_person",
    "history_as_known_at",
    "identity_of",
    "join_group",
    "leave_group",
    "merge_persons",
    "months_of",
    "open_person_account",
    "person_ids",
    "record_contribution",
    "record_death",
    "register_employer",
    "register_person",
    "resume",
    "reverse_contribution",
    "revoke_family",
    "suspend",
    "transfer_in",
    "transfer_out",
]
