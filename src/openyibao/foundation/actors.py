"""Who acts, and what they may do (角色与权限): deny by default, roles by area, permissions as data of each room.

A role holds in the actor's own area and those below it: an agency of a city acts for its counties, never for another
city. The bureau (行政) penalises, the agency (经办) manages agreements and pays: no role holds both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

import openyibao
from openyibao.kernel import areas
from openyibao.kernel.errors import Refused


class NotPermitted(Refused):
    """The actor's roles do not allow this here (无权限)."""

    code = "NOT_PERMITTED"


@dataclass(frozen=True)
class Actor:
    """Who acts (操作人): a login or system name, roles, and the area they hold in."""

    name: str
    roles: frozenset[str]
    area: str


@dataclass(frozen=True)
class Permission:
    """One thing that may be done (权限项): its key, Chinese title, and the roles that may."""

    key: str
    title: str
    roles: frozenset[str]


ROLES = {
    "bureau": "医保局（行政）",
    "agency": "经办机构",
    "agency_review": "经办复核",
    "finance": "基金财务",
    "catalogue": "目录管理",
    "institution": "定点医药机构",
    "auditor": "内部审计",
    "system": "系统任务",
}
SYSTEM = Actor("system", frozenset({"system"}), areas.NATION)
"""Acts for jobs and for the loading of what is shipped."""


@cache
def permissions() -> Mapping[str, Permission]:
    """Every permission, from the `data/permissions.yaml` of each room. Raises: ValueError for a role nobody has."""
    found: dict[str, Permission] = {}
    for path in sorted(Path(openyibao.__file__).parent.glob("*/data/permissions.yaml")):
        for key, entry in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items():
            roles = frozenset(entry["roles"])
            if key in found or not roles <= set(ROLES):
                raise ValueError(f"{path}: {key} 重复，或有不认识的角色 {sorted(roles - set(ROLES))}")
            found[key] = Permission(key, entry["title"], roles)
    return found


def allowed(actor: Actor, permission: str, area: str) -> bool:
    """Whether the actor may do this in an area: a role that may, in the actor's own area or below it."""
    return bool(actor.roles & permissions()[permission].roles) and _within(area, actor.area)


def require(actor: Actor, permission: str, area: str) -> None:
    """Refuse unless the actor may do this in the area. Raises: NotPermitted."""
    if not allowed(actor, permission, area):
        title = permissions()[permission].title
        raise NotPermitted(
            f"{actor.name} 在 {area} 无权限“{title}”",
            hint="由有此权限的人员办理，或由管理员授予角色",
            permission=permission,
        )


@cache
def _within(area: str, own: str) -> bool:
    if own == areas.NATION:
        return True
    return area in areas.all_areas() and own in areas.lineage(area)
