"""A small world for messages: two institutions, persons, the sample catalogue, policies in force, a still clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.test import Client

from openyibao.catalogue import facade as catalogue
from openyibao.foundation import clock
from openyibao.foundation.actors import SYSTEM
from openyibao.gateway import facade as gateway
from openyibao.institutions import facade as institutions
from openyibao.institutions.contracts import AgreementDraft, Registration
from openyibao.kernel.clock import fixed_clock
from openyibao.people import facade as people
from openyibao.people.contracts import DeclaredAmounts, Identity
from openyibao.rulebook import facade as rulebook
from tests.gateway.messages import ENTRY, body
from tests.support.actors import actor
from tests.support.invented import identity

NOW = datetime(2025, 3, 5, 1, 40, 11, tzinfo=UTC)
DAY = "2025-03-05"
HOSPITAL = "H37150099901"
CLINIC = "H37150099902"
DRUG = "XA10BAA001A001010190001"


@dataclass(frozen=True)
class Insured:
    """An invented person with a number."""

    psn_no: str
    identity: Identity
    insutype: str


@contextmanager
def still_clock(at: datetime = NOW) -> Iterator[None]:
    """The platform's clock stands still."""
    before = clock.set_clock(fixed_clock(at))
    try:
        yield
    finally:
        clock.set_clock(before)


def prepare() -> None:
    """Catalogue, policies, two institutions that may call without signing."""
    at = datetime(2024, 1, 1, tzinfo=UTC)
    rulebook.publish_shipped(SYSTEM, at)
    catalogue.load_sample(SYSTEM, at)
    for code, name, level, hosp_lv in ((HOSPITAL, "示例医院", "tertiary", "2"), (CLINIC, "示例卫生院", "primary", "8")):
        kind = "hospital" if level == "tertiary" else "primary_care"
        uscc = f"91371500MA{code[-8:]}"
        institutions.register(
            actor("agency"), Registration(code, name, kind, uscc, "371500", level, hosp_lv, date(2024, 1, 1)), at
        )
        institutions.sign_agreement(actor("agency"), code, AgreementDraft("basic", f"协{code}", date(2024, 1, 1)), at)
        gateway.register_credential(SYSTEM, institution_code=code, area="371500", security="none")


def insured(
    scheme: str = "employee", status: str = "active", born_on: date = date(1980, 5, 20), **more: Any
) -> Insured:
    """A new person, covered since 2024, with 800 yuan in the account of an employee."""
    at = datetime(2024, 1, 2, tzinfo=UTC)
    who = identity(born_on)
    number = people.register_person(SYSTEM, who, gender="1", born_on=born_on, area="371500", at=at, ethnicity="1")
    employment = "flexible" if scheme == "employee" else ""
    people.enrol(
        *(SYSTEM, number),
        area="371500",
        scheme=scheme,
        status=status,
        on=date(2023, 1, 1),
        at=at,
        employment=employment,
        **more,
    )
    if scheme == "employee":
        people.open_person_account(SYSTEM, number, area="371500", on=date(2024, 1, 2), at=at)
        people.record_contribution(
            *(SYSTEM, number),
            period="2025-01",
            on=date(2025, 1, 10),
            at=at,
            declared=DeclaredAmounts(base_fen=1000000, individual_fen=80000, account_fen=80000),
        )
    return Insured(number, who, "310" if scheme == "employee" else "390")


def send(infno: str, data: Mapping[str, Any] | str, *, path: str = ENTRY, headers: Any = None, **members: Any) -> Any:
    """Post a message; the HTTP response."""
    members.setdefault("fixmedins_code", HOSPITAL)
    return post(body(infno, data, **members), path=path, headers=headers)


def post(raw: bytes, *, path: str = ENTRY, content_type: str = "application/json", headers: Any = None) -> Any:
    return Client().generic("POST", path, raw, content_type, headers=headers)


def reply_of(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.content.decode()
    made: dict[str, Any] = json.loads(response.content, parse_float=Decimal)
    return made


def ask(infno: str, data: Mapping[str, Any] | str, **more: Any) -> dict[str, Any]:
    """The output of a message that must succeed."""
    made = reply_of(send(infno, data, **more))
    assert made["infcode"] == 0, f"{infno}: {made['warn_msg']} {made['err_msg']}"
    output: dict[str, Any] = made["output"]
    return output


def refused(infno: str, data: Mapping[str, Any] | str, **more: Any) -> tuple[str, str]:
    """Code and reason of a message that must be refused."""
    made = reply_of(send(infno, data, **more))
    assert made["infcode"] == -1, made
    assert made["output"] == {}
    return made["warn_msg"], made["err_msg"]
