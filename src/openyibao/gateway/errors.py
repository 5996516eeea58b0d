"""What the gateway itself refuses, each with its stable code (机器码); the rooms below have their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openyibao.kernel.errors import Malformed, Refused, TryAgain


@dataclass(frozen=True)
class FieldFault:
    """One thing wrong with a message (字段错误): where, the field's name, what is wrong, what would be right."""

    path: str
    title: str
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        name = f"{self.path}（{self.title}）" if self.title else self.path
        return f"{name}{self.wrong}" + (f"，应为{self.right}" if self.right else "")


class FieldsInvalid(Malformed):
    """Fields do not fit their definition (字段不符); carries every fault, in the order of the message."""

    code = "FIELD_INVALID"

    def __init__(self, fields: Sequence[FieldFault], count: int = 0) -> None:
        super().__init__(())
        self.fields = tuple(fields)
        self.count = max(count, len(self.fields))
        self.message = f"报文有 {self.count} 处错误：" + "；".join(map(str, self.fields))


class _Unreadable(Malformed):
    def __init__(self, message: str) -> None:
        super().__init__(())
        self.message = message


class NotJson(_Unreadable):
    """The body is no JSON object (报文不是 JSON)."""

    code = "NOT_JSON"


class NotUtf8(_Unreadable):
    """The body is not in UTF-8 (编码不符)."""

    code = "NOT_UTF8"


class TooDeep(_Unreadable):
    """The message is nested too deeply (嵌套过深)."""

    code = "TOO_DEEP"


class TooManyLines(_Unreadable):
    """More rows in one node than an upload may have (明细行数超限)."""

    code = "TOO_MANY_LINES"


class NotOffered(Refused):
    """The platform does not offer this transaction (交易未开通)."""

    code = "NOT_OFFERED"


class PathMismatch(Refused):
    """The path belongs to another transaction than `infno` names (地址与交易编号不符)."""

    code = "PATH_MISMATCH"


class SignerMismatch(Refused):
    """Who signed is not the institution the message names (签名机构与报文机构不符)."""

    code = "SIGNER_MISMATCH"


class SignNoUnknown(Refused):
    """The sign-in number is not one of today's of this institution (签到流水号无效)."""

    code = "SIGN_NO_UNKNOWN"


class SignInRequired(Refused):
    """The platform requires a sign-in and the message names none (未签到)."""

    code = "SIGN_IN_REQUIRED"


class MsgidReused(Refused):
    """Another message of this transaction already came under this msgid (报文ID重复)."""

    code = "MSGID_REUSED"


class MessageCompensated(Refused):
    """A 2601 withdrew this message before (报文已冲正)."""

    code = "MESSAGE_COMPENSATED"


class NotCompensable(Refused):
    """2601 does not undo this transaction (不可冲正的交易)."""

    code = "NOT_COMPENSABLE"


class DictionaryUnknown(Refused):
    """The dictionary asked for is not kept (没有该字典)."""

    code = "DICTIONARY_UNKNOWN"


class SecurityNotAllowed(Refused):
    """A credential of this kind may not be registered here (不允许的签名方式)."""

    code = "SECURITY_NOT_ALLOWED"


class Busy(TryAgain):
    """The database could not finish this now (暂时无法办理); the same message may be sent again."""

    code = "TRY_AGAIN"


class TransportRefused(Exception):
    """Refused before any envelope was read (网关级拒绝): an HTTP status and a small JSON `{"code", "message"}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
