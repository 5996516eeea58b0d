"""The state of a person-year: counters by name, stays by their id; how an opening state is read from text."""

from __future__ import annotations

from dataclasses import dataclass, field

from openyibao.kernel.money import fen_from_yuan


@dataclass
class State:
    """Counters and stays of one person, year, area and scheme. `stays` maps a stay to (n-th, deductible borne)."""

    counters: dict[str, int] = field(default_factory=dict)
    stays: dict[str, tuple[int, int]] = field(default_factory=dict)

    def copy(self) -> State:
        return State(dict(self.counters), dict(self.stays))


def read_counter(state: State, name: str, value: object, known: dict[str, int]) -> None:
    """Take one opening counter: counts are whole numbers, the rest yuan."""
    if name.startswith("stay.") and name.rpartition(".")[2] in ("number", "deductible"):
        stay, part = name[5:].rpartition(".")[::2]
        number, borne = state.stays.get(stay, (0, 0))
        if part == "number":
            number = _count(value)
        else:
            borne = _amount(name, value)
        state.stays[stay] = (number, borne)
        return
    if name not in known:
        raise ValueError(f"不认识的计数器 {name!r}")
    state.counters[name] = _count(value) if name.endswith(".stays") else _amount(name, value)


def _amount(name: str, value: object) -> int:
    amount = int(fen_from_yuan(value))
    if amount < 0:
        raise ValueError(f"计数器 {name!r} 不得为负")
    return amount


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdigit():
        raise ValueError(f"{value!r} 不是次数")
    return int(value)
