"""Tables of the ledger. Journals and legs only grow; guards and functions stand in `sql/`."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Account(models.Model):
    """A line of the chart of accounts (科目), as loaded from data/chart.yaml."""

    code = models.TextField(primary_key=True)
    number = models.TextField()
    name = models.TextField()
    book = models.TextField()
    kind = models.TextField()
    party_kind = models.TextField()
    party_required = models.BooleanField()

    class Meta:
        db_table = "ledger_account"


class Journal(models.Model):
    """A journal (记账凭证). `xact` is the transaction that entered it: legs of later ones are refused."""

    book = models.TextField()
    area = models.TextField()
    day = models.DateField()
    posted_at = models.DateTimeField()
    template = models.TextField()
    document_kind = models.TextField()
    document_no = models.TextField()
    reverses_id = models.BigIntegerField(null=True)
    note = models.TextField(default="")
    xact = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_journal"
        constraints = [
            models.CheckConstraint(condition=Q(book__in=["business", "fund"]), name="ledger_journal_book"),
            models.CheckConstraint(condition=Q(area__regex="^[0-9]{6}$"), name="ledger_journal_area"),
            models.UniqueConstraint(
                fields=["reverses_id"], condition=Q(reverses_id__isnull=False), name="ledger_journal_reverses"
            ),
            models.UniqueConstraint(
                fields=["document_no"],
                condition=Q(template="interest", reverses_id__isnull=True),
                name="ledger_journal_interest",
            ),
        ]
        indexes = [
            models.Index(fields=["area", "book", "day"], name="ledger_journal_day"),
            models.Index(fields=["document_no"], name="ledger_journal_document"),
        ]


class Leg(models.Model):
    """One side of an entry (分录行). No foreign keys: one trigger checks journal, account and party of all new legs."""

    pk = models.CompositePrimaryKey("journal_id", "line")
    journal_id = models.BigIntegerField()
    line = models.SmallIntegerField()
    account_code = models.TextField()
    fund = models.TextField()
    party_kind = models.TextField()
    party = models.TextField()
    debit_fen = models.BigIntegerField()
    credit_fen = models.BigIntegerField()

    class Meta:
        db_table = "ledger_leg"
        constraints = [
            models.CheckConstraint(
                condition=Q(debit_fen__gt=0, credit_fen=0) | Q(debit_fen=0, credit_fen__gt=0),
                name="ledger_leg_one_side",
            ),
        ]
        indexes = [
            models.Index(fields=["party", "account_code"], condition=~Q(party=""), name="ledger_leg_party"),
        ]


class PersonalAccount(models.Model):
    """A personal account (个人账户): the only running balance, moved by legs alone."""

    owner_id = models.BigIntegerField()
    area = models.TextField()
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    balance_fen = models.BigIntegerField(default=0)
    interest_year = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "ledger_personal_account"
        constraints = [
            models.CheckConstraint(condition=Q(balance_fen__gte=0), name="ledger_personal_account_not_below_0"),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(balance_fen=0), name="ledger_personal_account_closed_empty"
            ),
            models.UniqueConstraint(
                fields=["owner_id", "area"],
                condition=Q(closed_on__isnull=True),
                name="ledger_personal_account_one_open",
            ),
        ]
        indexes = [models.Index(fields=["owner_id"], name="ledger_personal_account_owner")]


class Period(models.Model):
    """A closed month of a book and area (已结账期间): nothing dated before `until` enters any more."""

    book = models.TextField()
    area = models.TextField()
    month = models.DateField()
    until = models.DateField()
    last_id = models.BigIntegerField()
    closed_at = models.DateTimeField()
    closed_by = models.TextField()

    class Meta:
        db_table = "ledger_period"
        constraints = [
            models.UniqueConstraint(fields=["area", "book", "until"], name="ledger_period_once"),
            models.CheckConstraint(condition=Q(until__gt=F("month")), name="ledger_period_forward"),
        ]


class Snapshot(models.Model):
    """Movements of a closed month and the balance at its end (月末快照), persons taken together."""

    book = models.TextField()
    area = models.TextField()
    until = models.DateField()
    account_code = models.TextField()
    fund = models.TextField()
    party_kind = models.TextField()
    party = models.TextField()
    debit_fen = models.BigIntegerField()
    credit_fen = models.BigIntegerField()
    balance_fen = models.BigIntegerField()

    class Meta:
        db_table = "ledger_snapshot"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "book", "until", "account_code", "fund", "party_kind", "party"],
                name="ledger_snapshot_once",
            ),
        ]


class Seal(models.Model):
    """One link of an area's hash chain (封存链)."""

    area = models.TextField()
    day = models.DateField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    journals = models.BigIntegerField()
    debit_fen = models.BigIntegerField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_seal"
        constraints = [models.UniqueConstraint(fields=["area", "day"], name="ledger_seal_once")]
