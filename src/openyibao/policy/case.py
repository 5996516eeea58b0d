"""A case (算例): one person, one benefit year, visits in the order settled; read, checked and made into values.

Nothing is decided here but what the case itself says: which attributes the person had on a date, what a bill consists
of. Every fault of a case is collected before anything is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from openyibao.kernel import areas
from openyibao.kernel.errors import Malformed
from openyibao.kernel.money import MOST_FEN, basis_points, fen_from_yuan, share, yuan_text
from openyibao.kernel.periods import FAR_FUTURE, FAR_PAST, day_from_text
from openyibao.policy.reading import Reader
from openyibao.policy.source import Node, Source, schema_faults
from openyibao.policy.terms import BENEFITS, STATUSES, STATUSES_OF

CLASS_NAMES = {"一档": "first", "二档": "second"}
DISEASE_NAMES = {"高血压": "高血压病", "hypertension": "高血压病", "diabetes": "糖尿病"}
SUMS = ("in_scope", "non_covered", "over_limit", "prior_self_pay")


@dataclass(frozen=True)
class Filing:
    """A filing (备案): a chronic disease, or care elsewhere, from a day to a last day included."""

    kind: str
    disease: str
    type: str
    area: str
    start: date
    last: date

    def covers(self, day: date) -> bool:
        return self.start <= day <= self.last


@dataclass(frozen=True)
class Person:
    """What holds of the person on a date (参保人当日状态)."""

    area: str
    scheme: str
    status: str
    groups: tuple[str, ...] = ()
    contribution_class: str = "standard"
    supplements: frozenset[str] = frozenset()
    filings: tuple[Filing, ...] = ()
    balance_fen: int | None = None


@dataclass(frozen=True)
class Visit:
    """One bill (一次就诊结算) as the case states it. Amounts in fen."""

    index: int
    day: date
    benefit: str = ""
    level: str = ""
    care_area: str = ""
    in_scope: int = 0
    non_covered: int = 0
    over_limit: int = 0
    prior_self_pay: int = 0
    special_drug: int = 0
    herb: int = 0
    stay_id: str = ""
    origin: str = ""
    filing: str = ""
    disease: str = ""
    days: int = 1
    care_kind: str = ""
    child: str = ""
    exclusion: str = ""
    third_party_bp: int = 0
    third_party_advance: bool = False
    account_limit: int = -1
    """Most the account may pay; -1 as much as it has, 0 nothing."""
    reverses: int = -1
    admitted: date | None = None
    discharged: date | None = None
    at_standard: bool = False
    """Long-term care without a stated cost: the cost is the standard."""

    @property
    def total(self) -> int:
        return self.in_scope + self.non_covered + self.over_limit + self.prior_self_pay + self.special_drug


@dataclass
class Case:
    """A checked case. `timeline` holds the person's states by first day, earliest first."""

    source: Source
    title: str
    timeline: list[tuple[date, Person]]
    visits: list[Visit]
    opening_seq: int
    opening_counters: dict[str, Node] | None
    figures: dict[str, Node]
    expected: list[dict[str, Node]] = field(default_factory=list)
    expected_year: dict[str, Node] = field(default_factory=dict)
    note: str = ""

    def person_on(self, day: date) -> Person:
        found = self.timeline[0][1]
        for start, person in self.timeline:
            if start > day:
                break
            found = person
        return found

    @property
    def year(self) -> int:
        return self.visits[0].day.year


def read_case(source: Source, *, checked: bool = False) -> Case:
    """Check a case file and make its values. `checked`: its structure is known to fit the schema.

    Raises: Malformed with every fault.
    """
    if not isinstance(source.data, dict):
        raise Malformed([source.fault((), "算例应为映射（键: 值）", "person 与 visits")])
    faults = [] if checked else schema_faults(source, "case")
    reader = _Reader(source, faults)
    case = reader.case()
    if faults:
        raise Malformed(faults)
    return case


class _Reader(Reader):
    """Makes the values of a case."""

    def case(self) -> Case:
        data = self.source.data
        raw = data.get("visits")
        visits = [
            self.visit(at, node)
            for at, node in enumerate(raw if isinstance(raw, list) else ())
            if isinstance(node, dict)
        ]
        opening: dict[str, Node] = data["opening"] if isinstance(data.get("opening"), dict) else {}
        case = Case(
            source=self.source,
            title=str(data.get("title", "")),
            timeline=self.timeline(data.get("person")),
            visits=visits,
            opening_seq=opening.get("seq", 0) if isinstance(opening.get("seq", 0), int) else 0,
            opening_counters=opening.get("counters"),
            figures=data.get("with") or {},
            expected=data.get("expected") or [],
            expected_year=data.get("expected_year") or {},
            note=str(data.get("note", "")),
        )
        self.across(case)
        return case

    # Person ---------------------------------------------------------------------------------------------------

    def timeline(self, node: Node) -> list[tuple[date, Person]]:
        if not isinstance(node, dict):
            return [(FAR_PAST, Person("", "", ""))]
        birth = self.value(("person", "birth"), node.get("birth"), day_from_text, None)
        if birth is not None and birth < date(1890, 1, 1):
            self.fault(("person", "birth"), f"出生日期 {birth} 过早", "1890 年以后")
        person = self.person(("person",), node, Person("", "", ""))
        states = [(FAR_PAST, person)]
        entries = node.get("history")
        dated = []
        for at, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                path: tuple[str | int, ...] = ("person", "history", at)
                start = self.value((*path, "from"), entry.get("from"), day_from_text, FAR_FUTURE)
                dated.append((start, at, entry))
        starts = [start for start, _, _ in dated]
        for start, at, entry in sorted(dated, key=lambda item: item[:2]):
            if starts.count(start) > 1 and start != FAR_FUTURE:
                self.fault(("person", "history", at, "from"), f"{start} 有两条变更", "合并为一条")
            person = self.person(("person", "history", at), entry, replace(person, balance_fen=None))
            states.append((start, person))
        return states

    def person(self, path: tuple[str | int, ...], node: Mapping[str, Node], base: Person) -> Person:
        changes: dict[str, Any] = {}
        if isinstance(node.get("area"), str):
            changes["area"] = self.value((*path, "area"), node["area"], _pooling_area, base.area)
        for key in ("scheme", "status", "contribution_class"):
            if isinstance(node.get(key), str):
                changes[key] = CLASS_NAMES.get(node[key], node[key])
        if isinstance(node.get("groups"), list):
            changes["groups"] = tuple(str(group) for group in node["groups"])
        if isinstance(node.get("supplements"), list):
            changes["supplements"] = frozenset(str(name) for name in node["supplements"])
        if "account_balance" in node:
            changes["balance_fen"] = self.value((*path, "account_balance"), node["account_balance"], fen_from_yuan, 0)
        if isinstance(node.get("filings"), list):
            changes["filings"] = tuple(
                self.filing((*path, "filings", at), item)
                for at, item in enumerate(node["filings"])
                if isinstance(item, dict)
            )
        made = replace(base, **changes)
        allowed = STATUSES_OF.get(made.scheme)
        if allowed and made.status in STATUSES and made.status not in allowed:
            self.fault((*path, "status"), f"{made.scheme} 没有状态 {made.status}", "、".join(allowed))
        return made

    def filing(self, path: tuple[str | int, ...], node: Mapping[str, Node]) -> Filing:
        kind = str(node.get("kind", ""))
        if kind == "chronic" and not node.get("disease"):
            self.fault(path, "慢特病备案缺少 disease", "写明病种")
        if kind == "remote" and not node.get("type"):
            self.fault(path, "异地备案缺少 type", "long_term、referral、emergency 或 temporary")
        return Filing(
            kind,
            disease_name(str(node.get("disease", ""))),
            str(node.get("type", "")),
            self.value((*path, "area"), node.get("area"), areas.pooling_area_of, ""),
            self.value((*path, "from"), node.get("from"), day_from_text, FAR_PAST),
            self.value((*path, "until"), node.get("until"), day_from_text, FAR_FUTURE),
        )

    # Visits ---------------------------------------------------------------------------------------------------

    def visit(self, at: int, node: Mapping[str, Node]) -> Visit:
        path: tuple[str | int, ...] = ("visits", at)
        day = self.value((*path, "date"), node.get("date"), day_from_text, FAR_PAST)
        if "reverses" in node:
            extra = [key for key in node if key not in ("date", "reverses", "seq", "note")]
            if extra:
                self.fault(path, f"冲销只需 date 与 reverses，另有 {'、'.join(extra)}", "删去其余各键")
            target = node["reverses"]
            return Visit(at, day, reverses=target if isinstance(target, int) else -1)
        if "benefit" not in node:
            self.fault(path, "缺少 benefit", "、".join(BENEFITS))
        sums = {key: self.money(path, node, key) for key in (*SUMS, "special_drug", "herb_in_scope")}
        if "lines" in node:
            self.lines(path, node, sums)
        if sums["herb_in_scope"] > sums["in_scope"]:
            self.fault((*path, "herb_in_scope"), "中草药金额大于政策范围内费用", "不超过 in_scope")
        third: dict[str, Node] = node["third_party"] if isinstance(node.get("third_party"), dict) else {}
        third_bp = self.value((*path, "third_party", "share"), third.get("share"), _ratio, 0)
        if third_bp > 10_000:
            self.fault((*path, "third_party", "share"), "第三人责任比例超过 100%", "0% 至 100%")
        visit = Visit(
            index=at,
            day=day,
            benefit=str(node.get("benefit", "")),
            level=self.level(path, node),
            care_area=self.value((*path, "care_area"), node.get("care_area"), areas.pooling_area_of, ""),
            in_scope=sums["in_scope"],
            non_covered=sums["non_covered"],
            over_limit=sums["over_limit"],
            prior_self_pay=sums["prior_self_pay"],
            special_drug=sums["special_drug"],
            herb=sums["herb_in_scope"],
            stay_id=str(node.get("stay_id", "")),
            origin=str(node.get("origin", "")),
            filing=str(node.get("filing", "")),
            disease=disease_name(str(node.get("disease", ""))),
            days=node["days"] if isinstance(node.get("days"), int) else 1,
            care_kind=str(node.get("care_kind", "")),
            child=f"child_{min(node['child_order'], 3)}" if isinstance(node.get("child_order"), int) else "",
            exclusion=str(node.get("exclusion", "")),
            third_party_bp=third_bp,
            third_party_advance=third.get("advance") is True,
            account_limit=self.account(path, node.get("account", "allowed")),
            admitted=self.value((*path, "admitted"), node.get("admitted"), day_from_text, None),
            discharged=self.value((*path, "discharged"), node.get("discharged"), day_from_text, None),
            at_standard=node.get("benefit") == "long_term_care" and "in_scope" not in node and "lines" not in node,
        )
        self.needs(path, node, visit)
        return visit

    def needs(self, path: tuple[str | int, ...], node: Mapping[str, Node], visit: Visit) -> None:
        """What a benefit cannot be decided without."""
        by_benefit = {
            "inpatient": ("level",),
            "two_disease": ("disease",),
            "special_drug": ("special_drug",),
            "long_term_care": ("care_kind", "days"),
        }
        for key in by_benefit.get(visit.benefit, ()):
            if key not in node:
                self.fault(path, f"{visit.benefit} 缺少 {key}", f"写明 {key}")
        if node.get("mid_stay") is True and not visit.stay_id:
            self.fault(path, "中途结算（mid_stay）缺少 stay_id", "与后续结算相同的 stay_id")
        if visit.admitted and visit.discharged and visit.discharged < visit.admitted:
            self.fault((*path, "discharged"), "出院早于入院", f"不早于 {visit.admitted}")
        if visit.origin and visit.benefit not in ("inpatient", ""):
            self.fault((*path, "origin"), f"origin 只用于住院，不用于 {visit.benefit}", "删去 origin")

    def money(self, path: tuple[str | int, ...], node: Mapping[str, Node], key: str) -> int:
        amount: int = self.value((*path, key), node.get(key), fen_from_yuan, 0)
        if amount > MOST_FEN:
            self.fault((*path, key), f"金额 {yuan_text(amount)} 过大", f"每项至多 {yuan_text(MOST_FEN)} 元")
        return max(0, min(amount, MOST_FEN))

    def level(self, path: tuple[str | int, ...], node: Mapping[str, Node]) -> str:
        level = str(node.get("level", ""))
        if level == "pharmacy":
            if "prescribing_level" not in node:
                self.fault(path, "药店结算缺少 prescribing_level", "开方机构的级别")
            return str(node.get("prescribing_level", ""))
        return level

    def account(self, path: tuple[str | int, ...], node: Node) -> int:
        if node in ("allowed", "none"):
            return -1 if node == "allowed" else 0
        amount: int = self.value((*path, "account"), node, fen_from_yuan, 0)
        return amount

    def lines(self, path: tuple[str | int, ...], node: Mapping[str, Node], sums: dict[str, int]) -> None:
        both = [key for key in (*SUMS, "herb_in_scope") if key in node]
        if both:
            self.fault((*path, "lines"), f"lines 与 {'、'.join(both)} 同时给出", "二者择一")
        rows = node["lines"]
        for at, line in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(line, dict):
                for key, amount in self.price((*path, "lines", at), line).items():
                    sums[key] += amount
        for key in SUMS:
            if sums[key] > MOST_FEN:
                self.fault((*path, "lines"), f"{key} 合计过大", f"至多 {yuan_text(MOST_FEN)} 元")
                sums[key] = MOST_FEN

    def price(self, path: tuple[str | int, ...], line: Mapping[str, Node]) -> dict[str, int]:
        """Split one line: class C whole; above the price limit; class B's own share; the rest in scope."""
        amount = self.money(path, line, "amount")
        kind = line.get("class", "A")
        if kind == "C":
            return {"non_covered": amount}
        over = 0
        if "limit_price" in line:
            limit = self.money(path, line, "limit_price")
            quantity = self.value((*path, "quantity"), line.get("quantity", 1), _ten_thousandths, 10_000)
            over = max(0, amount - (limit * quantity + 5_000) // 10_000)
        rest = amount - over
        prior = 0
        if kind == "B":
            if "own_ratio" not in line:
                self.fault(path, "乙类缺少 own_ratio", "先行自付比例，如 10%")
            ratio = self.value((*path, "own_ratio"), line.get("own_ratio"), _ratio, 0)
            if ratio > 10_000:
                self.fault((*path, "own_ratio"), "自付比例超过 100%", "0% 至 100%")
            prior = int(share(rest, min(ratio, 10_000)))
        scope = rest - prior
        return {
            "over_limit": over,
            "prior_self_pay": prior,
            "in_scope": scope,
            "herb_in_scope": scope if line.get("herb") is True else 0,
        }

    # Across visits --------------------------------------------------------------------------------------------

    def across(self, case: Case) -> None:
        """Order, year, reversals: what only the whole case can show."""
        data = self.source.data
        reversed_already: set[int] = set()
        by_index = {visit.index: visit for visit in case.visits}
        for visit in case.visits:
            path: tuple[str | int, ...] = ("visits", visit.index)
            node = data["visits"][visit.index]
            wanted = case.opening_seq + visit.index + 1
            if isinstance(node.get("seq"), int) and node["seq"] != wanted:
                self.fault(
                    (*path, "seq"), f"序号 {node['seq']} 与前面的就诊不相接", f"{wanted}（缺少此前就诊即不得结算）"
                )
            if visit.reverses < 0:
                if visit.day.year != case.year and FAR_PAST not in (visit.day, case.visits[0].day):
                    self.fault((*path, "date"), f"{visit.day} 不在 {case.year} 待遇年度", "一个算例只含一个待遇年度")
                continue
            target = visit.reverses
            if target >= visit.index:
                self.fault((*path, "reverses"), f"第 {target} 次就诊不在此前", "此前某次就诊的下标，从 0 起")
            elif target not in by_index:
                continue
            elif by_index[target].reverses >= 0:
                self.fault((*path, "reverses"), "不能冲销一次冲销", "某次就诊的下标")
            elif target in reversed_already:
                self.fault((*path, "reverses"), f"第 {target} 次就诊已冲销", "尚未冲销的就诊")
            elif visit.day < by_index[target].day:
                self.fault((*path, "date"), "冲销早于被冲销的就诊", f"不早于 {by_index[target].day}")
            reversed_already.add(target)
        if case.opening_seq > 0 and case.opening_counters is None:
            self.fault(("opening",), f"已有 {case.opening_seq} 次就诊却没有 counters", "写明此前就诊累计的 counters")


def disease_name(name: str) -> str:
    """The name policy files use for a disease."""
    return DISEASE_NAMES.get(name, name)


def _pooling_area(code: Node) -> str:
    pool = areas.pooling_area_of(str(code))
    if not pool.startswith(areas.SHANDONG[:2]):
        raise ValueError(f"{code!r} 不是山东省的统筹区")
    return pool


def _ten_thousandths(node: Node) -> int:
    whole, _, part = str(node).partition(".")
    return int(whole) * 10_000 + int(part.ljust(4, "0") or "0")


def _ratio(node: Node) -> int:
    text = str(node)
    return int(basis_points(text)) if text.endswith("%") else _ten_thousandths(text)
