"""The words of the catalogue: kinds, classes and charge types with their Chinese and their national codes."""

from __future__ import annotations

KINDS = {
    "drug": "西药中成药",
    "herb": "中药饮片",
    "granule": "中药配方颗粒",
    "preparation": "医疗机构制剂",
    "service": "医疗服务项目",
    "consumable": "医用耗材",
}
LIST_TYPES = {
    "drug": "101",
    "herb": "102",
    "preparation": "103",
    "granule": "106",
    "service": "201",
    "consumable": "301",
}
"""Kind -> national `list_type` (目录类别)."""
CLASSES = {"A": "甲类", "B": "乙类", "C": "丙类"}
CLASS_CODES = {"A": "01", "B": "02", "C": "03"}
"""Class -> national `chrgitm_lv` (收费项目等级)."""
CHARGE_TYPES = {
    "01": "床位费",
    "02": "诊察费",
    "03": "检查费",
    "04": "化验费",
    "05": "治疗费",
    "06": "手术费",
    "07": "护理费",
    "08": "卫生材料费",
    "09": "西药费",
    "10": "中药饮片费",
    "11": "中成药费",
    "12": "一般诊疗费",
    "13": "挂号费",
    "14": "其他费",
}
"""National `med_chrgitm_type` (医疗收费项目类别)."""
CHARGE_TYPES_OF = {
    "drug": ("09", "11"),
    "preparation": ("09", "11"),
    "herb": ("10",),
    "granule": ("10",),
    "consumable": ("08",),
    "service": ("01", "02", "03", "04", "05", "06", "07", "12", "13", "14"),
}
"""Charge types an item of each kind may have."""
CODE_KINDS = {
    "diagnosis": "诊断（ICD-10 医保版）",
    "operation": "手术操作（ICD-9-CM-3 医保版）",
    "chronic": "门诊慢特病病种",
    "two_disease": "两病（高血压、糖尿病门诊用药）",
}
CERTAINTIES = {"official": "正式目录", "public": "公开来源", "assumed": "假定", "invented": "编造样例"}
