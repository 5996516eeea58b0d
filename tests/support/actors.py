"""Actors for tests: one per role, in Liaocheng unless said otherwise."""

from __future__ import annotations

from openyibao.foundation.actors import SYSTEM, Actor

__all__ = ["SYSTEM", "actor"]


def actor(role: str, area: str = "371500") -> Actor:
    """Somebody with one role in an area."""
    return Actor(f"test-{role}", frozenset({role}), area)
