"""Tables of the payment room. Written by `store`; amounts are fen, days are business days of Shanghai."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Slip(models.Model):
    """A month's slip of an institution (机构拨付单): drafted, confirmed by a second person, paid by a third."""

    slip_no = models.TextField(unique=True)
    area = models.TextField()
    institution_code = models.TextField()
    month = models.DateField()
    state = models.TextField()
    rules = models.JSONField()
    """The figures it was made by, and which of them are only assumed."""
    drafted_by = models.TextField()
    drafted_at = models.DateTimeField()
    confirmed_by = models.TextField(default="")
    confirmed_at = models.DateTimeField(null=True)
    paid_by = models.TextField(default="")
    paid_at = models.DateTimeField(null=True)
    cancelled_by = models.TextField(default="")
    cancelled_at = models.DateTimeField(null=True)
    why = models.TextField(default="")

    class Meta:
        db_table = "payment_slip"
        constraints = [
            models.UniqueConstraint(
                fields=["institution_code", "area", "month"],
                condition=~Q(state="cancelled"),
                name="payment_slip_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["drafted", "confirmed", "paid", "cancelled"]), name="payment_slip_state"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by="") | ~Q(confirmed_by=F("drafted_by")), name="payment_slip_second_person"
            ),
            models.CheckConstraint(
                condition=Q(paid_by="") | (~Q(paid_by=F("drafted_by")) & ~Q(paid_by=F("confirmed_by"))),
                name="payment_slip_third_person",
            ),
        ]
        indexes = [models.Index(fields=["area", "month"], name="payment_slip_month")]


class SlipFund(models.Model):
    """One fund's line of a slip, fen; the database keeps the identity."""

    slip = models.ForeignKey(Slip, models.CASCADE, related_name="+")
    fund = models.TextField()
    declared_fen = models.BigIntegerField()
    audit_fen = models.BigIntegerField()
    deposit_fen = models.BigIntegerField()
    offset_fen = models.BigIntegerField()
    procurement_fen = models.BigIntegerField()
    released_fen = models.BigIntegerField()
    difference_fen = models.BigIntegerField()
    heads_fen = models.BigIntegerField(default=0)
    other_fen = models.BigIntegerField()
    carried_fen = models.BigIntegerField()
    held_fen = models.BigIntegerField()
    payable_fen = models.BigIntegerField()
    paid_fen = models.BigIntegerField()

    class Meta:
        db_table = "payment_slip_fund"
        constraints = [
            models.UniqueConstraint(fields=["slip", "fund"], name="payment_slip_fund_once"),
            models.CheckConstraint(
                condition=Q(
                    payable_fen=F("declared_fen")
                    - F("audit_fen")
                    - F("deposit_fen")
                    - F("offset_fen")
                    - F("procurement_fen")
                    + F("released_fen")
                    + F("difference_fen")
                    + F("heads_fen")
                    + F("other_fen")
                    + F("carried_fen")
                ),
                name="payment_slip_fund_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(payable_fen__gte=0, paid_fen=F("payable_fen")) | Q(payable_fen__lt=0, paid_fen=0),
                name="payment_slip_fund_paid",
            ),
            models.CheckConstraint(condition=Q(carried_fen__lte=0), name="payment_slip_fund_carried"),
        ]


class Taken(models.Model):
    """A movement of what is owed that a slip has taken up: each once, so that nothing is paid twice."""

    journal_id = models.BigIntegerField()
    fund = models.TextField()
    slip = models.ForeignKey(Slip, models.CASCADE, related_name="+")
    template = models.TextField()
    document_no = models.TextField()
    fen = models.BigIntegerField()

    class Meta:
        db_table = "payment_taken"
        constraints = [models.UniqueConstraint(fields=["journal_id", "fund"], name="payment_taken_once")]
        indexes = [models.Index(fields=["slip"], name="payment_taken_slip")]


class Deduction(models.Model):
    """What an audit took off a settlement (审核扣减), by fund, with the article it rests on."""

    settlement_no = models.TextField()
    serial = models.SmallIntegerField()
    fund = models.TextField()
    fen = models.BigIntegerField()
    article = models.TextField()
    why = models.TextField()
    decided_by = models.TextField()
    decided_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    """When it was taken back, because the settlement was cancelled after it."""

    class Meta:
        db_table = "payment_deduction"
        constraints = [
            models.UniqueConstraint(fields=["settlement_no", "serial", "fund"], name="payment_deduction_once"),
            models.CheckConstraint(condition=Q(fen__gt=0), name="payment_deduction_positive"),
        ]


class Assessment(models.Model):
    """A year's assessment of an institution (年度考核): what it gives back of the deposit is posted with it."""

    area = models.TextField()
    institution_code = models.TextField()
    year = models.SmallIntegerField()
    score = models.SmallIntegerField()
    released_fen = models.BigIntegerField()
    forfeited_fen = models.BigIntegerField()
    decided_by = models.TextField()
    decided_at = models.DateTimeField()
    why = models.TextField()

    class Meta:
        db_table = "payment_assessment"
        constraints = [
            models.UniqueConstraint(fields=["area", "institution_code", "year"], name="payment_assessment_once"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=100), name="payment_assessment_score"),
        ]


class Pack(models.Model):
    """A payment pack that was used (支付方式包): name and hash; the file itself stays where it is."""

    sha256 = models.TextField(unique=True)
    name = models.TextField()
    title = models.TextField()
    area = models.TextField()
    used_at = models.DateTimeField()

    class Meta:
        db_table = "payment_pack"


class Budget(models.Model):
    """A year's money for stays of an area and scheme (年度预算), decided once; a change is a new row."""

    area = models.TextField()
    year = models.SmallIntegerField()
    scheme = models.TextField()
    fen = models.BigIntegerField()
    document_no = models.TextField()
    decided_by = models.TextField()
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "payment_budget"
        constraints = [
            models.CheckConstraint(condition=Q(fen__gt=0), name="payment_budget_positive"),
            models.UniqueConstraint(fields=["area", "year", "scheme", "document_no"], name="payment_budget_once"),
        ]


class Run(models.Model):
    """One pricing of an area's stays (计价批次): by which pack and grouper, who and when."""

    area = models.TextField()
    month = models.DateField()
    pack_sha256 = models.TextField()
    grouper_sha256 = models.TextField()
    cases = models.IntegerField()
    withdrawn = models.IntegerField()
    made_by = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "payment_run"


class Case(models.Model):
    """One stay as priced (计价病例). Regrouping writes a new row; what was coded is sealed."""

    run = models.ForeignKey(Run, models.PROTECT, related_name="+")
    settlement_no = models.TextField()
    list_no = models.TextField()
    area = models.TextField()
    institution_code = models.TextField()
    scheme = models.TextField()
    level = models.TextField()
    discharged_on = models.DateField()
    group = models.TextField()
    method = models.TextField()
    status = models.TextField()
    floating = models.BooleanField()
    units = models.BigIntegerField()
    points = models.BigIntegerField()
    total_fen = models.BigIntegerField()
    patient_fen = models.BigIntegerField()
    other_fen = models.BigIntegerField()
    standard_fen = models.BigIntegerField(null=True)
    fund_fen = models.BigIntegerField(null=True)
    month_fen = models.BigIntegerField(default=0)
    """What the month's difference counted for this stay: the pool by item, taken back with it when it is withdrawn."""
    reason = models.TextField(default="")
    facts = models.BinaryField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payment_case"
        constraints = [
            models.UniqueConstraint(
                fields=["settlement_no"], condition=Q(withdrawn_at__isnull=True), name="payment_case_once"
            )
        ]
        indexes = [models.Index(fields=["area", "discharged_on"], name="payment_case_discharged")]


class Special(models.Model):
    """A special-case application (特例单议) as it stands; its history is within."""

    area = models.TextField()
    settlement_no = models.TextField(unique=True)
    institution_code = models.TextField()
    period = models.TextField()
    state = models.TextField()
    application = models.JSONField()
    experts = models.JSONField(default=list)
    rules = models.JSONField(default=dict)
    """The pack's rules and the terms of the day it was filed."""
    decision = models.JSONField(null=True)
    in_force = models.BooleanField()
    pending = models.BooleanField()
    """The decision in force is not yet in the stay's price."""

    class Meta:
        db_table = "payment_special"
        indexes = [models.Index(fields=["area", "period"], name="payment_special_period")]


class Clearing(models.Model):
    """A year's clearing of an institution and scheme (年度清算)."""

    area = models.TextField()
    year = models.SmallIntegerField()
    institution_code = models.TextField()
    scheme = models.TextField()
    pack_sha256 = models.TextField()
    cases = models.IntegerField()
    billed_fen = models.BigIntegerField()
    standard_fen = models.BigIntegerField()
    extra_fen = models.BigIntegerField()
    returned_fen = models.BigIntegerField()
    forfeited_fen = models.BigIntegerField()
    paid_fen = models.BigIntegerField()
    clearing_fen = models.BigIntegerField()
    decided_by = models.TextField()
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "payment_clearing"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "year", "institution_code", "scheme"], name="payment_clearing_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    clearing_fen=F("standard_fen")
                    + F("extra_fen")
                    - F("returned_fen")
                    - F("forfeited_fen")
                    - F("paid_fen")
                ),
                name="payment_clearing_adds_up",
            ),
        ]


class Signing(models.Model):
    """A person signed to an institution (签约), from a day until before another; voided and added anew."""

    area = models.TextField()
    person_id = models.BigIntegerField()
    institution_code = models.TextField()
    since = models.DateField()
    until = models.DateField(null=True)
    diseases = models.TextField(default="")
    recorded_by = models.TextField()
    recorded_at = models.DateTimeField()
    voided_by = models.TextField(default="")
    voided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payment_signing"
        constraints = [
            models.CheckConstraint(condition=Q(until=None) | Q(until__gt=F("since")), name="payment_signing_days")
        ]
        indexes = [models.Index(fields=["person_id"], name="payment_signing_person")]


class Heads(models.Model):
    """What members of a month come to (按人头月), by institution and scheme; each run adds what changed."""

    area = models.TextField()
    run = models.IntegerField()
    pack_sha256 = models.TextField()
    made_by = models.TextField()
    made_at = models.DateTimeField()
    month = models.DateField()
    institution_code = models.TextField()
    scheme = models.TextField()
    months = models.IntegerField()
    weighted = models.BigIntegerField()
    standard_fen = models.BigIntegerField()
    own_fen = models.BigIntegerField()
    outside_fen = models.BigIntegerField()
    posted_fen = models.BigIntegerField()

    class Meta:
        db_table = "payment_heads"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "run", "month", "institution_code", "scheme"], name="payment_heads_once"
            )
        ]
        indexes = [models.Index(fields=["area", "month"], name="payment_heads_month")]


class HeadsClearing(models.Model):
    """A year's clearing by members (按人头清算)."""

    area = models.TextField()
    year = models.SmallIntegerField()
    pack_sha256 = models.TextField()
    institution_code = models.TextField()
    scheme = models.TextField()
    months = models.IntegerField()
    standard_fen = models.BigIntegerField()
    spent_fen = models.BigIntegerField()
    extra_fen = models.BigIntegerField()
    returned_fen = models.BigIntegerField()
    paid_fen = models.BigIntegerField()
    clearing_fen = models.BigIntegerField()
    decided_by = models.TextField()
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "payment_heads_clearing"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "year", "institution_code", "scheme"], name="payment_heads_cleared_once"
            ),
            models.CheckConstraint(
                condition=Q(clearing_fen=F("standard_fen") + F("extra_fen") - F("returned_fen") - F("paid_fen")),
                name="payment_heads_clearing_adds_up",
            ),
        ]
