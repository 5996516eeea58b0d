"""The written schema of a dataset (数据集): which tables, which columns, what they mean, how files are sorted.

A dataset is a folder of Parquet files and a `manifest.json`. Money is fen in int64, days are dates, what comes from a
short list is a small integer with its list in `codes.parquet`. Nothing in it names a person: a person is a number.

The tables of people and visits are cut into parts of whole households, so that a person never spans two parts, and a
part of one table holds the same persons as the part of that number of another.
"""

from __future__ import annotations

from dataclasses import dataclass

from openyibao.policy.terms import BENEFITS, FILINGS, GROUPS, LEVELS, SCHEMES, STATUSES

FORMAT = "openyibao dataset 2"
READABLE = (FORMAT, "openyibao dataset 1")
"""What is read: the first format is the second without `openings` and `incoming`."""

BENEFIT_CODES = tuple(BENEFITS)
LEVEL_CODES = ("", *LEVELS)
STATUS_CODES = ("", *STATUSES)
FILING_CODES = tuple(FILINGS)
GROUP_CODES = tuple(GROUPS)
EMPLOYER_KINDS = {"": "", "enterprise": "企业", "organ": "机关事业单位", "flexible": "灵活就业等其他人员"}
GRANT_KINDS = {
    "maternity_allowance": "生育津贴",
    "long_term_care": "长期护理保险待遇",
    "subsidised_enrolment": "资助参保",
}
FUND_ITEMS = {
    "opening": "上年结余",
    "interest": "利息收入",
    "fiscal": "财政补助（不按人头）",
    "other_income": "其他收入",
    "other_expenditure": "其他支出",
}
FUNDS = {
    "employee_pool": "职工医保统筹基金",
    "employee_account": "职工医保个人账户",
    "resident": "城乡居民医保基金",
    "serious_illness": "大病保险资金",
    "assistance": "医疗救助基金",
    "long_term_care": "长期护理保险资金",
}
INSTITUTION_KINDS = {
    "hospital": "医院",
    "clinic": "基层医疗机构与诊所",
    "pharmacy": "定点零售药店",
    "remote": "外地机构",
}

CODES: dict[str, dict[int, tuple[str, str]]] = {
    "benefit": {at: (code, BENEFITS[code]) for at, code in enumerate(BENEFIT_CODES)},
    "level": {at: (code, LEVELS.get(code, "")) for at, code in enumerate(LEVEL_CODES)},
    "status": {at: (code, STATUSES.get(code, "")) for at, code in enumerate(STATUS_CODES)},
    "filing": {-1: ("", "本地"), **{at: (code, FILINGS[code]) for at, code in enumerate(FILING_CODES)}},
    "group": {1 << at: (code, GROUPS[code]) for at, code in enumerate(GROUP_CODES)},
    "employer_kind": dict(enumerate(EMPLOYER_KINDS.items())),
    "grant": dict(enumerate(GRANT_KINDS.items())),
    "fund": dict(enumerate(FUNDS.items())),
    "fund_item": dict(enumerate(FUND_ITEMS.items())),
    "institution_kind": dict(enumerate(INSTITUTION_KINDS.items())),
    "sex": {1: ("male", "男"), 2: ("female", "女")},
    "scheme": dict(enumerate(SCHEMES.items())),
}
"""Code lists by name: number -> (code, Chinese). Groups are bits, so that a person can belong to several."""


@dataclass(frozen=True)
class Column:
    """One column: name, type (int8 … int64, date, text), meaning. `null` says that it may be empty."""

    name: str
    type: str
    meaning: str
    null: bool = False


@dataclass(frozen=True)
class Table:
    """One table: how it is cut (whole, part, year_part, year), how it is sorted, its columns in order.

    An optional table is there when the manifest counts its rows.
    """

    name: str
    meaning: str
    cut: str
    sorted_by: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


_PERSON = Column("person", "int64", "person's number within the dataset")

BILL = (
    _PERSON,
    Column("day", "date", "day that decides the visit: discharge or settlement"),
    Column("seq", "int16", "order of settlement within the person's year, from 0"),
    Column("pool", "int16", "pool that decides and pays (pools.pool): pooling area and scheme"),
    Column("status", "int8", "status on the day (codes: status)"),
    Column("groups", "int16", "helped groups on the day, a bit each (codes: group)"),
    Column("variant", "int16", "rarer facts (variants.variant): class, birth order, care kind, disease, supplements"),
    Column("benefit", "int8", "benefit (codes: benefit)"),
    Column("level", "int8", "level of the institution (codes: level)"),
    Column("institution", "int32", "institution (institutions.institution)"),
    Column("filing", "int8", "kind of filing for care elsewhere, -1 at home (codes: filing)"),
    Column("in_province", "int8", "1 when care elsewhere lies in the same province, else 0"),
)
"""What a bill is, before its money: shared by `visits` and `settled`."""

TABLES = {
    table.name: table
    for table in (
        Table(
            "pools",
            "pools (统筹区×险种): the keys of every amount",
            "whole",
            ("pool",),
            (
                Column("pool", "int16", "number of the pool, from 0"),
                Column("area", "text", "pooling area, six digits"),
                Column("area_name", "text", "its Chinese name"),
                Column("scheme", "text", f"scheme: {', '.join(SCHEMES)}"),
            ),
        ),
        Table(
            "variants",
            "rarer facts of a bill, numbered; 0 is the common case",
            "whole",
            ("variant",),
            (
                Column("variant", "int16", "number, from 0"),
                Column("contribution_class", "text", "contribution class (缴费档次)"),
                Column("child", "text", "birth order of a delivery, empty otherwise"),
                Column("care_kind", "text", "kind of long-term care, empty otherwise"),
                Column("disease", "text", "disease of a chronic visit, empty when no rule asks for it"),
                Column("supplements", "text", "supplements held, joined by |"),
            ),
        ),
        Table(
            "institutions",
            "designated institutions (定点医药机构), and one row for care outside the province per level",
            "whole",
            ("institution",),
            (
                Column("institution", "int32", "number, from 0"),
                Column("code", "text", "fixmedins_code"),
                Column("name", "text", "name"),
                Column("kind", "int8", "kind (codes: institution_kind)"),
                Column("level", "int8", "level (codes: level)"),
                Column("area", "int32", "county or city it stands in, six digits"),
            ),
        ),
        Table(
            "funds",
            "what a fund has besides persons' contributions and bills: opening balance, interest, other items",
            "whole",
            ("year", "area", "fund", "item"),
            (
                Column("year", "int16", "year"),
                Column("area", "int32", "pooling area, six digits"),
                Column("fund", "int8", "fund (codes: fund)"),
                Column("item", "int8", "item (codes: fund_item)"),
                Column("fen", "int64", "amount, fen"),
                Column("source", "text", "where the figure comes from"),
                Column("certainty", "text", "seed, public, assumed, or recorded"),
            ),
        ),
        Table(
            "codes",
            "every code list of the dataset",
            "whole",
            ("list", "number"),
            (
                Column("list", "text", "which list"),
                Column("number", "int32", "number in the columns; a bit for groups"),
                Column("code", "text", "the word of the programs"),
                Column("label", "text", "Chinese"),
            ),
        ),
        Table(
            "persons",
            "one row per person",
            "part",
            ("person",),
            (
                _PERSON,
                Column("birth", "date", "date of birth"),
                Column("sex", "int8", "1 male, 2 female"),
                Column("household", "int64", "household (家庭户); never spans two parts"),
                Column("county", "int32", "county of residence, six digits"),
                Column("died", "date", "day of death", null=True),
            ),
        ),
        Table(
            "coverage",
            "insurance relations (参保时段), without overlaps",
            "part",
            ("person", "from"),
            (
                _PERSON,
                Column("from", "date", "first day"),
                Column("until", "date", "first day no longer covered; empty while it goes on", null=True),
                Column("pool", "int16", "pool (pools.pool)"),
                Column("status", "int8", "status (codes: status)"),
                Column("employer_kind", "int8", "employer kind of an employee (codes: employer_kind)"),
                Column("account", "int8", "1 with a personal account (统账结合), 0 without (单建统筹, residents)"),
                Column("maternity", "int8", "1 in maternity insurance"),
                Column("long_term_care", "int8", "1 in long-term-care insurance"),
            ),
        ),
        Table(
            "contributions",
            "one row per insured person and year: what was paid in, by whom, and where it went",
            "year_part",
            ("person",),
            (
                _PERSON,
                Column("pool", "int16", "pool at the end of the year, or the last one"),
                Column("status", "int8", "status at the end of the year"),
                Column("employer_kind", "int8", "employer kind (codes: employer_kind)"),
                Column("groups", "int16", "helped groups in the year, a bit each"),
                Column("months", "int8", "months covered in the year"),
                Column("insured_at_year_end", "int8", "1 when covered on 31 December"),
                Column("account", "int8", "1 with a personal account"),
                Column("maternity", "int8", "1 in maternity insurance at the end of the year"),
                Column("long_term_care", "int8", "1 in long-term-care insurance at the end of the year"),
                Column("base_fen", "int64", "monthly contribution base, or pension of a retiree; 0 for residents"),
                Column("employer_fen", "int64", "paid by the employer (and by a flexible worker in its place)"),
                Column("individual_fen", "int64", "paid by the person"),
                Column("subsidy_fen", "int64", "paid by the treasury"),
                Column(
                    "assistance_fen", "int64", "part of the person's premium that the assistance fund paid (资助参保)"
                ),
                Column("account_fen", "int64", "credited to the personal account"),
                Column("account_opening_fen", "int64", "personal account at the beginning of the year"),
                Column("purchases_fen", "int64", "meant to be paid from the account outside visits (药店购药等)"),
                Column("household_income_fen", "int64", "disposable income of the person's household in the year"),
            ),
        ),
        Table(
            "grants",
            "benefits that are no bill: maternity allowance, long-term care, subsidised enrolment",
            "year_part",
            ("person", "kind"),
            (
                _PERSON,
                Column("pool", "int16", "pool"),
                Column("kind", "int8", "kind (codes: grant)"),
                Column("fund", "int8", "fund that pays (codes: fund)"),
                Column("times", "int16", "how often it was paid in the year"),
                Column("days", "int32", "days paid for, 0 where it has none"),
                Column("fen", "int64", "paid in the year"),
            ),
        ),
        Table(
            "visits",
            "bills as they came (就诊), standing ones only: reversed bills are left out",
            "year_part",
            ("person", "day", "seq"),
            (
                *BILL,
                Column("days", "int16", "days of long-term care, else 1"),
                Column("stay_days", "int16", "days in hospital of an inpatient stay, else 0"),
                Column(
                    "stay", "int16", "ordinal of a stay settled in pieces in this year and pool, -1 a stay of its own"
                ),
                Column("waive", "int8", "1 when this piece owes no deductible (下转)"),
                Column("excluded", "int8", "1 when no fund pays (工伤、第三人…)"),
                Column("account", "int8", "1 when the personal account may pay the person's part"),
                Column("in_scope_fen", "int64", "符合政策范围"),
                Column("prior_self_pay_fen", "int64", "先行自付"),
                Column("over_limit_fen", "int64", "超限价自费"),
                Column("non_covered_fen", "int64", "全自费，不含特药"),
                Column("special_drug_fen", "int64", "特药"),
                Column("herb_fen", "int64", "其中中草药，含在符合政策范围之内"),
            ),
        ),
        Table(
            "openings",
            "what persons bring into a year (期初状态): counters, and stays begun the year before (跨年住院)",
            "year_part",
            ("person", "pool", "stay", "name"),
            (
                _PERSON,
                Column("pool", "int16", "pool whose counter or stay it is (pools.pool)"),
                Column("stay", "int16", "the stay's ordinal in `visits.stay`, -1 for a counter of the person-year"),
                Column("name", "text", "of a stay: deductible, number; else the counter's name in `openyibao settle`"),
                Column("value", "int64", "what it stands at before the first visit: fen, or a count"),
            ),
            optional=True,
        ),
        Table(
            "incoming",
            "bills of patients insured elsewhere (外地参保来本地就医): institutions' work, settled by their own pools",
            "year",
            ("number",),
            (
                Column("number", "int64", "number of the bill within the year, from 0"),
                Column("day", "date", "day of discharge or settlement"),
                Column("insured_area", "int32", "pooling area that pays, six digits"),
                Column("in_province", "int8", "1 when that area lies in the institution's province, else 0"),
                Column("scheme", "int8", "scheme (codes: scheme)"),
                Column("benefit", "int8", "benefit (codes: benefit)"),
                Column("level", "int8", "level of the institution (codes: level)"),
                Column("institution", "int32", "institution (institutions.institution)"),
                Column("stay_days", "int16", "days in hospital of an inpatient stay, else 0"),
                Column("total_fen", "int64", "医疗费总额"),
                Column("in_scope_fen", "int64", "符合政策范围"),
                Column("fund_fen", "int64", "参保地基金支付"),
                Column("hospital_fen", "int64", "医疗机构减免"),
                Column("burden_fen", "int64", "个人负担：账户与现金"),
            ),
            optional=True,
        ),
        Table(
            "settled",
            "the same bills with who paid what; one set per run, in the same order and parts as `visits`",
            "year_part",
            ("person", "day", "seq"),
            (
                *BILL,
                Column("stay_days", "int16", "days in hospital of an inpatient stay, else 0"),
                Column("total_fen", "int64", "医疗费总额"),
                Column("in_scope_fen", "int64", "符合政策范围，含异地首先自付"),
                Column("deductible_fen", "int64", "实际起付线"),
                Column("remote_first_self_pay_fen", "int64", "异地首先自付"),
                Column("basic_fen", "int64", "基本医保统筹基金"),
                Column("serious_illness_fen", "int64", "大病（居民大病、职工大额）"),
                Column("special_drug_fen", "int64", "大病特药"),
                Column("supplement_fund_fen", "int64", "公务员补助、企业补充、其他基金"),
                Column("assistance_fen", "int64", "医疗救助与再救助、兜底"),
                Column("city_product_fen", "int64", "城市普惠型商业保险，不入基金"),
                Column("hospital_fen", "int64", "医疗机构减免"),
                Column("burden_fen", "int64", "个人负担：账户与现金"),
                Column("account_fen", "int64", "其中个人账户"),
            ),
        ),
    )
}
"""Every table of the format. `settled` lies in `settled/<run>/`; `recorded` is what a platform really paid."""
