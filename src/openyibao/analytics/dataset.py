"""The imported dataset (账单数据集): Parquet with a written schema, sorted by person, year and order of settlement.

`persons`, `spells`, `filings` and `visits`, beside them `manifest.json` with counts, hashes and the meaning of every
column. Nothing in it names a person: numbers are given in the order of import.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.analytics.contracts import Bill, BillYear, FilingSpell, Imported
from openyibao.analytics.imports import RECORDED
from openyibao.analytics.reading import digest
from openyibao.kernel.errors import Fault, Malformed

FORMAT = "openyibao bills 1"
ROWS = 65_536
FEN = ("in_scope", "non_covered", "over_limit", "prior_self_pay", "special_drug", "herb")
LINES = ("lines_non_covered", "lines_over_limit", "lines_prior_self_pay", "lines_in_scope")
TEXTS = (
    *("bill", "visit", "settled_at", "reverses", "area", "scheme", "status", "contribution_class", "benefit", "level"),
    *("care_area", "institution", "stay", "origin", "filing", "disease", "care_kind", "exclusion", "problem"),
)
MEANINGS = {
    "persons": "one row per person: number, year of birth (0 unknown); sorted by person",
    "spells": "insurance relations: person, area, scheme, status, class, first day, last day included",
    "filings": "chronic-disease and remote-care filings: person, kind, disease, type, area, first and last day",
    "visits": "one row per settlement, sorted by person, year, seq; *_fen in fen, recorded_* null: not recorded",
}


def _schema(name: str) -> Any:
    pa = importlib.import_module("pyarrow")
    text, day, whole = pa.string(), pa.date32(), pa.int64()
    shapes: dict[str, list[tuple[str, Any]]] = {
        "persons": [("person", whole), ("born", pa.int32())],
        "spells": [("person", whole)]
        + [(key, text) for key in ("area", "scheme", "status", "contribution_class")]
        + [("from", day), ("until", day)],
        "filings": [
            ("person", whole),
            *((key, text) for key in ("kind", "disease", "type", "area")),
            ("from", day),
            ("until", day),
        ],
        "visits": [("person", whole), ("year", pa.int32()), ("seq", pa.int32()), ("opening_known", pa.bool_())]
        + [("day", day), *((key, text) for key in TEXTS), ("groups", text), ("supplements", text)]
        + [("days", pa.int32()), ("child_order", pa.int32()), ("third_bp", pa.int32()), ("account_used", pa.bool_())]
        + [("balance_before_fen", whole), *((f"{key}_fen", whole) for key in (*FEN, *LINES))]
        + [(f"recorded_{key}_fen", whole) for key in RECORDED.values()],
    }
    return pa.schema(shapes[name], metadata={"openyibao": FORMAT, "meaning": MEANINGS[name]})


def _visit_row(year: BillYear, seq: int, bill: Bill) -> dict[str, Any]:
    row: dict[str, Any] = {key: getattr(bill, key) for key in TEXTS}
    row |= {f"{key}_fen": getattr(bill, key) for key in FEN}
    row |= {f"{key}_fen": bill.lines[at] if bill.lines else None for at, key in enumerate(LINES)}
    row |= {f"recorded_{key}_fen": bill.recorded.get(key) for key in RECORDED.values()}
    row |= {"person": year.person, "year": year.year, "seq": seq, "opening_known": year.opening_known}
    row |= {"day": bill.day, "groups": "|".join(bill.groups), "supplements": "|".join(bill.supplements)}
    row |= {"days": bill.days, "child_order": bill.child_order, "third_bp": bill.third_bp}
    row |= {"account_used": bill.account_used, "balance_before_fen": bill.balance_before}
    return row


def _tables(imported: Imported) -> dict[str, Iterable[dict[str, Any]]]:
    persons = sorted({year.person for year in imported.years})
    filings: dict[int, tuple[FilingSpell, ...]] = {year.person: year.filings for year in imported.years}
    keys = ("person", "area", "scheme", "status", "contribution_class", "from", "until")
    return {
        "persons": ({"person": person, "born": imported.births.get(person, 0)} for person in persons),
        "spells": (dict(zip(keys, spell, strict=True)) for spell in imported.spells),
        "filings": (
            {"person": person, "kind": one.kind, "disease": one.disease, "type": one.type, "area": one.area}
            | {"from": one.start, "until": one.until}
            for person in persons
            for one in filings[person]
        ),
        "visits": (
            _visit_row(year, seq, bill) for year in imported.years for seq, bill in enumerate(year.bills, start=1)
        ),
    }


def write(imported: Imported, folder: Path) -> dict[str, Any]:
    """Write the dataset; returns the manifest. Raises: Malformed when the folder holds something else."""
    pa, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise Malformed([Fault(str(folder), 0, "--out", "文件夹不是空的", "空文件夹，或此前导入的数据集")])
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Any] = {}
    for name, rows in _tables(imported).items():
        schema = _schema(name)
        path = folder / f"{name}.parquet"
        count = 0
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            for block in _blocks(rows):
                writer.write_table(pa.Table.from_pylist(block, schema=schema))
                count += len(block)
        columns = [{"name": column.name, "type": str(column.type)} for column in schema]
        files[path.name] = {
            "rows": count,
            "sha256": digest(path),
            "meaning": MEANINGS[name],
            "columns": columns,
        }
    manifest = {
        "format": FORMAT,
        "files": files,
        "read": imported.counts,
        "sources": imported.hashes,
        "notices": imported.notices,
        "person_years": len(imported.years),
        "settlements": imported.bills,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return manifest


def _blocks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    block: list[dict[str, Any]] = []
    for row in rows:
        block.append(row)
        if len(block) == ROWS:
            yield block
            block = []
    if block:
        yield block


def is_dataset(folder: Path) -> bool:
    """Whether a folder holds an imported dataset."""
    return (folder / "manifest.json").is_file() and (folder / "visits.parquet").is_file()


def read(folder: Path) -> Imported:
    """Read a dataset back, its files checked against the manifest. Raises: Malformed."""
    parquet = importlib.import_module("pyarrow.parquet")
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except ValueError:
        raise Malformed([Fault(str(folder / "manifest.json"), 0, "", "不是 JSON", "openyibao import 写出的")]) from None
    faults = []
    if manifest.get("format") != FORMAT:
        faults.append(Fault(str(folder / "manifest.json"), 0, "format", str(manifest.get("format")), FORMAT))
    for name, entry in manifest.get("files", {}).items():
        path = folder / name
        if not path.is_file() or digest(path) != entry["sha256"]:
            faults.append(Fault(str(path), 0, "", "缺失，或与 manifest.json 所记的散列不符", "重新导入"))
    if faults:
        raise Malformed(faults)
    filings: dict[int, list[FilingSpell]] = {}
    for row in parquet.read_table(folder / "filings.parquet").to_pylist():
        spell = FilingSpell(row["kind"], row["disease"], row["type"], row["area"], row["from"], row["until"])
        filings.setdefault(row["person"], []).append(spell)
    years: list[BillYear] = []
    for batch in parquet.ParquetFile(folder / "visits.parquet").iter_batches(batch_size=20_000):
        for row in batch.to_pylist():
            if not years or (years[-1].person, years[-1].year) != (row["person"], row["year"]):
                own = tuple(filings.get(row["person"], ()))
                years.append(BillYear(row["person"], row["year"], [], own, row["opening_known"]))
            years[-1].bills.append(_bill(row))
    return Imported(years, manifest["read"], manifest["notices"], manifest["sources"])


def _bill(row: dict[str, Any]) -> Bill:
    day: date = row["day"]
    bill = Bill(row["bill"], row["visit"], row["settled_at"], day)
    for key in (*TEXTS, "days", "child_order", "third_bp", "account_used"):
        setattr(bill, key, row[key])
    for key in FEN:
        setattr(bill, key, row[f"{key}_fen"])
    bill.groups = tuple(filter(None, row["groups"].split("|")))
    bill.supplements = tuple(filter(None, row["supplements"].split("|")))
    bill.balance_before = row["balance_before_fen"]
    if row["lines_in_scope_fen"] is not None:
        bill.lines = tuple(row[f"{key}_fen"] for key in LINES)
    stated = {key: row[f"recorded_{key}_fen"] for key in RECORDED.values()}
    bill.recorded = {key: fen for key, fen in stated.items() if fen is not None}
    assert {one.name for one in fields(Bill)} >= set(TEXTS)
    return bill
