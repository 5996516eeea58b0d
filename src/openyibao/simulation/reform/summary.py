"""The page a director signs under (签发页): what changes, what it costs, who gains and who loses, what to watch."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from openyibao.documents.facade import Formal, half_up
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.pools import PoolAccount
from openyibao.simulation.reform.result import ReformResult
from openyibao.simulation.reform.wording import Words, months, per_change, share_text

FUNDS = {"employee": "职工统筹基金", "resident": "居民医保基金"}


PARTS = ("changes", "costs", "people", "pools", "treasury", "response")
"""The part of the report behind each paragraph of the page."""


def formal(result: ReformResult, words: Words, places: Mapping[str, str] | None = None) -> Formal:
    """The page, in six short paragraphs; each names the part where its figures are explained.

    Args: places: name of a part -> where it stands (第二部分); without it (a terminal) no part is named.
    """
    texts = [
        _what(result),
        _cost(result, words),
        _who(result, words),
        _months(result),
        _treasury(result, words),
        _caution(result, words),
    ]
    paragraphs = [
        f"{text.rstrip('。')}（见{places[part]}）。" if places and part in places else text
        for part, text in zip(PARTS, texts, strict=True)
    ]
    return Formal(
        title=f"关于“{result.title}”的测算情况",
        addressee="局领导",
        paragraphs=[text for text in paragraphs if text],
        signature=["测算：openyibao 政策模拟（静态测算）", "签发人："],
        date="　　　　年　　月　　日",
    )


def _what(result: ReformResult) -> str:
    note = result.note.replace("。 ", "。").rstrip("。")
    return (
        f"一、测算什么。以{result.area_name} {result.year} 年全年就诊与缴费数据为底，{_since(result)}，"
        f"与现行政策逐笔比较。{note + '。' if note else ''}方案共改动 {len(result.figures)} 个数字，"
        f"已对照待遇清单 {result.rules_checked} 条规则审查，未见不允许的改动{_doubts(result)}。{_idle(result)}"
    )


def _since(result: ReformResult) -> str:
    """From when the reform is taken to hold: half a year's effect must not be read as a year's."""
    first, last = f"{result.year}-01-01", f"{result.year}-12-31"
    starts = sorted({max(one.start, first) for one in result.figures if one.start <= last})
    if not starts or starts == [first]:
        return "假设该年已按方案执行"
    months = 13 - int(starts[0][5:7])
    return f"假设方案自 {'、'.join(starts)} 起执行（效果只含该年最多 {months} 个月，不是全年）"


def _doubts(result: ReformResult) -> str:
    return f"（{len(result.doubts)} 条缺数，未能核对，见附录）" if result.doubts else ""


def _idle(result: ReformResult) -> str:
    """Changes that do nothing: a director must not sign under figures that were never used."""
    if not result.idle:
        return ""
    if len(result.idle) == result.changes:
        return f"所列改动在本数据集 {result.year} 年无一起作用：{'；'.join(result.idle[:3])}。"
    return f"其中 {len(result.idle)} 处改动在本数据集 {result.year} 年不起作用，见附录。"


def _cost(result: ReformResult, words: Words) -> str:
    before, after = result.total.funds
    parts = [
        words.more(result.total.change(name), noun)
        for name, noun in (
            ("basic", "统筹基金支出"),
            ("serious_illness", "大病保险"),
            ("assistance", "医疗救助"),
        )
        if result.total.change(name)
    ]
    growth = per_change(before, after, 2)
    said = f"二、花多少钱。静态测算，各项基金支付{words.more(after - before)}"
    said += f"（{growth}）" if growth is not None and after != before else ""
    said += f"，其中{'、'.join(parts)}" if parts and after != before else ""
    said += f"；个人就医负担{words.more(result.total.change('burden'))}。"
    said += _premium(result)
    paid = result.contributions()
    pool_income = sum(paid[name] for name in ("employer", "individual", "subsidy", "assistance")) - paid["account"]
    if paid["account"]:
        said += f"个人账户划入{words.more(paid['account'])}，留在统筹基金。"
    if pool_income:
        said += f"统筹基金收入{words.more(pool_income)}{_payers(paid, words)}，"
        said += f"当期结余{words.more(result.balance()['pools'])}。"
    return said


def _payers(paid: Mapping[str, int], words: Words) -> str:
    """Who pays more or less in."""
    names = {"employer": "用人单位", "individual": "参保人", "subsidy": "财政补助", "assistance": "医疗救助资助"}
    parts = [words.more(paid[name], label) for name, label in names.items() if paid[name]]
    return f"（{'、'.join(parts)}）" if parts else ""


def _premium(result: ReformResult) -> str:
    """What serious illness would cost per head: its claims are paid from a premium that the reform leaves as it is."""
    more = result.total.change("serious_illness")
    heads = sum(account.heads for account in result.accounts)
    if not more or not heads:
        return ""
    return f"大病保险按人头筹资，赔付的变化折合人均保费{_per(more, heads)}。"


def _who(result: ReformResult, words: Words) -> str:
    rows = [row for row in result.by_status() if 1000 * (row["winners"] + row["losers"]) >= row["persons"]]
    rows = rows or [row for row in result.by_status() if row["winners"] or row["losers"]]
    people = sum(row["persons"] for row in rows)
    if not people:
        return "三、谁得谁失。没有参保人的负担发生变化。"
    winners, losers = (sum(row[name] for row in rows) for name in ("winners", "losers"))
    only = f"（{'、'.join(row.name for row in rows)}）" if len(rows) < len(result.by_status()) else ""
    said = f"三、谁得谁失。涉及的 {words.wan(people)}名参保人{only}中，"
    said += f"{_portion(winners, people)}得益、{_portion(losers, people)}受损，其余不变"
    parts = [sum(row[name] for row in rows) for name in ("gain_bills", "gain_account", "gain_premium")]
    means = [
        f"{label}{_per(sign * fen, people)}"
        for fen, label, sign in zip(parts, ("就医负担", "个人账户划入", "本人缴费"), (-1, 1, -1), strict=True)
        if fen
    ]
    said += f"；人均{'、'.join(means)}" if means else ""
    if losers and not result.measured.losers_by_bills:
        causes = [label for fen, label in zip(parts[1:], ("个人账户少划", "多缴保费"), strict=True) if fen < 0]
        said += f"。受损都因{'、'.join(causes)}，没有人的就医负担加重"
    incomes = [row for row in result.deciles()[:-1] if row["persons"]]
    if len(incomes) > 1:
        said += f"。按家庭人均收入分，最低一成人均{_gain(incomes[0])}，最高一成人均{_gain(incomes[-1])}"
    return f"{said}。{_homes(result, words)}"


def _portion(part: int, whole: int) -> str:
    """A share in words: none, next to none, or per cent."""
    if not part:
        return "没有人"
    return share_text(part, whole) if 1000 * part >= whole else "不到 0.1%"


def _homes(result: ReformResult, words: Words) -> str:
    shares = result.measured.catastrophic
    before, after, newly, left = (int(shares.above[0, at].sum()) for at in range(4))
    said = f"就医现金超过家庭可支配收入 {shares.shares[0]}% 的家庭改前 {words.wan(before)}户"
    if not newly and not left:
        return f"{said}，改后不变。"
    net = f"净{'增' if after >= before else '减'} {words.wan(abs(after - before))}户"
    return f"{said}，新落入 {words.wan(newly)}户、脱离 {words.wan(left)}户，{net}。"


def _per(fen: int, count: int) -> str:
    value = Fraction(fen, 100 * count)
    return f"{'增加' if value > 0 else '减少'}{_small(value)}"


def _small(value: Fraction) -> str:
    """Yuan per head without a sign; what would read 0.0 is said to be less than 0.1."""
    return f" {half_up(abs(value), 1):,f} 元" if abs(value) >= Fraction(1, 20) else "不到 0.1 元"


def _gain(row: object) -> str:
    values = row.values  # type: ignore[attr-defined]
    gain = values["gain_bills"] + values["gain_account"] + values["gain_premium"]
    value = Fraction(gain, 100 * values["persons"])
    if not gain:
        return "不变"
    return f"{'得益' if value > 0 else '受损'}{_small(value)}"


def _months(result: ReformResult) -> str:
    parts = []
    for scheme, name in FUNDS.items():
        account = result.account_total(scheme)
        if account is None:
            continue
        was, now = (months(account.months(side)) for side in (0, 1))
        if was is None or now is None:
            parts.append(f"{name}没有上年结余的记录，不计可支付月数，当期结余{_sign(account)}")
        elif was == now:
            parts.append(f"{name}仍为 {now:f} 个月")
        else:
            parts.append(f"{name}由 {was:f} 个月变为 {now:f} 个月")
    red = load_data("lines.yaml")
    return f"四、可支付月数（个人账户不计）。{'；'.join(parts)}。预警线 {red['yellow']} 个月，红线 {red['red']} 个月。"


def _sign(account: PoolAccount) -> str:
    before, after = account.balance
    return "不变" if before == after else ("增加" if after > before else "减少")


def _treasury(result: ReformResult, words: Words) -> str:
    paid = result.contributions()
    assistance = result.total.change("assistance") + paid["assistance"]
    subsidy = paid["subsidy"]
    if not subsidy and not assistance:
        return "五、财政。居民补助与医疗救助支出均不变，本方案不增加财政负担。"
    return (
        f"五、财政。居民医保财政补助{words.more(subsidy)}，医疗救助资金支出{words.more(assistance)}，"
        f"财政合计{words.more(subsidy + assistance)}。"
    )


def _caution(result: ReformResult, words: Words) -> str:
    assumed = sum(len(keys) for keys in result.provisional.values())
    said = f"六、须知。{_band(result, words)}"
    if result.manifest.kind == "synthetic":
        said += "所用数据为合成数据" + (f"（{float(words.scale * 100):g}%样本放大）" if words.raised else "")
        said += "，结论须以本地真实数据复算。"
    warnings = warned(result)
    if assumed:
        said += f"现行政策中有 {assumed} 个数字为假定或沿用，见附录。"
    return said + ("；".join(warnings) + "。" if warnings else "")


def _band(result: ReformResult, words: Words) -> str:
    """That it is static, and how far it moves when visits answer."""
    if not result.total["changed"]:
        return "以上为静态测算；方案没有改变任何一笔就诊的支付，就诊次数不作反应。"
    band, back = result.response, result.back_test
    edges = [_funds(result, case) for case in ("low", "high")]
    worth = "区间宜看作下限" if _funds(result, "static") > 0 else "区间只宜看作数量级"
    return (
        "以上为静态测算，不计就医行为的变化；按需求弹性估计，基金支付的变化在"
        f" {_signed(words, min(edges))} 至 {_signed(words, max(edges))} 之间"
        f"（就诊人次 {_visits(words, band.more_visits('low'))} 至 {_visits(words, band.more_visits('high'))}）。"
        f"同一方法回测青岛 2024 年门诊改革，只能说明就诊增长 {half_up(back.printed.visits, 1)}% 中的"
        f" {half_up(back.found['central'].visits, 1)} 个百分点，{worth}。"
    )


def _funds(result: ReformResult, case: str) -> int:
    names = ("basic", "serious_illness", "special_drug", "supplement", "assistance")
    return sum(result.response.change(name, case) for name in names)


def _signed(words: Words, fen: int) -> str:
    return f"{'+' if fen > 0 else '-' if fen < 0 else ''}{words.said(fen)}"


def _visits(words: Words, more: int) -> str:
    return f"{'+' if more >= 0 else '-'}{words.wan(abs(more)).strip()}"


def warned(result: ReformResult) -> list[str]:
    """Warnings (预警): pools below a line after the reform, or whose year turns negative."""
    lines = load_data("lines.yaml")
    found = []
    for account in result.accounts:
        name = f"{account.name}{FUNDS[account.scheme]}"
        now = account.months(1)
        if now is not None and now < int(lines["red"]):
            found.append(f"红色预警：{name}改后只够支付 {months(now):f} 个月（改前 {months(account.months(0)):f}）")
        elif now is not None and now < int(lines["yellow"]):
            found.append(f"黄色预警：{name}改后可支付 {months(now):f} 个月（改前 {months(account.months(0)):f}）")
        if account.balance[1] < 0 <= account.balance[0]:
            found.append(f"{name}当期结余由正转负")
    return found if len(found) <= 4 else [*found[:3], f"另有 {len(found) - 3} 项预警，见统筹基金可支付月数一节"]


__all__ = ["FUNDS", "formal", "warned"]
