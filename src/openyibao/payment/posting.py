"""How the payment room posts: amounts by fund for one institution, on a day whose month is open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from openyibao.kernel.clock import business_day
from openyibao.ledger import facade as ledger


def post(
    template: str, amounts: Mapping[str, int], area: str, institution: str, at: datetime, kind: str, number: str
) -> None:
    """Post fen by fund from a template, zeros left out; nothing when all are zero. Joins the open transaction."""
    named = {f"fund:{fund}": fen for fund, fen in amounts.items() if fen}
    if named:
        ledger.post_template(
            template,
            named,
            {"institution": institution},
            area=area,
            day=ledger.open_day(area, "business", business_day(at)),
            at=at,
            document_kind=kind,
            document_no=number,
        )
