"""One visit over HTTP (一次就诊演示): from reading the card to the settlement, and the query afterwards.

Yields each exchange as it happens, in words, so that whoever shows it need not know the messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from openyibao.catalogue import facade as catalogue
from openyibao.catalogue.contracts import Item, ItemFilter
from openyibao.demo.client import Client
from openyibao.demo.contracts import SandboxPerson
from openyibao.kernel.clock import SHANGHAI

DISEASE = "糖尿病"
LINES = (
    ("普通门诊诊察费", 1),
    ("糖化血红蛋白测定", 1),
    ("二甲双胍", 60),
    ("甘精胰岛素", 2),
    ("达格列净", 28),
    ("维生素C", 30),
)
"""What the visit is made of: class A, class B with a share of one's own, class C outside the list."""
OVER_LIMIT = "达格列净"
"""Sold above its ceiling."""


@dataclass(frozen=True)
class Exchange:
    """One message and its answer: number, name, what was sent and what came back, in short."""

    infno: str
    title: str
    sent: str
    answered: str


@dataclass
class Shown:
    """What a visit left behind: its numbers, lines as priced, the settlement as answered."""

    visit_no: str = ""
    settlement_no: str = ""
    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Name of the item and the split of its line."""
    settlement: dict[str, Any] = field(default_factory=dict)
    funds: list[dict[str, Any]] = field(default_factory=list)


class Visit:
    """A chronic-disease visit of a named person, played against a server."""

    def __init__(self, client: Client, person: SandboxPerson, at: datetime) -> None:
        self.client = client
        self.person = person
        self.now = at.astimezone(SHANGHAI)
        self.shown = Shown()
        self.batch = f"{self.now:%y%m%d%H%M%S}"
        self.disease = catalogue.disease_named("chronic", DISEASE, self.now.date())
        self.items = self._items()

    def play(self) -> Iterator[Exchange]:
        """Every message in turn. Raises: NotAnswered when one is refused."""
        yield self._person()
        yield self._entitlement()
        yield self._register()
        yield self._record()
        yield self._upload()
        yield self._settle("2206", "预结算")
        yield self._settle("2207", "结算")
        yield self._query()

    # Messages -------------------------------------------------------------------------------------------------

    def _card(self) -> dict[str, str]:
        return {"mdtrt_cert_type": "02", "mdtrt_cert_no": self.person.certno}

    def _person(self) -> Exchange:
        person = self.person
        data = {**self._card(), "psn_cert_type": "01", "certno": person.certno, "psn_name": person.psn_name}
        output = self.client.ask("1101", {"data": data})
        insured = output["insuinfo"][0]
        base = output["baseinfo"]
        return Exchange(
            *("1101", "读卡取人"),
            f"证件 {person.certno}，{person.psn_name}",
            f"人员编号 {base['psn_no']}，{int(base['age'])} 岁，险种 {insured['insutype']}，"
            f"人员类别 {insured['psn_type']}，"
            f"参保地 {insured['insuplc_admdvs']}，账户余额 {insured['balc']:,} 元",
        )

    def _entitlement(self) -> Exchange:
        data = {
            "psn_no": self.person.psn_no,
            "insutype": self.person.insutype,
            "fixmedins_code": self.client.institution.fixmedins_code,
            "med_type": "14",
            "begntime": f"{self.now:%Y-%m-%d %H:%M:%S}",
            "dise_codg": self.disease.code,
            "dise_name": self.disease.name,
        }
        output = self.client.ask("2001", {"data": data})
        enjoyed = [row["fund_pay_type"] for row in output["trtinfo"] if row["trt_enjymnt_flag"] == "1"]
        return Exchange("2001", "待遇检查", f"门诊慢特病 {self.disease.name}", f"可享受的基金 {'、'.join(enjoyed)}")

    def _register(self) -> Exchange:
        data = {
            **self._card(),
            "psn_no": self.person.psn_no,
            "insutype": self.person.insutype,
            "begntime": f"{self.now:%Y-%m-%d %H:%M:%S}",
            "ipt_otp_no": f"MZ{self.batch}",
            "atddr_no": "D0001",
            "dr_name": "王示例",
            "dept_code": "A03",
            "dept_name": "内科",
            "caty": "A03",
        }
        self.shown.visit_no = self.client.ask("2201", {"data": data})["data"]["mdtrt_id"]
        return Exchange("2201", "门诊挂号", "内科，王示例", f"就诊编号 {self.shown.visit_no}")

    def _record(self) -> Exchange:
        info = {
            "mdtrt_id": self.shown.visit_no,
            "psn_no": self.person.psn_no,
            "med_type": "14",
            "begntime": f"{self.now:%Y-%m-%d %H:%M:%S}",
            "dise_codg": self.disease.code,
            "dise_name": self.disease.name,
        }
        diagnosis = {
            "diag_type": "1",
            "diag_srt_no": 1,
            "diag_code": "E11.900",
            "diag_name": "2型糖尿病",
            "diag_dept": "内科",
            "dise_dor_no": "D0001",
            "dise_dor_name": "王示例",
            "diag_time": f"{self.now:%Y-%m-%d %H:%M:%S}",
            "vali_flag": "1",
        }
        self.client.ask("2203", {"mdtrtinfo": info, "diseinfo": [diagnosis]})
        return Exchange("2203", "就诊信息", f"医疗类别 14 门诊慢特病，病种 {self.disease.code}，诊断 E11.900", "已收")

    def _upload(self) -> Exchange:
        rows = [self._line(at, name, quantity) for at, (name, quantity) in enumerate(LINES, 1)]
        output = self.client.ask("2204", {"feedetail": rows})
        by_number = {row["feedetl_sn"]: row for row in output["result"]}
        self.shown.lines = [(name, by_number[row["feedetl_sn"]]) for (name, _), row in zip(LINES, rows, strict=True)]
        total = sum(row["det_item_fee_sumamt"] for row in by_number.values())
        return Exchange("2204", "费用明细", f"{len(rows)} 条，批次 {self.batch}，合计 {total:,} 元", "逐条分割如下")

    def _line(self, at: int, name: str, quantity: int) -> dict[str, Any]:
        item = self.items[name]
        price = Decimal(_price(item, over=name == OVER_LIMIT)) / 1_000_000
        return {
            "feedetl_sn": f"{self.batch}{at:02d}",
            "mdtrt_id": self.shown.visit_no,
            "psn_no": self.person.psn_no,
            "chrg_bchno": self.batch,
            "dise_codg": self.disease.code,
            "rxno": f"RX{self.batch}",
            "rx_circ_flag": "0",
            "fee_ocur_time": f"{self.now:%Y-%m-%d %H:%M:%S}",
            "med_list_codg": item.code,
            "medins_list_codg": f"L{at:04d}",
            "det_item_fee_sumamt": str((price * quantity).quantize(Decimal("0.01"))),
            "cnt": quantity,
            "pric": str(price),
            "bilg_dept_codg": "A03",
            "bilg_dept_name": "内科",
            "bilg_dr_codg": "D0001",
            "bilg_dr_name": "王示例",
            "hosp_appr_flag": "1",
        }

    def _settle(self, infno: str, title: str) -> Exchange:
        def total(name: str) -> str:
            return str(sum(split[name] for _, split in self.shown.lines))

        data = {
            **self._card(),
            "psn_no": self.person.psn_no,
            "med_type": "14",
            "psn_setlway": "01",
            "mdtrt_id": self.shown.visit_no,
            "chrg_bchno": self.batch,
            "insutype": self.person.insutype,
            "acct_used_flag": "1",
            "invono": f"FP{self.batch}",
            "medfee_sumamt": total("det_item_fee_sumamt"),
            "fulamt_ownpay_amt": total("fulamt_ownpay_amt"),
            "overlmt_selfpay": total("overlmt_amt"),
            "preselfpay_amt": total("preselfpay_amt"),
            "inscp_scp_amt": total("inscp_scp_amt"),
        }
        output = self.client.ask(infno, {"data": data})
        info = output["setlinfo"]
        if infno == "2207":
            self.shown.settlement_no = info["setl_id"]
            self.shown.settlement, self.shown.funds = info, output["setldetail"]
        number = f"结算编号 {info['setl_id']}，" if infno == "2207" else ""
        return Exchange(
            *(infno, title),
            f"总费用 {data['medfee_sumamt']}，符合范围 {data['inscp_scp_amt']}（与明细分割之和一致）",
            f"{number}基金 {info['fund_pay_sumamt']:,}，个人账户 {info['acct_pay']:,}，现金 {info['psn_cash_pay']:,}",
        )

    def _query(self) -> Exchange:
        data = {"psn_no": self.person.psn_no, "mdtrt_id": self.shown.visit_no, "setl_id": self.shown.settlement_no}
        info = self.client.ask("5203", {"data": data})["setlinfo"]
        state = "有效" if info["refd_setl_flag"] == "0" else "已冲销"
        return Exchange(
            "5203", "结算查询", f"结算编号 {self.shown.settlement_no}", f"{state}，基金 {info['fund_pay_sumamt']:,} 元"
        )

    # Items ----------------------------------------------------------------------------------------------------

    def _items(self) -> dict[str, Item]:
        day = self.now.date()
        found = {}
        for name, _ in LINES:
            versions: Sequence[Any] = catalogue.search(ItemFilter(on=day, name=name)).versions
            code = next(version.item.code for version in versions if version.item.name == name)
            institution = self.client.institution
            found[name] = catalogue.items_on([code], day, institution.area, institution.level)[code]
        return found


def _price(item: Item, *, over: bool) -> int:
    """Micro-yuan a piece: services at their ceiling, drugs at their price, one above its ceiling."""
    if over and item.ceiling_micro:
        return item.ceiling_micro * 11 // 10
    price = (item.ceiling_micro if item.kind == "service" else item.price_micro) or item.ceiling_micro
    assert price, f"{item.code} has no price"
    return price
