"""What every `openyibao payment` command of the platform reads: areas, months, amounts by fund, and who acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openyibao.kernel.areas import all_areas, area_keys
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import fen_from_yuan
from openyibao.kernel.periods import day_from_text

if TYPE_CHECKING:
    from openyibao.foundation.actors import Actor
    from openyibao.ledger.contracts import Month


def amounts_of(written: list[str]) -> dict[str, int]:
    """`fund=yuan` as fen. Raises: Malformed with every fault."""
    faults = []
    found: dict[str, int] = {}
    for text in written:
        name, _, yuan = text.partition("=")
        try:
            found[name] = fen_from_yuan(yuan)
        except ValueError as problem:
            faults.append(Fault("", 0, "--fund", f"{text!r}：{problem}", "如 resident=120.00"))
    from openyibao.ledger.facade import funds

    faults += [
        Fault("", 0, "--fund", f"没有基金 {name!r}", "、".join(funds())) for name in found if name not in funds()
    ]
    if faults:
        raise Malformed(faults)
    return found


def actor_of(name: str, role: str, area: str) -> Actor:
    from openyibao.foundation.actors import Actor

    return Actor(name, frozenset({role}), area)


def facade_ready() -> Any:
    """The payment room's door, with Django set up."""
    from openyibao.foundation.setup import django_ready

    django_ready()
    from openyibao.payment import facade

    return facade


def area_of(text: str) -> str:
    code = area_keys().get(text, text)
    if code not in all_areas():
        raise Malformed([Fault("", 0, "--area", f"{text!r} 不是地区", "如 371500 或 liaocheng")])
    return code


def month_of(text: str) -> Month:
    from openyibao.foundation import clock
    from openyibao.ledger.contracts import Month

    if not text:
        return Month.of(clock.today()).before
    try:
        return Month(day_from_text(f"{text}-01"))
    except ValueError:
        raise Malformed([Fault("", 0, "--month", f"{text!r} 不是月份", "写作 2024-05")]) from None
