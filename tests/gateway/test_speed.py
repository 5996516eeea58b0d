"""Reading a message costs little: the best of many runs on process time, within the bound of the design."""

from __future__ import annotations

import time
from typing import Any

import pytest

from openyibao.gateway.envelope import decode_json, open_envelope
from openyibao.gateway.plan import plan_for
from tests.gateway.messages import SETTLE_2207, body, lines_2204


@pytest.mark.parametrize(("infno", "data", "most_us"), [("2207", SETTLE_2207, 100), ("2204", lines_2204(10), 400)])
def test_decoding_and_validating(infno: str, data: dict[str, Any], most_us: int) -> None:
    raw = body(infno, data)

    def once() -> None:
        envelope = open_envelope(decode_json(raw, 12), False, 12)
        envelope.canonical()
        plan_for(infno, "", False).read(envelope.input, 2000)

    once()
    best = most_us * 1e-6 * 10
    for _ in range(30):
        start = time.process_time()
        for _ in range(20):
            once()
        best = min(best, (time.process_time() - start) / 20)
    assert best * 1e6 < most_us
