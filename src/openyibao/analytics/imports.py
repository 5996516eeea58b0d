"""Makes bills out of a bureau's tables (账单导入): joins, maps codes, orders by settlement time, forgets who it was.

Persons are numbered; names and identity numbers are never taken from a file, and the person number is not written out.
A bill whose codes the tables do not know is kept and says why it cannot be settled again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from openyibao.analytics.contracts import Bill, BillYear, FilingSpell, Imported
from openyibao.analytics.reading import Faults, Row, digest, file_of, read_table
from openyibao.analytics.words import columns, word_of
from openyibao.kernel.errors import Fault, Malformed

NEEDED = ("setl_d",)
OPTIONAL = ("mdtrt_d", "fee_list_d", "psn_info_b", "psn_insu_d", "psn_idet_d", "opsp_reg_d", "out_appy_d")
RECORDED = {
    "act_pay_dedc": "act_pay_dedc",
    "hifp_pay": "hifp_pay",
    "cvlserv_pay": "cvlserv_pay",
    "hifes_pay": "hifes_pay",
    "hifmi_pay": "hifmi_pay",
    "hifob_pay": "hifob_pay",
    "hifdm_pay": "hifdm_pay",
    "maf_pay": "maf_pay",
    "othfund_pay": "oth_pay",
    "fund_pay_sumamt": "fund_pay_sumamt",
    "ownpay_hosp_part": "hosp_part_amt",
    "psn_pay": "psn_part_amt",
    "acct_pay": "acct_pay",
    "cash_payamt": "psn_cash_pay",
    "medfee_sumamt": "medfee_sumamt",
}
"""Column of the file -> national field of the bill as settled."""
FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay")
LATE_START = (1, 15)
"""Files whose first bill is later in the year than this leave the opening state of that year unknown."""
HERBS = "10"
RANK = {"primary": 1, "secondary": 2, "tertiary": 3}
Progress = Callable[[str, int], None]


@dataclass
class _Lines:
    """Sums over the fee lines of a bill, fen."""

    total: int = 0
    non_covered: int = 0
    over: int = 0
    prior: int = 0
    in_scope: int = 0
    herb: int = 0
    special: int = 0


@dataclass
class _Person:
    """What the person tables say of one person."""

    filings: list[FilingSpell] = field(default_factory=list)
    groups: list[tuple[str, date | None, date | None]] = field(default_factory=list)
    born: int = 0


def read_bills(folder: Path, progress: Progress | None = None) -> Imported:
    """Read a folder of tables. Raises: Malformed with every fault (the first 200 listed, all counted)."""
    return _Import(folder, progress or (lambda _what, _count: None)).run()


class _Import:
    """One import: tables in, person-years out."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder = folder
        self.progress = progress
        self.faults = Faults()
        self.counts: dict[str, int] = {}
        self.notices: dict[str, int] = {}
        self.hashes: dict[str, str] = {}
        self.persons: dict[str, _Person] = {}
        self.visits: dict[str, Row] = {}
        self.lines: dict[str, _Lines] = {}
        self.spells: list[tuple[str, str, str, str, str, date | None, date | None]] = []

    def run(self) -> Imported:
        self._files()
        for table, take in (
            ("mdtrt_d", self._visit),
            ("fee_list_d", self._line),
            ("psn_info_b", self._info),
            ("psn_insu_d", self._spell),
            ("psn_idet_d", self._identity),
            ("opsp_reg_d", self._chronic),
            ("out_appy_d", self._remote),
        ):
            self._read(table, take)
        rows: list[Row] = []
        self._read("setl_d", rows.append)
        self._doubled(rows)
        if self.faults.total:
            raise Malformed(self.faults.bounded())
        return self._years(rows)

    def _files(self) -> None:
        if not self.folder.is_dir():
            raise Malformed([Fault(str(self.folder), 0, "", "不是文件夹", "装有 setl_d.csv 等文件的文件夹")])
        for table in NEEDED:
            if file_of(self.folder, table) is None:
                self.faults.add(str(self.folder), 0, table, f"没有 {table} 文件", f"{table}.csv 或 {table}.parquet")
        for table in OPTIONAL:
            if file_of(self.folder, table) is None:
                self._notice(f"没有 {table} 文件")

    def _notice(self, text: str) -> None:
        self.notices[text] = self.notices.get(text, 0) + 1

    def _read(self, table: str, take: Callable[[Row], None]) -> None:
        path = file_of(self.folder, table)
        if path is None:
            return
        self.hashes[path.name] = digest(path)
        count = 0
        for row in read_table(path, table, self.faults):
            if row.get("vali_flag") is False or row.get("deleted") is True:
                self._notice(f"{table} 无效行（vali_flag 0 或 deleted 1）不取")
                continue
            take(row)
            count += 1
            if count % 5_000 == 0:
                self.progress(table, count)
        self.counts[table] = count

    def _doubled(self, rows: list[Row]) -> None:
        seen: dict[str, int] = {}
        path = file_of(self.folder, "setl_d")
        for row in rows:
            first = seen.setdefault(row["setl_id"], row["_line"])
            if first != row["_line"] and path is not None:
                wrong = f"结算ID {row['setl_id']} 与第 {first} 行重复"
                self.faults.add(path.name, row["_line"], "setl_id", wrong, "每笔结算一行")

    # Tables beside the bills ----------------------------------------------------------------------------------

    def _person(self, row: Row) -> _Person:
        return self.persons.setdefault(row["psn_no"], _Person())

    def _visit(self, row: Row) -> None:
        if row["mdtrt_id"] in self.visits:
            self._notice("mdtrt_d 同一就诊ID 有多行，取末行")
        self.visits[row["mdtrt_id"]] = row

    def _line(self, row: Row) -> None:
        sums = self.lines.setdefault(row.get("setl_id") or f"visit {row['mdtrt_id']}", _Lines())
        special = row.get("list_sp_item_flag") is True
        sums.total += row["det_item_fee_sumamt"]
        sums.over += row["overlmt_selfpay"]
        sums.prior += row["preselfpay_amt"]
        sums.in_scope += row["inscp_amt"]
        if special:
            sums.special += row["fulamt_ownpay_amt"]
        else:
            sums.non_covered += row["fulamt_ownpay_amt"]
        if row.get("med_chrgitm_type") == HERBS:
            sums.herb += row["inscp_amt"]

    def _info(self, row: Row) -> None:
        born = row.get("brdy")
        self._person(row).born = born.year if born else 0

    def _spell(self, row: Row) -> None:
        scheme = word_of("insutype", row["insutype"])
        status = word_of("psn_type", row.get("psn_type") or "")
        self.spells.append(
            (
                row["psn_no"],
                row["insu_admdvs"],
                scheme,
                status,
                word_of("clct_grde", row.get("clct_grde") or ""),
                row["begndate"],
                row.get("enddate"),
            )
        )

    def _identity(self, row: Row) -> None:
        group = word_of("psn_idet_type", row["psn_idet_type"])
        if group:
            begun, ended = row.get("begntime"), row.get("endtime")
            self._person(row).groups.append((group, _day_of(begun), _day_of(ended)))
        else:
            self._notice(f"psn_idet_type {row['psn_idet_type']} 不是帮扶身份，不取")

    def _chronic(self, row: Row) -> None:
        disease = row.get("opsp_dise_name") or row.get("opsp_dise_code") or ""
        self._person(row).filings.append(
            FilingSpell("chronic", disease, "", "", row.get("begndate"), row.get("enddate"))
        )

    def _remote(self, row: Row) -> None:
        kind = word_of("dcla_type", row.get("dcla_type") or "")
        if not kind:
            kind = "referral" if row.get("trafout_fixmedins_code") else "long_term"
        self._person(row).filings.append(
            FilingSpell("remote", "", kind, row.get("rloc_admdvs") or "", row.get("begndate"), row.get("enddate"))
        )

    # Bills ----------------------------------------------------------------------------------------------------

    def _years(self, rows: list[Row]) -> Imported:
        rows.sort(key=lambda row: (row["psn_no"], row["setl_time"], row["setl_id"]))
        known = {name.column for name in columns()["setl_d"]} & set(rows[0] if rows else ())
        recorded = {column: name for column, name in RECORDED.items() if column in known}
        years: list[BillYear] = []
        numbers: dict[str, int] = {}
        place: dict[str, BillYear] = {}
        by_key: dict[tuple[int, int], BillYear] = {}
        stays: dict[str, tuple[str, str]] = {}
        for at, row in enumerate(rows):
            number = numbers.setdefault(row["psn_no"], len(numbers) + 1)
            bill = self._bill(row, recorded, stays)
            year = row.get("year") or bill.day.year
            if bill.reverses:
                held = place.get(bill.reverses)
                if held is not None and held.person == number:
                    bill.day = min(max(bill.day, _bill_of(held, bill.reverses).day), date(held.year, 12, 31))
                    held.bills.append(bill)
                    continue
                bill.problem = "原结算不在文件中"
            found = by_key.get((number, year))
            if found is None:
                filings = self.persons[row["psn_no"]].filings if row["psn_no"] in self.persons else ()
                found = by_key[number, year] = BillYear(number, year, [], tuple(filings))
                years.append(found)
            found.bills.append(bill)
            place[bill.bill] = found
            if at % 5_000 == 0:
                self.progress("bills", at)
        self._openings(years)
        years.sort(key=lambda one: (one.person, one.year))
        spells = [(numbers[spell[0]], *spell[1:]) for spell in self.spells if spell[0] in numbers]
        births = {numbers[key]: person.born for key, person in self.persons.items() if person.born and key in numbers}
        return Imported(years, self.counts, self.notices, self.hashes, sorted(spells, key=str), births)

    @staticmethod
    def _openings(years: list[BillYear]) -> None:
        """Years whose first bill of all persons comes late have an unknown state before it."""
        first: dict[int, date] = {}
        for year in years:
            for bill in year.bills:
                first[year.year] = min(first.get(year.year, bill.day), bill.day)
        for year in years:
            begun = first[year.year]
            year.opening_known = (begun.month, begun.day) <= LATE_START

    def _bill(self, row: Row, recorded: dict[str, str], stays: dict[str, tuple[str, str]]) -> Bill:
        visit = self.visits.get(row["mdtrt_id"], {})
        bill = Bill(row["setl_id"], row["mdtrt_id"], row["setl_time"], _deciding_day(row))
        stated = {name: row[column] for column, name in recorded.items()}
        bill.recorded = {name: fen or 0 for name, fen in stated.items() if fen is not None or name in FUNDS}
        bill.reverses = row.get("init_setl_id") or ""
        bill.institution = row.get("fixmedins_code") or ""
        _codes(bill, row, visit)
        bill.groups = self._groups(row, visit, bill.day)
        if row.get("cvlserv_flag") is True:
            bill.supplements = ("civil_servant",)
        bill.care_area = row.get("fix_blng_admdvs") or visit.get("fix_blng_admdvs") or ""
        bill.disease = (
            row.get("dise_name") or visit.get("dise_name") or row.get("dise_no") or visit.get("dise_no") or ""
        )
        bill.filing = word_of("filing", visit.get("rloc_type") or "")
        bill.days = max(1, min(366, visit.get("ipt_days") or 1))
        bill.child_order = max(1, visit.get("fetts") or 1) if bill.benefit == "delivery" else 0
        bill.exclusion = word_of("no_fund_rea", visit.get("no_fund_rea") or "")
        if visit.get("ttp_pay_flag") is True:
            bill.third_bp = visit.get("ttp_pay_prop") or 10_000
        self._sums(bill, row)
        _account(bill, row)
        if bill.benefit == "inpatient" and not bill.reverses:
            _stay(bill, visit, stays)
        return bill

    def _groups(self, row: Row, visit: Row, day: date) -> tuple[str, ...]:
        code = row.get("sp_psn_type") or visit.get("sp_psn_type") or ""
        found = {word_of("sp_psn_type", part) for part in code.split("|")}
        person = self.persons.get(row["psn_no"])
        for group, begun, ended in person.groups if person else ():
            if (begun is None or begun <= day) and (ended is None or day <= ended):
                found.add(group)
        return tuple(sorted(found - {""}))

    def _sums(self, bill: Bill, row: Row) -> None:
        """The four sums as recorded, special drugs carved out of what is outside the catalogue."""
        bill.in_scope, bill.non_covered = row["inscp_amt"], row["fulamt_ownpay_amt"]
        bill.over_limit, bill.prior_self_pay = row["overlmt_selfpay"], row["preselfpay_amt"]
        lines = self.lines.get(bill.bill) or self.lines.get(f"visit {bill.visit}")
        total = row["medfee_sumamt"]
        if bill.reverses:
            return
        named = ("in_scope", "non_covered", "over_limit", "prior_self_pay")
        if min(total, *(getattr(bill, name) for name in named)) < 0:
            bill.problem = bill.problem or "金额为负却不是退费"
            return
        four = sum(getattr(bill, name) for name in named)
        if lines is not None:
            bill.herb = min(lines.herb, bill.in_scope)
            bill.special_drug = lines.special
            if total == four:
                bill.non_covered = max(0, bill.non_covered - lines.special)
            sums = (lines.non_covered, lines.over, lines.prior, lines.in_scope)
            if sums != (bill.non_covered, bill.over_limit, bill.prior_self_pay, bill.in_scope):
                bill.lines = sums
                self._notice("费用明细合计与结算的四项金额不符")
        elif total > four and bill.benefit == "special_drug":
            bill.special_drug = total - four
        if total != sum(getattr(bill, name) for name in named) + bill.special_drug:
            self._notice("四项金额合计不等于总额")


def _bill_of(year: BillYear, number: str) -> Bill:
    return next(bill for bill in year.bills if bill.bill == number)


def _day_of(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _deciding_day(row: Row) -> date:
    """Discharge date where there is one, else the settlement's date."""
    ended: date | None = row.get("enddate")
    return ended or date.fromisoformat(row["setl_time"][:10])


def _codes(bill: Bill, row: Row, visit: Row) -> None:
    """Scheme, status, benefit, level and class from their codes; an unknown one is the bill's problem."""
    bill.area = row["insu_admdvs"]
    bill.scheme = word_of("insutype", row["insutype"])
    bill.status = word_of("psn_type", row["psn_type"])
    bill.benefit, _, bill.care_kind = word_of("med_type", row["med_type"]).partition("/")
    bill.contribution_class = word_of("clct_grde", row.get("clct_grde") or "") or "standard"
    own = word_of("hosp_lv", row.get("hosp_lv") or visit.get("hosp_lv") or "")
    deciding = word_of("dedc_hosp_lv", row.get("dedc_hosp_lv") or visit.get("dedc_hosp_lv") or "")
    below = ("community", "primary", "ungraded")
    bill.level = own if not deciding or (own in below and deciding in below) else deciding
    unknown = [
        f"{name} {row[name]}"
        for name, word in (("insutype", bill.scheme), ("psn_type", bill.status), ("med_type", bill.benefit))
        if not word
    ]
    if unknown:
        bill.problem = "代码不在对照表中：" + "、".join(unknown)
    elif bill.scheme == "resident" and bill.status in ("active", "retired"):
        bill.status = "adult"
    elif bill.scheme != "resident" and bill.status not in ("active", "retired"):
        bill.problem = f"人员类别 {row['psn_type']} 与险种 {row['insutype']} 不相配"


def _account(bill: Bill, row: Row) -> None:
    """Whether the account is used, and its balance before, where both balance and payment are recorded."""
    bill.account_used = row.get("acct_used_flag") is not False
    balance, paid = row.get("balc"), row.get("acct_pay")
    if balance is not None and paid is not None and not row.get("acct_mulaid_pay") and not bill.reverses:
        bill.balance_before = balance + paid if balance + paid >= 0 else None


def _stay(bill: Bill, visit: Row, stays: dict[str, tuple[str, str]]) -> None:
    """Joins the pieces of a stay: those of one visit, and transfers with the visit they came from."""
    before: Any = visit.get("refl_old_mdtrt_id")
    bill.stay = bill.visit
    if before in stays:
        bill.stay, level = stays[before]
        bill.origin = "transfer_down" if RANK.get(bill.level, 0) < RANK.get(level, 0) else "transfer_up"
    stays[bill.visit] = (bill.stay, bill.level)
