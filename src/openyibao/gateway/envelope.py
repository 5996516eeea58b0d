"""The envelope of a message (报文信封): from bytes to members and `input`, leniently, and never through a float."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from openyibao.gateway import standards
from openyibao.gateway.errors import FieldsInvalid, NotJson, NotUtf8, TooDeep
from openyibao.gateway.plan import Faults, NodePlan
from openyibao.gateway.values import EMPTY, Num

_DECODER = msgspec.json.Decoder(float_hook=Num)
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Members of the envelope that matter (信封), and the input as it came."""

    infno: str
    msgid: str
    institution_code: str
    care_area: str
    insured_area: str
    operator_no: str
    operator_name: str
    operator_kind: str
    sign_no: str
    sent_at: datetime | None
    input: Any

    def canonical(self) -> bytes:
        """What a repeat must have in common with the first: everything but the times and names around the input."""
        head = f"{self.infno}\n{self.institution_code}\n{self.msgid}\n".encode()
        return head + msgspec.json.encode(self.input, enc_hook=str, order="deterministic")


def decode_json(raw: bytes, depth: int) -> dict[str, Any]:
    """The JSON object of a body. Raises: NotUtf8, NotJson, TooDeep."""
    if raw.startswith(_BOM):
        raw = raw[3:]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise NotUtf8(_encoding(raw, problem.start)) from None
    found = _decode(text, depth)
    if not isinstance(found, dict):
        raise NotJson('报文不是 JSON 对象；应为 {"infno": …, "input": {…}}')
    return found


def _decode(text: str, depth: int) -> Any:
    try:
        found = _DECODER.decode(text)
    except RecursionError:
        raise TooDeep(f"报文嵌套过深；至多 {depth} 层") from None
    except (msgspec.MsgspecError, ValueError) as problem:
        raise NotJson(f"报文不是合法的 JSON（{str(problem)[:80]}）；请核对引号、逗号、转义与数值写法") from None
    if not _within(found, depth):
        raise TooDeep(f"报文嵌套过深；至多 {depth} 层")
    return found


def _encoding(raw: bytes, at: int) -> str:
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return f"报文不是 UTF-8 文本（第 {at} 字节）；请以 UTF-8 编码发送"
    return f"报文似为 GBK 编码（第 {at} 字节不是 UTF-8）；请以 UTF-8 编码发送"


def _within(value: Any, depth: int) -> bool:
    """Whether containers are nested at most `depth` deep."""
    if type(value) is dict:
        inner: Any = value.values()
    elif type(value) is list:
        inner = value
    else:
        return True
    if not depth:
        return False
    return all(_within(one, depth - 1) for one in inner if type(one) is dict or type(one) is list)


@cache
def _plan(strict: bool) -> NodePlan:
    fields = [one for one in standards.fields_of(standards.ENVELOPE, "in") if one.field != "input"]
    return NodePlan("", fields, strict)


def open_envelope(found: dict[str, Any], strict: bool, depth: int, infno: str = "") -> Envelope:
    """Read the members of an envelope; `input` may be JSON text. `infno`: what the path says, when the body does not.

    Raises: FieldsInvalid with every fault of the envelope.
    """
    faults = Faults()
    head = {key: value for key, value in found.items() if key != "input"}
    if infno and head.get("infno") in (None, *EMPTY):
        head["infno"] = infno
    got = _plan(strict).row(head, "", faults)
    given = found.get("input")
    if isinstance(given, str) and not strict and given.strip().startswith("{"):
        try:
            given = _decode(given, depth)
        except NotJson:
            faults.add("input", "交易输入", "是文本，但不是合法的 JSON", "JSON 对象")
    if type(given) is not dict and not faults.count:
        faults.add("input", "交易输入", "没有填" if given in (None, "", "null") else "不是对象", "JSON 对象")
    if faults.count:
        raise EnvelopeInvalid(faults, got)
    text = got.get
    return Envelope(
        infno=text("infno", ""),
        msgid=text("msgid", ""),
        institution_code=text("fixmedins_code", ""),
        care_area=text("mdtrtarea_admvs", ""),
        insured_area=text("insuplc_admdvs", ""),
        operator_no=text("opter", ""),
        operator_name=text("opter_name", ""),
        operator_kind=text("opter_type", ""),
        sign_no=text("sign_no", ""),
        sent_at=text("inf_time"),
        input=given,
    )


class EnvelopeInvalid(FieldsInvalid):
    """Members of the envelope do not fit (信封字段不符); says what could be read, for the reply's own number."""

    def __init__(self, faults: Faults, got: dict[str, Any]) -> None:
        super().__init__(faults.kept, faults.count)
        self.got = got
