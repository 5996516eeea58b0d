"""Persons and employers (人员与单位登记): who they are, found by identity document or number."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction

from openyibao.foundation import audit, crypto
from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.people import store
from openyibao.people.contracts import Dossier, Identity, sealed
from openyibao.people.errors import IdentityMismatch, PersonUnknown
from openyibao.people.terms import CERT_TYPES, EMPLOYMENTS, GENDERS

_RESIDENT_ID = re.compile(r"[1-9][0-9]{16}[0-9X]|[1-9][0-9]{14}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def register_person(
    actor: Actor,
    identity: Identity,
    *,
    gender: str,
    born_on: date,
    area: str,
    at: datetime,
    ethnicity: str = "",
    note: str = "",
) -> str:
    """Register a person (人员登记); answers the person number (psn_no).

    Args: gender as in gend ("1" male, "2" female); ethnicity as in naty; area of the agency that registers.
    Raises: Malformed with every fault; DuplicatePerson, also for two at once; NotPermitted.
    """
    require(actor, "people.register", area)
    with transaction.atomic():
        return register(actor, identity, gender, born_on, area, at, ethnicity, note).no


def register(
    actor: Actor, identity: Identity, gender: str, born_on: date, area: str, at: datetime, ethnicity: str, note: str
) -> store.Person:
    """The same inside an open transaction, without asking for permission."""
    clean = _clean(identity, gender, born_on, area)
    cert = _hash(clean.cert_type, clean.cert_no)
    person_id, no = store.insert_person(sealed(clean), cert, gender, born_on, ethnicity, area, note, at)
    person = store.Person(person_id, no, area, born_on, None)
    store.note(actor, person, "registered", born_on, at, cert_type=clean.cert_type)
    return person


def amend_identity(actor: Actor, person_no: str, identity: Identity, *, gender: str, on: date, at: datetime) -> None:
    """Replace a person's identity (变更身份信息): a newborn's first identity card, a new name, phone or passport.

    The old document no longer finds the person. The date of birth stays.
    Raises: Malformed, DuplicatePerson when another person has the document, PersonUnknown, NotPermitted.
    """
    with transaction.atomic():
        (person,) = store.locked(person_no)
        require(actor, "people.register", person.area)
        clean = _clean(identity, gender, person.born_on, person.area)
        store.update_identity(person, sealed(clean), _hash(clean.cert_type, clean.cert_no), gender)
        store.note(actor, person, "identity_amended", on, at, cert_type=clean.cert_type)


def register_employer(
    actor: Actor, *, employer_no: str, name: str, kind: str, area: str, at: datetime, uscc: str = ""
) -> None:
    """Register an employer (参保单位登记). kind: organ, enterprise or social_group.

    Raises: Malformed, RecordExists, NotPermitted.
    """
    require(actor, "people.register", area)
    if kind not in EMPLOYMENTS or kind == "flexible" or not employer_no or not name.strip():
        allowed = "、".join(key for key in EMPLOYMENTS if key != "flexible")
        raise Malformed([Fault("employer", 0, "kind", f"单位 {employer_no!r} 类型 {kind!r} 或名称有误", allowed)])
    with transaction.atomic():
        store.insert_employer(employer_no, name.strip(), uscc.strip().upper(), kind, area, at)
        audit.record(actor, "people.employer_registered", employer_no, area, kind=kind)


def find_person(actor: Actor, cert_type: str, cert_no: str, name: str = "") -> Dossier:
    """The person with an identity document (证件查人), by keyed hash only.

    Args: name, when stated, must be the registered one.
    Raises: PersonUnknown, IdentityMismatch, NotPermitted.
    """
    person_id = store.person_of_cert(_hash(cert_type, cert_no))
    if person_id is None:
        require(actor, "people.read_identity", actor.area)
        raise PersonUnknown(
            f"没有证件 {crypto.mask_cert(cert_no.strip())} 的人员", hint="核对证件类型与号码，或先办理人员登记"
        )
    found = _read(actor, "people.read_identity", "d.person_id = %s", person_id)
    if name and found.identity().name != name.strip():
        raise IdentityMismatch(
            f"姓名 {crypto.mask_name(name.strip())} 与证件不符", hint="核对姓名与证件号码", person_no=found.main_no
        )
    return found


def dossier(actor: Actor, key: str | int) -> Dossier:
    """The record of a person (人员档案) by number or by id. Raises: PersonUnknown, NotPermitted."""
    if isinstance(key, int):
        where = "d.person_id = (SELECT coalesce(merged_into_id, id) FROM people_person WHERE id = %s)"
    else:
        where = "d.person_id = (SELECT person_id FROM people_number WHERE person_no = %s)"
    return _read(actor, "people.read_record", where, key)


def identity_of(actor: Actor, person_no: str) -> Identity:
    """Who a person is, unsealed (查看身份信息); leaves an audit row. Raises: PersonUnknown, NotPermitted."""
    where = "d.person_id = (SELECT person_id FROM people_number WHERE person_no = %s)"
    return _read(actor, "people.read_identity", where, person_no).identity()


def person_ids(actor: Actor, person_no: str) -> tuple[int, ...]:
    """A person's id and those merged into it, to find what was recorded under either. Raises: PersonUnknown."""
    person = store.person(person_no)
    require(actor, "people.read_record", reading_area(actor, person.area))
    return tuple(store.ids_of(person.id))


def reading_area(actor: Actor, home: str) -> str:
    """Where a reader needs the right: an institution where it is, whoever comes to it; others in the person's area."""
    return actor.area if "institution" in actor.roles else home


def _read(actor: Actor, permission: str, where: str, key: object) -> Dossier:
    """One statement for the record and its home area, and one for the audit row."""
    found = store.dossier_with_home(where, key)
    if found is None:
        require(actor, permission, actor.area)
        raise store.unknown(key)
    record, home = found
    require(actor, permission, reading_area(actor, home))
    audit.record(actor, permission, record.main_no, home)
    return record


def _hash(cert_type: str, cert_no: str) -> bytes:
    return crypto.keyed_hash(f"{cert_type.strip()}:{cert_no.strip().upper()}")


def _clean(identity: Identity, gender: str, born_on: date, area: str) -> Identity:
    """The identity in the form it is stored. Raises: Malformed with every fault; values are not repeated in it."""
    faults: list[Fault] = []

    def fault(path: str, wrong: str, right: str) -> None:
        faults.append(Fault("person", 0, path, wrong, right))

    number = identity.cert_no.strip().upper()
    if not identity.name.strip():
        fault("name", "缺少姓名", "证件上的姓名")
    if identity.cert_type not in CERT_TYPES:
        fault("cert_type", f"不认识证件类型 {identity.cert_type!r}", "、".join(CERT_TYPES))
    if not number or len(number) > 50:
        fault("cert_no", "证件号码为空或过长", "至多 50 个字符")
    if gender not in GENDERS:
        fault("gender", f"不认识性别 {gender!r}", "、".join(GENDERS))
    try:
        areas.pooling_area_of(area)
    except ValueError as problem:
        fault("area", str(problem), "六位行政区划代码")
    if identity.cert_type == "01" and number:
        _check_resident_id(number, gender, born_on, fault)
    if faults:
        raise Malformed(faults)
    return Identity(identity.name.strip(), identity.cert_type, number, identity.phone.strip(), identity.address.strip())


def _check_resident_id(number: str, gender: str, born_on: date, fault: Callable[[str, str, str], None]) -> None:
    """Shape, check digit, birth and sex of a resident identity number (GB 11643)."""
    if not _RESIDENT_ID.fullmatch(number):
        fault("cert_no", "身份证号码格式不对", "18 位（末位可为 X）或 15 位")
        return
    if len(number) == 15:
        return
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    if "10X98765432"[total % 11] != number[-1]:
        fault("cert_no", "身份证号码校验位不对", "核对号码")
    if number[6:14] != f"{born_on:%Y%m%d}":
        fault("born_on", "出生日期与身份证号码不符", "证件上的出生日期")
    if gender in ("1", "2") and int(number[16]) % 2 != int(gender) % 2:
        fault("gender", "性别与身份证号码不符", "证件上的性别")
