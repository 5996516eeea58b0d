"""The columns of each catalogue file, and what must hold between the cells of a row. docs/reference shows the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openyibao.catalogue.terms import CERTAINTIES, CHARGE_TYPES, CHARGE_TYPES_OF, CLASSES, CODE_KINDS, KINDS
from openyibao.kernel import csv_file as c
from openyibao.kernel.areas import NATION, all_areas
from openyibao.kernel.csv_file import Column, Line, Table

YUAN = "元，不小于 0，至多六位小数，如 12.345678"
RATIO = "0 到 1，至多四位小数，如 0.1500"
FLAG = "1 是，0 或空为否"
DAY = "如 2026-01-01"
CODE = r"[A-Za-z0-9][A-Za-z0-9.+\-]{1,29}"
CEILINGS = ("ceiling", "ceiling_tertiary", "ceiling_secondary", "ceiling_primary")
FLAGS = {
    "herb": "计入中药倾斜",
    "negotiated": "国家谈判药品",
    "procured": "集中带量采购",
    "special": "目录外特药",
    "special_item": "特检特治",
    "basic_medicine": "基本药物",
    "child_medicine": "儿童用药",
}


def _choices(words: Mapping[str, str]) -> str:
    return "、".join(f"{key} {title}" for key, title in words.items())


DATED = (
    Column("from", "生效日", DAY, c.day),
    Column("until", "最后一日", DAY + "；空为长期", c.day, False),
    Column("source", "来源", "至多 200 字", c.text_of(200)),
    Column("certainty", "可信度", _choices(CERTAINTIES), c.one_of(CERTAINTIES)),
)
ITEM_COLUMNS = (
    Column("code", "目录编码", "2 到 30 位字母、数字、. + -", c.shaped(CODE)),
    Column("name", "名称", "至多 200 字", c.text_of(200)),
    Column("kind", "目录类别", _choices(KINDS), c.one_of(KINDS)),
    Column("charge_type", "收费项目类别", _choices(CHARGE_TYPES), c.one_of(CHARGE_TYPES)),
    Column("class", "收费项目等级", _choices(CLASSES), c.one_of(CLASSES)),
    Column("own_ratio", "先行自付比例", RATIO + "；甲类 0，丙类 1", c.ratio),
    Column("exception_ratio", "例外自付比例", RATIO + "；只用于经批准可例外支付的丙类", c.ratio, False),
    Column("ceiling", "限价", YUAN + "；空为无", c.micro_yuan, False),
    Column("ceiling_tertiary", "三级机构限价", YUAN, c.micro_yuan, False),
    Column("ceiling_secondary", "二级机构限价", YUAN, c.micro_yuan, False),
    Column("ceiling_primary", "一级及以下机构限价", YUAN, c.micro_yuan, False),
    Column("price", "参考单价", YUAN, c.micro_yuan, False),
    Column("spec", "规格", "至多 100 字", c.text_of(100), False, ""),
    Column("form", "剂型", "至多 50 字", c.text_of(50), False, ""),
    Column("unit", "计价单位", "至多 20 字", c.text_of(20)),
    Column("restriction", "限制使用范围", "至多 500 字；空为不限", c.text_of(500), False, ""),
    *(Column(name, title, FLAG, c.flag, False, False) for name, title in FLAGS.items()),
    Column("area", "区划", "000000 全国、省或市的六位代码；空为全国", c.area, False, NATION),
    *DATED,
)
CODE_COLUMNS = (
    Column("code", "编码", "2 到 20 位字母、数字、. + -", c.shaped(r"[A-Z0-9][A-Za-z0-9.+\-]{1,19}")),
    Column("name", "名称", "至多 100 字", c.text_of(100)),
    Column("aliases", "别名", "以 | 分隔，合计至多 300 字", c.text_of(300), False, ""),
    *DATED,
)
COLUMNS: Mapping[str, Sequence[Column]] = {"item": ITEM_COLUMNS, **dict.fromkeys(CODE_KINDS, CODE_COLUMNS)}
"""Kind of file -> its columns."""
SHAPES = {
    "diagnosis": (r"[A-Z][0-9]{2}(\.[0-9x]{1,4}(x[0-9]{2,3})?)?\+?", "ICD-10 医保版，如 I10.x00x002"),
    "operation": (r"[0-9]{2}\.[0-9][0-9x][0-9]{2}(x[0-9]{3})?", "ICD-9-CM-3 医保版，如 47.0100"),
    "chronic": (r"M[0-9]{5}", "M 加五位数字，如 M03900"),
    "two_disease": (r"M[0-9]{5}", "M 加五位数字"),
}
"""Kind of code -> pattern of the code, and how it reads."""


def check_row(table: Table, kind: str, line: Line) -> None:
    """Note what does not hold between the cells of one row; cells that are faulty themselves are not there."""
    row = line.values
    start, until = row.get("from"), row.get("until")
    if start and until and until < start:
        table.wrong(line.number, "until", f"最后一日 {until} 早于生效日 {start}", "不早于生效日")
    if kind == "item":
        for column, wrong, right in _item_faults(row):
            table.wrong(line.number, column, wrong, right)
    elif "code" in row:
        pattern, shape = SHAPES[kind]
        try:
            c.shaped(pattern)(row["code"])
        except ValueError as problem:
            table.wrong(line.number, "code", str(problem), shape)


def _item_faults(row: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    kind, item_class, ratio = row.get("kind"), row.get("class"), row.get("own_ratio")
    found: list[tuple[str, str, str]] = []
    if kind and row.get("charge_type") and row["charge_type"] not in CHARGE_TYPES_OF[kind]:
        right = "、".join(CHARGE_TYPES_OF[kind])
        found.append(("charge_type", f"{KINDS[kind]}的收费项目类别不会是 {row['charge_type']}", right))
    fixed = {"A": 0, "C": 10_000}.get(item_class or "")
    if ratio is not None and fixed is not None and ratio != fixed:
        found.append(
            ("own_ratio", f"{CLASSES[str(item_class)]}的先行自付比例不为 {fixed // 10_000}", str(fixed // 10_000))
        )
    if row.get("exception_ratio") is not None and item_class in ("A", "B"):
        found.append(("exception_ratio", f"{CLASSES[item_class]}不需要例外自付比例", "空"))
    if row.get("special") and item_class in ("A", "B"):
        found.append(("special", "目录外特药须为丙类", "class 填 C"))
    if row.get("negotiated") and item_class in ("A", "C"):
        found.append(("negotiated", "谈判药品须为乙类", "class 填 B"))
    if row.get("negotiated") and row.get("special"):
        found.append(("special", "不能既是谈判药品又是目录外特药", "只选其一"))
    found += _flag_faults(row, kind)
    if (
        len(row.get("area", "")) == 6
        and row["area"] in all_areas()
        and all_areas()[row["area"]].pooling_area
        not in (
            "",
            row["area"],
        )
    ):
        found.append(("area", f"{row['area']} 是县区", "统筹区（市）、省或全国"))
    return found


def _flag_faults(row: Mapping[str, Any], kind: str | None) -> list[tuple[str, str, str]]:
    medicines = ("drug", "herb", "granule", "preparation")
    allowed = {
        "herb": medicines,
        "negotiated": ("drug",),
        "special": ("drug",),
        "basic_medicine": medicines,
        "child_medicine": medicines,
        "procured": (*medicines, "consumable"),
    }
    found = []
    if kind:
        for name, kinds in allowed.items():
            if row.get(name) and kind not in kinds:
                found.append((name, f"{KINDS[kind]}不会是{FLAGS[name]}", "0"))
        if kind == "herb" and row.get("herb") is False:
            found.append(("herb", "中药饮片须计入中药倾斜", "1"))
    return found
