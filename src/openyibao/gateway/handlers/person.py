"""1101 人员信息获取, 2001 人员待遇享受检查."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from openyibao.catalogue import facade as catalogue
from openyibao.catalogue.errors import CodeUnknown
from openyibao.gateway.handlers.base import Call, Reply, handles
from openyibao.gateway.handlers.common import Row, age_tenths
from openyibao.gateway.standards import funds_checked, words
from openyibao.institutions import facade as institutions
from openyibao.kernel.clock import business_day
from openyibao.kernel.errors import Refused
from openyibao.people import facade as people
from openyibao.people.contracts import Dossier, Membership, Spell
from openyibao.people.errors import IdentityMismatch

IDENTITY_CARD = "02"
"""mdtrt_cert_type of an identity card, whose number is a certificate number."""
RESIDENT_ID = "01"
"""psn_cert_type of a resident's identity card, assumed where a caller names none."""
CHRONIC = "14"


@handles("1101")
def person_info(call: Call) -> Reply:
    """Who somebody is, how insured, in which helped groups. With `begntime`, coverage since that day."""
    wanted = call.data["data"]
    number = _certificate(wanted)
    found = people.find_person(call.actor, wanted.get("psn_cert_type", RESIDENT_ID), number, wanted.get("psn_name", ""))
    since = business_day(wanted["begntime"]) if "begntime" in wanted else None
    identity = found.identity()
    base = {
        "psn_no": found.main_no,
        "psn_cert_type": identity.cert_type,
        "certno": identity.cert_no,
        "psn_name": identity.name,
        "gend": found.gender,
        "naty": found.ethnicity,
        "brdy": found.born_on,
        "age": age_tenths(found.born_on, call.today),
    }
    return Reply(
        {
            "baseinfo": base,
            "insuinfo": [_insured(call, found, spell) for spell in _shown(found, call.today, since)],
            "idetinfo": [_group(one) for one in _groups(found, call.today, since)],
        }
    )


def _certificate(wanted: Row) -> str:
    """The certificate number to look for. Raises: IdentityMismatch when a message states two."""
    number, shown = wanted.get("certno", ""), wanted["mdtrt_cert_no"]
    if number and wanted["mdtrt_cert_type"] == IDENTITY_CARD and number.upper() != shown.upper():
        raise IdentityMismatch("就诊凭证编号与证件号码不是同一证件", hint="以身份证就诊时，两处填同一号码")
    return str(number or shown)


def _shown(found: Dossier, today: date, since: date | None) -> list[Spell]:
    """Coverage to show: from a day on, or today's, or else the last there was."""
    if since is not None:
        return [spell for spell in found.spells if spell.until is None or spell.until > since]
    now = [spell for spell in found.spells if spell.covers(today)]
    return now or list(found.spells[-1:])


def _insured(call: Call, found: Dossier, spell: Spell) -> dict[str, Any]:
    standing = spell.covers(call.today) and found.died_on is None
    return {
        "balc": _balance(call, found, spell),
        "insutype": words("insutype").get(spell.scheme, ""),
        "psn_type": words("psn_type").get(spell.status, ""),
        "psn_insu_stas": words("psn_insu_stas")[spell.state if standing else "ended"],
        "psn_insu_date": spell.since,
        "paus_insu_date": spell.since if spell.state == "suspended" else _last_day(spell.until),
        "cvlserv_flag": "1" if "civil_servant" in found.supplements_on(call.today) else "0",
        "insuplc_admdvs": spell.pooling_area,
        "emp_name": spell.employer_name,
    }


def _balance(call: Call, found: Dossier, spell: Spell) -> int:
    """Fen in the personal account of the spell's pool; 0 without one."""
    if spell.scheme != "employee":
        return 0
    accounts = people.accounts_of(call.actor, found.main_no)
    return sum(one.balance_fen for one in accounts if one.area == spell.pooling_area and one.closed_on is None)


def _last_day(until: date | None) -> date | None:
    return until - timedelta(days=1) if until else None


def _groups(found: Dossier, today: date, since: date | None) -> Iterator[Membership]:
    for one in found.groups:
        if (one.until is None or one.until > (since or today)) and one.since <= today:
            yield one


def _group(one: Membership) -> dict[str, Any]:
    return {
        "psn_idet_type": words("psn_idet_type").get(one.name, ""),
        "begntime": one.since,
        "endtime": _last_day(one.until),
    }


@handles("2001")
def entitlement(call: Call) -> Reply:
    """Which funds would pay for a visit on a day, and if not, why; `fixmedins_code` of the input is of no account."""
    wanted = call.data["data"]
    found = people.dossier(call.actor, wanted["psn_no"])
    day = business_day(wanted["begntime"])
    scheme = next((word for word, code in words("insutype").items() if code == wanted["insutype"]), "")
    reason = _reason(call, found, wanted, scheme, day)
    rows = [
        _fund(found, wanted, fund, reason or _lacking(found, holds, day), day) for fund, holds in funds_checked(scheme)
    ]
    return Reply({"trtinfo": rows or [_fund(found, wanted, "999997", reason or "该险种不在本平台结算", day)]})


def _reason(call: Call, found: Dossier, wanted: Row, scheme: str, day: date) -> str:
    """Why no fund pays at all; "" when nothing stands in the way."""
    try:
        found.coverage_on(day, scheme)
        institutions.institution(call.institution_code).agreement_on(day)
    except Refused as refusal:
        return str(refusal)
    if wanted["med_type"].startswith(CHRONIC) and not _chronic_filed(found, wanted, day):
        return "没有该病种已认定的门诊慢特病备案。先办理慢特病资格认定，或按普通门诊就诊"
    return ""


def _chronic_filed(found: Dossier, wanted: Row, day: date) -> bool:
    filings = found.filings_on(day, "chronic")
    code = wanted.get("dise_codg", "")
    if not code:
        return bool(filings)
    names = {wanted.get("dise_name", "")} - {""}
    with suppress(CodeUnknown):
        names |= set(catalogue.chronic_disease(code, day).names)
    return any(filing.disease_code == code or filing.disease in names for filing in filings)


def _lacking(found: Dossier, holds: str, day: date) -> str:
    """Why this one fund does not pay."""
    if holds == "civil_servant" and "civil_servant" not in found.supplements_on(day):
        return "不享受公务员医疗补助"
    if holds == "groups" and not found.groups_on(day):
        return "不是医疗救助对象"
    spell = found.spell_on(day)
    if holds == "account" and (spell is None or spell.pool_only):
        return "没有个人账户"
    return ""


def _fund(found: Dossier, wanted: Row, fund: str, reason: str, day: date) -> dict[str, Any]:
    spell = found.spell_on(day)
    return {
        "psn_no": found.main_no,
        "trt_chk_type": "01",
        "fund_pay_type": fund,
        "trt_enjymnt_flag": "0" if reason else "1",
        "begndate": max(spell.since, spell.benefit_from) if spell else day,
        "enddate": _last_day(spell.until) if spell else None,
        "trt_chk_rslt": reason,
    }
