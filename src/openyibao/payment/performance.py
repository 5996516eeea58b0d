"""Indicators of the stays an area priced (绩效指标): by hospital, department or doctor, from the platform's own cases.

What was coded of a stay is sealed; it is opened here, and the audit trail says for how many stays.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from openyibao.foundation import audit, crypto
from openyibao.foundation.actors import Actor, require
from openyibao.foundation.transactions import joined
from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment import case_store
from openyibao.payment.coding import as_priced
from openyibao.payment.engine.pack.facade import Indicators, indicators, load_pack, risk_classes, units_of
from openyibao.payment.engine.pack.indicators import BY
from openyibao.payment.errors import PackUnfit


def performance(
    actor: Actor, area: str, year: int, pack_name: str | Path, per: str, institution: str = ""
) -> Sequence[Indicators]:
    """Indicators of a year's priced stays, of one institution where it is given. Risk classes come from all of them.

    Args: pack_name, whose table gives each group's weight, mean cost and days; per, one of institution, department,
    doctor. Raises: NotPermitted, PackUnfit when the pack has no version on the year's last day, Malformed.
    """
    require(actor, "payment.performance", area)
    if per not in BY:
        raise Malformed([Fault("", 0, "--per", f"不认识 {per!r}", "、".join(BY))])
    pack = load_pack(pack_name)
    version = pack.version_on(date(year, 12, 31))
    if version is None:
        raise PackUnfit(f"支付方式包 {pack.name} 在 {year}-12-31 没有版本", hint="补上该日的版本")
    with joined():
        sealed = case_store.sealed_facts(area, year)
        rows = case_store.standing(area, year)
        audit.record(actor, "payment.performance", f"{year}/{per}", area, stays=len(sealed))
    priced = [as_priced(row, json.loads(crypto.unseal(sealed[number]))) for number, row in rows.items()]
    chosen = [one for one in priced if institution in ("", one.stay.institution)]
    return indicators(chosen, per, units_of(version), risk_classes(priced))
