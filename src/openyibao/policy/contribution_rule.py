"""How contribution figures combine (筹资规则): an employee month by month, a resident once a year.

An employee's month is decided by what holds on its first day: base, the employer's and the person's part, and what of
both goes to the personal account. A resident's premium is one sum for the year. Every part keeps the figures that
decided it, so that the result can be explained and provisional figures named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date

from openyibao.kernel import areas
from openyibao.kernel.errors import Fault, Malformed, PolicyMissing
from openyibao.kernel.money import WHOLE_BP, basis_points, fen_from_yuan, percent_text, share, yuan_text
from openyibao.policy.changes import with_figures
from openyibao.policy.contribution_file import Contribution, Payer
from openyibao.policy.rulebook import Rulebook, UsedFigure, Version
from openyibao.policy.source import Node
from openyibao.policy.tables import MissingFigure, refuse_missing, resolve
from openyibao.policy.terms import GROUPS, SCHEMES

EMPLOYER_KINDS = {"enterprise": "企业", "organ": "机关事业单位", "flexible": "灵活就业"}
AGE_BANDS = {"under_45": "45 周岁以下", "from_45": "45 周岁及以上"}
PREMIUMS = {"serious_illness": "大病保险", "long_term_care": "长期护理保险"}


@dataclass(frozen=True)
class Amounts:
    """What is due, in fen. `assistance` is the premium that the assistance fund pays (资助参保)."""

    base: int = 0
    employer: int = 0
    individual: int = 0
    subsidy: int = 0
    assistance: int = 0
    account: int = 0
    deferred: int = 0

    @property
    def total(self) -> int:
        return self.employer + self.individual + self.subsidy + self.assistance

    @property
    def pool(self) -> int:
        """What stays in the pool (统筹基金); negative when the pool pays a retiree's account credit."""
        return self.total - self.account

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass
class Item:
    """One month of an employee, or one year of a resident, with its reasoning.

    `steps` are lines of arithmetic in Chinese; `missing` are figures not known that left something at 0.
    """

    day: date
    payer: Payer
    yearly: bool = False
    amounts: Amounts = field(default_factory=Amounts)
    figures: dict[str, UsedFigure] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass
class Result:
    """Contributions of the period: items in order, and per-head premiums moved out for the year (fen)."""

    contribution: Contribution
    items: list[Item]
    digest: str
    transfers: dict[str, int] = field(default_factory=dict)
    transfer_figures: dict[str, UsedFigure] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def amounts(self) -> Amounts:
        return sum((item.amounts for item in self.items), Amounts())

    @property
    def figures(self) -> dict[str, UsedFigure]:
        """Every figure that decided something, in the order used, each once; a provisional use wins."""
        found: dict[str, UsedFigure] = {}
        for used in (*(item.figures for item in self.items), self.transfer_figures):
            for path, figure in used.items():
                if path not in found or (figure.standing and not found[path].standing):
                    found[path] = figure
        return found


def contribute(contribution: Contribution, rulebook: Rulebook) -> Result:
    """What is due for the month or year, part by part.

    Raises: PolicyMissing when no contribution file of the area's line holds on a day; FigureMissing naming the file and
    key; Malformed when a `with:` figure does not exist.
    """
    if contribution.figures:
        rulebook = with_figures(rulebook, contribution.figures, contribution.source)
    items = list(_items(contribution, rulebook))
    result = Result(contribution, items, digest=rulebook.digest)
    if any(item.yearly for item in items) and len(items) > 1:
        result.notes.append("年内换过险种：职工按在职月份逐月缴费，居民保费按年一次足额缴纳")
    if not contribution.month:
        _transfer(result, rulebook)
    return result


def _items(contribution: Contribution, rulebook: Rulebook) -> Iterator[Item]:
    premium_due = True
    for day in contribution.days:
        payer = contribution.payer_on(day)
        if payer.scheme != "resident":
            yield _EmployeeMonth(contribution, rulebook, day).item()
        elif premium_due:
            premium_due = False
            yield _ResidentYear(contribution, rulebook, day).item()


def _transfer(result: Result, rulebook: Rulebook) -> None:
    """Per-head premiums of a whole year, by the state on its first day (大病、长护划转); none refuses."""
    rule = _Rule(result.contribution, rulebook, result.contribution.days[0])
    for name in rule.version.body.get("premiums", {}):
        path = f"premiums.{name}"
        try:
            value, full = rule.look_up(path, rule.version)
        except MissingFigure as gone:
            result.missing.append(rule.version.key(gone.path))
            continue
        rule.use(rule.version, full, f"{PREMIUMS[name]}每人每年保费", value, rule.day)
        result.transfers[name] = _fen(value)
        note = rule.version.body.get("notes", {}).get(path)
        if note:
            result.notes.append(str(note))
    result.transfer_figures = rule.made.figures


class _Rule:
    """The version in force for a payer on a day, and the item it fills."""

    def __init__(self, contribution: Contribution, rulebook: Rulebook, day: date) -> None:
        self.contribution = contribution
        self.rulebook = rulebook
        self.day = day
        self.payer = contribution.payer_on(day)
        self.band = contribution.age_band_on(day)
        self.version = _version_in_force(rulebook, self.payer, day)
        self.made = Item(day, self.payer)

    def figure(self, path: str, what: str, *, version: Version | None = None, day: date | None = None) -> Node:
        """The value of a figure for this payer, recorded as used. Raises: FigureMissing."""
        version = version or self.version
        try:
            value, full = self.look_up(path, version)
        except MissingFigure as gone:
            raise refuse_missing(version.key(gone.path), gone.wanted) from None
        self.use(version, full, what, value, day or self.day)
        return value

    def look_up(self, path: str, version: Version) -> tuple[Node, str]:
        """Value and full path of a figure for this payer. Raises: MissingFigure."""
        node: Node = version.body
        for key in path.split("."):
            if not isinstance(node, dict) or key not in node:
                raise MissingFigure(path, "missing")
            node = node[key]
        person = self.payer
        groups = tuple(name for group in person.groups for name in (group, *self.rulebook.sets_with(group)))
        tries = ((person.status,), groups, (person.contribution_class,), (person.employer_kind,), (self.band,))
        return resolve(node, tries, path)

    def use(self, version: Version, path: str, what: str, value: Node, day: date) -> None:
        origin = version.provenance(path, self.rulebook)
        key = version.key(path)
        _must_be_readable(key, value)
        written = "全额" if value == "full" else str(value)
        self.made.figures.setdefault(key, UsedFigure(key, what, written, origin, origin.standing_on(day)))


class _EmployeeMonth(_Rule):
    """One month of a member of the employee scheme, active or retired."""

    def item(self) -> Item:
        if self.payer.status == "retired":
            self.retired()
        else:
            self.active()
        return self.made

    # Active ---------------------------------------------------------------------------------------------------

    def active(self) -> None:
        base = self.base()
        employer = self.employer_part(base)
        rate = _points(self.figure("individual_rate", "个人费率"))
        individual = int(share(base, rate))
        self.step(f"个人部分 {yuan_text(base)} × {percent_text(rate)} = {yuan_text(individual)} 元")
        if self.payer.employer_kind == "flexible":
            own = _points(self.figure("flexible.employer_part", "灵活就业人员承担的单位部分"))
            moved = int(share(employer, own))
            employer, individual = employer - moved, individual + moved
            self.step(f"灵活就业人员自行承担单位部分的 {percent_text(own)}，个人合计 {yuan_text(individual)} 元")
        account = self.active_account(base)
        total = employer + individual
        self.made.amounts = Amounts(base, employer, individual, account=account)
        if self.payer.deferred:
            self.made.amounts = replace(self.made.amounts, deferred=total)
            self.made.notes.append("缓缴：应缴金额照计，缓缴期间参保状态与待遇不变")

    def base(self) -> int:
        """Declared wage limited to floor and ceiling (缴费基数). The ceiling is asked for only above the floor."""
        floor = _fen(self.figure("base_floor", "缴费基数下限"))
        wage = self.payer.declared_wage_fen
        if wage is None:
            if not floor:
                raise refuse_missing(self.version.key("base_floor"), "没有下限时须写明 declared_wage")
            self.step(f"缴费基数 {yuan_text(floor)} 元（未申报工资，取下限）")
            return floor
        if wage <= floor:
            why = "，低于下限，取下限" if wage < floor else "，等于下限"
            self.step(f"缴费基数 {yuan_text(floor)} 元（申报工资 {yuan_text(wage)}{why}）")
            return floor
        top = self.figure("base_ceiling", "缴费基数上限")
        ceiling = wage if top == "none" else _fen(top)
        why = f"，高于上限 {yuan_text(ceiling)}，取上限" if wage > ceiling else "，在上下限之内"
        base = min(wage, ceiling)
        self.step(f"缴费基数 {yuan_text(base)} 元（申报工资 {yuan_text(wage)}{why}）")
        return base

    def employer_part(self, base: int) -> int:
        rate = _points(self.figure("employer_rate", "单位费率"))
        relief = self.version.body.get("relief")
        kind = self.payer.employer_kind
        if relief and not kind:
            self.made.notes.append("处于阶段性减征期，未写明 employer_kind，未按企业减征")
        if not relief or kind not in relief["employer_kinds"]:
            part = int(share(base, rate))
            self.step(f"单位部分 {yuan_text(base)} × {percent_text(rate)} = {yuan_text(part)} 元")
            return part
        kept = _points(self.figure("relief.employer_share", "阶段性减征后单位部分的比例"))
        part = _share_of_share(base, rate, kept)
        self.step(
            f"单位部分 {yuan_text(base)} × {percent_text(rate)} × {percent_text(kept)}"
            f" = {yuan_text(part)} 元（阶段性减征）"
        )
        return part

    def active_account(self, base: int) -> int:
        rate = _points(self.figure("account.of_base", "个人账户划入比例"))
        credit = int(share(base, rate))
        by_age = any(band in path.split(".") for path in self.made.figures for band in AGE_BANDS)
        band = f"（{AGE_BANDS[self.band]}）" if by_age else ""
        if by_age and self.contribution.birth is None:
            self.made.notes.append("未写明出生日期，个人账户按 45 周岁以下划入")
        self.step(f"划入个人账户 {yuan_text(base)} × {percent_text(rate)}{band} = {yuan_text(credit)} 元")
        return credit

    # Retired --------------------------------------------------------------------------------------------------

    def retired(self) -> None:
        """Retirees pay nothing; their account is credited from the pool (退休人员不缴费)."""
        stated = self.version.body.get("individual_rate")
        if isinstance(stated, dict) and "retired" in stated:
            self.figure("individual_rate", "退休人员费率")
        self.step("退休人员不缴费")
        credit = self.retired_account()
        self.made.amounts = Amounts(account=credit)
        if credit:
            self.made.notes.append("退休人员的个人账户由统筹基金划入，故进入统筹为负")

    def retired_account(self) -> int:
        """Credit of a retiree: a rate of the pension, or a fixed amount; what is not known leaves 0 and says so."""
        stated = self.version.body.get("account", {})
        kind = next((key for key in ("of_pension", "fixed_month") if key in stated), "fixed_month")
        path = f"account.{kind}"
        try:
            value, full = self.look_up(path, self.version)
        except MissingFigure as gone:
            key = self.version.key(gone.path)
            self.made.missing.append(key)
            self.made.notes.append(f"退休人员个人账户划入未计：缺少政策参数 {key}")
            return 0
        if kind == "fixed_month":
            self.use(self.version, full, "退休人员个人账户定额", value, self.day)
            self.step(f"划入个人账户定额 {yuan_text(_fen(value))} 元")
            return _fen(value)
        pension = self.payer.pension_fen
        if pension is None:
            self.made.notes.append(f"退休人员个人账户划入未计：未写明养老金 pension（划入比例 {value}）")
            return 0
        self.use(self.version, full, "退休人员个人账户划入比例", value, self.day)
        credit = int(share(pension, _points(value)))
        self.step(f"划入个人账户 养老金 {yuan_text(pension)} × {value} = {yuan_text(credit)} 元")
        return credit

    def step(self, text: str) -> None:
        self.made.steps.append(text)


class _ResidentYear(_Rule):
    """One year of a resident: the individual premium and the fiscal subsidy that are paired with it."""

    def item(self) -> Item:
        self.made.yearly = True
        on = date(self.day.year + 1, 1, 1) if self.contribution.pairing == "notice_year" else self.day
        paying = self.version if on == self.day else _version_in_force(self.rulebook, self.payer, on)
        subsidy = _fen(self.figure("subsidy", f"{self.day.year} 年度财政补助"))
        premium = _fen(self.figure("individual", f"{on.year} 待遇年度个人缴费", version=paying, day=on))
        helped = self.assistance(paying, on, premium)
        self.made.amounts = Amounts(individual=premium - helped, subsidy=subsidy, assistance=helped)
        pair = "按通知年度配对" if on != self.day else "按待遇年度配对"
        self.made.steps.append(
            f"个人缴费 {yuan_text(premium)}（{on.year} 待遇年度）"
            f" + 财政补助 {yuan_text(subsidy)}（{self.day.year} 年度） = {yuan_text(premium + subsidy)} 元，{pair}"
        )
        if helped:
            self.made.steps.append(
                f"医疗救助资助参保 {yuan_text(helped)} 元，个人实缴 {yuan_text(premium - helped)} 元"
            )
        self.check_ratio(subsidy, premium)
        return self.made

    def assistance(self, version: Version, on: date, premium: int) -> int:
        """What the assistance fund pays of the premium: the best of the payer's groups (资助参保).

        Raises: FigureMissing when no group is paid in full and the fixed amount of one is not known.
        """
        table = version.body.get("subsidised", {})
        found: list[tuple[int, str, Node]] = []
        unknown = ""
        for group in self.contribution.payer_on(on).groups:
            key = next((name for name in (group, *self.rulebook.sets_with(group)) if name in table), "")
            if not key:
                continue
            try:
                value, path = resolve(table[key], ((self.payer.status,), (group,)), f"subsidised.{key}")
            except MissingFigure as gone:
                unknown = unknown or version.key(gone.path)
                continue
            _must_be_readable(version.key(path), value)
            found.append((premium if value == "full" else min(premium, _fen(value)), path, value))
        if not found and not unknown:
            return 0
        best, path, value = max(found, default=(0, "", ""))
        if unknown and best < premium:
            raise refuse_missing(unknown, "定额资助的金额")
        self.use(version, path, "资助参保", value, on)
        if len(found) > 1 or unknown:
            name = GROUPS.get(path.split(".")[1], path.split(".")[1])
            self.made.notes.append(f"多重身份只取一种：资助参保按{name}计")
        return best

    def check_ratio(self, subsidy: int, premium: int) -> None:
        """Say so when the subsidy exceeds its declared multiple of the premium; the sums do not change."""
        stated = self.version.body.get("subsidy_most")
        if not isinstance(stated, str) or stated == "missing":
            return
        _must_be_readable(self.version.key("subsidy_most"), stated)
        if subsidy * WHOLE_BP > premium * _points(stated):
            key = self.version.key("subsidy_most")
            self.made.notes.append(f"财政补助超过个人缴费的 {stated}（{key}）")


# Reading figures ------------------------------------------------------------------------------------------------


def _version_in_force(rulebook: Rulebook, payer: Payer, day: date) -> Version:
    files = rulebook.of(payer.area, payer.scheme, "contribution")
    version = rulebook.in_force(files, day)
    if version is None:
        area = areas.all_areas()[payer.area]
        begun = "；".join(f"{file.name} 有 {'、'.join(str(each.period) for each in file.versions)}" for file in files)
        raise PolicyMissing(
            f"{area.name}{SCHEMES[payer.scheme]}在 {day} 没有筹资政策",
            hint=begun or f"应有 policies/{area.key}/{payer.scheme}/contribution.yaml",
            area=payer.area,
            scheme=payer.scheme,
            day=str(day),
        )
    return version


def _must_be_readable(key: str, value: Node) -> None:
    """A figure that the schema lets through but money cannot hold (too many digits). Raises: Malformed."""
    if value in ("none", "full"):
        return
    try:
        _points(value) if str(value).endswith("%") else fen_from_yuan(value)
    except ValueError as problem:
        name, _, path = key.partition("#")
        raise Malformed([Fault(name, 0, path, str(problem))]) from None


def _fen(value: Node) -> int:
    return 0 if value == "none" else int(fen_from_yuan(value))


def _points(value: Node) -> int:
    return int(basis_points(value))


def _share_of_share(amount: int, rate: int, kept: int) -> int:
    """Amount times two ratios, rounded half up once."""
    whole = WHOLE_BP * WHOLE_BP
    return (amount * rate * kept + whole // 2) // whole
