"""Proof: the engine prices and distributes like the plain oracle, on invented and spoiled stays, for every sample pack.

`python -m tests.proofs.packs --stays 300000 --seed 1` prints one line a pack and exits 1 at the first difference.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import replace

from openyibao.payment.engine.pack import facade
from openyibao.payment.engine.pack.clearing import clear_year
from openyibao.payment.engine.pack.stays import GroupOf, Stay
from tests.payment.pack.oracle import Oracle

PACKS = (
    *("sample-drg", "sample-points", "sample-dip", "sample-dip-jining", "sample-bed-day"),
    *("sample-disease", "sample-scheme"),
)


def spoiled(draw: random.Random, stay: Stay, group: GroupOf) -> tuple[Stay, GroupOf]:
    """A stay with one or more odd facts: dear, cheap, long, no group, unknown level, patient bore nearly all …"""
    for _ in range(draw.choice((0, 0, 1, 1, 2))):
        what = draw.randrange(8)
        if what == 0:
            total = max(stay.total_fen * draw.choice((5, 20, 260, 410, 700)) // 100, 100)
            stay = replace(stay, total_fen=total, patient_fen=total // 4, other_fen=total // 10, tcm_fen=total // 2)
        elif what == 1:
            stay = replace(stay, los=draw.choice((1, 15, 16, 31, 60, 61, 200, 400)))
        elif what == 2:
            group = GroupOf(draw.choice(("", "0000", "BQY", "ZZ99")))
        elif what == 3:
            stay = replace(stay, level=draw.choice(("ungraded", "", "community", "primary", "tertiary")))
        elif what == 4:
            stay = replace(stay, patient_fen=stay.total_fen - stay.other_fen)
        elif what == 5:
            stay = replace(stay, dx=(draw.choice(("F20.000", "H25.900", "M51.200", "F31.900")), *stay.dx[1:]))
        elif what == 6:
            stay = replace(stay, px=("13.4100",), dept="1500", marks=frozenset({"day_surgery"}))
        else:
            group = replace_factor(group, draw.choice((9_500, 10_300, 12_000, 16_000)))
    return stay, group


def replace_factor(group: GroupOf, factor: int) -> GroupOf:
    return GroupOf(group.group, factor)


def differences(name: str, count: int, seed: int) -> Iterator[str]:
    """What the two ways make differently of so many stays, in years of at most 5,000."""
    pack = facade.load_pack(name)
    oracle = Oracle(facade.pack_path(name))
    draw = random.Random(seed)
    for start in range(0, count, 5_000):
        made = list(facade.invent(min(5_000, count - start), (2026,), seed * 1_000 + start))
        own = {one.stay.case_id: GroupOf(one.drg) for one in made}
        if pack.grouping:
            own = facade.groups_for(pack, [one.stay for one in made])
        rows = [spoiled(draw, one.stay, own[one.stay.case_id]) for one in made]
        stays = [stay for stay, _ in rows]
        groups = {stay.case_id: group for stay, group in rows}
        whole = sum(stay.pool_by_item_fen for stay in stays) * draw.choice((70, 95, 120)) // 100
        budgets = facade.split_budget(stays, whole)
        version = facade.version_of(pack, stays)
        settled, pools = facade.distribute(version, facade.price_all(version, stays, groups), budgets)
        if not all(one.holds for one in clear_year(version, settled, pools).values()):
            yield f"{name}: the clearing does not hold"
        expected = oracle.year(stays, groups, budgets)
        for one in settled:
            other = expected[one.stay.case_id]
            mine = (one.status, one.points if one.floating else None, one.standard_fen, one.fund_fen)
            points = None if other.points is None else int(other.points * 10_000)
            money = [None if value is None else int(value * 100) for value in (other.standard, other.fund)]
            if other.status == "refused":
                money = [one.standard_fen, None]
            theirs = (other.status, points, *money)
            if mine != theirs:
                yield f"{name} {one.stay.case_id}: {mine} {theirs} {one.stay} {groups[one.stay.case_id]}"


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--stays", type=int, default=50_000)
    asked.add_argument("--seed", type=int, default=1)
    args = asked.parse_args()
    for name in PACKS:
        found = next(differences(name, args.stays, args.seed), "")
        if found:
            sys.stdout.write(f"{found}\n")
            sys.exit(1)
        sys.stdout.write(f"{name}: {args.stays:,} stays priced and distributed alike, to the fen (seed {args.seed})\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
