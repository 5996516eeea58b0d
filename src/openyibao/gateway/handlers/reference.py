"""1201 医药机构信息获取, 1312 医保目录信息查询, 1901 字典表查询."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from openyibao.catalogue import facade as catalogue
from openyibao.catalogue.contracts import ItemFilter, ItemVersion
from openyibao.catalogue.terms import CLASS_CODES, LIST_TYPES
from openyibao.gateway.errors import DictionaryUnknown
from openyibao.gateway.handlers.base import Call, Reply, handles
from openyibao.gateway.standards import code_tables
from openyibao.institutions import facade as institutions
from openyibao.institutions.contracts import Institution
from openyibao.institutions.errors import InstitutionUnknown
from openyibao.kernel.clock import SHANGHAI

CLASSES = {code: letter for letter, code in CLASS_CODES.items()}
KINDS = {code: kind for kind, code in LIST_TYPES.items()}


@handles("1201")
def institution_info(call: Call) -> Reply:
    """Institutions by type, code or part of the name: one object for one found, a list for several."""
    wanted = call.data["medinsinfo"]
    found = institutions.search(
        wanted.get("fixmedins_name", ""),
        institution_type=wanted.get("fixmedins_type", ""),
        code=wanted.get("fixmedins_code", ""),
    )
    if not found:
        raise InstitutionUnknown("没有符合条件的定点医药机构", hint="核对机构类型、编号或名称关键字")
    rows = [_institution(one, call.today) for one in found]
    return Reply({"medinsinfo": rows[0] if len(rows) == 1 else rows})


def _institution(one: Institution, day: date) -> dict[str, Any]:
    profile = next((p for p in one.profiles if p.start <= day and (p.until is None or day < p.until)), None)
    return {
        "fixmedins_code": one.code,
        "fixmedins_name": profile.name if profile else one.name,
        "uscc": one.uscc,
        "fixmedins_type": one.institution_type,
        "hosp_lv": profile.hosp_lv if profile else "",
    }


@handles("1312")
def items(call: Call) -> Reply:
    """A page of the catalogue, versions changed since a day first to last."""
    wanted = call.data["data"]
    if wanted.get("vali_flag") == "0":
        return Reply({"data": [], "page_num": wanted["page_num"], "page_size": wanted["page_size"], "total": 0})
    restricted = wanted.get("lmt_used_flag")
    page = catalogue.search(
        ItemFilter(
            on=wanted.get("query_date"),
            code=wanted.get("hilist_code", ""),
            name=wanted.get("hilist_name", ""),
            kind=KINDS.get(wanted.get("list_type", ""), ""),
            charge_type=wanted.get("med_chrgitm_type", ""),
            item_class=CLASSES.get(wanted.get("chrgitm_lv", ""), ""),
            restricted=None if restricted is None else restricted == "1",
            areas=(wanted["insu_admdvs"],) if "insu_admdvs" in wanted else (),
            changed_since=datetime.combine(wanted["updt_time"], time.min, SHANGHAI),
        ),
        wanted["page_num"],
        wanted["page_size"],
    )
    rows = [_item(version) for version in page.versions]
    return Reply({"data": rows, "page_num": page.page, "page_size": wanted["page_size"], "total": page.total})


def _item(version: ItemVersion) -> dict[str, Any]:
    item = version.item
    return {
        "hilist_code": item.code,
        "hilist_name": item.name,
        "insu_admdvs": item.area,
        "begndate": version.valid_from,
        "enddate": version.valid_until - timedelta(days=1) if version.valid_until else None,
        "med_chrgitm_type": item.charge_type,
        "chrgitm_lv": item.class_code,
        "lmt_used_flag": "1" if item.restricted else "0",
        "list_type": item.list_type,
        "med_use_flag": "1",
        "matn_used_flag": "1",
        "hilist_use_type": "",
        "lmt_cpnd_type": "1",
        "memo": item.restriction,
        "vali_flag": "0" if version.voided_at else "1",
        "rid": str(item.version_id),
        "updt_time": version.voided_at or version.recorded_at,
        "crte_time": version.recorded_at,
        "poolarea_no": item.area,
    }


@handles("1901")
def dictionary(call: Call) -> Reply:
    """The values of a code table. Raises: DictionaryUnknown."""
    wanted = call.data["data"]
    name = wanted["type"].lower()
    table = code_tables().get(name)
    if table is None:
        raise DictionaryUnknown(f"没有字典 {wanted['type'][:30]}", hint="可查的字典见接口文档“字典”一节")
    rows = [] if wanted.get("Vali_Flag") == "0" else table.codes
    return Reply(
        {
            "list": [
                {"type": name, "label": code.title, "value": code.code, "sort": at, "valiFlag": "1", "version": 1}
                for at, code in enumerate(rows, 1)
            ]
        }
    )
