"""Tables of the institutions: who they are, what level on which day, agreements, penalties, departments, physicians.

`version` of an institution rises with every change of it or of what belongs to it; PostgreSQL sees to that.
"""

from __future__ import annotations

from django.db import models


class Institution(models.Model):
    """A hospital, clinic or pharmacy (定点医药机构, fixmedins_code). area: its own county or city."""

    code = models.CharField(max_length=12, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    uscc = models.CharField(max_length=18)
    area = models.CharField(max_length=6)
    version = models.BigIntegerField(default=1)
    registered_at = models.DateTimeField()

    class Meta:
        db_table = "institutions_institution"
        indexes = [models.Index(fields=["name"], name="institutions_name")]


class Owned(models.Model):
    """What belongs to an institution."""

    institution = models.ForeignKey(Institution, models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Profile(Owned):
    """Level and name from a day on (机构级别); levels of `policy.terms.LEVELS`, hosp_lv the national code."""

    level = models.CharField(max_length=12)
    hosp_lv = models.CharField(max_length=2)
    name = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    document = models.CharField(max_length=100)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "institutions_profile"


class Penalty(Owned):
    """A decision of the bureau (行政处罚、处理决定). It changes no agreement: the agency carries an order out."""

    kind = models.CharField(max_length=12)
    decided_on = models.DateField()
    document = models.CharField(max_length=100)
    why = models.CharField(max_length=500)
    amount_fen = models.BigIntegerField(default=0)
    suspend_from = models.DateField(null=True)
    suspend_until = models.DateField(null=True)
    decided_by = models.CharField(max_length=60)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "institutions_penalty"
        constraints = [
            models.UniqueConstraint(fields=["institution", "document", "kind"], name="institutions_penalty_once")
        ]


class AgreementSpell(Owned):
    """A stretch of one agreement in one state (协议期间): active, suspended or ended; who decided it, why, by what."""

    kind = models.CharField(max_length=16)
    number = models.CharField(max_length=40)
    state = models.CharField(max_length=10)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    why = models.CharField(max_length=500)
    document = models.CharField(max_length=100)
    decided_by = models.CharField(max_length=60)
    penalty = models.ForeignKey(Penalty, models.PROTECT, related_name="+", null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "institutions_agreement"
        indexes = [models.Index(fields=["institution", "kind", "valid_from"], name="institutions_agreement_kind")]


class Department(Owned):
    """A department (科室, hosp_dept_codg) and the days it works."""

    code = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    specialty = models.CharField(max_length=10)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        db_table = "institutions_department"
        constraints = [models.UniqueConstraint(fields=["institution", "code"], name="institutions_department_code")]


class Physician(Owned):
    """A physician, pharmacist or nurse who practises at an institution (医保医师, dr_codg)."""

    code = models.CharField(max_length=30)
    name = models.CharField(max_length=50)
    profession = models.CharField(max_length=12)
    department = models.CharField(max_length=20)

    class Meta:
        db_table = "institutions_physician"
        constraints = [models.UniqueConstraint(fields=["institution", "code"], name="institutions_physician_code")]


class Practice(models.Model):
    """The practice status of a physician from a day on (执业状态): practising, suspended or left."""

    physician = models.ForeignKey(Physician, models.PROTECT, related_name="+")
    status = models.CharField(max_length=12)
    valid_from = models.DateField()
    why = models.CharField(max_length=500)
    decided_by = models.CharField(max_length=60)

    class Meta:
        db_table = "institutions_practice"
        constraints = [models.UniqueConstraint(fields=["physician", "valid_from"], name="institutions_practice_day")]
