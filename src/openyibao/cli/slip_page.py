"""Slips on paper (机构拨付单): one page each, lines down, funds across, who made it, who checked it, who paid it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openyibao.kernel.areas import all_areas

if TYPE_CHECKING:
    from openyibao.documents.facade import Block, Report
    from openyibao.payment.facade import Slip

TAKEN_OFF = ("audit", "deposit", "offset", "procurement")
ALWAYS = ("declared", "audit", "deposit", "payable", "paid")


def slips_report(slips: Sequence[Slip], names: dict[str, str]) -> Report:
    """The slips as a report of pages; names are those of the institutions by code."""
    from openyibao.documents.facade import PageBreak, Report

    area = all_areas()[slips[0].area].name
    blocks: list[Block] = []
    for at, slip in enumerate(slips):
        if at:
            blocks.append(PageBreak())
        blocks += _page(slip, names[slip.institution_code])
    months = sorted({str(slip.month) for slip in slips})
    return Report(f"{area}医疗保障基金机构拨付单", tuple(blocks), "、".join(months))


def _page(slip: Slip, name: str) -> list[Block]:
    from openyibao.documents.facade import Heading, Note, Paragraph, Signature, Table, yuan
    from openyibao.ledger.facade import fund_name
    from openyibao.payment.facade import STATES, TITLES, identity

    used = [line for line in TITLES if line in ALWAYS or any(one.fen[line] for one in slip.lines)]
    rows = []
    for line in used:
        cells = [yuan(one.fen[line], 2) for one in slip.lines]
        title = "本期可付" if line == "paid" and slip.state != "paid" else TITLES[line]
        title = f"减：{title}" if line in TAKEN_OFF else title
        rows.append([title, *cells, yuan(slip.total(line), 2)])
    if slip.total("held"):
        held = [yuan(one.fen["held"], 2) for one in slip.lines]
        rows.append(["暂缓（未收到结算清单，不在以上各行之内）", *held, yuan(slip.total("held"), 2)])
    blocks: list[Block] = [
        Heading(f"{name}（{slip.institution_code}）"),
        Paragraph(f"单号 {slip.slip_no}　所属期 {slip.month}　{STATES[slip.state]}"),
        Table(
            ["元", *(fund_name(one.fund) for one in slip.lines), "合计"],
            rows,
            strong=[used.index("payable"), used.index("paid")],
            align="l" + "r" * (len(slip.lines) + 1),
        ),
        *(Note(identity(one)) for one in slip.lines),
    ]
    if slip.rules.get("provisional"):
        blocks.append(Note(f"含假定参数：{'、'.join(slip.rules['provisional'])}"))
    if slip.why:
        blocks.append(Note(f"作废理由：{slip.why}"))
    persons = (("拟制", slip.drafted_by), ("复核", slip.confirmed_by), ("支付", slip.paid_by))
    blocks.append(Signature([f"{what}：{who or '＿＿＿＿'}" for what, who in persons]))
    return blocks
