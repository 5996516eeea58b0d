"""Settings of the gateway (接口设置), from the environment; docs/reference/interface.md lists them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

PREFIX = "OPENYIBAO_GATEWAY_"


@dataclass(frozen=True)
class Options:
    """Limits and switches of the gateway; the defaults are generous."""

    strict: bool = False
    """Refuse what the printed specification does not allow (严格模式); an institution may also have its own switch."""
    sign_in: bool = False
    """Every transaction needs the number of a sign-in (须先签到)."""
    body_bytes: int = 2 * 1024 * 1024
    depth: int = 12
    lines: int = 2_000
    per_second: int = 1_000
    """Messages an institution may send per second and process; `burst` of them at once."""
    burst: int = 3_000
    tolerance_s: int = 30 * 60
    """How far the time of a signature may be from ours."""
    area: str = "370000"
    """Region of our own message numbers when the message names none."""


@cache
def options() -> Options:
    """The options of this process."""
    return read_options(os.environ)


def read_options(environment: Mapping[str, str]) -> Options:
    """Options from OPENYIBAO_GATEWAY_* variables. Raises: ValueError for one that is no number where one is due."""
    made: dict[str, bool | int | str] = {}
    for name, default in vars(Options()).items():
        text = environment.get(PREFIX + name.upper())
        if text is None:
            continue
        if isinstance(default, bool):
            made[name] = text == "1"
        elif isinstance(default, int):
            made[name] = int(text)
        else:
            made[name] = text
    return Options(**made)  # type: ignore[arg-type]


def sandbox() -> bool:
    """Whether this is a sandbox: only then may an institution call without a signature."""
    return os.environ.get("OPENYIBAO_SANDBOX") == "1"
