"""Words of payment packs: codes used in files and code, and the Chinese a page or message shows."""

from __future__ import annotations

METHODS = {
    "drg": "按疾病诊断相关分组（DRG）付费",
    "dip": "按病种分值（DIP）付费",
    "bed_day": "按床日付费",
    "disease": "单病种付费",
    "day_surgery": "日间手术",
    "tcm_advantage": "中医优势病种付费",
    "by_item": "总额控制下按项目付费",
}
"""Methods that price a stay."""
MEMBER_METHODS = {"capitation": "按人头付费", "consortium": "紧密型县域医共体总额付费"}
"""Methods that count members, not stays."""
GROUPED_METHODS = ("drg", "dip", "day_surgery")
"""Methods whose unit comes from a table of groups."""
PRICE_KINDS = {"rate": "固定费率（点值）", "points": "浮动点值", "amount": "金额标准"}
BASES = {"items": "个人按项目负担", "package": "个人按包干标准的比例负担"}
NEGATIVE = {
    "zero": "统筹支付为零，超出部分留给医疗机构",
    "offset": "负数冲减该机构其他病例",
    "refuse": "不支付，转人工复核",
}
"""What happens when patient and other payers bore more than the standard (统筹应付为负数时的规则)."""
HIGH = {
    "linear_add": "超过上限的倍数按基准点数线性加成",
    "deduct": "费用减去机构自担的（上限−1）倍标准",
    "cap": "按上限倍数封顶",
    "as_billed": "按实际费用",
    "normal": "按正常标准",
}
LOW = {"as_billed": "按实际费用", "ratio": "按标准乘以费用与均费之比", "normal": "按正常标准"}
LONG = {"as_billed": "按实际费用", "normal": "按正常标准"}
BANDS = {"ratio": "分值乘以费用与均费之比", "normal": "按分值", "excess": "分值乘以（倍数−起点+1）"}
COEFFICIENT_IN_BAND = {"multiply": "再乘系数", "inside": "系数代替式中的 1", "none": "不乘系数"}
BENCHMARKS = {"mean": "本组均费", "level_mean": "本组同级别均费", "standard": "支付标准"}
OVER_BUDGET = {"scale": "同比例压减至可分配额", "fund_bears": "由基金承担"}
POINT_BASES = {"fund": "基金可分配额", "total": "基金可分配额与个人、其他支付之和"}
PROVENANCE = ("seed", "public", "assumed")
"""Certainty of a figure: printed in a given document, from a public source, or assumed."""
STATUSES = {
    "normal": "正常病例",
    "high": "高倍率病例",
    "low": "低倍率病例",
    "long_stay": "超长住院",
    "ungrouped": "未入组病例",
    "unstable": "不稳定组病例",
    "special": "特例单议",
    "outside": "异地参保（不在本地预算内）",
    "refused": "不能计价",
}
