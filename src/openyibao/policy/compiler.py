"""Turns dated policy versions into the integer tables that `kernel` reads.

A `SchemeBook` holds all tables of one (area, scheme). Its dates are cut into segments in which no figure changes; for a
segment, a benefit and the facts a figure may depend on, it compiles a `Cell`: the chain of layer rows that such a visit
meets. Cells are compiled when first asked for and kept. Slots number the yearly counters; they never leave this room,
outside counters go by name.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed, PolicyMissing
from openyibao.kernel.money import WHOLE_BP, basis_points, fen_from_yuan, share
from openyibao.policy import kernel
from openyibao.policy.rulebook import PolicyFile, Rulebook, Version
from openyibao.policy.source import Node
from openyibao.policy.tables import (
    DEDUCTIBLE_KINDS,
    MASKS,
    NO_TIER_LIMIT,
    SPLITTING_LAYER,
    Cell,
    Facts,
    LayerRow,
    MissingFigure,
    RowParts,
    burden_counter,
    counts,
    deductible_counter,
    limit,
    paid_counter,
    ratio,
    refuse_missing,
    resolve,
)
from openyibao.policy.terms import BENEFITS, FUND_FIELDS, SCHEMES


@dataclass
class Segment:
    """Days between which no figure of a scheme changes."""

    start: date
    chain: Version | None
    read_as: Mapping[str, str]
    read_as_path: str
    remote: Version | None
    remote_benefits: frozenset[str]
    cells: dict[Facts, Cell] = field(default_factory=dict)


class SchemeBook:
    """Compiled tables of one scheme in one pooling area. P, C grow as cells are compiled."""

    def __init__(self, rulebook: Rulebook, area: str, scheme: str) -> None:
        self.rulebook = rulebook
        self.area = area
        self.scheme = scheme
        self.P: list[int] = []
        self.C: list[int] = []
        self.slots: dict[str, int] = {}
        self._rows: dict[tuple[int, ...], int] = {}
        self._chains: dict[tuple[int, ...], int] = {}
        self._benefit_files: dict[tuple[str, str], list[PolicyFile]] = {}
        self._layer_files: dict[str, list[PolicyFile]] = {}
        self._opens: dict[str, list[PolicyFile]] = {}
        for file in rulebook.of(area, scheme, "benefit"):
            self._benefit_files.setdefault((file.layer, file.benefit), []).append(file)
            self._opens.setdefault(file.benefit, []).append(file)
        for file in rulebook.of(area, scheme, "layer"):
            self._layer_files.setdefault(file.layer, []).append(file)
            if file.benefit:
                self._opens.setdefault(file.benefit, []).append(file)
        self._chain_files = rulebook.of(area, scheme, "chain")
        self._remote_files = rulebook.of(area, scheme, "remote")
        self._level_files = rulebook.of(area, scheme, "levels")
        self.diseases = self._all_diseases()
        self._shared_caps = self._caps_by_benefit()
        self._number_slots()
        self._cut()

    # Segments -------------------------------------------------------------------------------------------------

    def _files(self) -> Iterator[PolicyFile]:
        for files in (*self._benefit_files.values(), *self._layer_files.values()):
            yield from files
        yield from (*self._chain_files, *self._remote_files, *self._level_files)

    def _cut(self) -> None:
        cuts = {date(1900, 1, 1)}
        for file in self._files():
            for version in file.versions:
                cuts |= {version.period.start, version.period.end}
            if file.none_before:
                cuts.add(file.none_before)
        self.starts = sorted(cuts)
        self._segments: dict[int, Segment] = {}

    def segment_index(self, day: date) -> int:
        return bisect.bisect_right(self.starts, day) - 1

    def segment(self, day: date) -> Segment:
        """The segment of a day. Raises: PolicyMissing when no order of payers is in force."""
        index = self.segment_index(day)
        found = self._segments.get(index)
        if found is None:
            start = self.starts[index]
            levels = self.rulebook.in_force(self._level_files, start)
            remote = self.rulebook.in_force(self._remote_files, start)
            found = Segment(
                start,
                self.rulebook.in_force(self._chain_files, start),
                levels.body["read_as"] if levels else {},
                levels.key("read_as") if levels else "",
                remote,
                frozenset(remote.file.data["benefits"]) if remote else frozenset(),
            )
            self._segments[index] = found
        if found.chain is None:
            raise PolicyMissing(
                f"{_area_name(self.area)}{SCHEMES[self.scheme]}在 {day} 没有政策",
                hint=f"缺 policies/{areas.all_areas()[self.area].key}/{self.scheme}/chain.yaml 于该日生效的版本",
                area=self.area,
                scheme=self.scheme,
                day=str(day),
            )
        return found

    # Counters -------------------------------------------------------------------------------------------------

    def slot(self, name: str) -> int:
        return self.slots.setdefault(name, len(self.slots))

    def parts(self, offset: int) -> RowParts:
        """The parts of a layer row that explanations name."""
        row = self.P[offset : offset + kernel.ROW_HEAD]
        names = list(self.slots)
        caps = tuple((row[11 + 2 * at], names[row[12 + 2 * at]]) for at in range(row[10]))
        return RowParts(row[1], bool(row[15]), row[7], bool(row[8]), caps)

    def _number_slots(self) -> None:
        for file in self._files():
            if file.kind not in ("benefit", "layer"):
                continue
            for version in file.versions:
                body = version.body
                self.slot(burden_counter(file, body))
                per = (body.get("deductible") or {}).get("per")
                if per == "stay":
                    self.slot(f"{file.benefit}.stays")
                if per == "year_highest":
                    self.slot(deductible_counter(file))
                    self.slot(deductible_counter(file) + "_due")
                cap = body.get("cap")
                if isinstance(cap, dict):
                    for disease in (body.get("diseases") or self.diseases) if cap.get("per") == "disease" else [""]:
                        self.slot(paid_counter(file, cap, disease))

    def _all_diseases(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for files in self._benefit_files.values():
            for file in files:
                for version in file.versions:
                    found.update(dict.fromkeys(version.body.get("diseases", ())))
        return tuple(found)

    def _caps_by_benefit(self) -> dict[tuple[str, str], list[PolicyFile]]:
        """(layer, benefit) -> files of other benefits whose cap counts it too."""
        found: dict[tuple[str, str], list[PolicyFile]] = {}
        for (layer, own), files in self._benefit_files.items():
            for file in files:
                for version in file.versions:
                    cap = version.body.get("cap")
                    for benefit in cap.get("counts", ()) if isinstance(cap, dict) else ():
                        if benefit != own and file not in found.setdefault((layer, benefit), []):
                            found[layer, benefit].append(file)
        return found

    # Remote care ----------------------------------------------------------------------------------------------

    def remote_rate(self, day: date, benefit: str, filing: str, in_province: bool) -> tuple[int, str]:
        """First self-pay ratio of a remote visit and the path of its figure. Raises: FigureMissing."""
        segment = self.segment(day)
        if segment.remote is None or benefit not in segment.remote_benefits or not self.in_force(day, benefit):
            return 0, ""
        region = "in_province" if in_province else "out_of_province"
        tries = ((filing,), (region,))
        try:
            value, path = resolve(segment.remote.body["first_self_pay"], tries, "first_self_pay")
            return ratio(value, path), path
        except MissingFigure as gone:
            raise refuse_missing(segment.remote.key(gone.path), gone.wanted) from None

    # Cells ----------------------------------------------------------------------------------------------------

    def cell(self, day: date, facts: Facts) -> Cell:
        """The chain of layers for a visit. Raises: PolicyMissing when no file covers the benefit on the day."""
        segment = self.segment(day)
        found = segment.cells.get(facts)
        if found is None:
            found = self._compile(segment, day, facts)
            segment.cells[facts] = found
        return found

    def in_force(self, day: date, benefit: str) -> bool:
        """Whether a file of the area's line rules the benefit on a day."""
        return self.rulebook.in_force(self._opens.get(benefit, ()), self.segment(day).start) is not None

    def _compile(self, segment: Segment, day: date, facts: Facts) -> Cell:
        assert segment.chain is not None
        openers = self._opens.get(facts.benefit, [])
        opening = self.rulebook.in_force(openers, segment.start)
        later = [file for file in openers if file.none_before and day < file.none_before]
        if opening is None and not later:
            raise self._no_policy(facts.benefit, day, openers)
        rows: list[LayerRow] = []
        gaps: list[str] = []
        missing: dict[int, tuple[str, str]] = {}
        for entry in segment.chain.body["order"]:
            if not self._concerns(entry, facts):
                continue
            layer = entry["layer"]
            version = self._layer_version(layer, facts.benefit, segment.start)
            if version is None:
                if facts.benefit in entry.get("expected_for", ()) and not self._ruled_here(layer):
                    gaps.append(f"{areas.all_areas()[self.area].key}: no row for {layer.replace('_', ' ')}")
                continue
            mask = self._mask(version, facts.benefit)
            if opening is None and mask != kernel.SPECIAL_DRUG:
                continue
            if not mask or not self._for_group(version, facts.group):
                continue
            tries = self._tries(segment, facts)
            try:
                rows.append(self._row(version, layer, mask, facts, tries, segment.start))
            except MissingFigure as gone:
                missing[len(rows)] = (version.key(gone.path), gone.wanted)
                rows.append(self._dead_row(version, layer, mask))
        if opening is None:
            at = self._chain(tuple(row.offset for row in rows))
            absent = f"{later[0].name}#none_before"
            return Cell(at, tuple(rows), -1, (), missing, in_force=False, none_before=absent)
        stays = self.slots.get(f"{facts.benefit}.stays", -1)
        body = opening.body
        is_stay = (body.get("deductible") or {}).get("per") == "stay" or facts.benefit == "inpatient"
        return Cell(
            self._chain(tuple(row.offset for row in rows)),
            tuple(rows),
            (self.slot(f"{facts.benefit}.stays") if stays < 0 else stays) if is_stay else -1,
            tuple(gaps),
            missing,
        )

    def _no_policy(self, benefit: str, day: date, openers: list[PolicyFile]) -> PolicyMissing:
        key = areas.all_areas()[self.area].key
        begun = "；".join(
            f"{file.name} 有 {'、'.join(str(version.period) for version in file.versions)}" for file in openers
        )
        return PolicyMissing(
            f"{_area_name(self.area)}{SCHEMES[self.scheme]}在 {day} 没有{BENEFITS[benefit]}（{benefit}）的政策",
            hint=begun or f"应有 policies/{key}/{self.scheme}/{benefit}.yaml",
            area=self.area,
            scheme=self.scheme,
            benefit=benefit,
            day=str(day),
        )

    def _concerns(self, entry: Mapping[str, Node], facts: Facts) -> bool:
        if "supplement" in entry and entry["supplement"] not in facts.supplements:
            return False
        return "groups" not in entry or facts.group in self.rulebook.members(entry["groups"])

    def _for_group(self, version: Version, group: str) -> bool:
        who = version.body.get("who")
        return who is None or any(group in self.rulebook.members(name) for name in who)

    def _ruled_here(self, layer: str) -> bool:
        """Whether the area's own files rule a layer, now or at another time; then its absence is no gap."""
        return any(file.area == self.area for file in self._layer_files.get(layer, ()))

    def _layer_version(self, layer: str, benefit: str, day: date) -> Version | None:
        own = self.rulebook.in_force(self._benefit_files.get((layer, benefit), ()), day)
        return own or self.rulebook.in_force(self._layer_files.get(layer, ()), day)

    @staticmethod
    def _mask(version: Version, benefit: str) -> int:
        stated = version.body.get("measures", ["in_scope"] if version.file.kind == "benefit" else {})
        parts = stated if isinstance(stated, list) else stated.get(benefit, ())
        mask = 0
        for part in parts:
            mask |= MASKS[part]
        return mask

    def _tries(self, segment: Segment, facts: Facts) -> tuple[tuple[str, ...], ...]:
        level = (facts.level, segment.read_as[facts.level]) if facts.level in segment.read_as else (facts.level,)
        group = (facts.group, *self.rulebook.sets_with(facts.group)) if facts.group else ()
        return (
            level,
            (facts.status,),
            group,
            (facts.contribution_class,),
            (facts.child,),
            (facts.care_kind,),
            (facts.disease,),
        )

    # Rows -----------------------------------------------------------------------------------------------------

    def _row(
        self, version: Version, layer: str, mask: int, facts: Facts, tries: tuple[tuple[str, ...], ...], day: date
    ) -> LayerRow:
        body = version.body
        paths: dict[str, tuple[str, ...]] = {}
        head = [0] * kernel.ROW_HEAD
        head[1] = mask
        pays_as = version.file.pays_as(self.scheme)
        head[15] = int(pays_as in FUND_FIELDS or pays_as == "hosp_part_amt")
        head[16] = int(layer == SPLITTING_LAYER)
        head[7] = -1
        if "top_up" in body:
            value, path = resolve(body["top_up"]["patient_share"], tries, "top_up.patient_share")
            paths["top_up"] = (path,)
            head[0] = 1
            head[2] = -1
            head[17] = 1
            most = ratio(value, path)
            return LayerRow(
                layer, pays_as, self._put([*head, NO_TIER_LIMIT, most]), version, paths, (), ((-1, most, most),)
            )
        head[2] = self.slot(burden_counter(version.file, body))
        nth = self._deductible(version, head, tries, paths)
        pairs, rates = self._tiers(body, tries, paths)
        head[17] = len(rates)
        if "herb_bonus" in body:
            value, path = resolve(body["herb_bonus"], tries, "herb_bonus")
            head[9] = ratio(value, path)
            paths["herb"] = (path,)
        if "visit_cap" in body:
            value, path = resolve(body["visit_cap"]["amount"], tries, "visit_cap.amount")
            paths["visit_cap"] = (path,)
            head[7] = limit(value)
            head[8] = int(body["visit_cap"].get("per") == "day")
        caps, stated_caps = self._caps(version, layer, facts, tries, day)
        head[10] = len(caps)
        for at, (amount, slot) in enumerate(caps):
            head[11 + 2 * at], head[12 + 2 * at] = amount, slot
        return LayerRow(layer, pays_as, self._put([*head, *pairs, *nth]), version, paths, stated_caps, rates)

    def _deductible(
        self, version: Version, head: list[int], tries: tuple[tuple[str, ...], ...], paths: dict[str, tuple[str, ...]]
    ) -> list[int]:
        stated = version.body.get("deductible")
        if not stated:
            return []
        value, path = resolve(stated["amount"], tries, "deductible.amount")
        amount = fen_from_yuan(value) if value != "none" else 0
        kind = DEDUCTIBLE_KINDS[stated["per"]]
        head[3] = kind
        paths["deductible"] = (path,)
        if kind == 3:
            paths["deductible"] = (path, "deductible.per")
            head[5] = self.slot(deductible_counter(version.file))
            head[6] = self.slot(deductible_counter(version.file) + "_due")
        if kind != 1:
            head[4] = amount
            return []
        entries = stated.get("nth_stay", ["100%"])
        amounts = []
        for at, entry in enumerate(entries, 1):
            if entry == "missing":
                raise MissingFigure(f"deductible.nth_stay.{at}", "")
            if isinstance(entry, str) and entry.endswith("%"):
                amounts.append(int(share(amount, basis_points(entry))))
            else:
                amounts.append(int(fen_from_yuan(entry)))
        paths["nth"] = tuple(f"deductible.nth_stay.{at}" for at in range(1, len(entries) + 1))
        head[6] = len(amounts)
        return amounts

    @staticmethod
    def _tiers(
        body: Mapping[str, Node], tries: tuple[tuple[str, ...], ...], paths: dict[str, tuple[str, ...]]
    ) -> tuple[list[int], tuple[tuple[int, int, int], ...]]:
        bonus, used = 0, []
        for name, table in body.get("bonus", {}).items():
            try:
                value, path = resolve(table, tries, f"bonus.{name}")
            except MissingFigure as gone:
                if gone.wanted == "missing":
                    raise
                continue
            bonus += ratio(value, path)
            used.append(path)
        if used:
            paths["bonus"] = tuple(used)
        pairs: list[int] = []
        rates: list[tuple[int, int, int]] = []
        for at, tier in enumerate(body["tiers"], 1):
            value, path = resolve(tier["rate"], tries, f"tiers.{at}.rate")
            written = ratio(value, path)
            rate = min(written + bonus, WHOLE_BP)
            upto = int(fen_from_yuan(tier["upto"])) if "upto" in tier else -1
            paths[f"tier.{at - 1}"] = (path, f"tiers.{at}.upto") if upto >= 0 else (path,)
            pairs += [upto if upto >= 0 else NO_TIER_LIMIT, rate]
            rates.append((upto, rate, written))
        return pairs, tuple(rates)

    def _caps(
        self,
        version: Version,
        layer: str,
        facts: Facts,
        tries: tuple[tuple[str, ...], ...],
        day: date,
    ) -> tuple[list[tuple[int, int]], tuple[tuple[Version, str], ...]]:
        """Yearly limits of a layer as (amount, slot), at most two, and where each is stated."""
        limits: dict[int, int] = {}
        stated: list[tuple[Version, str]] = []
        holders = [version] if isinstance(version.body.get("cap"), dict) else []
        for file in self._shared_caps.get((layer, facts.benefit), ()):
            other = self.rulebook.in_force(self._benefit_files[layer, file.benefit], day)
            if other is not None and other.file is file and facts.benefit in counts(other):
                holders.append(other)
        for holder in holders:
            cap = holder.body["cap"]
            if holder is version and "counts" in cap and facts.benefit not in counts(holder):
                continue
            value, path = resolve(cap["amount"], tries, "cap.amount")
            stated.append((holder, path))
            slot = self.slot(paid_counter(holder.file, cap, facts.disease if cap.get("per") == "disease" else ""))
            amount = NO_TIER_LIMIT if value == "none" else int(fen_from_yuan(value))
            limits[slot] = min(amount, limits.get(slot, amount))
        if not stated and "cap" in version.body:
            stated.append((version, "cap"))
        return [(amount, slot) for slot, amount in limits.items()], tuple(stated)

    def _dead_row(self, version: Version, layer: str, mask: int) -> LayerRow:
        """Stands in the chain for a layer with a missing figure; a visit it would measure money of is refused."""
        head = [0] * kernel.ROW_HEAD
        head[0] = 2
        head[1] = mask
        head[2] = head[7] = -1
        head[15] = 1
        head[16] = int(layer == SPLITTING_LAYER)
        return LayerRow(layer, version.file.pays_as(self.scheme), self._put(head), version, {}, (), ())

    def _put(self, row: list[int]) -> int:
        key = tuple(row)
        found = self._rows.get(key)
        if found is None:
            found = len(self.P)
            self.P.extend(row)
            self._rows[key] = found
        return found

    def _chain(self, offsets: tuple[int, ...]) -> int:
        found = self._chains.get(offsets)
        if found is None:
            found = len(self.C)
            self.C.extend((len(offsets), *offsets))
            self._chains[offsets] = found
        return found


class Compiler:
    """All scheme books of one rulebook, compiled when first asked for."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._books: dict[tuple[str, str], SchemeBook] = {}

    def book(self, area: str, scheme: str) -> SchemeBook:
        """Tables of a scheme in a pooling area. Raises: Malformed for an area that is no pooling area."""
        found = self._books.get((area, scheme))
        if found is None:
            known = areas.all_areas().get(area)
            if known is None or known.pooling_area != known.code:
                hint = known.pooling_area if known and known.pooling_area else "如 371500"
                raise Malformed([Fault("", 0, "person.area", f"{area!r} 不是统筹区", hint)])
            found = SchemeBook(self.rulebook, area, scheme)
            self._books[area, scheme] = found
        return found


def _area_name(code: str) -> str:
    return areas.all_areas()[code].name
