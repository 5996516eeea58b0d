"""Every bill settled over HTTP equals the case file settled by the policy room, to the fen.

A random person-year is lived twice: as messages of a hospital to a running server, and as a case given to the policies.
What the platform prices, the case takes as the four sums; what the platform refuses, the case must refuse too.
`python -m tests.proofs.equality --bills 20000 --seed 1`
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from openyibao.foundation.actors import SYSTEM
from openyibao.gateway.facade import register_credential
from openyibao.kernel.errors import Malformed, Refused
from openyibao.kernel.money import fen_from_yuan, yuan_text
from openyibao.policy.facade import Policies, case_from, year_as_rows
from tests.support.hospital import Hospital, OutcomeUnknown, RefusedByPlatform, bill, stamp
from tests.support.world import World, choose_items, instant

COMPARED = (
    *("medfee_sumamt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc"),
    *("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay"),
    *("fund_pay_sumamt", "hosp_part_amt", "psn_part_amt", "acct_pay", "psn_cash_pay", "balc"),
)
LEVELS = ("community", "primary", "secondary", "tertiary", "ungraded")
AREAS = {"371500": (2022, 2023, 2024), "370200": (2024,), "370100": (2024,), "370600": (2024,)}
CARE = {"371500": "371502", "370200": "370203", "370100": "370102", "370600": "370602"}
GROUPS = ("extremely_poor", "minimum_living", "low_income_edge", "monitored", "impoverished_by_illness")
DISEASES = {"恶性肿瘤": "", "高血压病": "", "糖尿病": "", "冠心病": ""}
INSUTYPE = {"employee": "310", "resident": "390"}


@dataclass
class Palette:
    """Items of the catalogue by what they make of a line: (code, price in 1/1,000,000 yuan)."""

    plain: str
    shared: list[str]
    capped: list[tuple[str, int]]
    herbs: list[str]
    special: list[str]


@dataclass
class Life:
    """One person-year: who they are, and what happens, in order."""

    seed: int
    number: str = ""
    case: dict[str, Any] = field(default_factory=dict)
    plans: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Outcome:
    bills: int = 0
    cancelled: int = 0
    refused: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.bills += other.bills
        self.cancelled += other.cancelled
        self.refused += other.refused
        self.differences += other.differences


def palette() -> Palette:
    """Choose items from the loaded catalogue."""
    from openyibao.foundation import sql

    choose_items()
    from tests.support.world import ITEMS

    open_items = "restriction = '' AND NOT special AND area = '000000'"
    bare = "ceiling_micro IS NULL AND ceiling_tertiary_micro IS NULL"
    shared = sql.rows(
        f"SELECT code FROM catalogue_item WHERE item_class = 'B' AND own_ratio_bp > 0 AND NOT herb AND {open_items}"
    )
    capped = sql.rows(
        "SELECT code, ceiling_micro FROM catalogue_item WHERE item_class = 'A' AND ceiling_micro > 1000000"
        f" AND ceiling_tertiary_micro IS NULL AND NOT herb AND {open_items}"
    )
    herbs = sql.rows(f"SELECT code FROM catalogue_item WHERE herb AND item_class = 'A' AND {bare} AND {open_items}")
    special = sql.rows("SELECT code FROM catalogue_item WHERE special")
    return Palette(
        ITEMS["in_scope"],
        [row[0] for row in shared],
        [(row[0], row[1]) for row in capped],
        [row[0] for row in herbs],
        [row[0] for row in special],
    )


class Draw:
    """Draws one life."""

    def __init__(self, seed: int, items: Palette) -> None:
        self.r = random.Random(seed)
        self.items = items
        self.life = Life(seed)

    def made(self) -> Life:
        r = self.r
        area = r.choices(list(AREAS), (8, 1, 1, 1))[0]
        year = r.choice(AREAS[area])
        scheme = r.choice(("employee", "resident"))
        status = r.choice(("active", "retired") if scheme == "employee" else ("adult", "student", "child"))
        groups = r.sample(GROUPS, r.choices((0, 1, 2), (60, 30, 10))[0])
        balance = self.amount(900) if scheme == "employee" and r.random() < 0.8 else 0
        filings = []
        if r.random() < 0.4:
            for disease in r.sample(list(DISEASES), r.choice((1, 2))):
                filings.append({"kind": "chronic", "disease": disease, "from": f"{year - 1}-05-01"})
        if r.random() < 0.2:
            other = r.choice([code for code in AREAS if code != area])
            filings.append(
                {"kind": "remote", "type": r.choice(("long_term", "referral")), "area": other, "from": f"{year}-02-01"}
            )
        person: dict[str, Any] = {
            "area": area,
            "scheme": scheme,
            "status": status,
            "groups": groups,
            "filings": filings,
            "account_balance": yuan_text(balance),
        }
        if scheme == "employee" and status == "active" and r.random() < 0.2:
            person["history"] = [{"from": f"{year}-{r.randint(2, 11):02d}-15", "status": "retired"}]
        self.life.case = {"person": person, "visits": []}
        self.life.plans = [self.plan(person, year) for _ in range(r.choices((1, 2, 4, 7, 12), (20, 25, 25, 20, 10))[0])]
        self.life.plans.sort(key=lambda plan: plan["day"])
        return self.life

    def amount(self, typical: int) -> int:
        return max(1, int(typical * 100 * self.r.lognormvariate(0, 1.3)))

    def plan(self, person: dict[str, Any], year: int) -> dict[str, Any]:
        r = self.r
        chronic = [filing["disease"] for filing in person["filings"] if filing["kind"] == "chronic"]
        benefit = r.choices(
            ("inpatient", "outpatient", "chronic", "two_disease", "delivery", "special_drug", "cancel"),
            (40, 30, 15 if chronic else 1, 4 if person["scheme"] == "resident" else 0, 3, 2, 10),
        )[0]
        day = date(year, 1, 1) + timedelta(days=r.randrange(20, 360))
        care = person["area"] if r.random() < 0.85 else r.choice(list(AREAS))
        plan: dict[str, Any] = {"day": day, "benefit": benefit, "care": care, "level": r.choice(LEVELS)}
        plan["account"] = r.random() < 0.8
        if benefit == "chronic":
            plan["disease"] = r.choice(chronic or list(DISEASES))
        elif benefit == "two_disease":
            plan["disease"] = r.choice(("高血压病", "糖尿病"))
        elif benefit == "delivery":
            plan["child_order"] = r.choice((1, 2, 3))
        elif benefit == "inpatient":
            plan["pieces"] = r.choices((1, 2, 3), (85, 10, 5))[0]
            plan["emergency"] = r.random() < 0.1
            plan["transfer"] = r.random() < 0.06
        if benefit in ("inpatient", "outpatient") and r.random() < 0.03:
            plan["exclusion"] = r.choice(("work_injury", "public_health", "abroad", "third_party"))
        plan["lines"] = [self.lines(benefit) for _ in range(plan.get("pieces", 1))]
        return plan

    def lines(self, benefit: str) -> list[dict[str, Any]]:
        r, items = self.r, self.items
        typical = {"inpatient": 4000, "outpatient": 150, "chronic": 500, "delivery": 3000}.get(benefit, 300)
        found = [self.line(items.plain, self.amount(typical), 10_000)]
        if benefit == "special_drug":
            return [self.line(r.choice(items.special), self.amount(40_000), 10_000)]
        for _ in range(r.choices((0, 1, 3, 6), (20, 30, 30, 20))[0]):
            kind = r.choices(("plain", "shared", "capped", "herb", "unknown"), (30, 30, 15, 10, 15))[0]
            fen = self.amount(typical // 4 + 1)
            if kind == "shared":
                found.append(self.line(r.choice(items.shared), fen, 10_000))
            elif kind == "capped":
                code, ceiling = r.choice(items.capped)
                price = ceiling * r.choice((50, 100, 150, 300)) // 100 // 10_000 * 10_000
                count = r.randint(1, 5)
                found.append({"code": code, "fen": price * count // 10_000, "cnt": str(count), "price": price})
            elif kind == "herb" and items.herbs:
                found.append(self.line(r.choice(items.herbs), fen, 10_000) | {"herb": True})
            else:
                found.append(self.line(items.plain if kind == "plain" else "WZ-UNKNOWN", fen, 10_000))
        return found

    @staticmethod
    def line(code: str, fen: int, price_e6: int) -> dict[str, Any]:
        """A line of `fen` pieces at one fen each: under any ceiling."""
        return {"code": code, "fen": fen, "cnt": str(fen), "price": price_e6}


# Living it --------------------------------------------------------------------------------------------------------


def settle_down(world: World, life: Life) -> None:
    """Register the person with everything the case says of them."""
    from openyibao.people import facade as people
    from tests.support.actors import actor

    person = life.case["person"]
    balance = int(fen_from_yuan(person["account_balance"]))
    life.number = world.person(
        person["scheme"], person["status"], area=person["area"], groups=tuple(person["groups"]), balance_fen=balance
    )
    agency, reviewer = actor("agency", person["area"]), actor("agency_review", person["area"])
    for filing in person["filings"]:
        day = date.fromisoformat(filing["from"])
        when = instant(day)
        if filing["kind"] == "chronic":
            number = people.file_chronic(agency, life.number, disease=filing["disease"], on=day, at=when)
        else:
            number = people.file_remote(
                agency, life.number, filing_type=filing["type"], area=filing["area"], on=day, at=when
            )
        people.approve_filing(reviewer, number, at=when)
    for change in person.get("history", ()):
        day = date.fromisoformat(change["from"])
        people.change_status(agency, life.number, on=day, at=instant(day), status=change["status"])


class Living:
    """A life lived over HTTP; the case written along."""

    def __init__(self, life: Life, places: Places, policies: Policies) -> None:
        self.life = life
        self.places = places
        self.policies = policies
        self.outcome = Outcome()
        self.visits: list[dict[str, Any]] = life.case["visits"]
        self.replies: list[dict[str, Any]] = []
        self.standing: list[tuple[int, Hospital, dict[str, Any], bool]] = []
        self.serial = 0
        self.insutype = INSUTYPE[life.case["person"]["scheme"]]
        self.last_stay = ("", "")

    def run(self) -> Outcome:
        for plan in self.life.plans:
            if plan["benefit"] == "cancel":
                self.cancel(plan["day"])
            elif plan["benefit"] in ("inpatient", "delivery"):
                self.stay(plan)
            else:
                self.visit(plan)
        self.compare()
        return self.outcome

    def hospital(self, plan: dict[str, Any]) -> Hospital:
        return self.places.hospital(CARE[plan["care"]], plan["level"])

    def next(self, letter: str) -> str:
        self.serial += 1
        return f"{letter}{self.life.seed}-{self.serial}"

    # Outpatients ----------------------------------------------------------------------------------------------

    def visit(self, plan: dict[str, Any]) -> None:
        hospital, person, at = self.hospital(plan), self.life.number, instant(plan["day"])
        med_type = {"outpatient": "11", "chronic": "14", "two_disease": "9901", "special_drug": "18"}[plan["benefit"]]
        visit_no = hospital.register(person, self.insutype, at, self.next("MZ"))["data"]["mdtrt_id"]
        info = {"mdtrt_id": visit_no, "psn_no": person, "med_type": med_type, "begntime": stamp(at)}
        info["dise_name"] = plan.get("disease", "")
        if "exclusion" in plan:
            info["exp_content"] = {"exclusion": plan["exclusion"]}
        hospital.send("2203", {"mdtrtinfo": info, "diseinfo": [diagnosis(at)]})
        batch = self.next("B")
        sums = self.upload(hospital, "2204", visit_no, plan, plan["lines"][0], batch, plan["day"])
        data = bill("2207", person, visit_no, yuan(sums), self.insutype, batch) | {"med_type": med_type}
        self.settled(hospital, "2207", data, plan, plan["day"], sums, self.special(plan["lines"][0]))

    def upload(
        self,
        hospital: Hospital,
        infno: str,
        visit_no: str,
        plan: dict[str, Any],
        lines: list[dict[str, Any]],
        batch: str,
        day: date,
    ) -> dict[str, int]:
        """Upload lines; the sums as the platform split them."""
        rows = [
            {
                "feedetl_sn": self.next("L"),
                "mdtrt_id": visit_no,
                "psn_no": self.life.number,
                "chrg_bchno": batch,
                "fee_ocur_time": stamp(instant(day)),
                "med_list_codg": line["code"],
                "medins_list_codg": "X",
                "det_item_fee_sumamt": yuan_text(line["fen"]),
                "cnt": line["cnt"],
                "pric": f"{line['price'] // 1_000_000}.{line['price'] % 1_000_000:06d}",
                "rx_circ_flag": "0",
                "rxno": "R1",
                "hosp_appr_flag": "1",
                "med_type": self.med_type(plan),
                "bilg_dept_codg": "A03",
                "bilg_dept_name": "内科",
                "bilg_dr_codg": "D1",
                "bilg_dr_name": "测试",
            }
            for line in lines
        ]
        priced = hospital.send(infno, {"feedetail": rows})["result"]
        plan["herb_fen"] = sum(
            fen(row["inscp_scp_amt"]) for row, line in zip(priced, lines, strict=True) if line.get("herb")
        )
        names = {
            "fulamt_ownpay_amt": "fulamt_ownpay_amt",
            "overlmt_selfpay": "overlmt_amt",
            "preselfpay_amt": "preselfpay_amt",
            "inscp_scp_amt": "inscp_scp_amt",
            "medfee_sumamt": "det_item_fee_sumamt",
        }
        return {mine: sum(fen(row[theirs]) for row in priced) for mine, theirs in names.items()}

    @staticmethod
    def med_type(plan: dict[str, Any]) -> str:
        return "52" if plan["benefit"] == "delivery" else "21"

    def special(self, lines: list[dict[str, Any]]) -> int:
        return sum(line["fen"] for line in lines if line["code"] in SPECIAL)

    # Inpatients -----------------------------------------------------------------------------------------------

    def stay(self, plan: dict[str, Any]) -> None:
        hospital, person = self.hospital(plan), self.life.number
        admitted = plan["day"] - timedelta(days=12)
        at = instant(admitted)
        said: dict[str, Any] = {key: plan[key] for key in ("exclusion", "child_order") if key in plan}
        origin = ""
        if plan.get("transfer") and self.last_stay[0]:
            origin = "transfer_up"
            said |= {"refl_old_mdtrt_id": self.last_stay[0], "origin": origin}
        info = {"psn_no": person, "insutype": self.insutype, "begntime": stamp(at), "med_type": self.med_type(plan)}
        info |= {"ipt_no": self.next("ZY"), "mdtrt_cert_type": "02", "atddr_no": "D1", "chfpdr_name": "测试"}
        info |= {"adm_diag_dscr": "测试", "adm_dept_codg": "A03", "adm_dept_name": "内科", "adm_bed": "1"}
        info |= {"dscg_maindiag_code": "I10.x00", "dscg_maindiag_name": "高血压", "exp_content": said}
        rows = [diagnosis(at) | {"psn_no": person}]
        visit_no = hospital.send("2401", {"mdtrtinfo": info, "diseinfo": rows})["result"]["mdtrt_id"]
        stay_id = self.last_stay[1] if origin else f"S{self.serial}"
        for piece, lines in enumerate(plan["lines"]):
            last = piece == len(plan["lines"]) - 1
            day = plan["day"] if last else admitted + timedelta(days=4 * (piece + 1))
            sums = self.upload(hospital, "2301", visit_no, plan, lines, "", day)
            if last:
                hospital.discharge(person, visit_no, self.insutype, instant(day, 17))
            data = bill("2304", person, visit_no, yuan(sums), self.insutype)
            if not last:
                data |= {"mid_setl_flag": "1", "dscgTime": day.isoformat()}
            more = {"stay_id": stay_id, "mid_stay": not last, "origin": origin}
            if plan["benefit"] != "inpatient":
                more = {}
            if not self.settled(hospital, "2304", data, plan, day, sums, 0, **more):
                return
        if plan["benefit"] == "inpatient":
            self.last_stay = (visit_no, stay_id)

    # Settling and cancelling ----------------------------------------------------------------------------------

    def settled(
        self,
        hospital: Hospital,
        infno: str,
        data: dict[str, Any],
        plan: dict[str, Any],
        day: date,
        sums: dict[str, int],
        special: int,
        **more: Any,
    ) -> bool:
        """Settle, and write the visit of the case; False when the platform refuses."""
        row: dict[str, Any] = {
            "date": day.isoformat(),
            "benefit": plan["benefit"],
            "level": plan["level"],
            "care_area": plan["care"],
            "in_scope": yuan_text(sums["inscp_scp_amt"]),
            "non_covered": yuan_text(sums["fulamt_ownpay_amt"] - special),
            "over_limit": yuan_text(sums["overlmt_selfpay"]),
            "prior_self_pay": yuan_text(sums["preselfpay_amt"]),
            "herb_in_scope": yuan_text(plan["herb_fen"]),
            "account": "allowed" if plan["account"] else "none",
            **{key: value for key, value in more.items() if value},
            **{key: plan[key] for key in ("disease", "child_order", "exclusion") if key in plan},
        }
        if plan["benefit"] == "special_drug":
            row["special_drug"] = yuan_text(special)
        try:
            info = hospital.send(infno, {"data": data | {"acct_used_flag": "1" if plan["account"] else "0"}})[
                "setlinfo"
            ]
        except RefusedByPlatform as refusal:
            self.refused(refusal, row)
            return False
        self.visits.append(row)
        self.replies.append(info)
        self.standing.append((len(self.visits) - 1, hospital, info, infno == "2304"))
        self.outcome.bills += 1
        return True

    def refused(self, refusal: RefusedByPlatform, row: dict[str, Any]) -> None:
        """What the platform refuses, the policies refuse too; it alone asks for a filing that a case may leave out."""
        self.outcome.refused += 1
        if refusal.code == "FILING_MISSING":
            return
        case = {**self.life.case, "visits": [*self.visits, row]}
        try:
            self.policies.settle(case_from(case))
        except (Refused, Malformed):
            return
        self.outcome.differences.append(f"seed {self.life.seed}: only the platform refuses: {str(refusal)[:200]}")

    def cancel(self, day: date) -> None:
        """Cancel the last settlement; an earlier one must be refused."""
        if len(self.standing) > 1:
            try:
                self.cancelled(*self.standing[0][1:])
                self.outcome.differences.append(f"seed {self.life.seed}: cancelled before later ones")
            except RefusedByPlatform as refusal:
                if refusal.code != "LATER_SETTLEMENT":
                    self.outcome.differences.append(f"seed {self.life.seed}: {refusal}")
        if not self.standing:
            return
        index, hospital, info, inpatient = self.standing.pop()
        self.replies.append(self.cancelled(hospital, info, inpatient))
        day = max(day, date.fromisoformat(self.visits[index]["date"]))
        self.visits.append({"date": day.isoformat(), "reverses": index})
        if self.visits[index].get("stay_id") == self.last_stay[1]:
            self.last_stay = ("", "")  # nobody is transferred from a stay that was taken back
        self.outcome.cancelled += 1

    def cancelled(self, hospital: Hospital, info: dict[str, Any], inpatient: bool) -> dict[str, Any]:
        verb = hospital.cancel_stay if inpatient else hospital.cancel
        found: dict[str, Any] = verb(self.life.number, info["mdtrt_id"], info["setl_id"])["setlinfo"]
        return found

    def compare(self) -> None:
        if not self.visits:
            return
        wanted = year_as_rows(self.policies.settle(case_from(self.life.case)))
        for at, (info, row) in enumerate(zip(self.replies, wanted["visits"], strict=True)):
            for name in COMPARED:
                got = info.get(name, info.get("pdn_cash_pay") if name == "psn_cash_pay" else None)
                if got is None:
                    continue  # a cancellation's reply lacks some members
                if fen(got) != int(fen_from_yuan(row[name])):
                    self.outcome.differences.append(
                        f"seed {self.life.seed} visit {at} {name}: {got} over HTTP, {row[name]} by the case"
                    )


SPECIAL: set[str] = set()


class Patient(Hospital):
    """A hospital that sends a message again, unchanged, when no whole answer came: an idle connection was closed."""

    def send(self, infno: str, data: Mapping[str, Any], msgid: str = "", **members: Any) -> dict[str, Any]:
        number = msgid or self.msgid()
        for _ in range(3):
            try:
                return super().send(infno, data, number, **members)
            except OutcomeUnknown:
                time.sleep(0.1)
        return super().send(infno, data, number, **members)


class Places:
    """Hospitals by area and level, a connection of its own for each thread."""

    def __init__(self, address: tuple[str, int], codes: dict[tuple[str, str], str]) -> None:
        self.address = address
        self.codes = codes
        self.local = threading.local()

    def hospital(self, area: str, level: str) -> Hospital:
        mine = self.local.__dict__.setdefault("hospitals", {})
        if (area, level) not in mine:
            mine[area, level] = Patient(self.address, self.codes[area, level], area=area)
        return mine[area, level]


def diagnosis(at: datetime) -> dict[str, Any]:
    return {
        "diag_type": "1",
        "diag_srt_no": 1,
        "diag_code": "I10.x00",
        "diag_name": "高血压",
        "diag_dept": "A03",
        "dise_dor_no": "D1",
        "dise_dor_name": "测试",
        "diag_time": stamp(at),
        "vali_flag": "1",
        "maindiag_flag": "1",
    }


def yuan(sums: dict[str, int]) -> dict[str, str]:
    return {name: yuan_text(amount) for name, amount in sums.items()}


def fen(amount: Any) -> int:
    """Fen of an amount as a reply carries it (kept as text by the client)."""
    return int(fen_from_yuan(str(amount)))


def prove(address: tuple[str, int], bills: int, seed: int, threads: int = 4, progress: bool = False) -> Outcome:
    """Live as many lives as it takes for this many bills; Django is connected to the server's database."""
    policies = Policies.load()
    world = World.made()
    items = palette()
    SPECIAL.update(items.special)
    codes = {(area, level): world.hospital(level, area) for area in CARE.values() for level in LEVELS}
    for (area, _), code in codes.items():
        register_credential(SYSTEM, institution_code=code, area=area, security="none")
    places = Places(address, codes)
    total = Outcome()
    serial = 0
    with ThreadPoolExecutor(threads) as pool:
        while total.bills < bills:
            lives = []
            for _ in range(max(4, min(200, (bills - total.bills) // 4))):
                life = Draw(seed * 1_000_000 + serial, items).made()
                serial += 1
                settle_down(world, life)
                lives.append(life)
            for found in pool.map(lambda life: Living(life, places, policies).run(), lives):
                total.add(found)
            if progress:
                said = f"{total.bills} bills, {total.refused} refused, {len(total.differences)} differences\n"
                sys.stderr.write(said)
    return total


def _main() -> Iterator[str]:
    from tests.support.databases import server
    from tests.support.servers import Platform

    parser = argparse.ArgumentParser()
    parser.add_argument("--bills", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    os.environ["OPENYIBAO_SANDBOX"] = "1"
    with server(f"equality-{os.getpid()}") as postgres, postgres.fresh() as url:
        from openyibao.foundation.setup import django_ready

        django_ready(url)
        started = time.monotonic()
        with Platform(url=url, environment={"OPENYIBAO_GATEWAY_PER_SECOND": "100000"}) as platform:
            found = prove(platform.address, wanted.bills, wanted.seed, progress=True)
        from openyibao.ledger.facade import verify

        yield from found.differences[:50]
        findings = verify().findings
        yield from (str(finding) for finding in findings[:20])
        yield (
            f"{found.bills} bills over HTTP, {found.cancelled} cancelled, {found.refused} refused:"
            f" {len(found.differences)} differences, ledger {'clean' if not findings else 'NOT CLEAN'},"
            f" {time.monotonic() - started:.0f} s, seed {wanted.seed}"
        )
        if found.differences or findings:
            sys.exit(1)


if __name__ == "__main__":
    for line in _main():
        print(line)  # noqa: T201
