"""The shipped sample: loads clean, twice without change, is as large as promised, and fits the policies."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from openyibao.catalogue import facade
from openyibao.foundation.actors import NotPermitted
from tests.catalogue.files import AT
from tests.support.actors import SYSTEM, actor

DAY = date(2026, 1, 5)
SHAPES = {
    "drug": r"X[A-Z][0-9]{2}[A-Z]{2}[A-Z][0-9]{3}[A-Z][0-9]{12}|Z[A-Z][0-9]{2}[A-Z]{2}[A-Z][0-9]{13}",
    "herb": r"T[0-9]{9}",
    "granule": r"T[0-9]{9}",
    "service": r"[0-9]{15}",
    "consumable": r"C[0-9]{19}",
}


def sample(kind: str) -> list[dict[str, str]]:
    path = files("openyibao.catalogue") / "data" / facade.SAMPLE[kind]
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.usefixtures("db")
def test_it_loads_and_loads_again_without_change() -> None:
    with pytest.raises(NotPermitted):
        facade.load_sample(actor("agency"), AT)
    first = facade.load_sample(SYSTEM, AT)
    sizes = [(kind, len(sample(kind)), len(sample(kind))) for kind in facade.SAMPLE]
    assert [(r.kind, r.added, r.rows) for r in first] == sizes
    again = facade.load_sample(SYSTEM, AT)
    assert [r.changed for r in again] == [False] * 5
    assert again[-1].number == first[-1].number == 5


@pytest.mark.usefixtures("db")
def test_what_was_procured_got_cheaper_on_a_day() -> None:
    facade.load_sample(SYSTEM, AT)
    stent = next(r["code"] for r in sample("item") if r["name"] == "冠状动脉药物洗脱支架")
    before, after = (facade.items_on([stent], date(y, 1, 1), "371500", "tertiary")[stent] for y in (2020, 2021))
    assert (before.ceiling_micro, after.ceiling_micro) == (13_300_000_000, 798_000_000)
    assert (before.procured, after.procured) == (False, True)


@pytest.mark.usefixtures("db")
def test_city_rows_beat_the_provinces() -> None:
    facade.load_sample(SYSTEM, AT)
    dialysis = next(r["code"] for r in sample("item") if r["name"] == "血液透析")
    found = [facade.items_on([dialysis], DAY, area, "secondary")[dialysis] for area in ("371500", "370100", "320100")]
    assert [(i.ceiling_micro, i.own_ratio_bp, i.area) for i in found] == [
        (330_000_000, 500, "371500"),
        (340_000_000, 1_000, "370000"),
        (350_000_000, 1_000, "000000"),
    ]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("kind", "folder"),
    [
        ("chronic", "liaocheng/employee/chronic.yaml"),
        ("chronic", "liaocheng/resident/chronic.yaml"),
        ("two_disease", "shandong/resident/two_disease.yaml"),
    ],
)
def test_every_disease_of_the_policies_has_one_code(kind: str, folder: str, policy_folder: Path) -> None:
    facade.load_sample(SYSTEM, AT)
    data = yaml.safe_load((policy_folder / folder).read_text(encoding="utf-8"))
    names = {name for version in data["versions"] for name in version["diseases"]}
    assert len(names) >= 2
    codes = {name: facade.disease_named(kind, name, DAY) for name in names}
    assert len({code.code for code in codes.values()}) == len(names)
    assert all(name in code.names for name, code in codes.items())
    organ = facade.disease_named("chronic", "器官移植抗排异治疗", DAY)
    assert organ.names == ("器官移植抗排斥治疗", "器官移植抗排异治疗")


def test_it_is_as_large_as_promised_and_repeats_nothing() -> None:
    rows = sample("item")
    kinds = Counter(r["kind"] for r in rows)
    assert kinds["drug"] >= 240
    assert kinds["herb"] >= 40
    assert kinds["service"] >= 80
    assert kinds["consumable"] >= 30
    for name, least in {"negotiated": 9, "special": 8, "procured": 15, "basic_medicine": 100}.items():
        assert sum(r[name] == "1" for r in rows) >= least, name
    assert all(r["herb"] == "1" for r in rows if r["kind"] == "herb")
    assert all(r["certainty"] == "invented" and "编造" in r["source"] for r in rows)
    assert all(re.fullmatch(SHAPES[r["kind"]], r["code"]) for r in rows)
    assert max(Counter((r["code"], r["area"], r["from"]) for r in rows).values()) == 1
    assert max(Counter((r["name"], r["form"], r["spec"], r["area"], r["from"]) for r in rows).values()) == 1
    by_code: dict[str, set[str]] = {}
    for r in rows:
        by_code.setdefault(r["code"], set()).add(r["name"])
    assert all(len(names) == 1 for names in by_code.values())
    for kind, least in {"diagnosis": 150, "operation": 60, "chronic": 45, "two_disease": 2}.items():
        codes = sample(kind)
        assert len(codes) >= least, kind
        assert len({r["code"] for r in codes}) == len(codes) == len({r["name"] for r in codes})
