"""The choice of one group for a stay (入组): candidates by rank, then tie-breaks in the order of the profile.

Core groups are those of the main diagnosis whose procedures were all done; the conservative one only for a stay
without procedures that count. Mixed groups are those of the most specific range. The first rank that has candidates
holds. Where mean cost decides, the group depends on the bill; the explanation says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openyibao.kernel.money import yuan_text
from openyibao.payment.engine.dip.directory import KINDS, Directory, Group
from openyibao.payment.engine.dip.params import TIES, Parameters
from openyibao.payment.engine.dip.tables import RANK, TREATMENTS

MOST_CACHED = 500_000


@dataclass(frozen=True, slots=True)
class Treatment:
    """How a stay was treated (治疗方式): strongest way, main procedure and its level, all that count by way."""

    way: str
    main: str
    level: str
    by_way: dict[str, tuple[str, ...]]

    @property
    def done(self) -> frozenset[str]:
        return frozenset(code for codes in self.by_way.values() for code in codes)


def treatment_of(px: Sequence[str], parameters: Parameters) -> Treatment:
    """What was done in a stay: codes at four digits, in their order, each once."""
    by_way: dict[str, list[str]] = {}
    main, way, level = "", "conservative", 0
    for code in px:
        known = parameters.procedures.of(code)
        if known is None:
            continue
        short = parameters.procedure(code)
        listed = by_way.setdefault(known.treatment, [])
        if short not in listed:
            listed.append(short)
        if RANK[known.treatment] > RANK[way]:
            main, way, level = short, known.treatment, known.level
    band = parameters.level_band(level) if way == "operation" else ""
    return Treatment(way, main, band, {name: tuple(codes) for name, codes in by_way.items()})


@dataclass(frozen=True, slots=True)
class Chosen:
    """The outcome: the group (None: blank, 空白病组), whether cost decided, and how it came about."""

    group: Group | None
    by_cost: bool = False
    log: tuple[str, ...] = ()


class Selector:
    """Chooses groups of one directory. What does not depend on cost is remembered by diagnosis and procedures."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.parameters = directory.parameters
        self.cores = directory.by_diagnosis()
        self._known: dict[tuple[str, tuple[str, ...]], tuple[Group, ...]] = {}

    def choose(self, dx: Sequence[str], px: tuple[str, ...], total_fen: int) -> Chosen:
        """The group of a stay. dx: main diagnosis first; total_fen decides only between otherwise equal groups."""
        main = dx[0]
        key = (main, px)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_CACHED:
                self._known.clear()
            found = self._known[key] = tuple(self._left(main, px, None))
        if not found:
            return Chosen(None)
        if len(found) == 1:
            return Chosen(found[0])
        return Chosen(_nearest(found, total_fen), by_cost=True)

    def explain(self, dx: Sequence[str], px: tuple[str, ...], total_fen: int) -> Chosen:
        """The same choice with every step told in Chinese."""
        log: list[str] = []
        found = self._left(dx[0], px, log)
        chosen = self.choose(dx, px, total_fen)
        if len(found) > 1 and chosen.group is not None:
            costs = "，".join(f"{group.code} 均费 {yuan_text(group.mean_fen)}" for group in found)
            log.append(
                f"仍有 {len(found)} 组，取均费与病例费用 {yuan_text(total_fen)} 最接近者（{costs}）："
                f"{chosen.group.code}"
            )
            log.append("注意：入组因费用而定，费用不同则可能入另一组")
        log.append(f"入组：{chosen.group.code} {chosen.group.title}" if chosen.group else "入组：空白病组")
        return Chosen(chosen.group, chosen.by_cost, tuple(log))

    def _left(self, main: str, px: tuple[str, ...], log: list[str] | None) -> list[Group]:
        """Groups that are left before cost is asked: one, none, or several equal ones."""
        treatment = treatment_of(px, self.parameters)
        diagnosis = self.parameters.diagnosis(main)
        _say(log, f"主要诊断 {main} 取前 {self.parameters.diagnosis_characters} 位为 {diagnosis}")
        shown = "；".join(f"{TREATMENTS[way]} {'、'.join(codes)}" for way, codes in treatment.by_way.items())
        _say(log, f"治疗方式：{TREATMENTS[treatment.way]}（{shown or '没有计入的手术操作'}）")
        candidates = [*self._core(diagnosis, treatment, log), *self._mixed(main, treatment, log)]
        by_rank: dict[str, list[Group]] = {}
        for group in candidates:
            by_rank.setdefault(group.rank, []).append(group)
        for rank in self.parameters.ranks:
            if rank in by_rank:
                kind, _, way = rank.partition("_")
                names = "、".join(group.code for group in by_rank[rank])
                _say(log, f"按次序先取“{KINDS[kind]}·{TREATMENTS[way]}”：{names}")
                return self._untie(by_rank[rank], treatment, log)
        _say(log, "没有候选病种")
        return []

    def _core(self, diagnosis: str, treatment: Treatment, log: list[str] | None) -> list[Group]:
        done = treatment.done
        found = []
        for group in self.cores.get(diagnosis, ()):
            if group.treatment == "conservative":
                if treatment.way == "conservative":
                    found.append(group)
                    _say(log, f"  核心病种 {group.code}：保守治疗，候选")
                else:
                    _say(log, f"  核心病种 {group.code}：本例有手术操作，不候选")
                continue
            gone = [code for code in group.procedures if code not in done]
            if gone:
                _say(log, f"  核心病种 {group.code}：没有做 {'、'.join(gone)}，不候选")
            else:
                found.append(group)
                _say(log, f"  核心病种 {group.code}：手术操作全部具备，候选")
        if not self.cores.get(diagnosis):
            _say(log, f"  {diagnosis} 没有核心病种")
        return found

    def _mixed(self, main: str, treatment: Treatment, log: list[str] | None) -> list[Group]:
        found = []
        for way in treatment.by_way or {"conservative": ()}:
            level = treatment.level if way == "operation" else ""
            for place in ranges_of(main, self.parameters):
                group = self.directory.groups.get(f"{place}:{_letter(way)}{level}")
                if group is not None:
                    found.append(group)
                    _say(log, f"  综合病种 {group.code}：候选")
                    break
                _say(log, f"  综合病种 {place}:{_letter(way)}{level}：目录中没有")
        return found

    def _untie(self, groups: list[Group], treatment: Treatment, log: list[str] | None) -> list[Group]:
        left = groups
        for tie in self.parameters.ties:
            if len(left) == 1 or tie == "nearest_cost":
                break
            if tie == "names_main":
                best = [group for group in left if treatment.main in group.procedures]
                why = f"{TIES[tie]} {treatment.main}"
            else:
                most = max(len(group.procedures) for group in left)
                best = [group for group in left if len(group.procedures) == most]
                why = f"{TIES[tie]}（{most} 项）"
            if best and len(best) < len(left):
                _say(log, f"  {why}：留下 {'、'.join(group.code for group in best)}")
                left = best
        return sorted(left, key=lambda group: group.code)


def ranges_of(main: str, parameters: Parameters) -> Iterable[str]:
    """Ranges a diagnosis is in, the most specific first; at last "*"."""
    for table in (parameters.sections, parameters.chapters):
        name = table.of(main)
        if name:
            yield name
    yield "*"


def _letter(way: str) -> str:
    return {"operation": "O", "therapeutic": "T", "diagnostic": "D", "conservative": "N"}[way]


def _nearest(groups: Iterable[Group], total_fen: int) -> Group:
    return min(groups, key=lambda group: (abs(group.mean_fen - total_fen), group.code))


def _say(log: list[str] | None, text: str) -> None:
    if log is not None:
        log.append(text)
