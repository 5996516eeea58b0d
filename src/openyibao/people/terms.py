"""Words of the people room: codes in tables and the Chinese a page or message shows."""

from __future__ import annotations

from openyibao.policy.terms import FILINGS, GROUPS, SCHEMES, STATUSES, STATUSES_OF

EMPLOYMENTS = {
    "organ": "机关事业单位",
    "enterprise": "企业",
    "social_group": "社会团体",
    "flexible": "灵活就业",
}
"""Categories of the insured of the employee scheme (参保单位类型); only the last has no employer."""
BULLETIN_GROUPS = {
    "organ": "organ",
    "enterprise": "enterprise",
    "social_group": "flexible_and_other",
    "flexible": "flexible_and_other",
}
"""The three groups a yearly bulletin prints (公报口径)."""
POLICY_EMPLOYER_KINDS = {"organ": "organ", "enterprise": "enterprise", "social_group": "organ", "flexible": "flexible"}
"""The kind of employer that contribution rules know. Social groups pay as organs do (assumed)."""
SPELL_STATES = {"normal": "正常参保", "suspended": "暂停参保"}
FILING_KINDS = {"chronic": "门诊慢特病", "two_disease": "两病用药保障", "remote": "异地就医备案"}
FILING_STATES = {"pending": "待复核", "approved": "已通过", "refused": "未通过", "ended": "已终止"}
SUPPLEMENTS = {
    "civil_servant": "公务员医疗补助",
    "enterprise": "企业补充医疗保险",
    "liaohuibao": "聊惠保",
}
REMOTE_TYPES = {key: label for key, label in FILINGS.items() if key != "none"}
CERT_TYPES = {
    "01": "居民身份证（户口簿）",
    "02": "军官证",
    "03": "武警警官证",
    "04": "港澳居民来往内地通行证",
    "05": "澳门居民来往内地通行证",
    "06": "台湾居民来往大陆通行证",
    "07": "外国人永久居留证",
    "08": "外国人护照",
    "16": "中国护照",
    "17": "港澳台居民居住证",
    "99": "其他身份证件",
    "990201": "医学出生证明",
}
"""Kinds of identity document (psn_cert_type); the codes are those of the national interface."""
GENDERS = {"0": "未知", "1": "男", "2": "女", "9": "未说明"}

__all__ = [
    "BULLETIN_GROUPS",
    "CERT_TYPES",
    "EMPLOYMENTS",
    "FILING_KINDS",
    "FILING_STATES",
    "GENDERS",
    "GROUPS",
    "POLICY_EMPLOYER_KINDS",
    "REMOTE_TYPES",
    "SCHEMES",
    "SPELL_STATES",
    "STATUSES",
    "STATUSES_OF",
    "SUPPLEMENTS",
]
