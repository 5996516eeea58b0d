"""9001 签到, 9002 签退."""

from __future__ import annotations

from openyibao.gateway import sessions
from openyibao.gateway.handlers.base import Call, Reply, handles


@handles("9001")
def sign_in(call: Call) -> Reply:
    """Sign an operator in for the day; a sign_no that the message carries already is of no account."""
    data = call.data["signIn"]
    sign_no = sessions.sign_in(call.institution_code, data["opter_no"], data["mac"], data["ip"], call.at)
    return Reply({"signinoutb": {"sign_time": call.at, "sign_no": sign_no}})


@handles("9002")
def sign_out(call: Call) -> Reply:
    """Sign an operator out on the day of the sign-in."""
    data = call.data["signOut"]
    sessions.sign_out(call.institution_code, data["sign_no"], data["opter_no"], call.at)
    return Reply({"sign_time": {"sign_time": call.at}})
