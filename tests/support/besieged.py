"""Hospitals that live ordinary visits while each of their messages is preceded by damaged copies of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.support.hospital import Hospital, Line, OutcomeUnknown, RefusedByPlatform, Reply, stamp, sums_of
from tests.support.hostile_messages import SECRET, SIGNED, Message, damaged
from tests.support.siege import Siege

PERSONS = 60


class Disturbed(Exception):
    """A damaged message was accepted and changed the visit under way; what follows may be refused."""


class Besieged(Hospital):
    """A hospital each of whose messages is preceded by damaged copies of it."""

    def __init__(self, siege: Siege, code: str, persons: Mapping[str, tuple[str, str]], each: int) -> None:
        super().__init__(("127.0.0.1", 1), code)
        self.siege = siege
        self.persons = persons
        self.each = each
        self.disturbed = False

    def send(self, infno: str, data: Mapping[str, Any], msgid: str = "", **members: Any) -> dict[str, Any]:
        self._name(data)
        number = msgid or self.msgid()
        body = self.body(infno, data, number, **members)
        some, shared = self.siege.dice, False
        for _ in range(self.each if some.random() < 0.25 else some.choice((0, 0, 0, 1))):
            base = body if self.siege.dice.random() < 0.3 else self.body(infno, data, self.msgid(), **members)
            shared = shared or base is body
            if self.siege.hostile(damaged(self.siege.dice, base, self.siege.known)):
                self.disturbed = True
        answer = self.siege.good(infno, body)
        self.siege.known.seen = [*self.siege.known.seen[-60:], body]
        if answer.status != 200:
            self.siege.found.fault(f"HTTP {answer.status} to a good message", Message(body, "good"), answer.body)
            raise Disturbed
        reply = Reply(answer.body, json.loads(answer.body, parse_float=Decimal))
        try:
            return reply.output
        except (RefusedByPlatform, OutcomeUnknown) as refusal:
            used = shared and reply.code == "MSGID_REUSED"  # a damaged 2601 of this number found nothing and was done
            if not self.disturbed and not used and reply.code != "LATER_SETTLEMENT":
                self.siege.found.fault(f"a good message was refused: {refusal}", Message(body, "good"), answer.body)
            raise Disturbed from None

    def _name(self, data: Mapping[str, Any]) -> None:
        """Let the message say who the person is: what logs and errors must not repeat."""
        for node in data.values():
            for row in node if isinstance(node, list) else [node]:
                if isinstance(row, dict) and "mdtrt_cert_type" in row and row.get("psn_no") in self.persons:
                    name, cert_no = self.persons[row["psn_no"]]
                    row |= {"mdtrt_cert_type": "02", "mdtrt_cert_no": cert_no, "certno": cert_no, "psn_name": name}


class Ground:
    """Institutions, persons, and the visits they live."""

    def __init__(self, seed: int) -> None:
        from openyibao.gateway import facade as gateway
        from openyibao.institutions import facade as institutions
        from openyibao.people import facade as people
        from tests.support.actors import SYSTEM, actor
        from tests.support.world import ITEMS, NOW, World, choose_items, instant

        self.dice = random.Random(f"ground {seed}")
        self.question = {"type": "INSUTYPE", "admdvs": "371500", "date": "2025-03-05", "vali_flag": "1"}
        self.instant = instant
        self.world = World.made()
        choose_items()
        self.item = ITEMS["in_scope"]
        self.codes = [self.world.hospital(level) for level in ("tertiary", "secondary", "primary")]
        for code in self.codes:
            gateway.register_credential(SYSTEM, institution_code=code, area=code[1:7], security="none")
        self.codes.append(SIGNED)
        assert SIGNED not in institutions.institutions([SIGNED])
        for security in ("aksk", "tif", "xca"):
            gateway.register_credential(
                SYSTEM, institution_code=SIGNED, area="371500", security=security, key="KEY", secret=SECRET
            )
        employees = [self.world.person(balance_fen=(at % 3) * 50_000) for at in range(PERSONS * 2 // 3)]
        residents = [self.world.person("resident", "adult") for _ in range(PERSONS - len(employees))]
        for owner, member in zip(employees[1:], residents, strict=False):
            people.authorise_family(actor("agency"), owner, member, on=date(2024, 1, 1), at=NOW)
        self.insutypes = {**dict.fromkeys(employees, "310"), **dict.fromkeys(residents, "390")}
        self.identities = {one: people.dossier(SYSTEM, one).identity() for one in self.insutypes}
        self.named = {one: (who.name, who.cert_no) for one, who in self.identities.items()}

    @property
    def personal(self) -> dict[str, str]:
        """Text that belongs to one person -> what it is."""
        made = {}
        for number, who in self.identities.items():
            made |= {
                who.cert_no: f"certificate of {number}",
                who.phone: f"phone of {number}",
                who.name: f"name of {number}",
            }
        return made

    def person_ids(self) -> list[int]:
        from tests.support.truth import person_id

        return [person_id(number) for number in self.insutypes]

    def live(self, siege: Siege, until: Callable[[], bool], each: int) -> None:
        """Visits one after the other until there were enough messages."""
        siege.known.persons = list(self.insutypes)
        siege.known.institutions = [*self.codes, "H00000000000", ""]
        siege.known.certificates = [cert_no for _, cert_no in self.named.values()]
        at = 0
        while not until():
            at += 1
            person = self.dice.choice(list(self.insutypes))
            hospital = Besieged(siege, self.dice.choice(self.codes[:3]), self.named, each)
            visit = Visit(self, hospital, siege, person, until, f"{siege.way.name[:2]}{at}")
            with suppress(Disturbed, Enough, KeyError):  # a success without its output is a fault already
                visit.asked()
                (visit.stay if self.dice.random() < 0.45 else visit.outpatient)()


class Enough(Exception):
    """As many messages as were asked for were sent."""


class Visit:
    """One visit from beginning to end, and what is asked about it."""

    def __init__(
        self, ground: Ground, hospital: Besieged, siege: Siege, person: str, until: Callable[[], bool], case: str
    ) -> None:
        self.hospital, self.siege, self.person, self.until, self.case = hospital, siege, person, until, case
        self.ground = ground
        self.insutype = ground.insutypes[person]
        self.dice = ground.dice
        self.at = ground.instant(date(2025, 1, 10) + timedelta(days=self.dice.randrange(500)))

    def go(self, send: Callable[..., dict[str, Any]], *values: Any, **more: Any) -> dict[str, Any]:
        if self.until():
            raise Enough
        return send(*values, **more)

    def asked(self) -> None:
        """Questions and sign-ins, a few each time."""
        name, cert_no = self.ground.named[self.person]
        day = self.at.strftime("%Y-%m-%d")
        check = {"psn_no": self.person, "insutype": self.insutype, "med_type": "11", "begntime": day}
        hospital, go = self.hospital, self.go
        some = self.dice.random
        if some() < 0.3:
            go(hospital.person, cert_no, name)
        if some() < 0.2:
            go(hospital.send, "2001", {"data": check})
        if some() < 0.1:
            go(hospital.send, "1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_name": "示例"}})
        if some() < 0.1:
            page = {"updt_time": "2000-01-01", "page_num": 1, "page_size": 3, "hilist_name": "片"}
            go(hospital.send, "1312", {"data": page})
        if some() < 0.1:
            go(hospital.send, "1901", {"data": self.ground.question})
        if some() < 0.15:
            number = go(hospital.sign_in)["signinoutb"]["sign_no"]
            go(hospital.send, "9002", {"signOut": {"sign_no": number, "opter_no": "T001"}})

    def lines(self, yuan: int, count: int) -> list[Line]:
        made = []
        for at in range(count):
            pieces = self.dice.randint(1_00, yuan * 100)
            code = self.ground.item if self.dice.random() < 0.8 else "NOT-IN-CATALOGUE"
            made.append(Line(f"{self.case}-{at}", code, f"{Decimal(pieces) / 100:.2f}", str(pieces)))
        return made

    def outpatient(self) -> None:
        hospital, go, person = self.hospital, self.go, self.person
        visit = go(hospital.register, person, self.insutype, self.at, self.case)["data"]["mdtrt_id"]
        self._know(visits=visit)
        if self.dice.random() < 0.5:
            go(hospital.record, person, visit, self.at)
        else:
            info = {
                "mdtrt_id": visit,
                "psn_no": person,
                "med_type": "11",
                "begntime": stamp(self.at),
            }
            go(hospital.send, "2203A", {"mdtrtinfo": info, "diseinfo": [_diagnosis(self.at)]})
        sums = sums_of(go(hospital.upload, person, visit, self.lines(60, self.dice.randint(1, 3)), self.at))
        if self.dice.random() < 0.4:
            go(hospital.trial, person, visit, sums, self.insutype)
        number = hospital.msgid()
        made = go(hospital.settle, person, visit, sums, self.insutype, msgid=number)["setlinfo"]["setl_id"]
        self._know(settlements=made)
        self._afterwards(visit, made, "2207", number, hospital.cancel)
        if self.dice.random() < 0.5:
            go(hospital.withdraw, person, visit)
            go(hospital.cancel_registration, person, visit, self.case)

    def stay(self) -> None:
        hospital, go, person = self.hospital, self.go, self.person
        number = hospital.msgid()
        visit = go(hospital.admit, person, self.insutype, self.at, self.case, msgid=number)["result"]["mdtrt_id"]
        self._know(visits=visit)
        if self.dice.random() < 0.15:
            go(hospital.compensate, person, "2401", number)
            return
        if self.dice.random() < 0.4:
            go(hospital.amend, person, visit, self.at)
        wanted = self.lines(900, 3)
        first = go(hospital.upload, person, visit, wanted, self.at, inpatient=True)
        if self.dice.random() < 0.5:
            go(hospital.withdraw_lines, person, visit, wanted[2].sn)
            first = {"result": first["result"][:2]}
        go(hospital.discharge, person, visit, self.insutype, self.at + timedelta(days=5))
        sums = sums_of(first)
        if self.dice.random() < 0.4:
            go(hospital.trial_of_stay, person, visit, sums, self.insutype)
        number = hospital.msgid()
        info = go(hospital.settle_stay, person, visit, sums, self.insutype, msgid=number)["setlinfo"]
        self._know(settlements=info["setl_id"])
        if self.dice.random() < 0.5:
            self._sheet(visit, info)
        self._afterwards(visit, info["setl_id"], "2304", number, hospital.cancel_stay)
        if self.dice.random() < 0.6:
            go(hospital.cancel_discharge, person, visit)
            go(hospital.withdraw_lines, person, visit)
            go(hospital.cancel_admission, person, visit)

    def _afterwards(
        self, visit: str, made: str, infno: str, number: str, cancel: Callable[..., dict[str, Any]]
    ) -> None:
        """Questions about a settlement, then its cancellation or compensation, three times in four."""
        hospital, go = self.hospital, self.go
        if self.dice.random() < 0.3:
            go(hospital.settlement, self.person, visit, made)
        if self.dice.random() < 0.2:
            go(hospital.accumulators, self.person)
        choice = self.dice.random()
        if choice < 0.25:
            raise Enough
        if choice < 0.5:
            go(hospital.compensate, self.person, infno, number)
        else:
            go(cancel, self.person, visit, made)

    def _sheet(self, visit: str, info: Mapping[str, Any]) -> None:
        from tests.gateway.messages import list_4101

        full = self.dice.random() < 0.5
        sheet = list_4101(full)
        sheet["setlinfo"].update(mdtrt_id=visit, setl_id=info["setl_id"])
        if full:
            sheet["setlinfo"].update(acct_pay=str(info["acct_pay"]), psn_cashpay=str(info["psn_cash_pay"]))
            sheet["setlinfo"]["psn_name"] = self.ground.named[self.person][0]
            sheet["iteminfo"][0].update(amt=str(info["medfee_sumamt"]))
        else:
            sheet["setlinfo"]["psn_no"] = self.person
        self.go(self.hospital.send, "4101" if full or self.dice.random() < 0.5 else "4101A", sheet)

    def _know(self, **found: str) -> None:
        for name, value in found.items():
            setattr(self.siege.known, name, [*getattr(self.siege.known, name)[-60:], value])


def _diagnosis(at: Any) -> dict[str, Any]:
    return {
        "diag_type": "1",
        "diag_srt_no": 1,
        "diag_code": "I10.x00",
        "diag_name": "高血压",
        "diag_dept": "内科",
        "dise_dor_no": "D1",
        "dise_dor_name": "李示例",
        "diag_time": stamp(at),
        "vali_flag": "1",
    }
