"""A small world to settle bills in: institutions of every level, the sample catalogue, persons made to order.

Everything is made through the rooms' doors. Lines are made of items of the catalogue so that a bill has the four sums a
test wants: one item wholly in scope, one outside the list.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from openyibao.catalogue import facade as catalogue
from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM, Actor
from openyibao.institutions import facade as institutions
from openyibao.institutions.contracts import AgreementDraft, Registration
from openyibao.kernel.clock import SHANGHAI
from openyibao.ledger import facade as ledger
from openyibao.people import facade as people
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import (
    Admit,
    Caller,
    Circumstances,
    Discharge,
    FeeLine,
    RecordVisit,
    RegisterVisit,
    Settle,
    Settlement,
    Totals,
    UploadLines,
)
from tests.support.actors import actor
from tests.support.invented import identity

BEGINNING = date(2015, 1, 1)
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai."""
LEVELS = {"primary": "8", "secondary": "5", "tertiary": "2", "community": "14", "ungraded": "11"}
_serial = itertools.count(1)


def instant(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI)


@dataclass
class World:
    """Where tests settle: institution codes by (area, level)."""

    hospitals: dict[tuple[str, str], str] = field(default_factory=dict)
    now: datetime = NOW

    @classmethod
    def made(cls) -> World:
        """The sample catalogue and nothing else yet."""
        if not catalogue.version_number():
            catalogue.load_sample(SYSTEM, NOW)
        return cls()

    def hospital(self, level: str = "tertiary", area: str = "371502") -> str:
        """Code of a hospital of a level in an area, made when first asked for."""
        if (area, level) not in self.hospitals:
            serial = len(self.hospitals) + 1
            code = f"H{area}{serial:05d}"
            kind = "pharmacy" if level == "pharmacy" else "hospital"
            new = Registration(
                code,
                f"示例{level}机构{serial}",
                kind,
                f"12{area}{serial:010d}",
                area,
                level,
                LEVELS.get(level, ""),
                BEGINNING,
            )
            agency = actor("agency", area)
            institutions.register(agency, new, NOW)
            institutions.sign_agreement(agency, code, AgreementDraft("basic", f"XY{serial}", BEGINNING), NOW)
            self.hospitals[area, level] = code
        return self.hospitals[area, level]

    def person(
        self,
        scheme: str = "employee",
        status: str = "active",
        *,
        area: str = "371500",
        since: date = BEGINNING,
        groups: tuple[str, ...] = (),
        balance_fen: int = 0,
        born_on: date = date(1975, 3, 4),
        **more: Any,
    ) -> str:
        """A covered person's number."""
        agency = actor("agency", area)
        number = people.register_person(
            agency, identity(born_on), gender="1", born_on=born_on, area=area, at=instant(since)
        )
        facts: dict[str, Any] = {"employment": "enterprise"} if scheme == "employee" else {}
        people.enrol(
            agency, number, area=area, scheme=scheme, status=status, on=since, at=instant(since), **(facts | more)
        )
        for group in groups:
            people.join_group(agency, number, group=group, on=since, at=instant(since))
        if balance_fen:
            self.fund_account(number, balance_fen, area)
        return number

    def fund_account(self, person_no: str, fen: int, area: str = "371500") -> int:
        """Put money into a person's account; its id."""
        from django.db import transaction

        account = people.open_person_account(actor("agency", area), person_no, area=area, on=BEGINNING, at=NOW)
        account_id = account if isinstance(account, int) else account.id
        with transaction.atomic():
            ledger.post_template(
                "account_transfer_in",
                {f"account:{account_id}": fen},
                {},
                area=area,
                day=self.now.astimezone(SHANGHAI).date(),
                at=self.now,
                document_kind="test",
                document_no=f"T{next(_serial)}",
            )
        return account_id

    def caller(self, institution: str, infno: str = "2207", at: datetime | None = None) -> Caller:
        area = institution[1:7]
        who = Actor(institution, frozenset({"institution"}), area)
        return Caller(who, institution, f"{institution}{next(_serial):018d}", infno, at or self.now, "测试员")

    # Visits ---------------------------------------------------------------------------------------------------

    def visit(
        self, person_no: str, institution: str, day: date, med_type: str = "11", insutype: str = "310", **more: Any
    ) -> str:
        """An outpatient visit, registered and recorded."""
        caller = self.caller(institution)
        number = settlement.register_visit(
            caller, RegisterVisit(person_no, insutype, instant(day), f"MZ{next(_serial)}")
        )
        settlement.record_visit(caller, RecordVisit(number, person_no, med_type, instant(day), **more))
        return number

    def stay(
        self, person_no: str, institution: str, admitted: date, insutype: str = "310", med_type: str = "21", **more: Any
    ) -> str:
        """An admission."""
        return settlement.admit(
            self.caller(institution),
            Admit(person_no, insutype, instant(admitted), med_type, f"ZY{next(_serial)}", **more),
        )

    def discharge(self, person_no: str, institution: str, visit_no: str, ended: date, insutype: str = "310") -> None:
        settlement.discharge(
            self.caller(institution), Discharge(visit_no, person_no, insutype, instant(ended, 17), "1")
        )

    def upload(
        self,
        person_no: str,
        institution: str,
        visit_no: str,
        day: date,
        sums: dict[str, int],
        *,
        inpatient: bool = False,
        batch: str = "B1",
    ) -> list[Any]:
        """Lines whose split has the wanted sums in fen: in_scope and non_covered."""
        lines = [
            FeeLine(
                sn=f"L{next(_serial)}",
                visit_no=visit_no,
                person_no=person_no,
                item_code=ITEMS[kind],
                amount_fen=fen,
                quantity_e4=fen * 10_000,
                price_e6=10_000,
                fee_at=instant(day, 10),
                batch_no="" if inpatient else batch,
            )
            for kind, fen in sums.items()
            if fen
        ]
        return settlement.upload_lines(self.caller(institution), UploadLines(tuple(lines), inpatient))

    def settle(
        self,
        person_no: str,
        institution: str,
        visit_no: str,
        total: int,
        *,
        inpatient: bool = False,
        batch: str = "B1",
        insutype: str = "310",
        **more: Any,
    ) -> Settlement:
        return settlement.settle(
            self.caller(institution, "2304" if inpatient else "2207"),
            Settle(visit_no, person_no, insutype, total, inpatient, "" if inpatient else batch, **more),
        )

    def bill(
        self,
        person_no: str,
        institution: str,
        day: date,
        in_scope: int,
        *,
        non_covered: int = 0,
        insutype: str = "310",
        med_type: str = "11",
        **more: Any,
    ) -> Settlement:
        """A whole outpatient bill in one call."""
        visit = self.visit(person_no, institution, day, med_type, insutype)
        self.upload(person_no, institution, visit, day, {"in_scope": in_scope, "non_covered": non_covered})
        return self.settle(person_no, institution, visit, in_scope + non_covered, insutype=insutype, **more)

    def stay_bill(
        self,
        person_no: str,
        institution: str,
        discharged: date,
        in_scope: int,
        *,
        days: int = 5,
        insutype: str = "310",
        non_covered: int = 0,
        circumstances: Circumstances | None = None,
        **more: Any,
    ) -> Settlement:
        """A whole inpatient bill in one call."""
        admitted = discharged - timedelta(days=days)
        visit = self.stay(person_no, institution, admitted, insutype, circumstances=circumstances or Circumstances())
        self.upload(
            person_no, institution, visit, admitted, {"in_scope": in_scope, "non_covered": non_covered}, inpatient=True
        )
        self.discharge(person_no, institution, visit, discharged, insutype)
        return self.settle(
            person_no, institution, visit, in_scope + non_covered, inpatient=True, insutype=insutype, **more
        )


ITEMS = {"in_scope": "", "non_covered": "NOT-IN-CATALOGUE"}
"""Item codes by the sum they make; the in-scope one is found in the catalogue when first needed."""


def choose_items() -> None:
    """Find an item wholly in scope: class A, no own share, no restriction; a fen a piece is under any ceiling."""
    found = sql.one(
        "SELECT code FROM catalogue_item WHERE item_class = 'A' AND own_ratio_bp = 0 AND NOT herb AND NOT special"
        " AND restriction = '' AND kind = 'service' ORDER BY code LIMIT 1"
    )
    assert found is not None, "the sample catalogue has no plain class A service"
    ITEMS["in_scope"] = found[0]


__all__ = ["ITEMS", "NOW", "SYSTEM", "Totals", "World", "choose_items", "instant"]
