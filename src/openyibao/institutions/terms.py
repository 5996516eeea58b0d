"""The words of the institutions: kinds, levels with their national codes, agreements, penalties, practice status."""

from __future__ import annotations

KINDS = {
    "hospital": "医院",
    "primary_care": "基层医疗卫生机构",
    "clinic": "诊所、村卫生室、医务室",
    "pharmacy": "零售药店",
    "care_institution": "长期护理服务机构",
}
INSTITUTION_TYPES = {"hospital": "1", "primary_care": "1", "clinic": "1", "pharmacy": "2", "care_institution": "1"}
"""Kind -> national `fixmedins_type`."""
HOSPITAL_LEVELS = {
    "1": "三级特等",
    "2": "三级甲等",
    "3": "三级乙等",
    "4": "三级丙等",
    "5": "二级甲等",
    "6": "二级乙等",
    "7": "二级丙等",
    "8": "一级甲等",
    "9": "一级乙等",
    "10": "一级丙等",
    "11": "无等级",
    "12": "三级无等",
    "13": "二级无等",
    "14": "一级无等",
}
"""National `hosp_lv` (医院等级)."""
HOSPITAL_LEVELS_OF = {
    "tertiary": ("1", "2", "3", "4", "12"),
    "secondary": ("5", "6", "7", "13"),
    "primary": ("8", "9", "10", "14"),
    "community": ("8", "9", "10", "11", "14"),
    "ungraded": ("11",),
    "pharmacy": ("",),
}
"""Level of the policies -> the national levels it may have; a pharmacy has none."""
AGREEMENTS = {
    "basic": "基本医疗保险服务协议",
    "dual_channel": "双通道药品协议",
    "chronic": "门诊慢特病协议",
    "long_term_care": "长期护理保险协议",
    "maternity": "生育医疗服务协议",
}
STATES = {"active": "履行中", "suspended": "暂停", "ended": "已解除"}
PENALTIES = {
    "talk": "约谈",
    "correction": "责令改正",
    "fine": "罚款",
    "suspension": "责令暂停医药服务",
    "termination": "责令解除协议",
}
"""What the bureau may decide (医疗保障基金使用监督管理条例 第三十八条至第四十条)."""
PRACTICE = {"practising": "执业", "suspended": "暂停", "left": "已离开"}
PROFESSIONS = {"physician": "医师", "pharmacist": "药师", "nurse": "护士"}
