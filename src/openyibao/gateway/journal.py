"""The message journal (报文日志): what makes a repeat harmless and 2601 truthful.

A writing message first inserts its row, in the same transaction as everything it does. The partial unique index lets
one of two equal messages through; the other waits for its commit and then finds the stored reply. A refusal rolls
the row back and is journalled on its own, without uniqueness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openyibao.foundation import sql
from openyibao.foundation.crypto import seal_bytes, unseal_bytes
from openyibao.foundation.transactions import require_open
from openyibao.gateway.envelope import Envelope
from openyibao.gateway.errors import MessageCompensated, MsgidReused

_COLUMNS = (
    "institution_code, infno, msgid, sign_no, state, code, document, visit_no, body_hash, body, reply, received_at"
)
_CLAIM = sql.numbered(f"""
INSERT INTO gateway_message ({_COLUMNS}) VALUES (%s, %s, %s, %s, 'done', '', '', '', %s, %s, ''::bytea, %s)
ON CONFLICT (institution_code, infno, msgid) WHERE state = 'done' DO NOTHING RETURNING id
""")
_FIND = """
SELECT id, body_hash, reply, compensated_at, document, visit_no FROM gateway_message
WHERE institution_code = %s AND infno = %s AND msgid = %s AND state = 'done'
"""
_FINISH = sql.numbered(
    "UPDATE gateway_message SET reply = %s, document = %s, visit_no = %s, code = %s, replied_at = %s WHERE id = %s"
)
_NOTE = f"""
INSERT INTO gateway_message ({_COLUMNS}, replied_at) VALUES (%s, %s, %s, %s, %s, %s, '', '', %s, %s, %s, %s, %s)
"""
_TOMBSTONE = f"""
INSERT INTO gateway_message ({_COLUMNS}, replied_at, compensated_at)
VALUES (%s, %s, %s, '', 'done', 'MESSAGE_COMPENSATED', '', '', ''::bytea, ''::bytea, ''::bytea, %s, %s, %s)
ON CONFLICT (institution_code, infno, msgid) WHERE state = 'done' DO NOTHING RETURNING id
"""
_MARK = "UPDATE gateway_message SET compensated_at = %s WHERE id = %s"


@dataclass(frozen=True)
class Original:
    """The message a 2601 refers to (原报文): its row, what it made, whether it was withdrawn before."""

    row: int
    document: str
    visit_no: str
    compensated: bool


class Repeated(Exception):
    """Internal: a message with this number stands already."""


class Claim:
    """The row of a writing message, under way to the database; `row` is its id once the database has answered."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def row(self) -> int:
        """Id of the row. Raises: Repeated when one stands already."""
        found = self._cursor.fetchone()
        if found is None:
            raise Repeated
        return int(found[0])


def claim(envelope: Envelope, body_hash: bytes, body: bytes, at: datetime) -> Claim:
    """Send the row of a writing message; the database makes it wait for one like it that is under way."""
    require_open()
    head = (envelope.institution_code, envelope.infno, envelope.msgid, envelope.sign_no)
    cursor = sql.numbered_cursor()
    cursor.execute(_CLAIM, (*head, body_hash, seal_bytes(body), at))
    return Claim(cursor)


def stored_reply(envelope: Envelope, body_hash: bytes) -> bytes:
    """The reply to the first of two equal messages, byte for byte.

    Raises: MsgidReused when the first had another body, MessageCompensated when a 2601 withdrew it.
    """
    found = sql.one(_FIND, (envelope.institution_code, envelope.infno, envelope.msgid))
    assert found is not None, "a claimed row cannot vanish"
    first_hash, reply, compensated_at = found[1:4]
    if compensated_at is not None:
        raise MessageCompensated(
            f"报文 {envelope.msgid} 的 {envelope.infno} 已由 2601 冲正", hint="如需办理，请用新的报文ID重新发送"
        )
    if bytes(first_hash) != body_hash:
        raise MsgidReused(
            f"报文ID {envelope.msgid} 已用于另一笔 {envelope.infno}，内容不同",
            hint="重发须与原报文内容一致；新业务请用新的报文ID",
        )
    return unseal_bytes(reply)


def finish(row: int, reply: bytes, made: tuple[str, str], code: str, at: datetime) -> None:
    """Keep the reply and what the message made: its document and the visit (joins the open transaction)."""
    require_open()
    with sql.numbered_cursor() as cursor:
        cursor.execute(_FINISH, (seal_bytes(reply), *made, code, at, row))


def note(
    envelope: Envelope,
    state: str,
    code: str,
    body_hash: bytes,
    bodies: Sequence[bytes],
    times: Sequence[datetime],
) -> None:
    """Journal a reading or refused message: bodies (message, reply) and times (received, replied)."""
    head = (envelope.institution_code, envelope.infno, envelope.msgid, envelope.sign_no)
    sql.run(_NOTE, (*head, state, code, body_hash, seal_bytes(bodies[0]), seal_bytes(bodies[1]), *times))


def take_original(institution_code: str, infno: str, msgid: str, at: datetime) -> Original | None:
    """The message a 2601 refers to, waiting for it if it is under way; None when there was none.

    Where there was none a tombstone is left, so that the message cannot arrive later and take effect after its caller
    was told that the platform holds nothing.
    """
    require_open()
    if sql.one(_TOMBSTONE, (institution_code, infno, msgid, at, at, at)) is not None:
        return None
    found = sql.one(_FIND + " FOR UPDATE", (institution_code, infno, msgid))
    assert found is not None, "a claimed row cannot vanish"
    return Original(int(found[0]), str(found[4]), str(found[5]), found[3] is not None)


def mark_compensated(row: int, at: datetime) -> None:
    """Remember that a 2601 withdrew this message."""
    require_open()
    sql.run(_MARK, (at, row))
