"""The chapters of the bulletin (公报正文), in the order a province prints them, in our own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openyibao.analytics.bulletin import pictures
from openyibao.analytics.bulletin.book import Book
from openyibao.analytics.bulletin.printed import not_covered
from openyibao.documents.facade import Block, Cell, Heading, Paragraph, Table

SCHEMES = {"employee": "职工医保", "resident": "居民医保"}


class Notes:
    """Footnotes in the order they are first called for: mark("ratio") -> "[3]"."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def mark(self, name: str) -> str:
        if name not in self.called:
            self.called.append(name)
        return f"[{self.called.index(name) + 1}]"


class Tables:
    """Numbers of tables and charts."""

    def __init__(self) -> None:
        self.tables = 0
        self.charts = 0

    def table(self, text: str) -> str:
        self.tables += 1
        return f"表{self.tables}　{text}"

    def chart(self, text: str) -> str:
        self.charts += 1
        return f"图{self.charts}　{text}"


def changes(book: Book, numbers: Tables, caption: str, names: Sequence[str]) -> Table:
    """A table of indicators: this year, the year before, growth (per cent) and change (points) in their own columns."""
    rows = [book.row(name) for name in names if book.value(name).value is not None]
    align = "ll" + "r" * (len(book.headers()) - 2)
    return Table(book.headers(), rows, numbers.table(caption), align)


def insured(book: Book, notes: Notes, numbers: Tables) -> Iterator[Block]:
    """一、（一）参保人员."""
    yield Heading("一、参保和基金收支")
    yield Heading("（一）参保人员", 2)
    basic = notes.mark("basic")
    rate = (
        f"，参保率{book.said('participation_rate')}{notes.mark('population')}" if book.has("participation_rate") else ""
    )
    yield Paragraph(
        f"{book.year}年末，基本医疗保险{basic}参保{book.said('insured')}{book.added('insured')}{rate}。"
        f"其中职工医保{book.said('insured_employee')}，居民医保{book.said('insured_resident')}。"
    )
    yield Heading("1．职工医保", 3)
    yield Paragraph(
        f"职工医保参保{book.said('insured_employee')}{book.added('insured_employee')}。"
        f"在职{book.said('insured_active')}{book.added('insured_active')}；"
        f"退休{book.said('insured_retired')}{book.added('insured_retired')}；"
        f"在职退休比为{book.said('support_ratio')}{book.moved('support_ratio')}。"
    )
    yield Paragraph(
        f"按单位性质分，企业{book.said('insured_enterprise')}、机关事业单位{book.said('insured_organ')}、"
        f"灵活就业等其他人员{book.said('insured_flexible')}，"
        f"分别占{book.said('insured_share_enterprise')}、{book.said('insured_share_organ')}、"
        f"{book.said('insured_share_flexible')}。"
        f"统账结合{book.said('insured_with_account')}，占{book.said('insured_share_with_account')}；"
        f"单建统筹{book.said('insured_pool_only')}，占{book.said('insured_share_pool_only')}。"
    )
    yield from pictures.insured_employee(book, numbers.chart)
    yield Heading("2．居民医保", 3)
    yield Paragraph(
        f"居民医保参保{book.said('insured_resident')}{book.added('insured_resident')}。"
        f"其中成年人{book.said('insured_adult')}、中小学生和儿童{book.said('insured_child')}、"
        f"大学生{book.said('insured_student')}，分别占{book.said('insured_share_adult')}、"
        f"{book.said('insured_share_child')}、{book.said('insured_share_student')}。"
    )
    yield from pictures.insured_resident(book, numbers.chart)
    names = ["insured", "participation_rate", "insured_employee", "insured_active", "insured_retired", "support_ratio"]
    names += ["insured_enterprise", "insured_organ", "insured_flexible", "insured_with_account", "insured_pool_only"]
    names += ["insured_resident", "insured_adult", "insured_child", "insured_student"]
    yield changes(book, numbers, "参保人数", names)


def funds(book: Book, notes: Notes, numbers: Tables) -> Iterator[Block]:
    """一、（二）基金收支."""
    yield Heading("（二）基金收支", 2)
    balance = f"，年末累计结余{book.said('fund_balance')}" if book.has("fund_balance") else ""
    yield Paragraph(
        f"基本医疗保险基金（含生育保险）总收入{book.said('fund_income')}{book.moved('fund_income')}；"
        f"总支出{book.said('fund_spending')}{book.moved('fund_spending')}；"
        f"当期结余{book.said('fund_current')}{balance}。"
    )
    yield from pictures.funds(book, numbers.chart)
    yield Heading("1．职工医保基金", 3)
    yield Paragraph(
        f"收入{book.said('fund_income_employee')}{book.moved('fund_income_employee')}。其中统筹基金"
        f"{book.said('fund_income_employee_pool')}{book.moved('fund_income_employee_pool')}，个人账户"
        f"{book.said('fund_income_account')}{book.moved('fund_income_account')}。"
    )
    yield Paragraph(
        f"支出{book.said('fund_spending_employee')}{book.moved('fund_spending_employee')}。其中统筹基金"
        f"{book.said('fund_spending_employee_pool')}{notes.mark('transfer')}"
        f"{book.moved('fund_spending_employee_pool')}，个人账户"
        f"{book.said('fund_spending_account')}{notes.mark('account')}{book.moved('fund_spending_account')}。"
    )
    pool = (
        f"年末统筹基金累计结余{book.said('fund_balance_employee_pool')}，"
        if book.has("fund_balance_employee_pool")
        else ""
    )
    months = (
        f"可支付{book.said('payable_months_employee_pool')}{notes.mark('months')}，"
        if book.value("payable_months_employee_pool").value is not None
        else ""
    )
    yield Paragraph(
        f"当期结余{book.said('fund_current_employee')}，其中统筹基金{book.said('fund_current_employee_pool')}、"
        f"个人账户{book.said('fund_current_account')}。{pool}{months}个人账户累计结余{book.said('fund_balance_account')}。"
    )
    yield Heading("2．居民医保基金", 3)
    closing = f"，年末累计结余{book.said('fund_balance_resident')}" if book.has("fund_balance_resident") else ""
    months = (
        f"，可支付{book.said('payable_months_resident')}{notes.mark('months')}"
        if book.value("payable_months_resident").value is not None
        else ""
    )
    yield Paragraph(
        f"收入{book.said('fund_income_resident')}{book.moved('fund_income_resident')}；"
        f"支出{book.said('fund_spending_resident')}{notes.mark('transfer')}{book.moved('fund_spending_resident')}；"
        f"当期结余{book.said('fund_current_resident')}{closing}{months}。"
    )
    names = []
    for tail in ("", "_employee", "_employee_pool", "_account", "_resident"):
        names += [f"fund_income{tail}", f"fund_spending{tail}", f"fund_current{tail}", f"fund_balance{tail}"]
    names += ["payable_months_employee_pool", "payable_months_resident", "serious_illness_paid"]
    yield changes(book, numbers, "基金收入、支出和结余", names)
    yield from pictures.balances(book, numbers.chart)


def care(book: Book, notes: Notes, numbers: Tables) -> Iterator[Block]:
    """一、（三）享受待遇、住院率、次均费用和支付比例，职工、居民分述."""
    yield Heading("（三）享受待遇情况", 2)
    for at, (scheme, name) in enumerate(SCHEMES.items(), 1):
        yield Heading(f"{at}．{name}", 3)
        yield Paragraph(
            f"{name}参保人享受待遇{book.said(f'visits_{scheme}')}{book.moved(f'visits_{scheme}')}。其中普通门急诊"
            f"{book.said(f'visits_outpatient_{scheme}')}{book.moved(f'visits_outpatient_{scheme}')}；门诊慢特病"
            f"{book.said(f'visits_chronic_{scheme}')}{book.moved(f'visits_chronic_{scheme}')}；住院"
            f"{book.said(f'stays_{scheme}')}{book.moved(f'stays_{scheme}')}。"
            f"人均就诊{book.said(f'visits_per_head_{scheme}')}次{book.moved(f'visits_per_head_{scheme}')}。"
        )
        parts = ""
        if scheme == "employee":
            parts = (
                f"其中在职职工{book.said('stay_rate_active')}{book.moved('stay_rate_active')}，"
                f"退休人员{book.said('stay_rate_retired')}{book.moved('stay_rate_retired')}。"
            )
        yield Paragraph(
            f"住院率{book.said(f'stay_rate_{scheme}')}{notes.mark('rate')}{book.moved(f'stay_rate_{scheme}')}。{parts}"
        )
        yield Paragraph(
            f"次均住院费用{book.said(f'stay_cost_{scheme}')}{book.moved(f'stay_cost_{scheme}')}，"
            f"三级、二级、一级及以下医疗机构分别为{_by_level(book, f'stay_cost_{scheme}')}。"
        )
        yield Paragraph(
            f"政策范围内住院费用基金支付比例{book.said(f'in_scope_ratio_{scheme}')}{notes.mark('ratio')}"
            f"{book.moved(f'in_scope_ratio_{scheme}')}，三级、二级、一级及以下医疗机构分别为"
            f"{_by_level(book, f'in_scope_ratio_{scheme}')}；按住院总费用计的实际支付比例"
            f"{book.said(f'actual_ratio_{scheme}')}。"
        )
    yield from pictures.care(book, numbers.chart)
    names = []
    for scheme in SCHEMES:
        names += [f"visits_{scheme}", f"visits_outpatient_{scheme}", f"visits_chronic_{scheme}", f"stays_{scheme}"]
        names += [f"inpatients_{scheme}", f"visits_per_head_{scheme}", f"stay_rate_{scheme}"]
        names += ["stay_rate_active", "stay_rate_retired"] if scheme == "employee" else []
    yield changes(book, numbers, "享受待遇人次和住院率", names)
    names = []
    for scheme in SCHEMES:
        for start in ("stay_cost", "in_scope_ratio"):
            names += [
                f"{start}_{scheme}",
                *(f"{start}_{scheme}_{level}" for level in ("tertiary", "secondary", "primary")),
            ]
        names.append(f"actual_ratio_{scheme}")
    yield changes(book, numbers, "次均住院费用和基金支付比例", names)


def _by_level(book: Book, start: str) -> str:
    return "、".join(book.said(f"{start}_{level}") for level in ("tertiary", "secondary", "primary"))


def maternity(book: Book, notes: Notes, numbers: Tables) -> Iterator[Block]:
    """一、（四）生育保险；（五）长期护理保险."""
    yield Heading("（四）生育保险", 2)
    births = f"参保女职工生育{book.said('births')}{book.moved('births')}。" if book.has("births") else ""
    yield Paragraph(
        f"参加生育保险{book.said('insured_maternity')}{notes.mark('maternity')}{book.moved('insured_maternity')}。"
        f"享受生育保险待遇{book.said('maternity_times')}{book.moved('maternity_times')}，其中医疗待遇"
        f"{book.said('maternity_medical_times')}、津贴{book.said('maternity_allowance_times')}。{births}"
    )
    yield Heading("（五）长期护理保险", 2)
    if not book.has("insured_ltc"):
        yield Paragraph("数据集没有长期护理保险的参保记录。")
        return
    resident = f"、居民{book.said('insured_ltc_resident')}" if book.has("insured_ltc_resident") else ""
    yield Paragraph(
        f"参加长期护理保险{book.said('insured_ltc')}{book.moved('insured_ltc')}，其中职工"
        f"{book.said('insured_ltc_employee')}{resident}。全年为{book.said('ltc_persons')}失能人员{notes.mark('ltc')}支付"
        f"{book.said('ltc_paid')}，人均{book.said('ltc_per_person')}。"
    )
    names = ["insured_maternity", "maternity_times", "maternity_medical_times", "maternity_allowance_times"]
    names += ["maternity_allowance_paid", "births", "insured_ltc", "insured_ltc_employee", "insured_ltc_resident"]
    names += ["ltc_persons", "ltc_paid", "ltc_per_person"]
    yield changes(book, numbers, "生育和长期护理保险", names)


def assistance(book: Book, notes: Notes, numbers: Tables) -> Iterator[Block]:
    """二、医疗救助."""
    yield Heading("二、医疗救助")
    yield Paragraph(
        f"医疗救助支出{book.said('assistance_paid')}{notes.mark('assistance')}{book.moved('assistance_paid')}。"
        f"资助参加基本医疗保险{book.said('assistance_subsidised')}；门诊和住院救助{book.said('assistance_times')}，"
        f"其中住院{book.said('assistance_times_inpatient')}、门诊{book.said('assistance_times_outpatient')}；"
        f"次均住院救助{book.said('assistance_per_stay')}，次均门诊救助{book.said('assistance_per_outpatient')}。"
        f"年末困难群众参保{book.said('insured_helped')}。"
    )
    names = ["assistance_paid", "assistance_subsidised", "assistance_times", "assistance_times_inpatient"]
    names += ["assistance_times_outpatient", "assistance_per_stay", "assistance_per_outpatient", "insured_helped"]
    yield changes(book, numbers, "医疗救助", names)


def remote(book: Book, notes: Notes, numbers: Tables) -> Iterator[Block]:
    """三、异地就医."""
    yield Heading("三、异地就医住院结算")
    parts = []
    for kind, name in (("out", "到省外"), ("in", "在省内跨市")):
        parts.append(
            f"参保人{name}住院{book.said(f'remote_{kind}_stays')}{book.moved(f'remote_{kind}_stays')}，总费用"
            f"{book.said(f'remote_{kind}_cost')}，基金支付{book.said(f'remote_{kind}_fund')}"
        )
    yield Paragraph(f"{parts[0]}{notes.mark('remote')}。{parts[1]}。")
    names = [f"remote_{kind}_{what}" for kind in ("out", "in") for what in ("stays", "cost", "fund")]
    yield changes(book, numbers, "异地就医住院", names)


def institutions(book: Book, numbers: Tables) -> Iterator[Block]:
    """四、定点医药机构."""
    yield Heading("四、定点医药机构")
    pharmacy = f"，定点零售药店{book.said('institutions_pharmacy')}" if book.has("institutions_pharmacy") else ""
    yield Paragraph(
        f"数据集所载定点医药机构{book.said('institutions')}，其中三级医院{book.said('institutions_tertiary')}、"
        f"二级医院{book.said('institutions_secondary')}、一级及以下医院{book.said('institutions_primary')}、"
        f"基层医疗机构与诊所{book.said('institutions_clinic')}{pharmacy}。"
    )


def left_out(numbers: Tables) -> Iterator[Block]:
    """五、未涵盖的内容: named, never invented."""
    yield Heading("五、本公报未涵盖的内容")
    yield Paragraph("下列内容在省级公报中通常成章，本公报所据的数据集没有相应数据，故只列名目，不作统计：")
    rows: list[list[Cell]] = [[title, said] for title, said in not_covered()]
    yield Table(["内容", "没有统计的原因"], rows, numbers.table("没有统计的内容"), "ll")
