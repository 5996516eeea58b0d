"""From request to reply (报文处理): who signed, what it says, one handler in one durable transaction, what is answered.

Nothing but an answer leaves: a refusal is an envelope with its reason and code, a bug an envelope with the number of
its log entry. Only what happens before there is an envelope is answered on the level of HTTP.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from openyibao.foundation import clock
from openyibao.foundation.actors import Actor
from openyibao.foundation.crypto import keyed_hash
from openyibao.foundation.transactions import pipelined
from openyibao.gateway import journal, plan, reply, sessions, signing, standards
from openyibao.gateway.envelope import Envelope, EnvelopeInvalid, decode_json, open_envelope
from openyibao.gateway.errors import (
    Busy,
    NotOffered,
    PathMismatch,
    SignerMismatch,
    TransportRefused,
)
from openyibao.gateway.handlers.base import HANDLERS, Call, Handler
from openyibao.gateway.handlers.registry import load_handlers
from openyibao.gateway.limits import Limiter
from openyibao.gateway.options import Options, options
from openyibao.gateway.signing import Signer
from openyibao.kernel.errors import OpenyibaoError
from openyibao.ledger.errors import refusal_of

log = logging.getLogger("openyibao.gateway")
SINGLE_ENTRY = "/fsi/api/rsfComIfsService/callService"
SIGN_IN = "9001"
CONFLICTS = frozenset({"40001", "40P01", "55P03", "57014"})
"""SQLSTATEs of serialization failure, deadlock, lock not available, statement cancelled."""


@dataclass(frozen=True)
class Request:
    """What came over HTTP: path, headers in lower case, body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class _Progress:
    """How far a message got, for whoever has to answer when it fails."""

    received_at: datetime
    area: str
    strict: bool
    envelope: Envelope | None = None
    body_hash: bytes = b""


@cache
def _limiter() -> Limiter:
    return Limiter(options().per_second, options().burst)


def numbers_at(path: str) -> frozenset[str] | None:
    """Transactions served at a path; empty for the single entry, None when there is no such path."""
    path = path.rstrip("/")
    if path == SINGLE_ENTRY:
        return frozenset()
    if path.startswith(SINGLE_ENTRY + "/"):
        number = path[len(SINGLE_ENTRY) + 1 :]
        return frozenset({number}) if number.isascii() and number.isalnum() and len(number) <= 6 else None
    return standards.routes().get(path)


def answer(request: Request) -> bytes:
    """The reply to one request, in the envelope form. Raises: TransportRefused for what is answered as HTTP status."""
    settings = options()
    numbers = numbers_at(request.path)
    if numbers is None:
        raise TransportRefused(404, "没有这个地址；单一入口为 " + SINGLE_ENTRY)
    progress = _Progress(clock.now(), settings.area, settings.strict)
    try:
        return _answer(request, numbers, settings, progress)
    except TransportRefused:
        raise
    except OpenyibaoError as refusal:
        return _refused(request, progress, refusal)
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as problem:
        return _refused(request, progress, _busy(problem))
    except (DatabaseError, psycopg.DatabaseError) as problem:
        known = refusal_of(problem)  # the ledger's own refusals, when they come from a statement of another room
        if known is not None:
            return _refused(request, progress, known)
        if _sqlstate(problem) in CONFLICTS:
            return _refused(request, progress, _busy(problem))
        return _bug(progress, problem)
    except Exception as problem:  # the outer edge: no stack trace leaves
        return _bug(progress, problem)


def _answer(request: Request, numbers: frozenset[str], settings: Options, progress: _Progress) -> bytes:
    signer = signing.signer_of(request.headers, request.body, progress.received_at, settings.tolerance_s)
    found = decode_json(request.body, settings.depth)
    only = next(iter(numbers)) if len(numbers) == 1 else ""
    envelope = _opened(found, signer, only, settings, progress)
    if signer is None:
        signer = signing.unsigned(envelope.institution_code)
    if not _limiter().allows(signer.institution_code):
        raise TransportRefused(429, f"报文过于频繁；每秒至多 {settings.per_second} 笔，请稍后再发")
    envelope = _of_signer(envelope, signer)
    progress.envelope = envelope
    progress.area = envelope.care_area or signer.area
    progress.strict = settings.strict or signer.strict
    progress.body_hash = keyed_hash(envelope.canonical().decode())
    if progress.strict and not settings.strict:
        open_envelope(found, True, settings.depth, only)
    if numbers and envelope.infno not in numbers:
        served = "、".join(sorted(numbers))
        raise PathMismatch(f"地址属于 {served}，报文却是 {envelope.infno}", hint="核对地址与 infno，或用单一入口")
    return _run(envelope, signer, request.body, settings, progress)


def _opened(
    found: dict[str, Any], signer: Signer | None, only: str, settings: Options, progress: _Progress
) -> Envelope:
    try:
        return open_envelope(found, settings.strict, settings.depth, only)
    except EnvelopeInvalid as invalid:
        if signer is None:
            signing.unsigned(str(invalid.got.get("fixmedins_code", "")))
        progress.area = invalid.got.get("mdtrtarea_admvs") or progress.area
        raise


def _of_signer(envelope: Envelope, signer: Signer) -> Envelope:
    """The envelope with the signer's code. A 2001 may carry an area instead; anything else must agree."""
    if envelope.institution_code == signer.institution_code:
        return envelope
    if envelope.infno == "2001" and len(envelope.institution_code) == 6 and envelope.institution_code.isdigit():
        return replace(envelope, institution_code=signer.institution_code)
    raise SignerMismatch(
        f"报文的定点机构 {envelope.institution_code} 与签名机构不符",
        hint="以本机构的密钥签名，fixmedins_code 填本机构编号",
    )


def _run(envelope: Envelope, signer: Signer, body: bytes, settings: Options, progress: _Progress) -> bytes:
    load_handlers()
    offered = standards.transactions().get(envelope.infno)
    handler = HANDLERS.get(envelope.infno)
    if offered is None or handler is None:
        raise NotOffered(f"交易 {envelope.infno} 本平台未开通（not offered）", hint="已开通的交易见接口文档")
    form = offered.form or plan.form_of(offered.fields_of, envelope.input)
    compiled = plan.plan_for(offered.fields_of, form, progress.strict)
    if envelope.infno != SIGN_IN:
        sessions.check(signer.institution_code, envelope.sign_no, progress.received_at, settings.sign_in)
    call = Call(
        infno=envelope.infno,
        form=form,
        msgid=envelope.msgid,
        institution_code=signer.institution_code,
        care_area=envelope.care_area or signer.area,
        insured_area=envelope.insured_area,
        operator_no=envelope.operator_no,
        operator_name=envelope.operator_name,
        actor=Actor(signer.institution_code, frozenset({"institution"}), signer.area),
        at=progress.received_at,
        data=compiled.read(envelope.input, settings.lines),
    )
    if offered.kind == "read":
        with pipelined():
            made = handler(call)
            text = _encoded(progress, offered.fields_of, made.output, made.warning)
            times = (progress.received_at, clock.now())
            journal.note(envelope, "read", _code(made.warning), progress.body_hash, (body, text), times)
        return text
    try:
        return _written(call, handler, offered.fields_of, envelope, body, progress)
    except journal.Repeated:
        return journal.stored_reply(envelope, progress.body_hash)


def _written(
    call: Call, handler: Handler, fields_of: str, envelope: Envelope, body: bytes, progress: _Progress
) -> bytes:
    """A writing message: claimed, done and answered in one transaction. Raises: Repeated when one like it stands.

    The claim is sent with the first statements of the verb, so its answer is read after them; a repeat may have been
    refused by then for what the first message did, and is a repeat all the same.
    """
    with pipelined():
        claim = journal.claim(envelope, progress.body_hash, body, progress.received_at)
        try:
            made = handler(call)
        except OpenyibaoError:
            claim.row()
            raise
        row = claim.row()
        text = _encoded(progress, fields_of, made.output, made.warning)
        journal.finish(row, text, (made.document, made.visit_no), _code(made.warning), clock.now())
    return text


def _code(warning: str) -> str:
    return warning.partition(" ")[0]


def _encoded(progress: _Progress, fields_of: str, output: Mapping[str, Any], warning: str) -> bytes:
    written = reply.out_plan(fields_of).write(output)
    return reply.encode_reply(progress.area, progress.received_at, clock.now(), output=written, code=warning)


def _refused(request: Request, progress: _Progress, refusal: OpenyibaoError) -> bytes:
    """The answer to a refusal, journalled on its own once its sender is known."""
    error = reply.shortened(str(refusal), progress.strict)
    text = reply.encode_reply(progress.area, progress.received_at, clock.now(), error=error, code=refusal.code)
    envelope = progress.envelope
    if envelope is None:
        log.info("refused before its sender was known: %s", refusal.code)
        return text
    log.info("refused %s: %s", _named(envelope), refusal.code)
    times = (progress.received_at, clock.now())
    try:
        journal.note(envelope, "refused", refusal.code, progress.body_hash, (request.body, text), times)
    except (DatabaseError, InterfaceError, psycopg.Error):
        log.warning("a refusal could not be journalled: %s", _named(envelope))
    return text


def _named(envelope: Envelope) -> str:
    """A message in one line of the log, whatever its members hold."""
    said = f"{envelope.infno} {envelope.msgid} of {envelope.institution_code}"
    return said if said.isprintable() else ascii(said)


def _busy(problem: Exception) -> Busy:
    log.warning("try again: %s", _sqlstate(problem) or type(problem).__name__)
    if not connection.in_atomic_block:
        connection.errors_occurred = True  # the driver's own cursors do not tell Django
        connection.close_if_unusable_or_obsolete()
    return Busy("平台暂时无法办理，本笔是否办成以重发结果为准", hint="请以同一报文ID、同样内容重发")


def _trace(bug: Exception) -> str:
    """Where it happened. The text of a database error may quote a row, hence a person: only its kind is kept."""
    kind = f"{type(bug).__name__} {_sqlstate(bug)}"
    return "".join(traceback.format_tb(bug.__traceback__)) + kind


def _sqlstate(problem: Exception) -> str:
    """SQLSTATE of an error of the driver, bare or wrapped by Django."""
    return str(getattr(problem, "sqlstate", "") or getattr(problem.__cause__, "sqlstate", "") or "")


def _bug(progress: _Progress, bug: Exception) -> bytes:
    number = secrets.token_hex(6)
    envelope = progress.envelope
    infno, institution = (envelope.infno, envelope.institution_code) if envelope else ("?", "?")
    log.error("bug %s in %a of %a\n%s", number, infno, institution, _trace(bug))
    error = f"平台内部错误，编号 {number}；请以此编号联系运维。业务是否办成，请以同一报文ID重发或用 5203 查询"
    return reply.encode_reply(progress.area, progress.received_at, clock.now(), error=error, code="INTERNAL")
