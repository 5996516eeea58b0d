"""What else a case could have come to (换一种写法会怎样): really grouped again, never guessed.

For the coder who checks a record and the auditor who doubts it: another main diagnosis or procedure of the same
record, a complication left out, one that the main diagnosis voids. The choice is theirs; the rules only answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from openyibao.payment.engine.atoms import complications
from openyibao.payment.engine.contracts import AMBIGUOUS, GROUPED, Case, Grouping
from openyibao.payment.engine.grouper import Grouper
from openyibao.payment.engine.replay import replay
from openyibao.payment.engine.scheme import Scheme

MOST_TRIED = 60
"""Codes of one record that are tried: more are no record of a stay."""
MOST_LIKE = 5
WIDE = {0xFF01 + at: 0x21 + at for at in range(94)} | {0x3000: 0x20, 0x3002: 0x2E}
"""Full-width letters and marks to those of ASCII."""


@dataclass(frozen=True)
class Other:
    """One thing changed and what comes of it (推算): change is "main_dx", "main_px", "without" or "not_excluded"."""

    change: str
    codes: tuple[str, ...]
    result: Grouping


def others(scheme: Scheme, grouper: Grouper, case: Case, result: Grouping) -> list[Other]:
    """Every single change of a record that gives another result, in the order of the record."""
    found = [*_mains(grouper, case), *_complications(scheme, grouper, case)]
    return [one for one in found if one.result != result and one.result.status in (GROUPED, AMBIGUOUS)]


def _mains(grouper: Grouper, case: Case) -> Iterator[Other]:
    """Each other diagnosis as the main one, the former main one behind it; the same for procedures."""
    for kind, codes in (("dx", case.dx), ("px", case.px)):
        for code in list(dict.fromkeys(code for code in codes[1:] if code and code != codes[0]))[:MOST_TRIED]:
            rest = list(codes)
            rest.remove(code)
            changed = case._replace(dx=(code, *rest)) if kind == "dx" else case._replace(px=(code, *rest))
            yield Other(f"main_{kind}", (code,), grouper.group(changed))


def _complications(scheme: Scheme, grouper: Grouper, case: Case) -> Iterator[Other]:
    """The record without one complication that counts; and with those counted that the main diagnosis voids."""
    found = complications(case, scheme)
    for code in list(dict.fromkeys(one.code for one in found if not one.excluded))[:MOST_TRIED]:
        left = (case.dx[0], *(other for other in case.dx[1:] if other != code))
        yield Other("without", (code,), grouper.group(case._replace(dx=left)))
    void = tuple(dict.fromkeys(one.code for one in found if one.excluded))
    if void:
        spared = {code: table for code, table in scheme.exclusions.items() if code != case.dx[0]}
        yield Other("not_excluded", void, replay(replace(scheme, exclusions=spared), case).result)


@dataclass(frozen=True)
class Unknown:
    """A code of the record that grouping can do nothing with as it stands (不起作用的编码), and what may be meant.

    named: the scheme has a name for it, only no list. same: a known code that differs only in blanks, width or case
    of letters. becomes: what the scheme's map makes of it. alike: known codes with the same first four digits.
    """

    kind: str
    code: str
    named: bool
    same: str
    becomes: str
    alike: tuple[str, ...]


def unknown_codes(scheme: Scheme, case: Case) -> list[Unknown]:
    """Codes the scheme neither uses nor names; and those it only names while its map makes another one of them."""
    found = []
    for kind, codes in (("dx", case.dx), ("px", case.px)):
        asked = [code for code in dict.fromkeys(codes) if code]
        used = _used(scheme, kind) if asked else set()
        names = scheme.dx_names if kind == "dx" else scheme.px_names
        table = (scheme.dx_map if kind == "dx" else scheme.px_map) or {}
        for code in asked:
            becomes = table.get(code, "") if table.get(code, "") in used else ""
            if code not in used and (becomes or code not in names):
                found.append(_unknown(kind, code, used, names, becomes))
    return found


def _unknown(kind: str, code: str, used: set[str], names: Mapping[str, str], becomes: str) -> Unknown:
    meant = _plainly_written(code)
    same = next((one for one in (meant, meant.replace("X", "x")) if one != code and (one in used or one in names)), "")
    alike = () if same or becomes else sorted(one for one in {*used, *names} if one[:5] == meant[:5])[:MOST_LIKE]
    return Unknown(kind, code, code in names, same, becomes, tuple(alike))


def _used(scheme: Scheme, kind: str) -> set[str]:
    """Every code of a kind that some list or table of complications has."""
    used = {code for one in scheme.lists.values() if one.kind == kind for code in one.parts}
    return used | scheme.mcc.keys() | scheme.cc.keys() | scheme.exclusions.keys() if kind == "dx" else used


def _plainly_written(code: str) -> str:
    """A code in half-width capitals without blanks."""
    return "".join(code.translate(WIDE).split()).upper()
