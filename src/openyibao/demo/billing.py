"""Bills through the settlement room's door (就诊结算装载): registered, priced, settled, cancelled, left open."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from openyibao.catalogue import facade as catalogue
from openyibao.catalogue.contracts import Item, ItemFilter
from openyibao.demo import material
from openyibao.demo.bills import Bill
from openyibao.demo.days import Calendar, moment
from openyibao.demo.events import Event
from openyibao.demo.material import happens, stream
from openyibao.demo.places import Place
from openyibao.settlement import facade as settlement
from openyibao.settlement.contracts import (
    Admit,
    Caller,
    Cancel,
    Circumstances,
    Diagnosis,
    Discharge,
    FeeLine,
    PricedLine,
    RecordVisit,
    RegisterVisit,
    Settle,
    SettlementList,
    Totals,
    UploadLines,
)

_ORDER = 5
_E10_TO_FEN = 100_000_000
"""quantity (1/10^4) times price (1/10^6 yuan) is 1/10^10 yuan; this many of them make one fen."""


class Shelf:
    """The catalogue's items by name, as each level of institution prices them."""

    def __init__(self, day: date) -> None:
        self.day = day
        found = catalogue.search(ItemFilter(on=day), 1, 1_000).versions
        self._codes: dict[str, str] = {}
        for version in found:
            item = version.item
            for name in (item.name, f"{item.name}|{item.form}"):
                self._codes.setdefault(name, item.code)
        self._priced: dict[tuple[str, str], dict[str, Item]] = {}
        diagnoses = [
            illness["diagnosis"] for kind in ("chronic", "acute", "special") for illness in material.illnesses()[kind]
        ]
        self.diagnoses = catalogue.codes_on("diagnosis", diagnoses, day)
        self.diseases = {
            name: code.code
            for kind in ("two_disease", "chronic")
            for code in catalogue.list_codes(kind, day)
            for name in code.names
        }
        self.two_diseases = {
            name: code.code for code in catalogue.list_codes("two_disease", day) for name in code.names
        }

    def item(self, name: str, place: Place) -> Item:
        """An item as an institution is paid for it."""
        key = (place.area, place.level)
        if key not in self._priced:
            codes = sorted(set(self._codes.values()))
            self._priced[key] = catalogue.items_on(codes, self.day, place.area, place.level)
        return self._priced[key][self._codes[name]]


class Till:
    """Takes bills to the settlement room, at their time."""

    def __init__(self, seed: int, calendar: Calendar, shelf: Shelf) -> None:
        self.seed = seed
        self.calendar = calendar
        self.shelf = shelf
        self.settled = 0
        self.cancelled = 0
        self.lines = 0
        self._open: dict[int, str] = {}
        self._last: dict[int, str] = {}
        self._sent = 0

    def events(self, bills: Sequence[Bill]) -> Iterator[Event]:
        for bill in bills:
            yield from self._stay_events(bill) if bill.inpatient else self._visit_events(bill)

    def _visit_events(self, bill: Bill) -> Iterator[Event]:
        at = moment(bill.day, 9 + bill.serial % 8, bill.serial * 7 % 50)
        yield Event(at, _ORDER, bill.serial, partial(self._visit, bill, at))
        if bill.fate == "cancelled_late":
            month_after = (bill.last.replace(day=1) + timedelta(days=31)).replace(day=6)
            late = moment(month_after, 11)
            if late < self.calendar.at:
                yield Event(late, _ORDER, bill.serial, partial(self._cancel, bill, late))

    def _stay_events(self, bill: Bill) -> Iterator[Event]:
        admitted, left = moment(bill.day, 8, bill.serial * 7 % 50), moment(bill.last, 16, bill.serial * 7 % 50)
        yield Event(admitted, _ORDER, bill.serial, partial(self._admit, bill, admitted))
        if bill.mid_stay:
            middle = moment(bill.day + (bill.last - bill.day) // 2, 15)
            yield Event(middle, _ORDER, bill.serial, partial(self._mid_stay, bill, middle))
        yield Event(left, _ORDER, bill.serial, partial(self._leave, bill, left))

    # Outpatients ----------------------------------------------------------------------------------------------

    def _visit(self, bill: Bill, at: datetime) -> None:
        person = bill.member.no
        doctor, name = bill.place.doctor
        visit = settlement.register_visit(
            self._caller(bill, "2201", at),
            RegisterVisit(
                *(person, bill.insutype, at, f"MZ{bill.serial:08d}"),
                dept_code="A03",
                dept_name="内科",
                doctor_code=doctor,
                doctor_name=name,
            ),
        )
        self._open[bill.serial] = visit
        disease, code = bill.disease, ""
        if disease:
            code = (self.shelf.two_diseases if bill.med_type == "1403" else self.shelf.diseases)[disease]
        settlement.record_visit(
            self._caller(bill, "2203", at),
            RecordVisit(
                *(visit, person, bill.med_type, at, code, disease),
                diagnoses=self._diagnoses(bill),
                circumstances=self._circumstances(bill),
            ),
        )
        rng = stream(self.seed, "lines", bill.serial)
        if bill.fate == "open" and happens(rng, 3_000):
            return
        lines = self._upload(bill, visit, Cart(self.shelf, bill, rng).visit_lines(), at, inpatient=False)
        if bill.fate == "open":
            return
        self._settle(bill, visit, lines, at + timedelta(minutes=4))
        if bill.fate == "resettled":
            self._cancel(bill, at + timedelta(minutes=12))
            self._settle(bill, visit, lines, at + timedelta(minutes=20))

    def _cancel(self, bill: Bill, at: datetime) -> None:
        number, visit = self._last[bill.serial], self._open[bill.serial]
        infno = "2305" if bill.inpatient else "2208"
        settlement.reverse(self._caller(bill, infno, at), Cancel(number, visit, bill.member.no, bill.inpatient))
        self.cancelled += 1

    # Stays ----------------------------------------------------------------------------------------------------

    def _admit(self, bill: Bill, at: datetime) -> None:
        name = self.shelf.diagnoses[bill.illness["diagnosis"]].name
        doctor, doctor_name = bill.place.doctor
        self._open[bill.serial] = settlement.admit(
            self._caller(bill, "2401", at),
            Admit(
                *(bill.member.no, bill.insutype, at, bill.med_type, f"ZY{bill.serial:08d}"),
                diagnoses=self._diagnoses(bill),
                circumstances=self._circumstances(bill),
                details={
                    "adm_dept_codg": "A03",
                    "adm_dept_name": "内科",
                    "adm_bed": f"{bill.serial % 40 + 1}",
                    "adm_diag_dscr": name,
                    "atddr_no": doctor,
                    "chfpdr_name": doctor_name,
                },
            ),
        )

    def _mid_stay(self, bill: Bill, at: datetime) -> None:
        rng = stream(self.seed, "mid", bill.serial)
        visit = self._open[bill.serial]
        cart = Cart(self.shelf, bill, rng).stay_lines((at.date() - bill.day).days, admission=True)
        lines = self._upload(bill, visit, cart, at, inpatient=True, part="M")
        self._settle(bill, visit, lines, at, mid_stay=True)

    def _leave(self, bill: Bill, at: datetime) -> None:
        rng = stream(self.seed, "lines", bill.serial)
        visit = self._open[bill.serial]
        days = max(1, (bill.last - bill.day).days)
        cart = Cart(self.shelf, bill, rng)
        rows = cart.stay_lines(days - days // 2 if bill.mid_stay else days, admission=not bill.mid_stay)
        lines = self._upload(bill, visit, rows, at, inpatient=True)
        if bill.fate == "open" and happens(rng, 5_000):
            return
        settlement.discharge(
            self._caller(bill, "2402", at),
            Discharge(visit, bill.member.no, bill.insutype, at, "1", diagnoses=self._diagnoses(bill)),
        )
        if bill.fate == "open":
            return
        self._settle(bill, visit, lines, at + timedelta(minutes=15))
        if bill.fate == "resettled":
            self._cancel(bill, at + timedelta(minutes=30))
            self._settle(bill, visit, lines, at + timedelta(minutes=40))
        self._list(bill, visit, days, at + timedelta(hours=2))

    def _list(self, bill: Bill, visit: str, days: int, at: datetime) -> None:
        """Send the settlement list (4101) of a stay, without which it is not paid."""
        if at > self.calendar.at:
            return
        code = self.shelf.diagnoses[bill.illness["diagnosis"]]
        body = {
            "setlinfo": {
                "adm_time": f"{moment(bill.day):%F %T}",
                "dscg_time": f"{at:%F %T}",
                "act_ipt_days": days,
                "dscg_caty": "A03",
                "dscg_way": "1",
                "setl_end_date": f"{at:%F}",
            },
            "diseinfo": [
                {
                    "diag_type": "1",
                    "diag_code": code.code,
                    "diag_name": code.name,
                    "adm_cond_type": "1",
                    "maindiag_flag": "1",
                }
            ],
            "oprninfo": [],
        }
        settlement.record_settlement_list(
            self._caller(bill, "4101", at),
            SettlementList(self._last[bill.serial], visit, bill.member.no, "short", body),
        )

    # Both -----------------------------------------------------------------------------------------------------

    def _upload(
        self,
        bill: Bill,
        visit: str,
        rows: Sequence[tuple[str, int, int, str, int]],
        at: datetime,
        *,
        inpatient: bool,
        part: str = "L",
    ) -> list[PricedLine]:
        """Send the lines; they come back split."""
        doctor, _ = bill.place.doctor
        lines = tuple(
            FeeLine(
                sn=f"{part}{bill.serial:06d}{at_row:03d}",
                visit_no=visit,
                person_no=bill.member.no,
                item_code=code,
                amount_fen=(quantity * price + _E10_TO_FEN // 2) // _E10_TO_FEN,
                quantity_e4=quantity,
                price_e6=price,
                fee_at=min(at, moment(bill.day + timedelta(days=day), 10)) if inpatient else at,
                batch_no="" if inpatient else "1",
                approved=approved,
                dept_code="A03",
                doctor_code=doctor,
            )
            for at_row, (code, quantity, price, approved, day) in enumerate(rows, 1)
        )
        self.lines += len(lines)
        infno = "2301" if inpatient else "2204"
        return settlement.upload_lines(self._caller(bill, infno, at), UploadLines(lines, inpatient))

    def _settle(
        self, bill: Bill, visit: str, lines: Sequence[PricedLine], at: datetime, *, mid_stay: bool = False
    ) -> None:
        command = Settle(
            visit_no=visit,
            person_no=bill.member.no,
            insutype=bill.insutype,
            total_fen=sum(line.amount_fen for line in lines),
            inpatient=bill.inpatient,
            batch_no="" if bill.inpatient else "1",
            med_type=bill.med_type,
            totals=Totals(
                sum(line.non_covered_fen for line in lines),
                sum(line.over_limit_fen for line in lines),
                sum(line.prior_self_pay_fen for line in lines),
                sum(line.in_scope_fen for line in lines),
            ),
            mid_stay=mid_stay,
            invoice_no=f"FP{bill.serial:08d}",
        )
        made = settlement.settle(self._caller(bill, "2304" if bill.inpatient else "2207", at), command)
        self._last[bill.serial] = made.settlement_no
        self.settled += 1

    def _caller(self, bill: Bill, infno: str, at: datetime) -> Caller:
        self._sent += 1
        code = bill.place.code
        msgid = f"{code}{at:%Y%m%d%H%M%S}{self._sent % 10_000:04d}"
        return Caller(bill.place.actor, code, msgid, infno, at, "演示收费员")

    def _diagnoses(self, bill: Bill) -> tuple[Diagnosis, ...]:
        code = self.shelf.diagnoses[bill.illness["diagnosis"]]
        doctor, name = bill.place.doctor
        return (Diagnosis("1", 1, code.code, code.name, True, doctor, name, "A03", f"{moment(bill.day):%F %T}"),)

    def _circumstances(self, bill: Bill) -> Circumstances:
        said = dict(bill.said)
        if bill.prescriber is not None:
            said["prescriber_code"] = bill.prescriber.code
        return Circumstances(**said)


Row = tuple[str, int, int, str, int]
"""A line to be: item code, quantity in 1/10^4, price in 1/10^6 yuan, approval mark, day of the stay from 0."""


class Cart:
    """What one bill is made of."""

    def __init__(self, shelf: Shelf, bill: Bill, rng: random.Random) -> None:
        self.shelf = shelf
        self.bill = bill
        self.rng = rng
        self.shares = material.shares()["bills"]
        self.common: dict[str, Any] = material.illnesses()["common"]
        self.rows: list[Row] = []

    def visit_lines(self) -> list[Row]:
        """Lines of a visit or of a prescription filled at a pharmacy."""
        illness, rng = self.bill.illness, self.rng
        if "drug" in illness:
            self._add(illness["drug"], illness["quantity"])
            return self.rows
        if self.bill.place.level != "pharmacy":
            self._add(self._consult(), 1)
            for name in illness.get("always", ()):
                self._add(name, 1)
            tests = illness["tests"]
            for name in rng.sample(tests, min(len(tests), rng.choice((0, 1, 1, 2)))):
                self._add(name, 1)
        drugs = illness["drugs"]
        for name, low, high in rng.sample(drugs, min(len(drugs), rng.randint(1, 4))):
            self._add(name, rng.randint(int(low), int(high)))
        if illness.get("herbs"):
            doses = rng.choice((5, 7, 10))
            for name in rng.sample(self.common["herbs"], illness["herbs"]):
                self._add(name, doses * rng.choice((6, 9, 10, 12, 15)))
        self._outside(illness)
        return self.rows

    def stay_lines(self, days: int, *, admission: bool) -> list[Row]:
        """Lines of a stay, or of one half of it."""
        illness, rng, common = self.bill.illness, self.rng, self.common
        stay = illness.get("stay", illness)
        days = max(1, days)
        for name in (common["bed"], rng.choice(common["nursing"]), common["consult"]["inpatient"]):
            self._add(name, days, spread=days)
        if admission:
            for name in rng.sample(common["admission"], rng.randint(3, len(common["admission"]))):
                self._add(name, 1)
            for name in stay["once"]:
                if happens(rng, 8_000):
                    self._add(name, 1, spread=days)
            if happens(rng, stay.get("surgery_bp", 0)):
                for name in stay["surgery"]:
                    self._add(name, 6 if "螺钉" in name else 1, spread=min(2, days))
        for name, quantity in self.bill.member.story.get("extra", {}).items():
            self._add(name, quantity)
        for name in common["treatment"]:
            self._add(name, days * rng.randint(1, 2), spread=days)
        if happens(rng, 3_000):
            for name in common["monitoring"]:
                self._add(name, rng.randint(12, 72), spread=days)
        for name in stay.get("daily", ()):
            self._add(name, days, spread=days)
        for name, low, high in stay.get("drugs", ()):
            quantity = round(days * rng.uniform(low, high), 1)
            if quantity:
                self._add(name, quantity, spread=days)
        if happens(rng, 1_500):
            self._add(rng.choice(common["self_paid"]), rng.randint(1, days))
        self._outside(illness)
        return self.rows

    def _consult(self) -> str:
        consult: dict[str, str] = self.common["consult"]
        if self.bill.med_type == "13":
            return consult["emergency"]
        low = self.bill.place.level in ("primary", "community", "ungraded")
        return consult["primary" if low else "outpatient"]

    def _outside(self, illness: dict[str, Any]) -> None:
        """Now and then something the catalogue does not know."""
        if illness.get("unknown") or happens(self.rng, self.shares["unknown_code_bp"]):
            price = self.rng.randint(20, 300) * 1_000_000
            self.rows.append((f"YN{self.rng.randint(1, 99):04d}", 10_000, price, "", 0))

    def _add(self, name: str, quantity: float, *, spread: int = 1) -> None:
        item = self.shelf.item(name, self.bill.place)
        ceiling, listed = item.ceiling_micro, item.price_micro
        price = (ceiling if item.kind == "service" else listed) or ceiling or listed
        assert price, f"{item.code} has no price"
        if ceiling and happens(self.rng, self.shares["over_limit_bp"]):
            price = ceiling * 115 // 100 // 10_000 * 10_000 or ceiling
        approved = "1" if item.restricted and not happens(self.rng, self.shares["unapproved_bp"]) else ""
        day = self.rng.randrange(spread) if spread > 1 else 0
        self.rows.append((item.code, round(quantity * 10_000), price, approved, day))
