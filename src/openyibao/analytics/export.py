"""Writes settlements in the shape of a bureau's tables (账单导出): the CSV files that an import reads.

Rows come in as plain values in the words of this project, amounts in fen, and leave with national columns and codes, in
yuan as text. No name, identity number or phone has a place in them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openyibao.analytics.imports import RECORDED
from openyibao.analytics.words import code_of, columns
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import percent_text, yuan_text

Given = Mapping[str, Any]
SETTLEMENT = (
    *("bill", "visit", "person", "settled_at", "day", "area", "scheme", "status", "benefit"),
    *("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc"),
    *("hifp_pay", "fund_pay_sumamt"),
)
"""Keys a settlement row must have."""


def export_rows(
    folder: Path,
    settlements: Iterable[Given],
    *,
    lines: Iterable[Given] = (),
    persons: Iterable[Given] = (),
    spells: Iterable[Given] = (),
    groups: Iterable[Given] = (),
    filings: Iterable[Given] = (),
) -> dict[str, int]:
    """Write the tables of an import from plain rows (the keys are in docs/reference/import-files.md).

    Returns: rows by table. Raises: Malformed, when a settlement row lacks a key or has a word without a code.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken = list(settlements)
    faults = [fault for at, row in enumerate(taken) for fault in _faults(at, row)]
    if faults:
        raise Malformed(faults)
    own = list(lines)
    with_lines = {row["bill"] for row in own}
    summary = [line for row in taken if row["bill"] not in with_lines for line in _summary_lines(row)]
    filed = list(filings)
    seen: dict[str, dict[str, Any]] = {}
    for row in taken:
        if not row.get("reverses"):
            seen[row["visit"]] = _visit(row)
    tables: dict[str, Iterable[Given]] = {
        "setl_d": (_settlement(row) for row in taken),
        "mdtrt_d": seen.values(),
        "fee_list_d": (_line(row) for row in (*own, *summary)),
        "psn_info_b": ({"psn_no": row["person"], "brdy": row.get("born", "")} for row in persons),
        "psn_insu_d": (_spell(row) for row in spells),
        "psn_idet_d": (_group(row) for row in groups),
        "opsp_reg_d": (_chronic(row) for row in filed if row["kind"] == "chronic"),
        "out_appy_d": (_remote(row) for row in filed if row["kind"] == "remote"),
    }
    return {table: _write(folder, table, rows) for table, rows in tables.items()}


def _faults(at: int, row: Given) -> Iterable[Fault]:
    name = f"settlements[{at}]"
    missing = [key for key in SETTLEMENT if key not in row and not (row.get("reverses") and key == "benefit")]
    if missing:
        yield Fault(name, 0, "", f"缺少 {'、'.join(missing)}", "见 import-files.md")
        return
    benefit = _benefit(row)
    for field, word in (("insutype", row["scheme"]), ("psn_type", row["status"]), ("med_type", benefit)):
        if not code_of(field, word):
            yield Fault(name, 0, field, f"{word!r} 没有对应的代码", "见 code_words.csv")


def _benefit(row: Given) -> str:
    kind = row.get("care_kind") or ""
    return f"{row['benefit']}/{kind}" if row["benefit"] == "long_term_care" else str(row["benefit"])


def _settlement(row: Given) -> Given:
    amounts = {column: row[name] for column, name in RECORDED.items() if name in row}
    amounts |= {
        "fulamt_ownpay_amt": row["fulamt_ownpay_amt"],
        "overlmt_selfpay": row["overlmt_selfpay"],
        "preselfpay_amt": row["preselfpay_amt"],
        "inscp_amt": row["inscp_scp_amt"],
        "balc": row.get("balc"),
        "acct_mulaid_pay": row.get("acct_mulaid_pay", 0),
    }
    level = row.get("level") or ""
    return {
        "setl_id": row["bill"],
        "mdtrt_id": row["visit"],
        "psn_no": row["person"],
        "init_setl_id": row.get("reverses") or "",
        "insutype": code_of("insutype", row["scheme"]),
        "psn_type": code_of("psn_type", row["status"]),
        "sp_psn_type": "|".join(code_of("sp_psn_type", group) for group in row.get("groups") or ()),
        "clct_grde": code_of("clct_grde", row.get("contribution_class") or "standard"),
        "cvlserv_flag": int("civil_servant" in (row.get("supplements") or ())),
        "insu_admdvs": row["area"],
        "fix_blng_admdvs": row.get("care_area") or row["area"],
        "fixmedins_code": row.get("institution") or "",
        "hosp_lv": code_of("hosp_lv", level),
        "begndate": row.get("admitted") or row["day"],
        "enddate": row["day"],
        "setl_time": row["settled_at"],
        "med_type": code_of("med_type", _benefit(row)),
        "dise_name": row.get("disease") or "",
        "mid_setl_flag": int(bool(row.get("mid_stay"))),
        "refd_setl_flag": int(bool(row.get("reverses") or row.get("refunded"))),
        "acct_used_flag": int(bool(row.get("account_used", True))),
        "year": str(row.get("year") or str(row["day"])[:4]),
        "vali_flag": "1",
        **{column: yuan_text(fen) for column, fen in amounts.items() if fen is not None},
    }


def _visit(row: Given) -> dict[str, Any]:
    share = row.get("third_bp") or 0
    return {
        "mdtrt_id": row["visit"],
        "psn_no": row["person"],
        "hosp_lv": code_of("hosp_lv", row.get("level") or ""),
        "fix_blng_admdvs": row.get("care_area") or row["area"],
        "rloc_type": code_of("rloc_type", row.get("filing") or ""),
        "refl_old_mdtrt_id": row.get("transferred_from") or "",
        "dise_name": row.get("disease") or "",
        "ipt_days": row.get("days") or "",
        "fetts": row.get("child_order") or "",
        "ttp_pay_flag": int(bool(share)),
        "ttp_pay_prop": percent_text(share) if share else "",
        "no_fund_rea": code_of("no_fund_rea", row.get("exclusion") or ""),
        "vali_flag": "1",
    }


def _summary_lines(row: Given) -> Sequence[Given]:
    """Lines of a bill that has none of its own: herbs, special drugs, the rest; only where one of the two is there."""
    herb, special = row.get("herb_fen") or 0, row.get("special_fen") or 0
    if row.get("reverses") or not (herb or special):
        return ()
    base = {"bill": row["bill"], "visit": row["visit"], "person": row["person"]}
    rest = {
        "non_covered_fen": row["fulamt_ownpay_amt"],
        "over_limit_fen": row["overlmt_selfpay"],
        "prior_self_pay_fen": row["preselfpay_amt"],
        "in_scope_fen": row["inscp_scp_amt"] - herb,
    }
    made = [{**base, **rest}]
    if herb:
        made.append({**base, "in_scope_fen": herb, "charge_type": "10"})
    if special:
        made.append({**base, "non_covered_fen": special, "special": True})
    return made


def _line(row: Given) -> Given:
    names = ("non_covered_fen", "over_limit_fen", "prior_self_pay_fen", "in_scope_fen")
    parts = {name: row.get(name) or 0 for name in names}
    return {
        "setl_id": row["bill"],
        "mdtrt_id": row["visit"],
        "det_item_fee_sumamt": yuan_text(row.get("amount_fen") or sum(parts.values())),
        "fulamt_ownpay_amt": yuan_text(parts["non_covered_fen"]),
        "overlmt_selfpay": yuan_text(parts["over_limit_fen"]),
        "preselfpay_amt": yuan_text(parts["prior_self_pay_fen"]),
        "inscp_amt": yuan_text(parts["in_scope_fen"]),
        "med_chrgitm_type": row.get("charge_type") or "",
        "list_sp_item_flag": int(bool(row.get("special"))),
        "vali_flag": "1",
    }


def _spell(row: Given) -> Given:
    return {
        "psn_no": row["person"],
        "insutype": code_of("insutype", row["scheme"]),
        "psn_type": code_of("psn_type", row["status"]),
        "insu_admdvs": row["area"],
        "clct_grde": code_of("clct_grde", row.get("contribution_class") or "standard"),
        "begndate": row["from"],
        "enddate": row.get("until") or "",
        "vali_flag": "1",
    }


def _group(row: Given) -> Given:
    return {
        "psn_no": row["person"],
        "psn_idet_type": code_of("psn_idet_type", row["group"]),
        "begntime": row.get("from") or "",
        "endtime": row.get("until") or "",
        "vali_flag": "1",
    }


def _chronic(row: Given) -> Given:
    return {
        "psn_no": row["person"],
        "opsp_dise_name": row.get("disease") or "",
        "begndate": row.get("from") or "",
        "enddate": row.get("until") or "",
        "vali_flag": "1",
    }


def _remote(row: Given) -> Given:
    return {
        "psn_no": row["person"],
        "dcla_type": code_of("dcla_type", row.get("type") or ""),
        "rloc_admdvs": row.get("area") or "",
        "begndate": row.get("from") or "",
        "enddate": row.get("until") or "",
        "vali_flag": "1",
    }


def _write(folder: Path, table: str, rows: Iterable[Given]) -> int:
    names = [column.column for column in columns()[table]]
    count = 0
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", extrasaction="raise", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
