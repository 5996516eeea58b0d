"""The door of the gateway (国家接口): credentials of institutions; and one message answered without HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from openyibao.foundation import audit, clock, sql
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.crypto import seal, unseal
from openyibao.gateway import signing
from openyibao.gateway.dispatch import Request, answer
from openyibao.gateway.errors import SecurityNotAllowed
from openyibao.gateway.options import sandbox

SECURITIES = ("aksk", "tif", "xca", "none")


def register_credential(
    actor: Actor,
    *,
    institution_code: str,
    area: str,
    security: str,
    key: str = "",
    secret: str = "",
    strict: bool = False,
) -> None:
    """Let an institution send messages signed with a secret (登记接入凭证); replaces an earlier one of the same key.

    Args: security: aksk, tif, xca, or none (sandbox only; then the institution's code is the key). strict: check this
    institution's messages in strict mode.
    Raises: SecurityNotAllowed, NotPermitted.
    """
    require(actor, "gateway.register_credential", area)
    if security not in SECURITIES or (security == "none" and not sandbox()):
        raise SecurityNotAllowed(f"不允许的签名方式 {security}", hint="用 aksk、tif 或 xca；none 只用于沙箱")
    if security == "none":
        key, secret = institution_code, ""
    elif not key or not key.isascii() or len(key) > 100 or len(secret) < 16:
        raise SecurityNotAllowed("密钥不合要求", hint="标识不超过 100 个 ASCII 字符，密钥不少于 16 个字符")
    sql.run(
        "INSERT INTO gateway_credential (institution_code, area, security, key, secret, strict, active, registered_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, true, %s) ON CONFLICT (security, key) DO UPDATE SET"
        " institution_code = EXCLUDED.institution_code, area = EXCLUDED.area, secret = EXCLUDED.secret,"
        " strict = EXCLUDED.strict, active = true, registered_at = EXCLUDED.registered_at",
        (institution_code, area, security, key, seal(secret), strict, clock.now()),
    )
    audit.record(actor, "gateway.register_credential", institution_code, area, security=security)
    signing.forget_signers()


def withdraw_credential(actor: Actor, *, security: str, key: str, area: str) -> bool:
    """Refuse messages signed with this key from now on (停用接入凭证). Returns: whether there was one."""
    require(actor, "gateway.register_credential", area)
    changed = sql.changed(
        "UPDATE gateway_credential SET active = false WHERE security = %s AND key = %s AND area = %s AND active",
        (security, key, area),
    )
    audit.record(actor, "gateway.withdraw_credential", f"{security}:{key}", area)
    signing.forget_signers()
    return bool(changed)


@dataclass(frozen=True)
class Published:
    """A credential of a sandbox, with its secret, for whoever wants to try (公开的沙箱凭证)."""

    institution_code: str
    area: str
    security: str
    key: str
    secret: str


def sandbox_credentials() -> list[Published]:
    """Every active credential with its secret, by institution. Raises: SecurityNotAllowed outside a sandbox."""
    if not sandbox():
        raise SecurityNotAllowed("只有沙箱公布接入凭证", hint="在正式环境由经办机构把密钥交给机构")
    rows = sql.rows(
        "SELECT institution_code, area, security, key, secret FROM gateway_credential WHERE active"
        " ORDER BY institution_code, security, key"
    )
    return [Published(row[0], row[1], row[2], row[3], unseal(row[4])) for row in rows]


__all__ = [
    "SECURITIES",
    "Published",
    "Request",
    "answer",
    "register_credential",
    "sandbox_credentials",
    "withdraw_credential",
]
