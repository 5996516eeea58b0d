"""Sign-ins (签到签退): a number per operator and day; checked when a message names one."""

from __future__ import annotations

import secrets
import time
from datetime import date, datetime

from openyibao.foundation import sql
from openyibao.gateway.errors import SignInRequired, SignNoUnknown
from openyibao.kernel.clock import SHANGHAI, business_day

_KEPT_S = 5.0
_valid: dict[tuple[str, str, date], float] = {}
"""Sign-ins seen valid, by institution, number and day, with the time they must be looked at again."""


def sign_in(institution_code: str, operator_no: str, mac: str, ip: str, at: datetime) -> str:
    """A new sign-in number (sign_no) for the business day of `at`."""
    sign_no = f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}{secrets.token_hex(6)}"
    sql.run(
        "INSERT INTO gateway_session (sign_no, institution_code, operator_no, mac, ip, day, signed_in_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (sign_no, institution_code, operator_no, mac, ip, business_day(at), at),
    )
    return sign_no


def sign_out(institution_code: str, sign_no: str, operator_no: str, at: datetime) -> None:
    """End a sign-in of today; a second sign-out changes nothing. Raises: SignNoUnknown."""
    found = sql.one(
        "UPDATE gateway_session SET signed_out_at = coalesce(signed_out_at, %s)"
        " WHERE sign_no = %s AND institution_code = %s AND operator_no = %s AND day = %s RETURNING sign_no",
        (at, sign_no, institution_code, operator_no, business_day(at)),
    )
    _valid.pop((institution_code, sign_no, business_day(at)), None)
    if found is None:
        raise SignNoUnknown(f"签到编号 {sign_no} 不是操作员 {operator_no} 今日的签到", hint="签退须在签到当日办理")


def check(institution_code: str, sign_no: str, at: datetime, required: bool) -> None:
    """The sign-in number of a message, when there is one. Raises: SignNoUnknown, SignInRequired."""
    if not sign_no:
        if required:
            raise SignInRequired("报文没有签到流水号", hint="先以 9001 签到，再在 sign_no 填写签到编号")
        return
    key = (institution_code, sign_no, business_day(at))
    if _valid.get(key, 0.0) > time.monotonic():
        return
    found = sql.one(
        "SELECT 1 FROM gateway_session WHERE sign_no = %s AND institution_code = %s AND day = %s"
        " AND signed_out_at IS NULL",
        (sign_no, institution_code, business_day(at)),
    )
    if found is None:
        raise SignNoUnknown(f"签到流水号 {sign_no} 无效或已签退", hint="重新签到（9001），或将 sign_no 置空")
    if len(_valid) > 10_000:
        _valid.clear()
    _valid[key] = time.monotonic() + _KEPT_S
