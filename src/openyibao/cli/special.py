"""`openyibao payment special …`: special-case review (特例单议), step by step, each in somebody's name.

A hospital acts with `--institution`, everybody else with `--by`; the room wants different persons for naming the
experts, for each opinion and for the decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from openyibao.cli import show
from openyibao.cli.desk import actor_of, area_of, facade_ready
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import basis_points

if TYPE_CHECKING:
    from openyibao.payment.facade import Decision, Review

app = typer.Typer(no_args_is_help=True, help="特例单议：申报、分派专家、意见、决定、申诉。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
Stay = Annotated[str, typer.Argument(metavar="SETTLEMENT", help="结算编号。")]
By = Annotated[str, typer.Option("--by", help="办理人姓名或工号；分派、评审、决定须为不同的人。")]
Own = Annotated[str, typer.Option("--institution", help="申报的定点医药机构编号。")]
Note = Annotated[str, typer.Option("--note", help="说明。")]
Times = Annotated[str, typer.Option("--times", help="raised 时：标准提高到多少，如 150%。")]


@app.command()
def apply(
    settlement: Stay,
    reason: Annotated[str, typer.Option("--reason", help="申报理由，如 high_cost、long_stay。")],
    pack: Annotated[str, typer.Option("--pack", help="支付方式包：名额、理由与可作的决定由它规定。")],
    institution: Own,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """医疗机构申报一例；退回补正或撤回的可再申报。"""
    from openyibao.foundation import clock

    facade = facade_ready()
    actor = actor_of(institution, "institution", "000000")
    _tell(facade.file_special(actor, settlement, reason, note, pack, clock.now()), as_json)


@app.command()
def assign(
    settlement: Stay,
    expert: Annotated[list[str], typer.Option("--expert", help="专家姓名或工号；可写多次。")],
    by: By,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """形式审核通过，分派专家。"""
    from openyibao.foundation import clock

    facade = facade_ready()
    actor = actor_of(by, "agency", _area_in(settlement))
    _tell(facade.assign_special(actor, settlement, expert, note, clock.now()), as_json)


@app.command("return")
def return_(settlement: Stay, by: By, note: Note = "", as_json: Json = False) -> None:
    """退回医疗机构补正。"""
    _move(settlement, "return", by, "agency", note, as_json)


@app.command()
def opinion(
    settlement: Stay,
    advice: Annotated[str, typer.Option("--advice", help="by_item 按项目，raised 调整标准，rejected 不予通过。")],
    by: By,
    times: Times = "",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """一位专家的意见；每位分派的专家一份。"""
    _move(settlement, "opinion", by, "agency", note, as_json, _decision(advice, times, opinion=True))


@app.command()
def decide(
    settlement: Stay,
    decision: Annotated[str, typer.Option("--decision", help="by_item 按项目，raised 调整标准，rejected 不予通过。")],
    by: By,
    times: Times = "",
    note: Note = "",
    as_json: Json = False,
) -> None:
    """决定；由没有分派、没有评审的第三人作出，下一次 payment run 按决定计价。"""
    _move(settlement, "decide", by, "agency_review", note, as_json, _decision(decision, times))


@app.command()
def close(settlement: Stay, by: By, note: Note = "", as_json: Json = False) -> None:
    """终结：决定不再变动。"""
    _move(settlement, "close", by, "agency_review", note, as_json)


@app.command()
def withdraw(settlement: Stay, institution: Own, note: Note = "", as_json: Json = False) -> None:
    """医疗机构撤回尚未分派的申请，名额随之退还。"""
    _move(settlement, "withdraw", institution, "institution", note, as_json)


@app.command()
def appeal(settlement: Stay, institution: Own, note: Note = "", as_json: Json = False) -> None:
    """医疗机构对决定申诉，一次为限；由另一人重新决定。"""
    _move(settlement, "appeal", institution, "institution", note, as_json)


@app.command("show")
def show_(settlement: Stay, as_json: Json = False) -> None:
    """一件申请的每一步。"""
    facade = facade_ready()
    found = facade.special_of(actor_of("system", "system", "000000"), settlement)
    _tell(found, as_json)


@app.command("list")
def list_(
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
    period: Annotated[str, typer.Option("--period", help="出院所属期，如 2026-10 或 2026-Q4；默认上月。")] = "",
    institution: Annotated[str, typer.Option("--institution", help="只看这家定点医药机构。")] = "",
    pack: Annotated[str, typer.Option("--pack", help="支付方式包：同时给出各家名额。")] = "",
    as_json: Json = False,
) -> None:
    """一期的全部申请、期限与各家名额。"""
    code = area_of(area)
    facade = facade_ready()
    wanted = _period(period)
    from openyibao.foundation import clock

    today = clock.today()
    actor = actor_of("system", "system", code)
    found, places = facade.specials_of(actor, code, wanted, pack or None)
    found = [one for one in found if institution in ("", one.application.institution)]
    places = [one for one in places if institution in ("", one.institution)]
    if as_json:
        quotas = [
            {
                "institution": one.institution,
                "discharges": one.discharges,
                "places": one.places,
                "used": one.used,
                "left": one.left,
            }
            for one in places
        ]
        show.json_out(
            {"area": code, "period": wanted, "quotas": quotas, "applications": [one.as_json(today) for one in found]}
        )
        return
    for quota in places:
        show.out(
            f"{quota.institution}：出院 {quota.discharges} 例，名额 {quota.places}，"
            f"已申报 {quota.used}，余 {quota.left}"
        )
    for one in found:
        show.out(one.line(today))
    if not found:
        show.out(f"{wanted} 没有特例申请")


def _move(
    settlement: str, move: str, by: str, role: str, note: str, as_json: bool, decision: Decision | None = None
) -> None:
    from openyibao.foundation import clock

    facade = facade_ready()
    area = "000000" if role == "institution" else _area_in(settlement)
    _tell(facade.move_special(actor_of(by, role, area), settlement, move, note, clock.now(), decision), as_json)


def _tell(found: Review, as_json: bool) -> None:
    from openyibao.foundation import clock

    today = clock.today()
    if as_json:
        show.json_out(found.as_json(today))
        return
    show.out(found.line(today))
    for line in found.steps():
        show.out(f"  {line}")
    if found.experts:
        show.out(f"  专家：{'、'.join(found.experts)}")
    if found.terms.provisional:
        show.out(f"  含假定参数：{'、'.join(found.terms.provisional)}")


def _decision(kind: str, times: str, *, opinion: bool = False) -> Decision:
    """The decision as written. Raises: Malformed with every fault."""
    facade: Any = facade_ready()
    faults = []
    units = 10_000
    if times:
        try:
            units = basis_points(times)
        except ValueError as problem:
            faults.append(Fault("", 0, "--times", str(problem), "如 150%"))
    elif kind == "raised" and not opinion:
        faults.append(Fault("", 0, "--times", "调整支付标准须写明提高到多少", "如 150%"))
    if faults:
        raise Malformed(faults)
    made: Decision = facade.Decision(kind, units)
    return made


def _period(text: str) -> str:
    from openyibao.foundation import clock
    from openyibao.ledger.contracts import Month

    return text or str(Month.of(clock.today()).before)


def _area_in(settlement: str) -> str:
    """The area a settlement number begins with; the nation where it names none."""
    from openyibao.kernel.areas import all_areas

    return settlement[:6] if settlement[:6] in all_areas() else "000000"
