"""Tables of the people room. Coverage has two clocks: the days it holds, and when it was learnt and found wrong.

Identity is one sealed blob and a keyed hash to find it by; nothing here can be read without the keys. Rules that the
tables keep themselves (no overlapping coverage, one identity once, a period posted once) are in the migrations.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import DateRangeField
from django.db import models


def _person(**options: object) -> models.ForeignKey:
    return models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+", **options)


class Person(models.Model):
    """A person (人员). `merged_into` is the main record of one who was registered twice."""

    sealed = models.BinaryField()
    cert_hash = models.BinaryField(unique=True)
    gender = models.CharField(max_length=1)
    born_on = models.DateField()
    died_on = models.DateField(null=True)
    ethnicity = models.CharField(max_length=2, default="")
    area = models.CharField(max_length=6)
    merged_into = _person(null=True)
    note = models.TextField(default="")
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "people_person"


class Number(models.Model):
    """A person number (人员编号, psn_no). A merged person answers to several; one of them is main."""

    person_no = models.CharField(max_length=30, primary_key=True)
    person = _person()
    main = models.BooleanField(default=True)

    class Meta:
        db_table = "people_number"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person"], condition=models.Q(main=True), name="people_number_one_main")
        ]


class Employer(models.Model):
    """An employer (参保单位) that pays for its employees."""

    employer_no = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=200)
    uscc = models.CharField(max_length=18, default="")
    kind = models.CharField(max_length=20)
    area = models.CharField(max_length=6)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "people_employer"


class Coverage(models.Model):
    """One stretch of coverage (参保时段). A correction voids the row and adds new ones; nothing is edited."""

    person = _person()
    area = models.CharField(max_length=6)
    scheme = models.CharField(max_length=20)
    status = models.CharField(max_length=20)
    contribution_class = models.CharField(max_length=20, default="standard")
    employment = models.CharField(max_length=20, default="")
    employer = models.ForeignKey(Employer, null=True, on_delete=models.PROTECT, related_name="+")
    pool_only = models.BooleanField(default=False)
    valid = DateRangeField()
    benefit_from = models.DateField()
    state = models.CharField(max_length=20, default="normal")
    recorded_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_coverage"


class Group(models.Model):
    """Belonging to a helped group (困难身份) for some days; several at once."""

    person = _person()
    name = models.CharField(max_length=30)
    valid = DateRangeField()
    source = models.CharField(max_length=60, default="")
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "people_group"


class Supplement(models.Model):
    """Supplementary cover (补充保障): civil-servant subsidy, an employer's supplement, the city's product."""

    person = _person()
    name = models.CharField(max_length=30)
    valid = DateRangeField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "people_supplement"


class Filing(models.Model):
    """A filing (备案): applied for, reviewed by another hand, ended."""

    person = _person()
    kind = models.CharField(max_length=20)
    disease = models.CharField(max_length=60, default="")
    disease_code = models.CharField(max_length=20, default="")
    type = models.CharField(max_length=20, default="")
    area = models.CharField(max_length=6, default="")
    valid = DateRangeField()
    state = models.CharField(max_length=20, default="pending")
    filed_by = models.CharField(max_length=60)
    filed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=60, default="")
    decided_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=200, default="")

    class Meta:
        db_table = "people_filing"


class Family(models.Model):
    """Authorisation of a relative to spend the owner's personal account (家庭共济)."""

    owner = _person()
    member = _person()
    relation = models.CharField(max_length=20, default="")
    valid = DateRangeField()
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "people_family"


class Contribution(models.Model):
    """A contribution (缴费记录) of a month or a year, as posted to the ledger; deferred ones wait for their money."""

    person = _person()
    area = models.CharField(max_length=6)
    scheme = models.CharField(max_length=20)
    period = models.CharField(max_length=7)
    employer = models.ForeignKey(Employer, null=True, on_delete=models.PROTECT, related_name="+")
    base_fen = models.BigIntegerField(default=0)
    employer_fen = models.BigIntegerField(default=0)
    individual_fen = models.BigIntegerField(default=0)
    subsidy_fen = models.BigIntegerField(default=0)
    assistance_fen = models.BigIntegerField(default=0)
    account_fen = models.BigIntegerField(default=0)
    months = models.SmallIntegerField()
    declared = models.BooleanField(default=False)
    provisional = models.JSONField(default=list)
    state = models.CharField(max_length=20)
    paid_on = models.DateField(null=True)
    journals = models.JSONField(default=list)
    recorded_at = models.DateTimeField()
    reversed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_contribution"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "period", "scheme"],
                condition=~models.Q(state="reversed"),
                name="people_contribution_once",
            )
        ]


class Transfer(models.Model):
    """A relation moved out or in (关系转移接续) with months paid and the balance of the account."""

    person = _person()
    direction = models.CharField(max_length=3)
    scheme = models.CharField(max_length=20)
    from_area = models.CharField(max_length=6)
    to_area = models.CharField(max_length=6)
    months = models.IntegerField()
    balance_fen = models.BigIntegerField()
    covered_until = models.DateField()
    day = models.DateField()
    slip = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="+")
    journals = models.JSONField(default=list)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "people_transfer"


class Event(models.Model):
    """What happened to a person, in order (人员大事记). `details` holds ids, codes and figures, never identity."""

    person = _person()
    kind = models.CharField(max_length=40)
    day = models.DateField()
    actor = models.CharField(max_length=60)
    details = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "people_event"
