"""An import reads every shape a bureau may hand over, lists every fault, and forgets who the persons are."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openyibao.analytics.facade import export_rows, import_bills, load_bills, read_bills
from openyibao.analytics.reading import KINDS
from openyibao.analytics.words import code_of, columns, word_of
from openyibao.kernel.errors import Malformed
from openyibao.policy import terms


def rewrite(folder: Path, table: str, change: Any) -> None:
    """Change the rows of one table in place."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def copy(plain: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(plain, tmp_path / "raw"))


def test_what_is_exported_is_read_back(plain: Path) -> None:
    imported = read_bills(plain)
    with (plain / "setl_d.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["setl_id"]: row for row in csv.DictReader(file)}
    assert imported.bills == len(rows) == imported.counts["setl_d"]
    for year in imported.years:
        for bill in year.bills:
            row = rows[bill.bill]
            assert bill.recorded["hifp_pay"] == int(row["hifp_pay"].replace(".", ""))
            assert code_of("insutype", bill.scheme) == row["insutype"]
            if not bill.reverses:
                parts = bill.in_scope + bill.non_covered + bill.over_limit + bill.prior_self_pay + bill.special_drug
                assert parts == bill.recorded["medfee_sumamt"]
        assert [bill.settled_at for bill in year.bills] == sorted(bill.settled_at for bill in year.bills)


def test_gb18030_tabs_and_parquet_read_the_same(plain: Path, tmp_path: Path) -> None:
    wanted = read_bills(plain).years
    tabs, parquet = tmp_path / "tabs", tmp_path / "parquet"
    tabs.mkdir()
    parquet.mkdir()
    for path in plain.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        text = "\r\n".join("\t".join(row) for row in rows)
        (tabs / path.name.upper().replace(".CSV", ".csv")).write_bytes(text.encode("gb18030"))
        table = {name: [row[at] or None for row in rows[1:]] for at, name in enumerate(rows[0])}
        if "medfee_sumamt" in table:
            table["medfee_sumamt"] = [float(text) for text in table["medfee_sumamt"]]
        pq.write_table(pa.table(table), parquet / f"{path.stem}.parquet")
    assert read_bills(tabs).years == wanted
    assert read_bills(parquet).years == wanted


def test_every_fault_of_every_file_is_listed_and_nothing_is_written(copy: Path, tmp_path: Path) -> None:
    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0]["hifp_pay"] = "12.345"
        rows[1]["setl_time"] = "2022-13-01 00:00:00"
        rows[2]["insu_admdvs"] = "379999x"
        rows[3]["setl_id"] = ""
        rows[5]["setl_id"] = rows[4]["setl_id"]
        rows[6]["medfee_sumamt"] = "1e3"

    rewrite(copy, "setl_d", spoil)
    rewrite(copy, "mdtrt_d", lambda rows: rows[0].update(ipt_days="-3"))
    text = (copy / "opsp_reg_d.csv").read_text(encoding="utf-8").replace("psn_no", "psn_nr", 1)
    (copy / "opsp_reg_d.csv").write_text(text, encoding="utf-8")
    (copy / "psn_info_b.csv").write_bytes(b"psn_no,brdy\n\xff\xff\xff,1970-01-01\n")
    out = tmp_path / "out"
    with pytest.raises(Malformed) as caught:
        import_bills(copy, out)
    places = {(fault.file, fault.line, fault.path) for fault in caught.value.faults}
    assert places == {
        ("setl_d.csv", 2, "hifp_pay"),
        ("setl_d.csv", 3, "setl_time"),
        ("setl_d.csv", 4, "insu_admdvs"),
        ("setl_d.csv", 5, "setl_id"),
        ("setl_d.csv", 7, "setl_id"),
        ("setl_d.csv", 8, "medfee_sumamt"),
        ("mdtrt_d.csv", 2, "ipt_days"),
        ("opsp_reg_d.csv", 1, "psn_no"),
        ("psn_info_b.csv", 0, ""),
    }
    assert not out.exists()


def test_faults_are_counted_beyond_those_listed(copy: Path) -> None:
    def spoil(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["hifp_pay"] = "many"
            row["psn_type"] = ""

    rewrite(copy, "setl_d", spoil)
    rows = sum(1 for _ in (copy / "setl_d.csv").open(encoding="utf-8")) - 1
    with pytest.raises(Malformed) as caught:
        read_bills(copy)
    assert len(caught.value.faults) == 201
    assert f"共 {2 * rows} 处有误" in caught.value.faults[-1].wrong


def test_a_folder_without_settlements_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="setl_d"):
        read_bills(tmp_path)
    with pytest.raises(Malformed, match="不是文件夹"):
        read_bills(tmp_path / "nowhere")


def test_no_person_leaves_an_import(copy: Path, tmp_path: Path) -> None:
    def name(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row |= {"psn_name": "张示例", "certno": "TEST-ID-0001", "tel": "13800000000"}

    for table in ("psn_info_b", "setl_d"):
        rewrite(copy, table, name)
    numbers = {year.person for year in read_bills(copy).years}
    out = tmp_path / "out"
    import_bills(copy, out)
    written = b"".join(path.read_bytes() for path in out.iterdir())
    for secret in ("张示例", "TEST-ID-0001", "13800000000", "P0000001"):
        assert secret.encode() not in written
    for path in out.glob("*.parquet"):
        table = pq.read_table(path)
        values = {str(value) for column in table.columns for value in column.to_pylist()}
        assert not [text for text in values if "张示例" in text or "TEST-ID" in text or text.startswith("P00")]
    assert numbers == set(pq.read_table(out / "persons.parquet")["person"].to_pylist())


def test_a_dataset_is_read_back_whole_and_not_when_touched(plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = import_bills(plain, out)
    assert load_bills(out).years == read_bills(plain).years
    assert manifest["files"]["visits.parquet"]["rows"] == manifest["settlements"]
    visits = pq.read_table(out / "visits.parquet")
    keys = list(zip(*(visits[name].to_pylist() for name in ("person", "year", "seq")), strict=True))
    assert keys == sorted(keys)
    stated = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert [column["name"] for column in stated["files"]["visits.parquet"]["columns"]] == visits.column_names
    with (out / "visits.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(Malformed, match="散列不符"):
        load_bills(out)


def test_a_folder_with_something_else_is_not_written_into(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Malformed, match="不是空的"):
        import_bills(plain, tmp_path)


def one(**changes: Any) -> dict[str, Any]:
    """A settlement row with the least it needs."""
    row: dict[str, Any] = {
        "bill": "S1",
        "visit": "M1",
        "person": "P1",
        "settled_at": "2022-03-01 09:00:00",
        "day": "2022-03-01",
        "area": "371500",
        "scheme": "resident",
        "status": "adult",
        "benefit": "inpatient",
        "level": "tertiary",
        **dict.fromkeys(("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt"), 0),
        **dict.fromkeys(("inscp_scp_amt", "act_pay_dedc", "hifp_pay", "fund_pay_sumamt"), 0),
    }
    return row | changes


def test_pieces_transfers_and_refunds_are_joined(tmp_path: Path) -> None:
    amounts = {"medfee_sumamt": 1_000_00, "inscp_scp_amt": 1_000_00}
    export_rows(
        tmp_path,
        [
            one(mid_stay=True, **amounts),
            one(bill="S2", settled_at="2022-03-20 09:00:00", day="2022-03-20", **amounts),
            one(
                bill="S3",
                visit="M3",
                settled_at="2022-04-20 09:00:00",
                day="2022-04-20",
                level="secondary",
                transferred_from="M1",
                **amounts,
            ),
            one(bill="S4", settled_at="2023-01-05 09:00:00", day="2022-03-20", reverses="S2"),
        ],
    )
    (year,) = read_bills(tmp_path).years
    assert [bill.stay for bill in year.bills[:3]] == ["M1", "M1", "M1"]
    assert [bill.origin for bill in year.bills] == ["", "", "transfer_down", ""]
    assert year.bills[3].reverses == "S2"
    assert year.year == 2022


def test_unknown_codes_are_kept_and_said(tmp_path: Path) -> None:
    export_rows(tmp_path, [one()])
    text = (tmp_path / "setl_d.csv").read_text(encoding="utf-8").replace(",21,", ",7777,")
    (tmp_path / "setl_d.csv").write_text(text, encoding="utf-8")
    (year,) = read_bills(tmp_path).years
    assert year.bills[0].problem == "代码不在对照表中：med_type 7777"


def test_an_export_says_what_a_row_lacks(tmp_path: Path) -> None:
    row = one(status="astronaut")
    del row["hifp_pay"]
    with pytest.raises(Malformed) as caught:
        export_rows(tmp_path, [row, one(status="astronaut")])
    assert ["hifp_pay" in caught.value.faults[0].wrong, "astronaut" in caught.value.faults[1].wrong] == [True, True]


def test_every_word_has_a_code_and_reads_back() -> None:
    for field, words in (
        ("insutype", terms.SCHEMES),
        ("psn_type", terms.STATUSES),
        ("sp_psn_type", terms.GROUPS),
        ("filing", terms.FILINGS),
        ("no_fund_rea", terms.EXCLUSIONS),
        ("med_type", [word for word in terms.BENEFITS if word != "long_term_care"]),
        ("hosp_lv", [word for word in terms.LEVELS if word != "pharmacy"]),
    ):
        for word in words:
            assert word_of(field, code_of(field, word)) == word
    assert {column.kind for entries in columns().values() for column in entries} <= set(KINDS)
