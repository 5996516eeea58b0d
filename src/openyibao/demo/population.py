"""Who lives in Liaocheng in small (缩小的参保人口): drawn from a seed, nothing else; the database is not asked.

The named persons come first and are the same under every seed but for their numbers; the others follow the shares of
the data file. What a person is decides what befalls them: illnesses by age, filings by illnesses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from openyibao.demo import identities, material
from openyibao.demo.days import Calendar
from openyibao.demo.material import banded, happens, stream, weighted

EMPLOYERS = 40
KINDS = {"enterprise": "有限公司", "organ": "事务中心", "social_group": "协会"}


@dataclass(frozen=True)
class Employer:
    """An invented employer (参保单位)."""

    no: str
    name: str
    kind: str
    county: str


@dataclass
class Member:
    """One person to be registered, and all that is to be recorded of them. `no` is known after registration.

    story: what the data file says beside it (named persons only); fate: suspended, ended, deceased or "".
    """

    serial: int
    key: str
    name: str
    gender: str
    born_on: date
    county: str
    scheme: str = ""
    status: str = ""
    cert_type: str = "01"
    cert_no: str = ""
    phone: str = ""
    address: str = ""
    ethnicity: str = "01"
    employment: str = ""
    employer_no: str = ""
    pool_only: bool = False
    wage_fen: int = 0
    balance_fen: int = 0
    contributes: bool = False
    groups: list[str] = field(default_factory=list)
    supplements: list[str] = field(default_factory=list)
    illnesses: list[str] = field(default_factory=list)
    chronic: list[str] = field(default_factory=list)
    two_disease: list[str] = field(default_factory=list)
    remote: tuple[str, str] | None = None
    relatives: list[tuple[int, str]] = field(default_factory=list)
    """Serial numbers of those who may spend this person's account, with the relation."""
    fate: str = ""
    story: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    no: str = ""

    @property
    def named(self) -> bool:
        return bool(self.key)

    def age_on(self, day: date) -> int:
        return day.year - self.born_on.year - ((day.month, day.day) < (self.born_on.month, self.born_on.day))


def employers(seed: int) -> list[Employer]:
    """Employers of every kind, in every county."""
    rng = stream(seed, "employers")
    counties = list(material.shares()["counties"])
    words = ["光岳", "东昌", "运河", "凤凰", "金城", "湖滨", "江北", "水城", "鲁西", "铁塔"]
    found = []
    for at in range(EMPLOYERS):
        kind = "organ" if at % 3 == 1 else "social_group" if at % 20 == 5 else "enterprise"
        name = f"{rng.choice(words)}示例第{at + 1}{KINDS[kind]}"
        found.append(Employer(f"3715D{at + 1:05d}", name, kind, counties[at % len(counties)]))
    return found


def people(seed: int, count: int, calendar: Calendar) -> list[Member]:
    """So many persons, the named ones first, in the order in which they are registered."""
    named = [_named(serial, entry, calendar) for serial, entry in enumerate(material.named_persons(), 1)]
    by_key = {member.key: member for member in named}
    for member in named:
        owner = by_key.get(member.story.get("family_of", ""))
        if owner is not None:
            owner.relatives.append((member.serial, member.story["relation"]))
    works = employers(seed)
    for member in named:
        _employ(member, works, stream(seed, "employer", member.serial))
    others = [_other(seed, serial, calendar, works) for serial in range(len(named) + 1, count + 1)]
    _families(seed, others)
    return named + others


# Named ----------------------------------------------------------------------------------------------------------


def _named(serial: int, entry: dict[str, Any], calendar: Calendar) -> Member:
    born = calendar.ago(entry["born_days_ago"]) if "born_days_ago" in entry else entry["born"]
    gender = entry.get("gender", "1")
    cert = entry.get("cert", {"type": "01", "number": identities.cert_no(born, gender, serial)})
    scheme = entry.get("scheme", "")
    remote = entry.get("remote")
    return Member(
        serial=serial,
        key=entry["key"],
        name=entry["name"],
        gender=gender,
        born_on=born,
        county=entry.get("county", "371502"),
        scheme=scheme,
        status=entry.get("status", ""),
        cert_type=cert["type"],
        cert_no=cert["number"],
        phone=identities.phone(serial),
        address="示例路 1 号",
        employment=entry.get("employment", "enterprise") if scheme == "employee" else "",
        pool_only=entry.get("pool_only", False),
        wage_fen=600_000,
        balance_fen=round(entry.get("balance_yuan", 0) * 100),
        contributes=scheme == "employee" and entry.get("contributions", True),
        groups=entry.get("groups", []),
        supplements=entry.get("supplements", []),
        chronic=entry.get("chronic", []),
        two_disease=entry.get("two_disease", []),
        remote=(remote["type"], remote["area"]) if remote else None,
        story=entry,
        note=entry["note"],
    )


# Others ---------------------------------------------------------------------------------------------------------


def _other(seed: int, serial: int, calendar: Calendar, works: list[Employer]) -> Member:
    rng = stream(seed, "person", serial)
    shares = material.shares()
    if happens(rng, shares["employee_bp"]):
        scheme, status = "employee", "retired" if happens(rng, shares["retired_bp"]) else "active"
    else:
        scheme, status = "resident", weighted(rng, shares["resident"])
    age = banded(rng, shares["ages"][status])
    # anchored to the year, so that the same seed makes the same identity numbers all year
    born = date(calendar.today.year - age, 1, 1) - timedelta(days=rng.randrange(1, 366))
    gender = rng.choice("12")
    words = material.names()
    given = words["given"][gender]
    county = weighted(rng, shares["counties"])
    member = Member(
        serial=serial,
        key="",
        name=weighted(rng, words["surnames"]) + rng.choice(given) + (rng.choice(given) if rng.random() < 0.7 else ""),
        gender=gender,
        born_on=born,
        county=county,
        scheme=scheme,
        status=status,
        cert_no=identities.cert_no(born, gender, serial),
        phone=identities.phone(serial),
        address=f"{rng.choice(words['towns'])}{rng.choice(words['villages'])}村 {rng.randint(1, 99)} 号",
        ethnicity=weighted(rng, words["ethnicities"]),
    )
    if scheme == "employee":
        _as_employee(rng, member, works, shares)
    else:
        _as_resident(rng, member, shares)
    _fall_ill(rng, member, calendar)
    if member.age_on(calendar.today) >= 50 and happens(rng, shares["remote_bp"] * 2):
        member.remote = ("long_term", "370100")
    member.fate = weighted(rng, {"": 985, "suspended": 6, "ended": 5, "deceased": 4})
    return member


def _as_employee(rng: random.Random, member: Member, works: list[Employer], shares: dict[str, Any]) -> None:
    member.employment = weighted(rng, shares["employment"])
    member.pool_only = happens(rng, shares["pool_only_bp"])
    _employ(member, works, rng)
    contribution = shares["contribution"]
    member.wage_fen = banded(rng, contribution["wages_yuan"]) // 10 * 1_000
    if member.status == "retired":
        member.wage_fen = 0
    if not member.pool_only:
        member.balance_fen = banded(rng, shares["account_opening_yuan"]) * 100 + rng.randrange(100)
    member.contributes = True
    if member.employment == "organ" and happens(rng, shares["civil_servant_bp"]):
        member.supplements.append("civil_servant")
    elif member.employment == "enterprise" and happens(rng, shares["enterprise_supplement_bp"]):
        member.supplements.append("enterprise")


def _employ(member: Member, works: list[Employer], rng: random.Random) -> None:
    fitting = [work for work in works if work.kind == member.employment]
    if fitting and member.status == "active":
        near = [work for work in fitting if work.county == member.county] or fitting
        member.employer_no = rng.choice(near).no


def _as_resident(rng: random.Random, member: Member, shares: dict[str, Any]) -> None:
    for group, bp in shares["groups_bp"].items():
        if happens(rng, bp):
            member.groups.append(group)
            break
    member.contributes = happens(rng, shares["contribution"]["resident_sample_bp"])


def _fall_ill(rng: random.Random, member: Member, calendar: Calendar) -> None:
    """Illnesses by age; most of the ill have them recognised, the mild of the residents as one of the two diseases."""
    age = member.age_on(calendar.today)
    for illness in material.illnesses()["chronic"]:
        first, last = illness["ages"]
        if not first <= age <= last or not happens(rng, illness["share_bp"]):
            continue
        if illness.get("employee_only") and member.scheme != "employee":
            continue
        if illness.get("resident_only") and member.scheme != "resident":
            continue
        member.illnesses.append(illness["key"])
        name = illness.get("two_disease")
        if member.scheme == "resident" and name and happens(rng, 4_500):
            member.two_disease.append(name)
        elif happens(rng, 6_500):
            member.chronic.append(illness["chronic"])


def _families(seed: int, others: list[Member]) -> None:
    """Some with money in their account let one or two residents of their county spend it."""
    rng = stream(seed, "families")
    share = material.shares()["family_bp"]
    takers: dict[str, list[Member]] = {}
    for member in others:
        if member.scheme == "resident" and not member.fate:
            takers.setdefault(member.county, []).append(member)
    for owner in others:
        free = takers.get(owner.county, [])
        if owner.balance_fen > 50_000 and not owner.fate and free and happens(rng, share):
            for relation in rng.choice((("配偶",), ("子女",), ("父母",), ("配偶", "子女"))):
                if free:
                    owner.relatives.append((free.pop(rng.randrange(len(free))).serial, relation))
