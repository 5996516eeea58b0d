"""What each payer did with one settled visit, short enough for a message (支付步骤): base, slices, payment, rest.

Read from the kernel's trace and the state after the visit; nothing is calculated a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from openyibao.kernel.money import percent_text, yuan_text
from openyibao.policy.fold import Settled
from openyibao.policy.terms import layer_name
from openyibao.policy.trace import LayerTrace, layers


@dataclass(frozen=True)
class LayerStep:
    """One payer of a visit. Fen; `limit_left` is -1 where no yearly limit holds."""

    layer: str
    name: str
    pays_as: str
    measured: int
    paid: int
    limit_left: int
    text: str


def layer_steps(settled: Settled) -> list[LayerStep]:
    """Every payer that measured money of this visit, in the order of the chain."""
    return [_step(trace, settled) for trace in layers(settled) if trace.measured or trace.paid]


def _step(trace: LayerTrace, settled: Settled) -> LayerStep:
    row = trace.row
    parts = settled.book.parts(row.offset)
    left = [limit - settled.split.counters.get(counter, 0) for limit, counter in parts.caps]
    name = layer_name(row.layer)
    return LayerStep(
        row.layer,
        name,
        row.pays_as,
        trace.measured,
        trace.paid,
        max(0, min(left)) if left else -1,
        _text(trace, name),
    )


def _text(trace: LayerTrace, name: str) -> str:
    said = [f"{name}：计入{yuan_text(trace.measured)}"]
    if trace.before:
        said.append(f"本年已计{yuan_text(trace.before)}")
    if trace.deductible:
        said.append(f"起付{yuan_text(trace.deductible)}")
    rates = trace.row.rates
    said += [f"{yuan_text(piece)}×{percent_text(rates[tier][1])}" for tier, piece in trace.slices]
    if trace.slices and trace.whole != trace.paid:
        said.append(f"限额前{yuan_text(trace.whole)}")
    said.append(f"支付{yuan_text(trace.paid)}")
    return "，".join(said)
