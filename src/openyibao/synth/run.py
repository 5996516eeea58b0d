"""Making a dataset: the plan in one process, the parts in several, the manifest last.

While it is made, the folder holds `.synth/`: the order (area, years, scale, seed, digests) and a receipt for every
part that is whole. A run that was stopped goes on at the parts without a receipt.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from openyibao.datasets.facade import FUND_ITEMS, FUNDS, Manifest, write_codes, write_manifest, write_whole
from openyibao.kernel.areas import all_areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.facade import Policies
from openyibao.synth import plan
from openyibao.synth.abilities import abilities
from openyibao.synth.figures import HUNDRED_MILLION, figures
from openyibao.synth.money import Probe
from openyibao.synth.needs import needs
from openyibao.synth.notes import notes, population
from openyibao.synth.part import Work, make_part
from openyibao.synth.places import places
from openyibao.synth.plan import Ints, Layout, controlled

Said = Callable[[str, int], None]
OPENING = "opening"
CHILDREN = ("child_1", "child_2", "child_3")
UNFINISHED = ".synth"
FORM = 2
"""Raised when the same order would make other bytes."""


# Order and receipts -------------------------------------------------------------------------------------------------


def order_of(layout: Layout, policies: Policies) -> dict[str, Any]:
    """What decides every byte of a dataset."""
    return {
        "form": FORM,
        "per_part": plan.PER_PART,
        "area": layout.area,
        "years": list(layout.years),
        "scale": layout.scale,
        "seed": layout.seed,
        "policies": policies.rulebook.digest,
        "calibration": calibration_digest(),
    }


def calibration_digest() -> str:
    """Digest of the room's data files."""
    found = hashlib.sha256()
    for path in sorted((files(__package__) / "data").iterdir(), key=lambda path: path.name):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def claim(out: Path, order: dict[str, Any]) -> None:
    """Take the folder, or an unfinished run of the same order in it. Raises: Malformed when it holds anything else."""
    kept = out / UNFINISHED / "order.json"
    if out.exists() and not out.is_dir():
        raise Malformed([Fault(str(out), 0, "--out", "不是文件夹", "一个空的或不存在的文件夹")])
    if out.is_dir() and any(out.iterdir()):
        found = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else None
        if found != order:
            wrong = "已有内容" if found is None else f"是另一次未完成的生成：{_difference(found, order)}"
            raise Malformed([Fault(str(out), 0, "--out", wrong, "一个空的文件夹，或同样参数未完成的生成")])
    kept.parent.mkdir(parents=True, exist_ok=True)
    _write_json(kept, order)


def _difference(found: dict[str, Any], order: dict[str, Any]) -> str:
    keys = [key for key in order if found.get(key) != order[key]]
    return "、".join(f"{key} {str(found.get(key))[:12]} ≠ {str(order[key])[:12]}" for key in keys)


def _write_json(path: Path, data: Any) -> None:
    beside = path.with_suffix(".writing")
    beside.write_text(json.dumps(data, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    os.replace(beside, path)


def _receipt(out: Path, number: int) -> Path:
    return out / UNFINISHED / f"part-{number:05d}.json"


# The plan -----------------------------------------------------------------------------------------------------------


def work_of(layout: Layout, folder: Path, policies: Policies) -> Work:
    """The plan of a dataset, in full."""
    years = layout.years
    able = {year: abilities(policies, layout.pools, year) for year in years}
    return Work(
        layout,
        folder,
        {year: layout.insured(year) for year in range(years[0] - 1, years[-1] + 1)},
        {year: needs(layout, year, able[year]) for year in years},
        {year: _wanted(layout, year) for year in years},
        {(row["area"], year): Probe(policies, row["area"], year).rates() for row in layout.cities for year in years},
        able,
        places(layout),
        variants()[0],
    )


def _wanted(layout: Layout, year: int) -> dict[str, Ints]:
    """Persons of each kind per part, at the year's end or during it."""
    book = layout.book
    covered = book.get("insured.ltc_resident", year) > 0
    share = book.get("ltc.employee_share", year) if covered else 1.0
    in_care = book.heads("ltc.persons", year)
    kinds = ("active_organ", "active_flexible", "organ", "flexible", "pool_only", "maternity", "ltc_employee")
    totals = {
        **{name: (book.heads(f"insured.{name}", year), "employee") for name in kinds},
        "ltc_resident": (book.heads("insured.ltc_resident", year), "ltc_resident"),
        "helped": (book.heads("assistance.helped", year), "resident"),
        "allowance": (book.heads("maternity.allowance", year), "employee"),
        "ltc_paid_employee": (in_care * share, "employee"),
        "ltc_paid_resident": (in_care * (1 - share), "ltc_resident"),
    }
    return {name: layout.cut(total, spread) for name, (total, spread) in totals.items()}


def variants() -> tuple[dict[str, int], dict[str, list[Any]]]:
    """Numbers of rarer facts by name, and their table. A disease is one fact, whoever asks for it."""
    names = ["", *CHILDREN]
    names += [f"chronic:{key.removeprefix('disease.share.')}" for key in figures() if key.startswith("disease.share.")]
    names += ["two:高血压病", "two:糖尿病", "care:medical", "care:institution", "care:home"]
    numbers: dict[str, int] = {}
    facts: list[tuple[str, str, str]] = []
    for name in names:
        head, _, tail = name.partition(":")
        disease = tail if head in ("chronic", "two") else ""
        fact = (head if head in CHILDREN else "", tail if head == "care" else "", disease)
        if fact not in facts:
            facts.append(fact)
        numbers[name] = facts.index(fact)
    table: dict[str, list[Any]] = {
        "variant": list(range(len(facts))),
        "contribution_class": ["standard"] * len(facts),
        "child": [fact[0] for fact in facts],
        "care_kind": [fact[1] for fact in facts],
        "disease": [fact[2] for fact in facts],
        "supplements": [""] * len(facts),
    }
    return numbers, table


# Running ------------------------------------------------------------------------------------------------------------

_WORK: Work | None = None


def _ready(work: Work) -> None:
    import pyarrow as pa

    global _WORK
    _WORK = work
    pa.set_cpu_count(1)


def _make(number: int) -> tuple[int, dict[str, int]]:
    assert _WORK is not None
    rows = make_part(_WORK, number)
    _write_json(_receipt(_WORK.folder, number), rows)
    return number, rows


def _parts(work: Work, numbers: list[int], jobs: int) -> Iterator[tuple[int, dict[str, int]]]:
    if jobs == 1 or len(numbers) <= 1:
        _ready(work)
        yield from map(_make, numbers)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_ready, initargs=(work,)) as pool:
        waiting = [pool.submit(_make, number) for number in numbers]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def run(layout: Layout, out: Path, jobs: int, said: Said | None) -> Manifest:
    """Make the dataset, or what is missing of it. Raises: Malformed."""
    policies = Policies.load()
    order = order_of(layout, policies)
    claim(out, order)
    work = work_of(layout, out, policies)
    rows: dict[str, dict[str, int]] = {}
    missing = []
    for part in layout.parts:
        receipt = _receipt(out, part.number)
        if receipt.is_file():
            _count(rows, json.loads(receipt.read_text(encoding="utf-8")))
        else:
            missing.append(part.number)
    for _, counts in _parts(work, missing, max(1, jobs)):
        _count(rows, counts)
        if said is not None:
            said("visits", sum(rows["visits"].values()))
    for table, columns in (
        ("variants", variants()[1]),
        ("institutions", work.places.columns),
        ("pools", _pools(layout)),
        ("funds", _funds(layout)),
    ):
        rows[table] = {"": write_whole(out, table, columns)}
    rows["codes"] = {"": write_codes(out)}
    manifest = _manifest(work, order, rows)
    write_manifest(out, manifest)
    shutil.rmtree(out / UNFINISHED)
    return manifest


def _count(rows: dict[str, dict[str, int]], counts: dict[str, int]) -> None:
    for name, count in counts.items():
        table, _, year = name.partition("/")
        by_year = rows.setdefault(table, {})
        by_year[year] = by_year.get(year, 0) + count


def _manifest(work: Work, order: dict[str, Any], rows: dict[str, dict[str, int]]) -> Manifest:
    layout = work.layout
    name = all_areas()[layout.area].name
    years = f"{layout.years[0]}" + (f"—{layout.years[-1]}" if len(layout.years) > 1 else "")
    return Manifest(
        kind="synthetic",
        title=f"{name} {years} 年合成数据（比例 {layout.scale:g}，种子 {layout.seed}）",
        area=layout.area,
        years=list(layout.years),
        parts=len(layout.parts),
        made_by="openyibao synth",
        scale=layout.scale,
        seed=layout.seed,
        policies=order["policies"],
        calibration=order["calibration"],
        population=population(layout),
        notes=notes(work),
        rows={table: dict(sorted(counts.items())) for table, counts in sorted(rows.items())},
    )


def _pools(layout: Layout) -> dict[str, list[Any]]:
    return {
        "pool": list(range(len(layout.pools))),
        "area": [area for area, _ in layout.pools],
        "area_name": [all_areas()[area].name for area, _ in layout.pools],
        "scheme": [scheme for _, scheme in layout.pools],
    }


def _funds(layout: Layout) -> dict[str, list[Any]]:
    """Opening balances, interest and other items of the year, scaled, over the cities; a balance is never carried."""
    found = []
    for year in layout.years:
        for fund_at, fund in enumerate(FUNDS):
            spread = layout.shares("resident" if fund in ("resident", "assistance") else "employee")
            for item_at, item in enumerate(FUND_ITEMS):
                stated = layout.book.item(f"fund.{fund}.{item}", year, carried=item != OPENING)
                if stated is None:
                    continue
                cut = controlled(stated.value * HUNDRED_MILLION * 100 * layout.scale, spread)
                found += [
                    (year, int(row["area"]), fund_at, item_at, int(fen), stated.source, stated.certainty)
                    for row, fen in zip(layout.cities, cut, strict=True)
                ]
    found.sort()
    names = ("year", "area", "fund", "item", "fen", "source", "certainty")
    return {name: [row[at] for row in found] for at, name in enumerate(names)}
