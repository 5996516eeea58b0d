"""The data files of the demo (演示用表): names, shares, illnesses, persons and institutions, read once."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


def _text(name: str) -> str:
    return (files("openyibao.demo") / "data" / name).read_text(encoding="utf-8")


@cache
def names() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_text("names.yaml"))
    return found


@cache
def shares() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_text("shares.yaml"))
    return found


@cache
def illnesses() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_text("illnesses.yaml"))
    return found


@cache
def named_persons() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(_text("named_persons.yaml"))["persons"]
    return found


@cache
def institutions() -> list[dict[str, str]]:
    return list(csv.DictReader(_text("institutions.csv").splitlines()))


def stream(seed: int, *purpose: object) -> random.Random:
    """A stream of random numbers of one purpose: what one part draws never moves what another draws."""
    return random.Random(f"{seed}:" + ":".join(str(part) for part in purpose))


def weighted(rng: random.Random, weights: Mapping[Any, int]) -> Any:
    """A key by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def banded(rng: random.Random, bands: Sequence[Sequence[int]]) -> int:
    """A whole number from bands of [first, last, weight]."""
    first, last, _ = rng.choices(list(bands), [band[2] for band in bands])[0]
    return rng.randint(first, last)


def happens(rng: random.Random, bp: int) -> bool:
    """Whether something with a probability of so many in 10,000 happens."""
    return rng.randrange(10_000) < bp
