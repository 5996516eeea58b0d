"""The choice of a DIP group against a brute-force reading of its sentence: every group tried for every stay."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from fractions import Fraction

from openyibao.payment.engine.dip.build import build_directory
from openyibao.payment.engine.dip.directory import Directory, Group
from openyibao.payment.engine.dip.params import default_parameters, load_parameters
from openyibao.payment.engine.dip.select import Selector
from openyibao.payment.engine.pack.invented import invent
from openyibao.payment.engine.pack.stays import Stay

PARAMETERS = load_parameters()
FOLDER = default_parameters().parent
WAYS = ("operation", "therapeutic", "diagnostic", "conservative")
ORDER = (
    *("core operation", "core therapeutic", "core diagnostic"),
    *("mixed operation", "mixed therapeutic", "mixed diagnostic"),
    *("core conservative", "mixed conservative"),
)


def table(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


PROCEDURES = {row["prefix"]: row for row in table("procedures.csv")}
RANGES = table("diagnoses.csv")


def treated(px: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(way, code at four digits, level) of the procedures that count, in their order."""
    found = []
    for code in px:
        known = [PROCEDURES[code[:end]] for end in range(len(code), 0, -1) if code[:end] in PROCEDURES]
        if known and known[0]["treatment"] != "none":
            found.append((known[0]["treatment"], code[:5], known[0]["level"]))
    return found


def chosen(directory: Directory, stay: Stay) -> str:
    """The code of the group, "" for none."""
    counted = treated(stay.px)
    done = {code for _, code, _ in counted}
    ways = {way for way, _, _ in counted} or {"conservative"}
    strongest = next(way for way in WAYS if way in ways)
    main = next((code for way, code, _ in counted if way == strongest), "")
    level = next((level for way, _, level in counted if way == "operation"), "")
    category = stay.dx[0][:3]
    places = [
        f"{row['first']}-{row['last']}"
        for kind in ("section", "chapter")
        for row in RANGES
        if row["kind"] == kind and row["first"] <= category <= row["last"]
    ] + ["*"]
    best: list[tuple[object, ...]] = []
    for group in directory.groups.values():
        if group.kind == "core":
            if group.diagnosis != stay.dx[0][:5]:
                continue
            fits = strongest == "conservative" if group.treatment == "conservative" else set(group.procedures) <= done
            specific = 0
        else:
            band = {"": "", "1": "1", "2": "2", "3": "3-4", "4": "3-4"}[level] if group.treatment == "operation" else ""
            fits = group.treatment in ways and group.diagnosis in places and group.operation_level == band
            specific = places.index(group.diagnosis) if fits else 0
        if fits:
            rank = ORDER.index(f"{group.kind} {group.treatment}")
            off = abs(group.mean_fen - stay.total_fen)
            best.append((rank, specific, main not in group.procedures, -len(group.procedures), off, group.code))
    return str(min(best)[-1]) if best else ""


def odd(draw: random.Random, stay: Stay, codes: list[str], px: list[str]) -> Stay:
    """A stay with drawn diagnosis and procedures of other stays."""
    picked = tuple(draw.choices(px, k=draw.randrange(5)))
    return Stay(stay.case_id, (draw.choice(codes), "I10.x05"), picked, stay.total_fen, year=2025, level=stay.level)


def test_every_stay_gets_the_group_that_brute_force_finds() -> None:
    draw = random.Random(8)
    stays = [one.stay for one in invent(3_000, seed=8)]
    codes = [*sorted({stay.dx[0] for stay in stays}), "Q99.900", "U07.100", "I"]
    px = [
        *sorted({code for stay in stays for code in stay.px}),
        "88.0100",
        "99.0400",
        "54.9100",
        "86.0100",
        "zz",
        "36.0600",
    ]
    stays += [odd(draw, stay, codes, px) for stay in stays]
    directory = build_directory(stays, PARAMETERS)
    selector = Selector(directory)
    assert len({group.rank for group in directory.groups.values()}) >= 6
    for stay in [*stays[:600], *stays[3_000:4_500]]:
        found = selector.choose(stay.dx, stay.px, stay.total_fen).group
        assert (found.code if found else "") == chosen(directory, stay), stay


def test_scores_are_the_weighted_means_of_those_that_are_chosen() -> None:
    stays = [one.stay for one in invent(2_500, seed=9)]
    directory = build_directory(stays, PARAMETERS)
    weights = {2023: 1, 2024: 2, 2025: 7}
    members: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for stay in stays:
        members[chosen(directory, stay)][stay.year].append(stay.total_fen)
    everything: dict[int, list[int]] = defaultdict(list)
    means = {}
    for code, years in members.items():
        kept = {year: untrimmed(values) for year, values in years.items()}
        for year, values in kept.items():
            everything[year] += values
        means[code] = weighted(kept, weights)
    middle = weighted(everything, weights)
    for group in directory.groups.values():
        assert group.score == half_up(means[group.code] / middle * 100_000), group.code
        assert group.mean_fen == half_up(means[group.code])


def untrimmed(values: list[int]) -> list[int]:
    """What the interquartile rule leaves: 1.5 times the range beyond the quartiles, from eight values on."""
    ordered = sorted(values)
    if len(ordered) < 8:
        return ordered

    def quartile(part: Fraction) -> Fraction:
        at = (len(ordered) - 1) * part
        low = at.__floor__()
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (at - low) * (ordered[high] - ordered[low])

    first, third = quartile(Fraction(1, 4)), quartile(Fraction(3, 4))
    reach = Fraction(3, 2) * (third - first)
    return [value for value in ordered if first - reach <= value <= third + reach]


def weighted(years: dict[int, list[int]], weights: dict[int, int]) -> Fraction:
    present = {year: values for year, values in years.items() if values}
    total = sum((weights[year] * Fraction(sum(values), len(values)) for year, values in present.items()), Fraction(0))
    return total / sum(weights[year] for year in present)


def half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def test_the_groups_hold_what_their_codes_say() -> None:
    directory = build_directory([one.stay for one in invent(2_000, seed=10)], PARAMETERS)
    for code, group in directory.groups.items():
        assert isinstance(group, Group)
        assert code == group.code
        assert list(group.procedures) == sorted(group.procedures)
