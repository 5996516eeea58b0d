"""What lies on disk and in logs names nobody; keys are asked for, and wrong ones refused before anything is sealed."""

from __future__ import annotations

import importlib
import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from openyibao.foundation import crypto, sql
from openyibao.foundation.crypto import KeysMissing
from openyibao.kernel.errors import OpenyibaoError
from openyibao.people import facade as people
from tests.support.databases import Server
from tests.support.hospital import Hospital, Line, sums_of
from tests.support.servers import Platform, free_port
from tests.support.world import ITEMS, SYSTEM, World, choose_items, instant

TEXT_TYPES = ("text", "character varying", "bytea", "jsonb", "json", "character", "ARRAY", "name", "xml")


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`openyibao` with words in an environment that has no sandbox and no keys but those stated."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("OPENYIBAO_")}
    return subprocess.run(
        [sys.executable, "-m", "openyibao.cli.main", *words],
        env={**mine, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


# At rest ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def settled(db: str) -> tuple[dict[str, str], str, dict[str, Any]]:
    """Personal words of a person whose visits were settled over HTTP, the server's log, and what 5203 answered."""
    from openyibao.gateway import facade as gateway
    from tests.gateway.messages import list_4101

    world = World.made()
    choose_items()
    code = world.hospital()
    gateway.register_credential(SYSTEM, institution_code=code, area=code[1:7], security="none")
    person = world.person(balance_fen=50_000)
    who = people.identity_of(SYSTEM, person)
    words = {who.cert_no: "certificate", who.phone: "phone", who.name: "name", "示例路 1 号": "address"}
    at = instant(date(2025, 6, 2))
    with Platform(url=db, environment={"OPENYIBAO_LOG": "DEBUG"}) as platform:
        hospital = Hospital(platform.address, code)
        card = {"mdtrt_cert_type": "02", "mdtrt_cert_no": who.cert_no, "certno": who.cert_no, "psn_name": who.name}
        assert hospital.person(who.cert_no, who.name)["baseinfo"]["psn_name"] == who.name
        stay = {
            "psn_no": person,
            "insutype": "310",
            "begntime": "2025-06-02 09:00:00",
            "med_type": "21",
            "ipt_no": "I1",
        }
        stay |= {"atddr_no": "D1", "chfpdr_name": "李示例", "adm_diag_dscr": "高血压", "adm_dept_codg": "A03"}
        stay |= {"adm_dept_name": "内科", "adm_bed": "1", "dscg_maindiag_code": "I10.x00", "coner_name": who.name}
        stay |= {"dscg_maindiag_name": "高血压", "tel": who.phone, **card}
        diagnosis = {
            "diag_type": "1",
            "diag_srt_no": 1,
            "diag_code": "I10.x00",
            "diag_name": "高血压",
            "psn_no": person,
        }
        diagnosis |= {"diag_dept": "内科", "dise_dor_no": "D1", "dise_dor_name": "李示例", "maindiag_flag": "1"}
        diagnosis |= {"diag_time": "2025-06-02 09:00:00"}
        visit = hospital.send("2401", {"mdtrtinfo": stay, "diseinfo": [diagnosis]})["result"]["mdtrt_id"]
        line = Line("1", ITEMS["in_scope"], "6000.00", "600000")
        priced = hospital.upload(person, visit, [line], at, inpatient=True)
        hospital.discharge(person, visit, "310", instant(date(2025, 6, 7)))
        info = hospital.settle_stay(person, visit, sums_of(priced), "310")["setlinfo"]
        sheet = list_4101(True)
        sheet["setlinfo"].update(mdtrt_id=visit, setl_id=info["setl_id"], psn_name=who.name, certno=who.cert_no)
        sheet["setlinfo"].update(acct_pay=str(info["acct_pay"]), psn_cashpay=str(info["psn_cash_pay"]))
        sheet["iteminfo"][0].update(amt="6000.00")
        hospital.send("4101", sheet)
        hospital.cancel_stay(person, visit, info["setl_id"])
        wrong = hospital.body(
            "2201", {"data": {"psn_no": person, **card, "psn_name": who.name + "甲", "begntime": "x"}}
        )
        assert hospital.post(wrong).refused
        told = hospital.settlement(person, visit)
        hospital.close()
        time.sleep(0.1)
        log = platform.tail(1 << 30)
    return words, log, told


@pytest.mark.slow
@pytest.mark.slow
def test_no_table_holds_an_identity_number_a_phone_or_a_name_in_clear(
    settled: tuple[dict[str, str], str, dict[str, Any]],
) -> None:
    words, _, told = settled
    assert told["setlinfo"]["certno"] in words, "an entitled caller is told who it was"
    columns = sql.rows(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2"
    )
    looked, found = 0, []
    for table, column, kind in columns:
        if kind not in TEXT_TYPES:
            continue
        looked += 1
        for word, what in words.items():
            if kind == "bytea":
                test = f"position(convert_to(%s, 'UTF8') in \"{column}\") > 0"
                forms = [word]
            else:
                test = f'position(%s in "{column}"::text) > 0'
                forms = [word, json.dumps(word)[1:-1], word.encode().hex()]
            for form in set(forms):
                if sql.one(f'SELECT 1 FROM "{table}" WHERE {test} LIMIT 1', (form,)):
                    found.append(f"{table}.{column} holds the {what}")
    assert looked > 100
    assert found == []


@pytest.mark.slow
def test_what_is_sealed_holds_it(settled: tuple[dict[str, str], str, dict[str, Any]]) -> None:
    words, _, _ = settled
    bodies = sql.rows("SELECT body FROM gateway_message WHERE body <> ''::bytea")
    texts = [crypto.unseal_bytes(row[0]).decode() for row in bodies]
    for word in list(words)[:3]:
        assert any(word in text for text in texts), "the journal keeps messages as sent, sealed"


@pytest.mark.slow
def test_no_log_names_anybody(settled: tuple[dict[str, str], str, dict[str, Any]]) -> None:
    words, log, _ = settled
    assert "refused 2201" in log, "the log was read"
    assert [what for word, what in words.items() if word in log] == []


def test_the_same_text_never_seals_to_the_same_bytes(db: str) -> None:
    made = {crypto.seal("370000199001010011") for _ in range(200)}
    assert len(made) == 200
    assert len({sealed[1:13] for sealed in made}) == 200, "a nonce of its own each"
    for sealed in made:
        assert b"19900101" not in sealed
    whole = bytearray(next(iter(made)))
    for at in (1, 14, len(whole) - 1):
        altered = bytes(whole[:at]) + bytes([whole[at] ^ 1]) + bytes(whole[at + 1 :])
        with pytest.raises(KeysMissing):
            crypto.unseal(altered)


# In programs --------------------------------------------------------------------------------------------------------


PERSONAL = {"name", "cert_no", "phone", "address", "psn_name", "certno", "secret", "sealing", "hashing"}


def classes() -> Iterator[type[Any]]:
    """Every dataclass of the rooms that has a member for a number or a secret of somebody."""
    for module in ("people.contracts", "settlement.contracts", "gateway.signing", "foundation.crypto"):
        for value in vars(importlib.import_module(f"openyibao.{module}")).values():
            known = fields(value) if isinstance(value, type) and is_dataclass(value) else ()
            if (PERSONAL - {"name"}) & {one.name for one in known}:
                yield value


def test_no_value_shows_a_person_or_a_secret_when_printed() -> None:
    found = list(classes())
    assert len(found) >= 5
    for kind in found:
        secret = {one.name: "张甲乙丙丁戊己庚辛" for one in fields(kind) if one.name in PERSONAL}
        secret |= {one.name: b"\x07" * 32 for one in fields(kind) if str(one.type) == "bytes"}
        values = {one.name: secret.get(one.name, "-") for one in fields(kind) if one.init}
        shown = repr(kind(**values))
        assert not any(str(value) in shown for value in secret.values()), kind


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        (crypto.mask_name, "张三", "张*"),
        (crypto.mask_name, "欧阳示例", "欧***"),
        (crypto.mask_name, "", ""),
        (crypto.mask_cert, "370000199001010011", "370*************11"),
        (crypto.mask_cert, "12345678", "********"),
        (crypto.mask_phone, "10000000001", "100****0001"),
        (crypto.mask_phone, "12345", "*****"),
    ],
)
def test_masks(mask: Any, text: str, shown: str) -> None:
    assert mask(text) == shown
    assert len(mask(text)) == len(text)


def test_errors_mask_whom_they_are_about(db: str, caplog: pytest.LogCaptureFixture) -> None:
    world = World.made()
    person = world.person()
    who = people.identity_of(SYSTEM, person)
    caplog.set_level(logging.DEBUG)
    nobody = who.cert_no[:-1] + ("1" if who.cert_no[-1] == "0" else "0")
    for number, name in ((who.cert_no, "别人"), (nobody, who.name)):
        with pytest.raises(OpenyibaoError) as unknown:
            people.find_person(SYSTEM, "01", number, name)
        assert number not in f"{unknown.value} {unknown.value!r}"
        assert who.name not in f"{unknown.value} {unknown.value!r}"
    with pytest.raises(OpenyibaoError) as refused:
        people.register_person(
            SYSTEM, who, gender="1", born_on=date(1975, 3, 4), area="371500", at=datetime(2026, 1, 1, tzinfo=UTC)
        )
    assert who.cert_no not in f"{refused.value} {refused.value!r}"
    assert who.cert_no not in caplog.text


# Keys ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def empty(postgres: Server) -> Iterator[str]:
    name = postgres.create()
    yield postgres.database_url(name)
    postgres.drop(name)


def tables(url: str) -> int:
    import psycopg

    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.slow
@pytest.mark.parametrize("words", [("migrate",), ("serve", "--port", "1"), ("worker", "--one-shot")])
def test_without_a_sandbox_and_without_keys_nothing_starts(empty: str, words: tuple[str, ...]) -> None:
    done = run(*words, DATABASE_URL=empty)
    assert done.returncode == 2, done.stderr
    assert "KEYS_MISSING" in done.stderr
    assert "OPENYIBAO_KEYS" in done.stderr
    assert "Traceback" not in done.stderr


def new_keys(path: Path) -> str:
    assert run("keys", "new", str(path)).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o600
    return str(path)


@pytest.mark.slow
def test_another_set_of_keys_is_refused_at_the_start(empty: str, tmp_path: Path) -> None:
    mine, other = new_keys(tmp_path / "mine.json"), new_keys(tmp_path / "other.json")
    assert run("migrate", DATABASE_URL=empty, OPENYIBAO_KEYS=mine).returncode == 0
    for words in (("migrate",), ("serve", "--port", str(free_port()))):
        refused = run(*words, DATABASE_URL=empty, OPENYIBAO_KEYS=other)
        assert refused.returncode == 2, refused.stderr
        assert "另一套密钥" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert run("migrate", DATABASE_URL=empty, OPENYIBAO_KEYS=mine).returncode == 0
    again = run("keys", "new", mine)
    assert (again.returncode, "已存在" in again.stderr) == (2, True)


@pytest.mark.slow
def test_the_published_keys_of_the_sandbox_do_not_open_a_real_database(empty: str, tmp_path: Path) -> None:
    mine = new_keys(tmp_path / "mine.json")
    assert run("migrate", DATABASE_URL=empty, OPENYIBAO_KEYS=mine).returncode == 0
    refused = run("serve", "--sandbox", "--port", str(free_port()), DATABASE_URL=empty)
    assert refused.returncode == 2
    assert "另一套密钥" in refused.stderr


@pytest.mark.slow
def test_the_published_keys_are_refused_outside_a_sandbox(empty: str) -> None:
    """Whoever names the published file as his own keys has none."""
    published = Path(crypto.__file__).parent / "data" / "sandbox_keys.json"
    refused = run("migrate", DATABASE_URL=empty, OPENYIBAO_KEYS=str(published))
    assert refused.returncode == 2
    assert tables(empty) == 0


@pytest.mark.slow
def test_a_sandbox_with_keys_of_its_own_is_no_real_database(empty: str, tmp_path: Path) -> None:
    """In a sandbox institutions may call unsigned; a database that is not marked as one never becomes one."""
    mine = new_keys(tmp_path / "mine.json")
    assert run("migrate", DATABASE_URL=empty, OPENYIBAO_KEYS=mine).returncode == 0
    code = "from openyibao.foundation.setup import django_ready; django_ready()\n"
    code += "from tests.support.world import World; World.made().person()"
    environment = {**os.environ, "DATABASE_URL": empty, "OPENYIBAO_KEYS": mine}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, cwd=root, capture_output=True)
    refused = run("serve", "--sandbox", "--port", str(free_port()), DATABASE_URL=empty, OPENYIBAO_KEYS=mine)
    assert refused.returncode == 2
    assert "沙箱" in refused.stderr


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "no json", '{"sealing": "00", "hashing": "00"}', '{"sealing": 1, "hashing": 2}']
)
def test_a_file_that_is_no_key_file_is_refused(text: str) -> None:
    with pytest.raises(KeysMissing) as refused:
        crypto.read_keys(text, "keys.json")
    assert "keys.json" in str(refused.value)


@pytest.mark.slow
def test_a_key_file_that_is_not_there_is_refused_without_a_trace(empty: str) -> None:
    done = run("migrate", DATABASE_URL=empty, OPENYIBAO_KEYS="/no/such/file")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "KEYS_MISSING" in done.stderr


def test_keys_do_not_show(tmp_path: Path) -> None:
    text = crypto.new_keys()
    found = crypto.read_keys(text, "x")
    assert found.sealing.hex() not in repr(found)
    assert found.fingerprint not in text
    assert re.fullmatch(r"[0-9a-f]{16}", found.fingerprint)


# In logs ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_message_cannot_forge_a_line_of_the_log(settled: Any, db: str) -> None:
    """A line feed within a message number must not begin a line of its own."""
    from openyibao.gateway import dispatch
    from openyibao.gateway.dispatch import Request
    from tests.gateway.messages import ENTRY, body

    found = sql.one("SELECT institution_code FROM gateway_credential")
    assert found is not None
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.extend(logging.Formatter("%(levelname)s %(message)s").format(record).splitlines())

    kept, logger = Kept(), logging.getLogger("openyibao.gateway")
    before = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    try:
        forged = body("9999", {"data": {}}, fixmedins_code=found[0], msgid="x\nERROR forged", sign_no="")
        dispatch.answer(Request(ENTRY, {}, forged))
    finally:
        logger.removeHandler(kept)
        logger.setLevel(before)
    assert lines
    assert not any(line.startswith("ERROR forged") for line in lines)
