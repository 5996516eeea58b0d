"""A scheme of three groups and packs of a few lines, for tests of the platform around them."""

from __future__ import annotations

from pathlib import Path

TABLES = {
    "scheme.csv": "key,value\nname,small\ntitle,小方案\nfail_code,0000\n",
    "mdc.csv": "letter,code,name,order,kind\nE,MDCE,呼吸,1,\n",
    "adrg.csv": "code,name,mdc,kind\nER1,肺炎,E,medical\nER2,支气管炎,E,medical\n",
    "drg.csv": "code,name\nER11,肺炎伴严重并发症\nER15,肺炎\nER25,支气管炎\n",
    "cc.csv": "code,exclusion_table\n",
    "mcc.csv": "code,exclusion_table\nA41.900,1\n",
    "cc_exclusions.csv": "main_code,exclusion_table\n",
    "icd10_map.csv": "code,grouper_code\nJ18.900,J18.900\nJ40.x00,J40.x00\nA41.900,A41.900\n",
    "icd9cm3_map.csv": "code,grouper_code\n",
    "icd10_names.csv": "code,name\nJ18.900,肺炎\nJ40.x00,支气管炎\nA41.900,脓毒症\n",
    "icd9cm3_names.csv": "code,name\n",
    "adrg_rules.steps.csv": (
        "step,parent,seq,level,target,variant,enabled,otherwise\n"
        "1,,1,MDC,E,,1,\n2,1,1,ADRG,ER1,,1,\n3,2,1,DRG,ER11,,1,\n4,2,2,DRG,ER15,,1,\n"
        "5,1,2,ADRG,ER2,,1,\n6,5,1,DRG,ER25,,1,\n"
    ),
    "adrg_rules.conditions.csv": (
        "step,clause,atom,field,op,list,value\n"
        "1,1,1,dx_main,in,D1,\n2,1,1,dx_main,in,D2,\n3,1,1,mcc,present,,\n4,1,1,always,,,\n"
        "5,1,1,dx_main,in,D3,\n6,1,1,always,,,\n"
    ),
    "adrg_rules.codes.csv": (
        "list,kind,code,part\nD1,dx,J18.900,\nD1,dx,J40.x00,\nD2,dx,J18.900,\nD3,dx,J40.x00,\nVALID_PX,px,96.0400,\n"
    ),
}
UNITS = (
    "group,title,weight,mean\nER11,肺炎伴严重并发症,2.0000,20000\nER15,肺炎,1.0000,10000\nER25,支气管炎,0.5000,5000\n"
)
PACK = """
kind: payment_pack
name: small
title: 小包
area: "371500"
sources: {own: {title: 测试, observed: 2026-01-01}}
versions:
- from: 2022-01-01
  remote: outside
  negative: zero
  methods:
  - name: drg
    method: drg
    title: DRG
    units: {table: units.csv}
    coefficient: {level: {tertiary: 1.0, secondary: 1.0, primary: 1.0}}
    price: PRICE
    outliers: {ungrouped: {share: 80%}}
  year:
    reserve: 5%
    over_budget: scale
    monthly_share: 95%
    sharing: {under: [{from: 0%, kept: 100%}], over: [{upto: 110%, borne: 50%}]}
  special:
    quota: 50%
    reasons: [high_cost, long_stay]
    decisions: [by_item, raised, rejected]
    experts: 2
    raised_at_most: 300%
  sources: {"*": {source: own, certainty: assumed}}
"""
RATE = "{kind: rate, per_unit: {employee: 10000, resident: 10000}}"
POINTS = "{kind: points, scale: 100, region_mean: 10000}"


def scheme(folder: Path) -> Path:
    """Write the scheme; its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def pack(folder: Path, price: str = RATE) -> Path:
    """Write the pack and its table; its file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "units.csv").write_text(UNITS, encoding="utf-8")
    path = folder / "small.yaml"
    path.write_text(PACK.replace("PRICE", price), encoding="utf-8")
    return path
