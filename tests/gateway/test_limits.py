"""How often an institution may send, and the settings."""

from __future__ import annotations

import pytest

from openyibao.gateway.limits import Limiter
from openyibao.gateway.options import Options, read_options


def test_a_bucket_each_refilled_by_time() -> None:
    now = [0.0]
    limiter = Limiter(2, 3, lambda: now[0])
    assert [limiter.allows("a") for _ in range(4)] == [True, True, True, False]
    assert limiter.allows("b")
    now[0] = 0.5
    assert [limiter.allows("a") for _ in range(2)] == [True, False]
    now[0] = 1000.0
    assert [limiter.allows("a") for _ in range(4)] == [True, True, True, False]
    assert all(Limiter(0, 0).allows("a") for _ in range(1000))


def test_settings_come_from_the_environment() -> None:
    made = read_options({"OPENYIBAO_GATEWAY_STRICT": "1", "OPENYIBAO_GATEWAY_LINES": "5"})
    assert (made.strict, made.lines, made.depth) == (True, 5, Options().depth)
    with pytest.raises(ValueError, match="many"):
        read_options({"OPENYIBAO_GATEWAY_LINES": "many"})
