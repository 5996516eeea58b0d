"""2207 over HTTP, durable, on a database that already holds many persons and journals; and the same statements alone.

One settlement is one 2207 on a visit whose lines were uploaded before the clock started. The load generator shares the
machine's cores; its CPU is printed. Between the runs, `pgbench -M prepared` drives the very statements of a settlement,
taken from the code that runs them, and once TPC-B.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

CLIENTS = 8
PORT = 8917


@dataclass
class Run:
    """One run of the load: settlements, seconds, latencies in ms, CPU seconds by who used them."""

    settled: int
    seconds: float
    latencies: list[float]
    app_cpu: float
    database_cpu: float
    load_cpu: float


def measure(persons: int, journals: int, seconds: float, runs: int) -> dict[str, Any]:
    """Everything `bench gateway` prints."""
    os.environ["OPENYIBAO_SANDBOX"] = "1"
    os.environ.setdefault("OPENYIBAO_GATEWAY_PER_SECOND", "100000")
    os.environ.setdefault("OPENYIBAO_GATEWAY_BURST", "100000")
    from openyibao.foundation.launcher import ROOT_HOME, Embedded

    base = ROOT_HOME if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    home = base / f"bench-{uuid.uuid4().hex[:8]}"
    embedded = Embedded(home, {"shared_buffers": "1GB", "logging_collector": "off"})
    try:
        with embedded.in_use() as url:
            return _measure(embedded, url, persons, journals, seconds, runs)
    finally:
        import shutil

        if not embedded.running():
            shutil.rmtree(home, ignore_errors=True)


def _measure(embedded: Any, url: str, persons: int, journals: int, seconds: float, runs: int) -> dict[str, Any]:
    from openyibao.cli.platform import prepare
    from openyibao.foundation.setup import django_ready

    django_ready(url)
    prepare()
    from openyibao.cli.benchmarks import gateway_data as data

    started = time.monotonic()
    per_run = int(seconds * 1_500)
    filled = data.fill(persons, journals, 200 + runs * 2 * per_run)
    _say(f"{persons} 人、{journals} 笔凭证、{filled.visits} 次待结算就诊，装载 {time.monotonic() - started:.0f} 秒")
    next_visit = filled.first_visit
    found: list[Run] = []
    same_sql: list[float] = []
    with _server(url) as pids:
        _drive(filled, next_visit, 100, 3.0, pids, embedded)  # plans, caches and connections warm
        next_visit += 100
        statements = _statements(embedded, filled, next_visit)
        next_visit += 1
        with tempfile.TemporaryDirectory() as folder:
            script = _pgbench_script(Path(folder), filled, next_visit)
            next_visit += len(filled.institutions) + 1
            for at in range(runs):
                found.append(_drive(filled, next_visit, per_run, seconds, pids, embedded))
                next_visit += per_run
                same_sql.append(_pgbench(embedded, url, script, next_visit, seconds))
                next_visit += per_run
                _say(f"第 {at + 1} 次：{found[-1].settled / found[-1].seconds:.0f} 笔/秒，同一语句 {same_sql[-1]:.0f}")
            tpcb = _tpcb(embedded, url, seconds)
    from openyibao.ledger.facade import verify

    findings = verify().findings
    latencies = sorted(latency for run in found for latency in run.latencies)
    settled = sum(run.settled for run in found)
    rate = statistics.median(run.settled / run.seconds for run in found)
    return {
        "persons": persons,
        "journals_before": journals,
        "settlements": settled,
        "settlements_per_s": round(rate, 1),
        "p50_ms": round(latencies[len(latencies) // 2], 2),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)], 2),
        "statements": statements,
        "cpu_ms": round(statistics.median(1000 * (run.app_cpu + run.database_cpu) / run.settled for run in found), 3),
        "app_cpu_ms": round(statistics.median(1000 * run.app_cpu / run.settled for run in found), 3),
        "database_cpu_ms": round(statistics.median(1000 * run.database_cpu / run.settled for run in found), 3),
        "load_cpu_ms": round(statistics.median(1000 * run.load_cpu / run.settled for run in found), 3),
        "same_sql_tps": round(statistics.median(same_sql), 1),
        "ratio_to_same_sql": round(rate / statistics.median(same_sql), 3),
        "pgbench_tps": round(tpcb, 1),
        "ledger": "clean" if not findings else [str(finding) for finding in findings[:5]],
    }


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# The server -------------------------------------------------------------------------------------------------------


@contextmanager
def _server(url: str) -> Iterator[list[int]]:
    """The server as `openyibao serve` runs it, on the filled database; gives the process ids of its workers."""
    import psutil

    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4"]
    command += ["--port", str(PORT), "--no-ws", "--log-level", "warning", "openyibao.gateway.wsgi:application"]
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("the server did not start")
        yield [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    finally:
        process.terminate()
        process.wait(30)


# The load ---------------------------------------------------------------------------------------------------------


def _message(filled: Any, visit_id: int) -> tuple[str, bytes]:
    """Institution and body of one 2207."""
    from openyibao.cli.benchmarks import gateway_data as data

    code = filled.institutions[visit_id % len(filled.institutions)]
    person = data.person_no(1 + (visit_id * 7919) % filled.persons)
    total = f"{data.LINES * data.LINE_FEN / 100:.2f}"
    envelope = {
        "infno": "2207",
        "msgid": f"{code}{visit_id:018d}",
        "mdtrtarea_admvs": data.COUNTY,
        "insuplc_admdvs": data.AREA,
        "recer_sys_code": "BENCH",
        "dev_no": "",
        "dev_safe_info": "",
        "cainfo": "null",
        "signtype": "SM3",
        "infver": "V1.0",
        "opter_type": "1",
        "opter": "T1",
        "opter_name": "测试员",
        "inf_time": "2024-06-03 10:00:00",
        "fixmedins_code": code,
        "fixmedins_name": "基准医院",
        "sign_no": "",
        "input": {
            "data": {
                "psn_no": person,
                "mdtrt_cert_type": "02",
                "mdtrt_cert_no": data.cert_no(1 + (visit_id * 7919) % filled.persons),
                "med_type": "11",
                "medfee_sumamt": total,
                "psn_setlway": "01",
                "mdtrt_id": data.visit_no(visit_id),
                "chrg_bchno": "B1",
                "insutype": "310",
                "acct_used_flag": "1",
                "invono": "",
                "fulamt_ownpay_amt": "0.00",
                "overlmt_selfpay": "0.00",
                "preselfpay_amt": "0.00",
                "inscp_scp_amt": total,
            }
        },
    }
    return code, json.dumps(envelope, ensure_ascii=False).encode()


def _headers(code: str) -> dict[str, str]:
    """Signature headers of an institution (AK/SK); they cover no body and hold for half an hour."""
    from openyibao.cli.benchmarks.gateway_data import SECRET

    signed = {
        "_api_name": "2207",
        "_api_version": "1.0.0",
        "_api_timestamp": str(int(time.time() * 1000)),
        "_api_access_key": f"key-{code}",
    }
    text = "&".join(f"{key}={signed[key]}" for key in sorted(signed))
    digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
    return {**signed, "_api_signature": base64.b64encode(digest).decode(), "Content-Type": "application/json"}


def _drive(filled: Any, first_visit: int, most: int, seconds: float, pids: Sequence[int], embedded: Any) -> Run:
    """Eight clients, each with its own visits and connection, for so many seconds."""
    headers = {code: _headers(code) for code in filled.institutions}
    messages = [_message(filled, first_visit + at) for at in range(most)]
    latencies: list[list[float]] = [[] for _ in range(CLIENTS)]
    wrong: list[str] = []
    before = _cpu(pids), _database_cpu(embedded), time.process_time()
    started = time.monotonic()
    deadline = started + seconds

    def client(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", PORT, timeout=30)
        for code, body in messages[number::CLIENTS]:
            if time.monotonic() > deadline:
                break
            sent = time.perf_counter()
            connection.request("POST", "/fsi/api/rsfComIfsService/callService", body, headers[code])
            reply = connection.getresponse().read()
            latencies[number].append(1000 * (time.perf_counter() - sent))
            if b'"infcode":0,' not in reply.replace(b" ", b"")[:40]:
                wrong.append(reply.decode()[:300])
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - started
    after = _cpu(pids), _database_cpu(embedded), time.process_time()
    if wrong:
        raise RuntimeError(f"{len(wrong)} of the answers were refusals, first: {wrong[0]}")
    flat = [latency for part in latencies for latency in part]
    return Run(len(flat), elapsed, flat, *(late - early for late, early in zip(after, before, strict=True)))


def _cpu(pids: Sequence[int]) -> float:
    import psutil

    used = 0.0
    for pid in pids:
        times = psutil.Process(pid).cpu_times()
        used += times.user + times.system
    return used


def _database_cpu(embedded: Any) -> float:
    """CPU seconds of PostgreSQL: its server process with those already ended, and each that lives."""
    import psutil

    server = psutil.Process(embedded.pid())
    times = server.cpu_times()
    used = times.user + times.system + times.children_user + times.children_system
    for child in server.children():
        child_times = child.cpu_times()
        used += child_times.user + child_times.system
    return float(used)


# The statements ---------------------------------------------------------------------------------------------------


def _statements(embedded: Any, filled: Any, visit_id: int) -> int:
    """How many statements one settlement sends, BEGIN and COMMIT included, by PostgreSQL's own log."""
    import psycopg

    log = embedded.home / "postgresql.log"
    with psycopg.connect(embedded.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.5)
        size = log.stat().st_size
        code, body = _message(filled, visit_id)
        http = HTTPConnection("127.0.0.1", PORT, timeout=30)
        http.request("POST", "/fsi/api/rsfComIfsService/callService", body, _headers(code))
        http.getresponse().read()
        time.sleep(0.3)
        text = log.read_bytes()[size:].decode(errors="replace")
        connection.execute("ALTER SYSTEM RESET log_statement")
        connection.execute("SELECT pg_reload_conf()")
    said = re.findall(r"LOG:  (?:statement|execute [^:]*): (.{0,40})", text)
    return len([line for line in said if "pg_reload_conf" not in line and "ALTER SYSTEM" not in line])


def _pgbench_script(folder: Path, filled: Any, visit_id: int) -> Path:
    """The statements of one real settlement as a pgbench script: its visit, person and message vary, the rest stays."""
    from openyibao.cli.benchmarks.recording import recorded_settlement

    eight = len(filled.institutions)
    _, warming = _message(filled, visit_id)
    code, body = _message(filled, visit_id + eight)
    script = folder / "settlement.sql"
    text = recorded_settlement(warming, code, body, _headers(code), visit_id + eight, filled)
    script.write_text(text, encoding="utf-8")
    return script


def _pgbench(embedded: Any, url: str, script: Path, first_visit: int, seconds: float) -> float:
    return _tps(
        embedded,
        url,
        *("-M", "prepared", "-f", str(script), "-D", f"first={first_visit}", "-D", "turn=0"),
        seconds=seconds,
    )


def _tpcb(embedded: Any, url: str, seconds: float) -> float:
    """TPC-B in a database of its own on the same server."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE tpcb")
    other = url.rpartition("/")[0] + "/tpcb"
    subprocess.run(
        [str(embedded.binaries() / "pgbench"), "-i", "-q", "-s", "20", other], check=True, capture_output=True
    )
    return _tps(embedded, other, "-M", "prepared", seconds=seconds)


def _tps(embedded: Any, url: str, *arguments: str, seconds: float) -> float:
    command = [
        str(embedded.binaries() / "pgbench"),
        "-n",
        "-c",
        str(CLIENTS),
        "-j",
        "2",
        "-T",
        str(max(1, int(seconds))),
    ]
    done = subprocess.run([*command, *arguments, url], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"pgbench failed: {done.stderr[-800:]}")
    failed = re.search(r"number of failed transactions: ([0-9]+)", done.stdout)
    if failed and failed.group(1) != "0":
        raise RuntimeError(f"pgbench: {failed.group(0)}")
    return float(found.group(1))
