"""Under the real server: header names with underscores arrive, and the page on calling the interface is right."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from openyibao.foundation.actors import SYSTEM
from openyibao.gateway import facade, signing
from openyibao.gateway.envelope import decode_json, open_envelope
from openyibao.gateway.plan import plan_for
from tests.gateway.messages import DICTIONARY_1901, ENTRY, body

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "call-the-interface.md"
SECRET = "a-secret-of-tests"
SERVER = """
from openyibao.foundation.setup import django_ready
django_ready()
from django.core.handlers.wsgi import WSGIHandler
application = WSGIHandler()
"""


def block(title: str) -> str:
    match = re.search(rf'```\w+ title="{title}"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match
    return match[1]


def signers() -> dict[str, Any]:
    found: dict[str, Any] = {}
    exec(block("sign.py"), found)
    return found


@pytest.fixture(scope="module")
def address(db: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "served.py").write_text(SERVER, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "served:application"]
    environment = {**os.environ, "DATABASE_URL": db, "OPENYIBAO_SANDBOX": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(300):
                try:
                    urllib.request.urlopen(url + "/healthz", timeout=5).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield url
        finally:
            server.terminate()


def test_every_variant_of_the_page_through_the_real_server(address: str) -> None:
    code = "H37150099907"
    for security in ("aksk", "tif", "xca"):
        facade.register_credential(
            SYSTEM, institution_code=code, area="371500", security=security, key="LIVE", secret=SECRET
        )
    raw = body("1901", DICTIONARY_1901, fixmedins_code=code)
    sign = signers()
    for headers in (sign["aksk"]("LIVE", SECRET), sign["tif"]("LIVE", SECRET, "N1"), sign["xca"]("LIVE", SECRET, raw)):
        request = urllib.request.Request(address + ENTRY, data=raw, headers={**headers, "Content-Type": "text/plain"})
        reply = json.loads(urllib.request.urlopen(request, timeout=20).read())
        assert reply["infcode"] == 0
        assert reply["output"]["list"][0]["value"] == "310"


def test_the_page_s_signatures_are_the_platform_s() -> None:
    def find(security: str, key: str) -> signing.Signer:
        return signing.Signer("H1", "371500", security, False, SECRET)

    sign, now = signers(), datetime.now(UTC)
    for headers in (sign["aksk"]("K", SECRET), sign["tif"]("K", SECRET, "N"), sign["xca"]("K", SECRET, b"{}")):
        assert signing.signer_of(headers, b"{}", now, 1800, find)


def test_the_page_s_message_is_a_message() -> None:
    envelope = open_envelope(decode_json(block("1101.json").encode(), 12), False, 12)
    assert plan_for("1101", "", False).read(envelope.input, 10)["data"]["mdtrt_cert_no"].startswith("99")
