"""The words of the field in one place: codes used in files and code, and the Chinese a page or message shows."""

from __future__ import annotations

SCHEMES = {
    "employee": "职工基本医疗保险",
    "resident": "城乡居民基本医疗保险",
    "retired_cadre": "离休人员医疗保障",
    "disabled_serviceman": "一至六级残疾军人医疗补助",
}
BENEFITS = {
    "inpatient": "住院",
    "outpatient": "普通门诊",
    "chronic": "门诊慢特病",
    "two_disease": "两病门诊用药",
    "special_drug": "特药",
    "separate_drug": "国谈药单独支付",
    "delivery": "住院分娩",
    "prenatal": "产前检查",
    "long_term_care": "长期护理",
}
LEVELS = {
    "community": "社区",
    "primary": "一级",
    "secondary": "二级",
    "tertiary": "三级",
    "ungraded": "未定级",
    "pharmacy": "药店",
}
STATUSES = {"active": "在职", "retired": "退休", "adult": "成年居民", "student": "大学生", "child": "学生儿童"}
STATUSES_OF = {
    "employee": ("active", "retired"),
    "resident": ("adult", "student", "child"),
    "retired_cadre": ("retired", "active"),
    "disabled_serviceman": ("active", "retired"),
}
GROUPS = {
    "extremely_poor": "特困人员",
    "minimum_living": "低保对象",
    "returned_to_poverty": "返贫致贫人口",
    "low_income_edge": "低保边缘家庭成员",
    "monitored": "防止返贫监测对象",
    "impoverished_by_illness": "因病致贫重病患者",
    "registered_poor": "建档立卡贫困人口",
}
CLASSES = {"standard": "标准档", "first": "一档", "second": "二档"}
CHILDREN = {"child_1": "一孩", "child_2": "二孩", "child_3": "三孩及以上"}
CARE_KINDS = {"medical": "医疗专护", "institution": "机构护理", "home": "居家护理"}
FILINGS = {
    "long_term": "异地长期居住备案",
    "referral": "转诊备案",
    "emergency": "急诊抢救",
    "temporary": "临时外出备案",
    "none": "未备案",
}
REGIONS = {"in_province": "省内异地", "out_of_province": "跨省异地"}
ORIGINS = {"emergency": "急诊入院", "transfer_up": "上转", "transfer_down": "下转"}
EXCLUSIONS = {
    "work_injury": "应由工伤保险基金支付",
    "third_party": "应由第三人负担",
    "public_health": "应由公共卫生负担",
    "abroad": "境外就医",
}
LAYERS = {
    "basic_pool": "基本医保统筹基金",
    "long_term_care": "长期护理保险",
    "serious_illness": "大病保险",
    "special_drug": "大病保险特药",
    "enterprise_supplement": "企业补充医疗保险",
    "civil_servant": "公务员医疗补助",
    "assistance": "医疗救助",
    "assistance_second": "医疗再救助（倾斜救助）",
    "guarantee": "兜底保障",
    "liaohuibao_in_scope": "聊惠保（政策范围内）",
    "liaohuibao_out_of_list": "聊惠保（目录外）",
    "liaohuibao_special_drug": "聊惠保（特药）",
}
COMPONENTS = {
    "in_scope": "政策范围内费用",
    "deductible": "起付线",
    "co_pay": "范围内自付",
    "above_cap": "封顶线以上",
    "prior_self_pay": "先行自付",
    "remote_first_self_pay": "异地首先自付",
    "over_limit": "超限价自费",
    "non_covered": "全自费",
    "special_drug": "特药",
}
FIELDS = {
    "medfee_sumamt": "医疗费总额",
    "fulamt_ownpay_amt": "全自费金额",
    "overlmt_selfpay": "超限价自费",
    "preselfpay_amt": "先行自付",
    "inscp_scp_amt": "符合政策范围",
    "act_pay_dedc": "实际起付线",
    "hifp_pay": "统筹基金",
    "cvlserv_pay": "公务员补助",
    "hifes_pay": "企业补充",
    "hifmi_pay": "居民大病",
    "hifob_pay": "职工大额",
    "hifdm_pay": "伤残人员保障",
    "maf_pay": "医疗救助",
    "oth_pay": "其他基金",
    "fund_pay_sumamt": "基金支付合计",
    "hosp_part_amt": "医院负担",
    "psn_part_amt": "个人负担",
    "acct_pay": "个人账户",
    "psn_cash_pay": "个人现金",
    "balc": "账户余额",
    "supplement_pay": "商业补充（不入基金）",
}
FUND_FIELDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay")
CERTAINTIES = {"seed": "原文印载", "public": "公开来源", "assumed": "假定", "case": "本例给定", "reform": "改革方案"}

DIMENSIONS = {
    "level": tuple(level for level in LEVELS if level != "pharmacy"),
    "status": tuple(STATUSES),
    "group": tuple(GROUPS),
    "contribution_class": tuple(CLASSES),
    "child": tuple(CHILDREN),
    "care_kind": tuple(CARE_KINDS),
    "filing": tuple(FILINGS),
    "region": tuple(REGIONS),
}
"""What a figure may depend on. Keys are unique across dimensions, so a mapping needs no dimension's name."""

DIMENSION_OF = {key: name for name, keys in DIMENSIONS.items() for key in keys}

LABELS = {
    **LEVELS,
    **STATUSES,
    **GROUPS,
    **CLASSES,
    **CHILDREN,
    **CARE_KINDS,
    **FILINGS,
    **REGIONS,
    "helped": "帮扶对象",
}


def layer_name(layer: str) -> str:
    """Chinese name of a layer; an area's own layer without one is shown by its code."""
    return LAYERS.get(layer, layer)
