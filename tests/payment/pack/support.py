"""Small packs and stays for the tests: figures chosen so that results can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openyibao.payment.engine.pack.loading import load_pack
from openyibao.payment.engine.pack.pack import Version
from openyibao.payment.engine.pack.pricing import Priced, price_stay
from openyibao.payment.engine.pack.stays import GroupOf, Stay

TABLE = """group,title,weight,mean,mean_days,cases,basic,unstable
AA11,甲,1.0000,10000.00,8.00,100,0,0
AA13,乙,0.5000,5000.00,5.00,100,0,0
BB15,丙,3.5000,35000.00,12.00,50,0,0
CC15,丁,0.6000,6000.00,6.00,200,1,0
DD19,戊,2.0000,20000.00,10.00,3,0,1
"""
SCORES = """group,title,score,mean,mean_tertiary,cases,basic,unstable
J18.9:N,肺炎,500.00,5000.00,6000.00,100,0,0
K80.1:51.23,胆囊,1000.00,10000.00,,100,1,0
"""
HEAD = """kind: payment_pack
name: test
title: 测试包
area: "371500"
sources: {own: {title: 自拟, observed: 2026-01-01}}
versions:
- from: 2026-01-01
"""
TAIL = """
  sources: {"*": {source: own, certainty: assumed}}
"""
DRG = """
  methods:
  - name: drg
    method: drg
    title: DRG
    units: {table: weights.csv}
    coefficient:
      level: {tertiary: 1.1, secondary: 1, primary: 0.8}
      hospital: {H9: 1.25}
      groups: {AA13: {tertiary: 1.3}}
    price: {kind: rate, per_unit: {employee: 10000, resident: 9000}, region_mean: 10000}
"""
POINTS = """
  methods:
  - name: drg
    method: drg
    title: DRG
    units: {table: weights.csv}
    coefficient: {level: {tertiary: 1.1, secondary: 1, primary: 0.8}}
    price: {kind: points, scale: 100, region_mean: 10000}
"""
DIP = """
  methods:
  - name: dip
    method: dip
    title: DIP
    units: {table: scores.csv}
    coefficient: {level: {tertiary: 1.2, secondary: 1, primary: 0.8}}
    price: {kind: points, scale: 1, region_mean: 10000}
"""


def write_pack(folder: Path, body: str, head: str = HEAD, tail: str = TAIL) -> Path:
    """A pack with its tables in a folder."""
    (folder / "weights.csv").write_text(TABLE, encoding="utf-8")
    (folder / "scores.csv").write_text(SCORES, encoding="utf-8")
    path = folder / "pack.yaml"
    path.write_text(head + body.strip("\n") + tail, encoding="utf-8")
    return path


def version_of(folder: Path, body: str) -> Version:
    """The only version of a small pack."""
    return load_pack(write_pack(folder, body)).versions[0]


def stay(case_id: str = "C1", yuan: int | str = 10_000, **changes: Any) -> Stay:
    """A stay at a secondary hospital; the person bears a fifth of the bill unless stated."""
    whole, _, part = str(yuan).partition(".")
    total = int(whole) * 100 + int(part.ljust(2, "0") or 0)
    made: dict[str, Any] = {
        "case_id": case_id,
        "dx": ("J18.900",),
        "total_fen": total,
        "los": 8,
        "institution": "H1",
        "level": "secondary",
        "patient_fen": total // 5,
        "discharged": "2026-03-01",
        "year": 2026,
    }
    return Stay(**{**made, **changes})


def price(version: Version, group: str, factor: int = 10_000, **changes: Any) -> Priced:
    """One stay priced in a group."""
    return price_stay(version, stay(**changes), GroupOf(group, factor))
