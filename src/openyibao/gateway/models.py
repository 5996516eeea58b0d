"""Tables of the gateway: the message journal (报文日志), sign-ins (签到), credentials of institutions (接入凭证)."""

from __future__ import annotations

from django.db import models


class Message(models.Model):
    """One message and its reply (报文), bodies sealed.

    `state`: done (办结, one per institution, transaction and msgid), read (查询), refused (拒绝). `document` is what
    the message made, a settlement or visit number, and `visit_no` the visit. A tombstone of 2601 is a done row without
    a body.
    """

    institution_code = models.CharField(max_length=30)
    infno = models.CharField(max_length=6)
    msgid = models.CharField(max_length=40)
    sign_no = models.CharField(max_length=30)
    state = models.CharField(max_length=8)
    code = models.CharField(max_length=40)
    document = models.CharField(max_length=60)
    visit_no = models.CharField(max_length=30, default="")
    body_hash = models.BinaryField()
    body = models.BinaryField()
    reply = models.BinaryField()
    received_at = models.DateTimeField()
    replied_at = models.DateTimeField(null=True)
    compensated_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "gateway_message"
        constraints = (
            models.UniqueConstraint(
                fields=["institution_code", "infno", "msgid"],
                condition=models.Q(state="done"),
                name="gateway_message_once",
            ),
        )
        indexes = (models.Index(fields=["received_at"], name="gateway_message_received"),)


class Session(models.Model):
    """One sign-in of an operator (签到), valid on its business day until the sign-out."""

    sign_no = models.CharField(max_length=30, primary_key=True)
    institution_code = models.CharField(max_length=30)
    operator_no = models.CharField(max_length=30)
    mac = models.CharField(max_length=40)
    ip = models.CharField(max_length=60)
    day = models.DateField()
    signed_in_at = models.DateTimeField()
    signed_out_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "gateway_session"


class Credential(models.Model):
    """How an institution signs (接入凭证): `security` aksk, tif, xca or none; the secret sealed."""

    institution_code = models.CharField(max_length=30)
    area = models.CharField(max_length=6)
    security = models.CharField(max_length=8)
    key = models.CharField(max_length=100)
    secret = models.BinaryField()
    strict = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    registered_at = models.DateTimeField()

    class Meta:
        db_table = "gateway_credential"
        constraints = (models.UniqueConstraint(fields=["security", "key"], name="gateway_credential_key"),)
        indexes = (models.Index(fields=["institution_code"], name="gateway_credential_inst"),)
