"""The interface over HTTP: routing, signing, size, journal, repeats, sign-in; with two verbs of the tests' own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM, NotPermitted
from openyibao.foundation.crypto import unseal_bytes
from openyibao.gateway import dispatch, facade, handlers, options, standards
from openyibao.gateway.errors import SecurityNotAllowed
from openyibao.gateway.handlers.base import HANDLERS, Call, Reply
from openyibao.gateway.handlers.registry import load_handlers
from openyibao.gateway.options import Options
from openyibao.kernel.errors import Refused
from tests.gateway.messages import DICTIONARY_1901, ENTRY, SETTLE_2207, SIGN_IN_9001, body, msgid
from tests.gateway.world import HOSPITAL, NOW, ask, post, refused, reply_of, send, still_clock
from tests.support.actors import actor

SECRET = "a-secret-of-tests"


@pytest.fixture(scope="module", autouse=True)
def credentials(db: str) -> Iterator[None]:
    with still_clock():
        facade.register_credential(SYSTEM, institution_code=HOSPITAL, area="371500", security="none")
        for security in ("aksk", "tif", "xca"):
            facade.register_credential(
                SYSTEM, institution_code="H37150099903", area="371500", security=security, key="KEY1", secret=SECRET
            )
        yield


class Verb:
    """Stands in for a verb of a room below: counts its calls, writes a row, may refuse or break."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.fails: BaseException | None = None

    def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        sql.run(
            "INSERT INTO gateway_session (sign_no, institution_code, operator_no, mac, ip, day, signed_in_at)"
            " VALUES (%s, 'FAKE', '', %s, '', %s, %s)",
            (uuid.uuid4().hex[:30], call.msgid, call.today, call.at),
        )
        if self.fails is not None:
            raise self.fails
        info = {"setl_id": f"S{len(self.calls)}", "medfee_sumamt": call.data["data"]["medfee_sumamt"]}
        return Reply({"setlinfo": info}, document=f"S{len(self.calls)}", visit_no=call.data["data"]["mdtrt_id"])


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Verb:
    load_handlers()
    made = Verb()
    monkeypatch.setitem(HANDLERS, "2207", made)
    monkeypatch.setitem(HANDLERS, "2206", made)
    return made


@pytest.fixture
def with_options(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def change(**values: Any) -> None:
        monkeypatch.setattr(dispatch, "options", lambda: Options(**values))
        monkeypatch.setattr("openyibao.gateway.views.options", lambda: Options(**values))
        dispatch._limiter.cache_clear()

    yield change
    dispatch._limiter.cache_clear()


def effects(number: str) -> int:
    """How often the verb took effect for a message."""
    found = sql.one("SELECT count(*) FROM gateway_session WHERE mac = %s", (number,))
    return int(found[0]) if found else 0


def journalled(number: str) -> list[tuple[Any, ...]]:
    return sql.rows(
        "SELECT state, code, document, visit_no, body, reply FROM gateway_message WHERE msgid = %s ORDER BY id",
        (number,),
    )


# Routing ------------------------------------------------------------------------------------------------------------


def test_healthz() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", [ENTRY, ENTRY + "/", ENTRY + "/1901", "/fsi/api/catalogqueryservice/queryDataDic"])
def test_both_routing_styles(path: str) -> None:
    assert ask("1901", DICTIONARY_1901, path=path)["list"][0]["value"] == "310"


def test_a_path_may_name_the_transaction_alone() -> None:
    assert ask("null", DICTIONARY_1901, path=ENTRY + "/1901")["list"]


@pytest.mark.parametrize("path", [ENTRY + "/1101", "/fsi/api/fsiPsnInfoService/queryPsnInfo"])
def test_a_path_that_disagrees_is_refused(path: str) -> None:
    code, reason = refused("1901", DICTIONARY_1901, path=path)
    assert code == "PATH_MISMATCH"
    assert "1101" in reason


@pytest.mark.parametrize("infno", ["9999", "3201", "2102", "2207A", "2303A", "abcdef"])
def test_what_is_not_offered_is_never_a_canned_success(infno: str) -> None:
    code, reason = refused(infno, {"data": {}})
    assert (code, "not offered" in reason) == ("NOT_OFFERED", True)


def test_variants_not_offered_answer_at_their_own_paths() -> None:
    path = "/fsi/api/outpatientSettleService/saveSettletmentA"
    assert refused("2207A", {"data": {}}, path=path)[0] == "NOT_OFFERED"
    assert refused("2207", SETTLE_2207, path=path)[0] == "PATH_MISMATCH"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", ENTRY, 405),
        ("put", ENTRY, 405),
        ("post", "/", 404),
        ("post", "/fsi/api/other", 404),
        ("post", ENTRY + "/%E5%AD%97", 404),
        ("post", ENTRY + "/a/b", 404),
        ("get", "/fsi/", 404),
        ("get", "/other", 404),
    ],
)
def test_what_is_answered_on_the_level_of_http(method: str, path: str, status: int) -> None:
    response = Client().generic(method.upper(), path, b"{}", "application/json")
    assert response.status_code == status
    assert set(response.json()) == {"code", "message"}
    assert response.json()["code"] == status


# Bodies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/plain; charset=GBK", "application/x-www-form-urlencoded", ""]
)
def test_any_content_type(content_type: str) -> None:
    made = reply_of(post(body("1901", DICTIONARY_1901, fixmedins_code=HOSPITAL), content_type=content_type))
    assert made["infcode"] == 0


def test_encodings() -> None:
    raw = body("1901", DICTIONARY_1901, fixmedins_code=HOSPITAL)
    assert reply_of(post(b"\xef\xbb\xbf" + raw))["infcode"] == 0
    refusal = reply_of(post(raw.decode().encode("gbk")))
    assert (refusal["warn_msg"], "GBK" in refusal["err_msg"]) == ("NOT_UTF8", True)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "NOT_JSON"),
        (b"\x00\xff", "NOT_UTF8"),
        (b"[]", "NOT_JSON"),
        (b'{"infno": "1901"', "NOT_JSON"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "TOO_DEEP"),
        (b"[" * 500_000, "TOO_DEEP"),
    ],
)
def test_hostile_bodies_get_an_envelope(raw: bytes, code: str) -> None:
    refusal = reply_of(post(raw))
    assert (refusal["infcode"], refusal["warn_msg"]) == (-1, code)


def test_size_is_limited_before_reading(with_options: Any) -> None:
    with_options(body_bytes=100)
    response = send("1901", DICTIONARY_1901)
    assert (response.status_code, response.json()["code"]) == (413, 413)


def test_a_body_without_a_length_is_read_and_limited(with_options: Any) -> None:
    from io import BytesIO

    from django.core.handlers.wsgi import WSGIRequest

    from openyibao.gateway.views import interface

    def chunked(raw: bytes) -> Any:
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": ENTRY, "HTTP_TRANSFER_ENCODING": "chunked"}
        return interface(WSGIRequest({**environ, "wsgi.input": BytesIO(raw), "SERVER_NAME": "x", "SERVER_PORT": "80"}))

    raw = body("1901", DICTIONARY_1901, fixmedins_code=HOSPITAL)
    assert json.loads(chunked(raw).content)["infcode"] == 0
    with_options(body_bytes=100)
    assert chunked(raw).status_code == 413


def test_compressed_bodies_are_not_taken() -> None:
    assert send("1901", DICTIONARY_1901, headers={"Content-Encoding": "gzip"}).status_code == 415


def test_too_many_lines(with_options: Any) -> None:
    from tests.gateway.messages import lines_2204

    with_options(lines=3)
    assert refused("2204", lines_2204(4))[0] == "TOO_MANY_LINES"


# Signing ------------------------------------------------------------------------------------------------------------


def aksk_headers(secret: str = SECRET) -> dict[str, str]:
    parts = {
        "_api_access_key": "KEY1",
        "_api_name": "callService",
        "_api_timestamp": str(int(NOW.timestamp() * 1000)),
        "_api_version": "1.0",
    }
    text = "&".join(f"{name}={value}" for name, value in parts.items())
    made = hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    return {**parts, "_api_signature": base64.b64encode(made).decode()}


def test_a_signed_message_is_taken_and_a_wrong_one_answered_401() -> None:
    code = "H37150099903"
    assert ask("1901", DICTIONARY_1901, fixmedins_code=code, headers=aksk_headers())["list"]
    response = send("1901", DICTIONARY_1901, fixmedins_code=code, headers=aksk_headers("wrong"))
    assert (response.status_code, response.json()) == (401, {"code": 401, "message": "签名错误"})
    response = send("1901", DICTIONARY_1901, fixmedins_code=code)
    assert (response.status_code, response.json()["message"][:5]) == (401, "签名头缺失")


def test_the_signer_must_be_the_institution_of_the_message() -> None:
    assert refused("1901", DICTIONARY_1901, headers=aksk_headers())[0] == "SIGNER_MISMATCH"
    code, _ = refused("2001", {"data": {}}, fixmedins_code="371500", headers=aksk_headers())
    assert code == "FIELD_INVALID"
    assert refused("1901", DICTIONARY_1901, fixmedins_code="371500", headers=aksk_headers())[0] == "SIGNER_MISMATCH"


def test_unknown_institutions_are_nobody() -> None:
    assert send("1901", DICTIONARY_1901, fixmedins_code="H37150099999").status_code == 401
    assert send("1901", DICTIONARY_1901, fixmedins_code="H37150099999", msgid=...).status_code == 401
    assert send("1901", DICTIONARY_1901, fixmedins_code="").status_code == 401


def test_credentials_are_withdrawn_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    facade.register_credential(SYSTEM, institution_code="H37150099904", area="371500", security="none")
    assert ask("1901", DICTIONARY_1901, fixmedins_code="H37150099904")
    assert facade.withdraw_credential(SYSTEM, security="none", key="H37150099904", area="371500")
    assert send("1901", DICTIONARY_1901, fixmedins_code="H37150099904").status_code == 401
    with pytest.raises(SecurityNotAllowed):
        facade.register_credential(
            SYSTEM, institution_code="H1", area="371500", security="aksk", key="K", secret="short"
        )
    monkeypatch.delenv("OPENYIBAO_SANDBOX")
    with pytest.raises(SecurityNotAllowed):
        facade.register_credential(SYSTEM, institution_code="H1", area="371500", security="none")


def test_only_a_sandbox_publishes_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("tif", "KEY1", SECRET) in [(one.security, one.key, one.secret) for one in facade.sandbox_credentials()]
    monkeypatch.delenv("OPENYIBAO_SANDBOX")
    with pytest.raises(SecurityNotAllowed):
        facade.sandbox_credentials()


def test_secrets_are_sealed() -> None:
    assert SECRET.encode() not in b"".join(bytes(row[0]) for row in sql.rows("SELECT secret FROM gateway_credential"))


def test_an_agency_registers_only_for_its_own_area() -> None:
    with pytest.raises(NotPermitted):
        facade.register_credential(
            actor("agency", "370100"), institution_code="H1", area="371500", security="tif", key="K2", secret=SECRET
        )
    with pytest.raises(NotPermitted):
        facade.withdraw_credential(actor("bureau"), security="tif", key="KEY1", area="371500")


def test_rate_is_limited_by_institution(with_options: Any) -> None:
    with_options(per_second=1, burst=2)
    assert [send("1901", DICTIONARY_1901).status_code for _ in range(3)] == [200, 200, 429]


# Strictness ---------------------------------------------------------------------------------------------------------


def test_an_institution_may_ask_for_strict_checking() -> None:
    facade.register_credential(SYSTEM, institution_code="H37150099905", area="371500", security="none", strict=True)
    code, reason = refused("1901", DICTIONARY_1901, fixmedins_code="H37150099905", infver=...)
    assert code == "FIELD_INVALID"
    assert "infver" in reason
    assert len(reason) <= 200


def test_faults_are_listed_and_journalled() -> None:
    number = msgid()
    code, reason = refused("2207", {"data": {"medfee_sumamt": "abc", "med_type": "zz"}}, msgid=number)
    assert code == "FIELD_INVALID"
    assert "data.medfee_sumamt（医疗费总额）“abc” 不是数值，应为" in reason
    for name in ("psn_no", "mdtrt_id", "med_type"):
        assert f"data.{name}" in reason
    assert [row[:2] for row in journalled(number)] == [("refused", "FIELD_INVALID")]


# Sign-in ------------------------------------------------------------------------------------------------------------


def test_sign_in_and_out(with_options: Any) -> None:
    signed = ask("9001", SIGN_IN_9001, sign_no="1")["signinoutb"]
    assert signed["sign_time"] == "2025-03-05 09:40:11"
    number = signed["sign_no"]
    assert 0 < len(number) <= 30
    with_options(sign_in=True)
    assert ask("1901", DICTIONARY_1901, sign_no=number)["list"]
    assert refused("1901", DICTIONARY_1901, sign_no="null")[0] == "SIGN_IN_REQUIRED"
    with_options()
    assert refused("1901", DICTIONARY_1901, sign_no="1")[0] == "SIGN_NO_UNKNOWN"
    assert refused("9002", {"signOut": {"sign_no": number, "opter_no": "T002"}}, sign_no=number)[0] == "SIGN_NO_UNKNOWN"
    left = ask("9002", {"signOut": {"sign_no": number, "opter_no": "T001"}}, sign_no=number)
    assert left == {"sign_time": {"sign_time": "2025-03-05 09:40:11"}}
    assert refused("1901", DICTIONARY_1901, sign_no=number)[0] == "SIGN_NO_UNKNOWN"


# Journal and repeats ------------------------------------------------------------------------------------------------


def test_a_writing_message_is_done_once(verb: Verb) -> None:
    number = msgid()
    first = send("2207", SETTLE_2207, msgid=number)
    again = send("2207", SETTLE_2207, msgid=number, inf_time="2026-01-05 09:17:00")
    assert reply_of(first)["infcode"] == 0
    assert again.content == first.content
    assert effects(number) == 1
    (row,) = journalled(number)
    assert row[:4] == ("done", "", "S1", "SIM0000000001")
    assert unseal_bytes(row[5]) == first.content
    assert json.loads(unseal_bytes(row[4]))["msgid"] == number


def test_nothing_readable_is_stored(verb: Verb) -> None:
    number = msgid()
    send("2207", SETTLE_2207, msgid=number)
    (row,) = journalled(number)
    assert b"TEST-ID" not in bytes(row[4]) + bytes(row[5])


def test_another_body_under_the_same_number_is_refused(verb: Verb) -> None:
    number = msgid()
    ask("2207", SETTLE_2207, msgid=number)
    other = {"data": {**SETTLE_2207["data"], "medfee_sumamt": 1}}
    assert refused("2207", other, msgid=number)[0] == "MSGID_REUSED"
    assert effects(number) == 1
    assert [row[0] for row in journalled(number)] == ["done", "refused"]


def test_several_transactions_may_share_a_number(verb: Verb) -> None:
    number = HOSPITAL + "202503050940119999"
    ask("2206", SETTLE_2207, msgid=number)
    ask("2206", SETTLE_2207, msgid=number)
    ask("2207", SETTLE_2207, msgid=number)
    assert effects(number) == 3
    assert [row[0] for row in journalled(number)] == ["read", "read", "done"]


def test_a_refusal_leaves_nothing_but_its_journal_row(verb: Verb) -> None:
    number = msgid()
    verb.fails = Refused("余额不足", hint="充值后重试")
    assert refused("2207", SETTLE_2207, msgid=number) == ("REFUSED", "余额不足。充值后重试")
    assert effects(number) == 0
    verb.fails = None
    assert ask("2207", SETTLE_2207, msgid=number)
    assert [row[0] for row in journalled(number)] == ["refused", "done"]


def test_a_bug_is_answered_with_the_number_of_its_log_entry(verb: Verb, caplog: pytest.LogCaptureFixture) -> None:
    verb.fails = RuntimeError("TEST-ID-0001 must not be logged")
    code, reason = refused("2207", SETTLE_2207)
    assert code == "INTERNAL"
    number = reason.split("编号 ")[1][:12]
    assert number in caplog.text
    assert "RuntimeError" in caplog.text
    assert "TEST-ID" not in caplog.text + reason


def test_a_conflict_may_be_tried_again(verb: Verb) -> None:
    from django.db import OperationalError

    verb.fails = OperationalError("server closed the connection")
    number = msgid()
    assert refused("2207", SETTLE_2207, msgid=number)[0] == "TRY_AGAIN"
    verb.fails = None
    assert ask("2207", SETTLE_2207, msgid=number)


@pytest.mark.parametrize("problem", ["DeadlockDetected", "SerializationFailure", "LockNotAvailable", "AdminShutdown"])
def test_conflicts_of_the_driver_s_own_cursors(verb: Verb, problem: str) -> None:
    from psycopg import errors

    verb.fails = getattr(errors, problem)("x")
    assert refused("2207", SETTLE_2207)[0] == "TRY_AGAIN"
    verb.fails = errors.UniqueViolation("x")
    assert refused("2207", SETTLE_2207)[0] == "INTERNAL"


def test_what_the_ledger_s_tables_refuse_is_a_refusal(verb: Verb) -> None:
    from psycopg import errors

    from openyibao.ledger.errors import PERIOD_CLOSED

    class Closed(errors.RaiseException):
        sqlstate = PERIOD_CLOSED

    verb.fails = Closed("period 2025-03 is closed")
    assert refused("2207", SETTLE_2207)[0] == "PERIOD_CLOSED"


def test_a_lost_connection_is_opened_again(verb: Verb) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    import psycopg

    with psycopg.connect(_url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (backend,))
    codes = {reply_of(send("2207", SETTLE_2207))["warn_msg"] for _ in range(3)}
    assert codes <= {"", "TRY_AGAIN"}
    assert ask("2207", SETTLE_2207)


def _url() -> str:
    import os

    return os.environ["DATABASE_URL"]


def test_two_equal_messages_at_once_are_one(verb: Verb) -> None:
    number, bodies = msgid(), []
    go = threading.Barrier(4)

    def run() -> None:
        go.wait()
        bodies.append(send("2207", SETTLE_2207, msgid=number).content)
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(bodies)) == 1
    assert effects(number) == 1


def test_reads_are_journalled_each_time() -> None:
    number = msgid()
    ask("1901", DICTIONARY_1901, msgid=number)
    ask("1901", DICTIONARY_1901, msgid=number)
    assert [row[0] for row in journalled(number)] == ["read", "read"]


def test_the_call_carries_what_the_message_says(verb: Verb) -> None:
    ask("2207", SETTLE_2207, insuplc_admdvs="371502", mdtrtarea_admvs="371599")
    call = verb.calls[-1]
    assert (call.insured_area, call.care_area, call.institution_code) == ("371502", "371500", HOSPITAL)
    assert call.actor.roles == {"institution"}
    assert (call.operator_no, call.operator_name, call.at) == ("T001", "测试员", NOW)
    assert call.data["data"]["medfee_sumamt"] == 50025


# The registry -------------------------------------------------------------------------------------------------------


def test_every_transaction_offered_has_a_handler() -> None:
    load_handlers()
    assert set(HANDLERS) == set(standards.transactions())
    assert handlers.__doc__
    assert options.sandbox()


def test_dictionaries_come_from_the_tables() -> None:
    rows = ask("1901", DICTIONARY_1901)["list"]
    assert {row["value"]: row["label"] for row in rows}["310"] == "职工基本医疗保险"
    assert all(row["type"] == "insutype" for row in rows)
    unknown = {"data": {**DICTIONARY_1901["data"], "type": "no_such"}}
    assert refused("1901", unknown)[0] == "DICTIONARY_UNKNOWN"
