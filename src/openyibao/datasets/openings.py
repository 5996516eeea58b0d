"""What persons bring into a year (期初状态): read from `openings`, a few rows beside millions of visits."""

from __future__ import annotations

from pathlib import Path

from openyibao.datasets.bounds import MOST_STAYS
from openyibao.datasets.contracts import Opening, Openings
from openyibao.datasets.reading import batches
from openyibao.kernel.errors import Fault, Malformed

NUMBER, DEDUCTIBLE = "number", "deductible"
"""What is known of a stay: the how-manieth it was of the year it began in, and the deductible borne so far."""
MOST = 10**15


def read_openings(path: Path, pools: int) -> Openings:
    """Openings of a file. Raises: Malformed with every row that cannot be one."""
    found: Openings = {}
    faults: list[Fault] = []
    for batch in batches(path):
        columns = (batch[name].tolist() for name in ("person", "pool", "stay", "name", "value"))
        for at, (person, pool, stay, name, value) in enumerate(zip(*columns, strict=True)):
            wrong = _wrong(pool, stay, name, value, pools)
            opening = found.setdefault(person, {}).setdefault(pool, Opening({}, {}))
            if not wrong and stay < 0 and name in opening.counters:
                wrong = f"{name} 重复"
            if wrong:
                right = "pools 中的统筹区；stay 为 -1 与计数器名，或住院序号与 number、deductible；不为负"
                faults.append(Fault(str(path), 0, "", f"第 {batch.row + at + 1:,} 行：{wrong}", right))
            elif stay < 0:
                opening.counters[name] = value
            else:
                number, borne = opening.stays.get(stay, (0, 0))
                opening.stays[stay] = (value, borne) if name == NUMBER else (number, value)
    if faults:
        raise Malformed(faults)
    return found


def _wrong(pool: int, stay: int, name: str, value: int, pools: int) -> str:
    if not 0 <= pool < pools:
        return f"pool {pool}"
    if not -1 <= stay < MOST_STAYS or (stay >= 0 and name not in (NUMBER, DEDUCTIBLE)):
        return f"stay {stay}，{name!r}"
    return f"value {value}" if not 0 <= value < MOST else ""
