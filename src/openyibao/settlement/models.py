"""Tables of the settlement room: visits, batches and lines, the state of person-years, documents, adjustments.

The hot paths write these tables with set-based SQL in `store.py`; the models are their definition.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Visit(models.Model):
    """A visit (就诊): outpatient registered -> recorded, inpatient admitted -> discharged; or cancelled."""

    visit_no = models.CharField(max_length=30, unique=True)
    inpatient = models.BooleanField()
    state = models.CharField(max_length=12)
    person_id = models.BigIntegerField()
    person_no = models.CharField(max_length=30)
    institution_code = models.CharField(max_length=30)
    insured_area = models.CharField(max_length=6)
    care_area = models.CharField(max_length=6)
    insutype = models.CharField(max_length=6)
    scheme = models.CharField(max_length=24)
    med_type = models.CharField(max_length=6, default="")
    benefit = models.CharField(max_length=24, default="")
    case_no = models.CharField(max_length=30)
    stay_no = models.CharField(max_length=30, default="")
    begun_at = models.DateTimeField()
    begun_on = models.DateField()
    ended_at = models.DateTimeField(null=True)
    ended_on = models.DateField(null=True)
    disease_code = models.CharField(max_length=30, default="")
    disease_name = models.CharField(max_length=500, default="")
    disease = models.CharField(max_length=60, default="")
    """The disease as policies name it, for chronic and two-disease visits."""
    diagnoses = models.JSONField(default=list)
    circumstances = models.JSONField(default=dict)
    details = models.JSONField(default=dict)
    open_batch = models.IntegerField(default=1)
    """Of a stay: number of the batch that takes lines until the next settlement."""
    standing = models.IntegerField(default=0)
    """Settlements that stand."""
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "settlement_visit"
        indexes = [
            models.Index(fields=["person_id", "begun_on"], name="settlement_visit_person"),
            models.Index(fields=["institution_code", "begun_on"], name="settlement_visit_inst"),
        ]


class Batch(models.Model):
    """Lines that are settled together (收费批次), with their sums; the sums are kept by the upload, under the lock."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="+")
    batch_no = models.CharField(max_length=30)
    disease_code = models.CharField(max_length=30, default="")
    lines = models.IntegerField(default=0)
    total_fen = models.BigIntegerField(default=0)
    non_covered_fen = models.BigIntegerField(default=0)
    over_limit_fen = models.BigIntegerField(default=0)
    prior_self_pay_fen = models.BigIntegerField(default=0)
    in_scope_fen = models.BigIntegerField(default=0)
    special_fen = models.BigIntegerField(default=0)
    herb_fen = models.BigIntegerField(default=0)
    last_fee_on = models.DateField(null=True)
    settlement_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "settlement_batch"
        constraints = [
            models.UniqueConstraint(fields=["visit", "batch_no"], name="settlement_batch_once"),
            models.CheckConstraint(
                condition=Q(
                    total_fen=F("non_covered_fen") + F("over_limit_fen") + F("prior_self_pay_fen") + F("in_scope_fen")
                ),
                name="settlement_batch_adds_up",
            ),
        ]


class Line(models.Model):
    """A fee line (费用明细) with its split, priced once at upload by the catalogue version named."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="+")
    sn = models.CharField(max_length=30)
    item_code = models.CharField(max_length=50)
    local_code = models.CharField(max_length=150, default="")
    name = models.CharField(max_length=200)
    item_class = models.CharField(max_length=1)
    charge_type = models.CharField(max_length=6)
    quantity_e4 = models.BigIntegerField()
    price_e6 = models.BigIntegerField()
    ceiling_e6 = models.BigIntegerField(default=0)
    own_ratio_bp = models.IntegerField()
    amount_fen = models.BigIntegerField()
    non_covered_fen = models.BigIntegerField()
    over_limit_fen = models.BigIntegerField()
    prior_self_pay_fen = models.BigIntegerField()
    in_scope_fen = models.BigIntegerField()
    special_fen = models.BigIntegerField(default=0)
    herb = models.BooleanField()
    version_id = models.BigIntegerField()
    fee_at = models.DateTimeField()
    approved = models.CharField(max_length=3, default="")
    refunds_sn = models.CharField(max_length=30, default="")
    dept_code = models.CharField(max_length=30, default="")
    doctor_code = models.CharField(max_length=30, default="")
    memo = models.CharField(max_length=200, default="")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "settlement_line"
        constraints = [
            models.UniqueConstraint(
                fields=["visit", "sn"], condition=Q(withdrawn_at__isnull=True), name="settlement_line_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    amount_fen=F("non_covered_fen") + F("over_limit_fen") + F("prior_self_pay_fen") + F("in_scope_fen")
                ),
                name="settlement_line_adds_up",
            ),
        ]


class PersonYear(models.Model):
    """The state of a person's benefit year in an area and scheme (人年累计): what the next bill meets."""

    person_id = models.BigIntegerField()
    year = models.IntegerField()
    area = models.CharField(max_length=6)
    scheme = models.CharField(max_length=24)
    seq = models.IntegerField(default=0)
    counters = models.JSONField(default=dict)
    stays = models.JSONField(default=dict)

    class Meta:
        db_table = "settlement_person_year"
        constraints = [
            models.UniqueConstraint(fields=["person_id", "year", "area", "scheme"], name="settlement_person_year_once")
        ]


class Document(models.Model):
    """A settlement (结算单), or the negative document that cancels one (冲销单)."""

    settlement_no = models.CharField(max_length=30, unique=True)
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="+")
    refers_to = models.OneToOneField("self", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=12)
    person_id = models.BigIntegerField()
    institution_code = models.CharField(max_length=30)
    area = models.CharField(max_length=6)
    scheme = models.CharField(max_length=24)
    year = models.IntegerField()
    seq = models.IntegerField()
    decided_on = models.DateField()
    settled_at = models.DateTimeField()
    mid_stay = models.BooleanField(default=False)
    total_fen = models.BigIntegerField()
    fund_fen = models.BigIntegerField()
    hospital_fen = models.BigIntegerField()
    account_fen = models.BigIntegerField()
    family_fen = models.BigIntegerField(default=0)
    cash_fen = models.BigIntegerField()
    amounts = models.JSONField()
    """Every money field of the row by national name, fen."""
    payers = models.JSONField()
    decided = models.JSONField()
    """What was decided on: person, visit, bill, stay; enough to settle it again."""
    counters_before = models.JSONField()
    accounts = models.JSONField(default=list)
    """Personal accounts that paid: [[account id, fen], …]."""
    plan_hash = models.CharField(max_length=64)
    trace = models.BinaryField()
    details = models.JSONField(default=dict)
    journal_id = models.BigIntegerField(null=True)
    msgid = models.CharField(max_length=60)
    infno = models.CharField(max_length=6)

    class Meta:
        db_table = "settlement_document"
        indexes = [
            models.Index(fields=["person_id", "year", "seq"], name="settlement_document_year"),
            models.Index(fields=["visit"], name="settlement_document_visit"),
            models.Index(fields=["institution_code", "settled_at"], name="settlement_document_inst"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total_fen=F("fund_fen") + F("hospital_fen") + F("account_fen") + F("family_fen") + F("cash_fen")
                ),
                name="settlement_document_adds_up",
            ),
        ]


class Adjustment(models.Model):
    """What a cancellation changes for another settlement of the year (重放差额): posted, or asked of its hospital."""

    cause = models.ForeignKey(Document, models.PROTECT, related_name="+")
    target = models.ForeignKey(Document, models.PROTECT, related_name="+")
    mode = models.CharField(max_length=20)
    """replay_to_person (待补/待追) or resettle_by_hospital."""
    payers = models.JSONField()
    person_fen = models.BigIntegerField()
    """Owed to the person (more than 0) or by the person (less)."""
    state = models.CharField(max_length=12, default="open")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "settlement_adjustment"
        indexes = [models.Index(fields=["target"], name="settlement_adjustment_target")]


class SettlementList(models.Model):
    """A settlement list as accepted (结算清单): the body sealed; a later upload supersedes an earlier one."""

    list_no = models.CharField(max_length=30, unique=True)
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    shape = models.CharField(max_length=6)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "settlement_list"
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=Q(superseded_at__isnull=True), name="settlement_list_current"
            )
        ]
