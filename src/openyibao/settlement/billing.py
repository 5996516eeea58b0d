"""Fee lines: priced and stored at upload, withdrawn before settlement (费用明细上传与撤销).

A batch comes whole or not at all. Lines are split by the catalogue as it holds on the day of the fee, at the level of
the institution that day, and keep the version of the item they were priced by. The batch keeps the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

from openyibao.catalogue import facade as catalogue
from openyibao.catalogue.contracts import Item
from openyibao.foundation.actors import require
from openyibao.foundation.transactions import joined
from openyibao.institutions.contracts import Institution
from openyibao.kernel.clock import business_day
from openyibao.kernel.money import MOST_FEN, yuan_text
from openyibao.settlement import store
from openyibao.settlement.contracts import ALL_LINES, Caller, FeeLine, PricedLine, UploadLines, WithdrawLines
from openyibao.settlement.errors import LinesRefused, NothingToSettle, VisitUnknown
from openyibao.settlement.logic import moves
from openyibao.settlement.logic.pricing import fee_of, priced
from openyibao.settlement.visits import check_sender


def upload_lines(caller: Caller, command: UploadLines) -> list[PricedLine]:
    """Price and store the lines of one visit (2204, 2301); gives them back priced, in the order they came.

    Raises: LinesRefused with every line that cannot be taken, VisitUnknown, MoveRefused; nothing is stored then.
    """
    lines = command.lines
    visit_no, person_no = _one_visit(lines)
    with joined():
        person_id = store.lock_person(person_no)
        visit = store.visit_of(visit_no, person_id, caller.institution_code)
        _check_kind(visit, command.inpatient)
        moves.next_state(visit.state, "upload")
        institution = store.institution_of(caller.institution_code)
        require(caller.actor, "settlement.send", institution.area)
        known = store.live_lines(visit.id, _line_nos(lines))
        batch_nos = [str(visit.open_batch)] if visit.inpatient else sorted({line.batch_no for line in lines})
        batches = store.batches_of(visit.id, batch_nos)
        _check(lines, visit, known, batches, business_day(caller.at))
        items = _items(lines, institution)
        found = [priced(line, items.get((line.item_code, business_day(line.fee_at)))) for line in lines]
        for batch_no in batch_nos:
            mine = [
                (line, price)
                for line, price in zip(lines, found, strict=True)
                if visit.inpatient or line.batch_no == batch_no
            ]
            _check_sums([price for _, price in mine], batches.get(batch_no))
            store.add_lines(visit.id, batch_no, mine)
    return found


def withdraw_lines(caller: Caller, command: WithdrawLines, *, inpatient: bool) -> int:
    """Withdraw lines that are not settled (2205 by batch, 2302 by number; "0000" all); gives how many.

    Raises: VisitUnknown, MoveRefused, NothingToSettle when nothing fits.
    """
    check_sender(caller)
    with joined():
        person_id = store.lock_person(command.person_no)
        visit = store.visit_of(command.visit_no, person_id, caller.institution_code)
        _check_kind(visit, inpatient)
        moves.next_state(visit.state, "withdraw")
        batch_no = "" if command.batch_no == ALL_LINES else command.batch_no
        line_nos = () if ALL_LINES in command.line_nos else command.line_nos
        _refunds_go_along(visit.id, line_nos)
        count = store.withdraw(visit.id, batch_no, line_nos, caller.at)
        if not count:
            raise NothingToSettle(
                "没有符合条件的未结算明细", hint="已结算的明细须先撤销结算（2208、2305）；核对批次号或流水号"
            )
    return count


def _one_visit(lines: Sequence[FeeLine]) -> tuple[str, str]:
    visits = {(line.visit_no, line.person_no) for line in lines}
    if len(visits) != 1:
        raise LinesRefused("一次上传须属同一次就诊", hint="按 mdtrt_id 分开上传")
    return visits.pop()


def _check_kind(visit: store.VisitRow, inpatient: bool) -> None:
    if visit.inpatient != inpatient:
        raise VisitUnknown(
            f"{visit.visit_no} 是{'住院' if visit.inpatient else '门诊'}就诊",
            hint="门诊明细用 2204、2205，住院明细用 2301、2302",
        )


def _line_nos(lines: Iterable[FeeLine]) -> list[str]:
    return sorted({no for line in lines for no in (line.sn, line.refunds_sn) if no})


def _check(
    lines: Sequence[FeeLine],
    visit: store.VisitRow,
    known: Mapping[str, store.LiveLine],
    batches: Mapping[str, store.BatchRow],
    today: date,
) -> None:
    """Every line that cannot be taken, with why. Raises: LinesRefused."""
    wrong: list[str] = []
    seen: set[str] = set()
    left = {no: line.quantity_left_e4 for no, line in known.items()}
    for line in lines:
        wrong += [f"{line.sn}：{reason}" for reason in _faults(line, visit, known, batches, seen, left, today)]
        seen.add(line.sn)
    diseases = {line.disease_code for line in lines if line.disease_code}
    if not visit.inpatient and len(diseases) > 1:
        wrong.append(f"同一收费批次的病种编号须一致，现有 {'、'.join(sorted(diseases))}")
    if wrong:
        shown = "；".join(wrong[:50]) + (f"；……共 {len(wrong)} 处" if len(wrong) > 50 else "")
        raise LinesRefused(shown, hint="整批未收，改正后整批重传", count=len(wrong))


def _faults(
    line: FeeLine,
    visit: store.VisitRow,
    known: Mapping[str, store.LiveLine],
    batches: Mapping[str, store.BatchRow],
    seen: set[str],
    left: dict[str, int],
    today: date,
) -> list[str]:
    found = []
    if line.sn in seen:
        found.append("本次上传中流水号重复")
    if line.sn in known:
        found.append("流水号在本次就诊中已上传，须先撤销（2205、2302）")
    if not visit.inpatient and line.batch_no in batches and batches[line.batch_no].settlement_id is not None:
        found.append(f"批次 {line.batch_no} 已结算，须用新的收费批次号")
    if abs(fee_of(line.quantity_e4, line.price_e6) - line.amount_fen) > 1:
        due = yuan_text(fee_of(line.quantity_e4, line.price_e6))
        found.append(f"金额 {yuan_text(line.amount_fen)} 与单价×数量 {due} 相差超过 0.01")
    if abs(line.amount_fen) > MOST_FEN:
        found.append(f"金额过大，至多 {yuan_text(MOST_FEN)}")
    day = business_day(line.fee_at)
    if day > today:
        found.append(f"费用日期 {day} 晚于今日 {today}")
    elif day < visit.begun_on and visit.inpatient:
        found.append(f"费用日期 {day} 早于入院 {visit.begun_on}")
    if line.quantity_e4 == 0:
        found.append("数量不得为 0")
    if line.quantity_e4 < 0 or line.amount_fen < 0:
        found += _refund_faults(line, visit, known, left)
    return found


def _refund_faults(
    line: FeeLine, visit: store.VisitRow, known: Mapping[str, store.LiveLine], left: dict[str, int]
) -> list[str]:
    if not visit.inpatient:
        return ["门诊明细不得为负；退费须撤销整批"]
    target = known.get(line.refunds_sn)
    if target is None:
        return [f"退单须写明被退的流水号，{line.refunds_sn or '（空）'} 不在未结算的明细中"]
    if target.item_code != line.item_code or target.price_e6 != line.price_e6:
        return [f"退单的项目与单价须同 {line.refunds_sn}"]
    left[line.refunds_sn] += line.quantity_e4
    if left[line.refunds_sn] < 0:
        return [f"退的数量超过 {line.refunds_sn} 余下的数量"]
    return []


def _items(lines: Sequence[FeeLine], institution: Institution) -> dict[tuple[str, date], Item]:
    """The catalogue's items by code and day of fee, at the institution's level that day."""
    found = {}
    number = catalogue.version_number()
    by_day = sorted(lines, key=lambda line: business_day(line.fee_at))
    for day, group in groupby(by_day, key=lambda line: business_day(line.fee_at)):
        level = institution.profile_on(day).level
        codes = sorted({line.item_code for line in group})
        for code, item in catalogue.cached_items_on(number, codes, day, institution.area, level).items():
            found[code, day] = item
    return found


def _check_sums(prices: Sequence[PricedLine], batch: store.BatchRow | None) -> None:
    total = sum(price.amount_fen for price in prices) + (batch.total if batch else 0)
    if not 0 <= total <= MOST_FEN:
        raise LinesRefused(f"批次合计 {yuan_text(total)} 不在 0 至 {yuan_text(MOST_FEN)} 之间", hint="核对金额")


def _refunds_go_along(visit_id: int, line_nos: Sequence[str]) -> None:
    """A line that another one refunds is withdrawn only with it. Raises: LinesRefused."""
    if not line_nos:
        return
    left = [f"{target}（退单 {sn}）" for sn, target in store.refunds_of(visit_id, line_nos) if sn not in line_nos]
    if left:
        raise LinesRefused(f"明细已有退单：{'、'.join(left)}", hint="连同退单一起撤销")
