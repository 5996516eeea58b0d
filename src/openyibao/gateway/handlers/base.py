"""What every handler gets and gives (交易处理): a call in, a reply out; the registry by transaction number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from openyibao.foundation.actors import Actor
from openyibao.kernel.clock import business_day


@dataclass(frozen=True)
class Call:
    """One message, checked and typed (一笔交易). `data` holds the input's nodes by their national names.

    Numbers are integers scaled by the decimals of their field (amounts: 分), dates are dates, times are instants.
    """

    infno: str
    form: str
    msgid: str
    institution_code: str
    care_area: str
    insured_area: str
    operator_no: str
    operator_name: str
    actor: Actor
    at: datetime
    data: Mapping[str, Any]

    @property
    def today(self) -> date:
        """The business day the message came on."""
        return business_day(self.at)


@dataclass(frozen=True)
class Reply:
    """What to answer (应答): nodes of the output, the document made (结算ID, 就诊ID), a warning ("CODE text")."""

    output: Mapping[str, Any] = field(default_factory=dict)
    document: str = ""
    visit_no: str = ""
    warning: str = ""


Handler = Callable[[Call], Reply]
HANDLERS: dict[str, Handler] = {}


def handles(*numbers: str) -> Callable[[Handler], Handler]:
    """Register a handler for transactions."""

    def register(handler: Handler) -> Handler:
        for number in numbers:
            assert number not in HANDLERS, f"{number} has two handlers"
            HANDLERS[number] = handler
        return handler

    return register
