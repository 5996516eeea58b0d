"""How a back-test reads: lines for a terminal, one self-contained page for an officer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from openyibao.analytics.causes import KINDS
from openyibao.analytics.contracts import Backtest, Cause, FigureFinding
from openyibao.policy.terms import FIELDS

VERDICTS = {"confirmed": "印证", "compatible": "相容", "contradicted": "不符"}
STANDINGS = {"assumed": "假定", "extended": "沿用", "": "有据"}
_STYLE = """
body{font:15px/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:70rem;
padding:0 1rem;color:#1c2b2a}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #cfdcda}
table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;text-align:left;vertical-align:top}
th{font-weight:600;border-bottom:2px solid #8fb3ae}tr+tr td{border-top:1px solid #e4ecea}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code{font-size:.9em;overflow-wrap:anywhere}
.bar{background:#2a8f82;height:.8rem;border-radius:2px}pre{background:#f3f7f6;padding:.8rem;overflow-x:auto;
font-size:.85rem;white-space:pre-wrap}details{margin:.4rem 0}.big{font-size:1.3rem}
"""


def yuan(fen: int, *, signed: bool = False) -> str:
    """Fen as 1,234.56."""
    sign = "-" if fen < 0 else "+" if signed and fen > 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def percent(part: int, whole: int) -> str:
    """A share with two decimals, rounded down so that only all is 100 %."""
    points = part * 10_000 // whole if whole else 0
    return f"{points // 100}.{points % 100:02d}%"


def summary(found: Backtest) -> str:
    """One sentence about the whole."""
    return (
        f"{found.compared:,} 笔可比，{found.matched:,} 笔逐项相符（{percent(found.matched, found.compared)}）；"
        f"基金支付 {yuan(found.fund_fen)} 元，其中 {percent(found.fund_matched_fen, found.fund_fen)} 在相符的账单上"
    )


def figure_text(finding: FigureFinding) -> str:
    """One figure the bills contradict, in a sentence."""
    since = f"（自 {finding.start}）" if finding.start else ""
    return (
        f"{finding.path}：现为 {finding.ours}（{STANDINGS[finding.standing]}），账单意味着 {finding.implied}{since}；"
        f"{finding.support} 笔、{finding.persons} 人支持，{finding.counter} 笔反例，"
        f"基金支付 {yuan(finding.effect_fen, signed=True)} 元"
    )


def lines(found: Backtest) -> Iterator[str]:
    """The back-test as lines of text."""
    yield summary(found)
    if found.figures:
        yield f"把反推的参数代入后：{found.matched_after:,} 笔相符（{percent(found.matched_after, found.compared)}）"
    for count, what in ((found.unknown_opening, "个人年的年初状态未知（文件始于年中）"),):
        if count:
            yield f"{count:,} {what}"
    yield from _section("参数：账单与现行政策不符", [figure_text(one) for one in found.figures])
    yield from _section("线索（支持的人太少，未采用）", [figure_text(one) for one in found.hints])
    yield from _section(
        "差异原因", [f"{KINDS[one.kind]}：{one.detail}，{one.bills:,} 笔，{yuan(one.fen)} 元" for one in found.causes]
    )
    yield from _section(
        "逐项差额（我方 − 记录）",
        [
            f"{FIELDS.get(one.name, one.name)} {one.name}：{one.differing:,} / {one.compared:,} 笔不同，"
            f"净 {yuan(one.ours_fen - one.recorded_fen, signed=True)} 元，绝对值合计 {yuan(one.absolute_fen)} 元"
            for one in found.fields
            if one.differing
        ],
    )
    yield from _section("未比较", [f"{text}：{count:,} 笔" for text, count in found.not_compared.items()])
    said = [one for one in found.confirmations if one.verdict != "compatible"]
    yield from _section(
        "假定或沿用的参数",
        [
            f"{VERDICTS[one.verdict]} {one.path} = {one.value}（{STANDINGS[one.standing]}，{one.bills:,} 笔）"
            + (f"，账单意味着 {one.implied}" if one.implied else "")
            for one in said
        ],
    )
    rest = len(found.confirmations) - len(said)
    if rest:
        yield f"  另有 {rest} 个假定或沿用的参数与账单相容，但别的数值也相容"


def _section(title: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        yield from (f"  {row}" for row in rows)


# The page -----------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if at in numbers else ''}>{cell}</{tag}>" for at, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', head)}</tr>{body}</table>" if body else "<p>无</p>"


def html(found: Backtest) -> str:
    """The back-test as one page without anything from elsewhere."""
    parts = [
        f"<p class=big>{escape(summary(found))}</p>",
        f"<p>{found.persons:,} 人，{found.person_years:,} 个人年，{found.reversals:,} 笔退费；"
        f"代入反推的参数后 {found.matched_after:,} 笔相符；政策 <code>{escape(found.policies)}</code>；"
        f"年初状态未知的人年 {found.unknown_opening:,} 个</p>",
        "<h2>参数：账单与现行政策不符</h2>",
        _figures(found.figures),
    ]
    if found.hints:
        parts += ["<h2>线索（支持的人太少，未采用）</h2>", _figures(found.hints)]
    parts += [
        "<h2>差异原因</h2>",
        _causes(found.causes),
        "<h2>逐项差额（我方 − 记录，元）</h2>",
        _table(
            ["字段", "比较", "不同", "净差额", "绝对值合计"],
            [
                [
                    f"{escape(FIELDS.get(one.name, one.name))} <code>{one.name}</code>",
                    f"{one.compared:,}",
                    f"{one.differing:,}",
                    yuan(one.ours_fen - one.recorded_fen, signed=True),
                    yuan(one.absolute_fen),
                ]
                for one in found.fields
            ],
            (1, 2, 3, 4),
        ),
        "<h2>基金支付相差多少</h2>",
        _histogram(found.histogram),
        "<h2>假定或沿用的参数</h2>",
        _table(
            ["参数", "现值", "地位", "结论", "笔数", "账单意味着"],
            [
                [
                    f"<code>{escape(one.path)}</code>",
                    escape(one.value),
                    STANDINGS[one.standing],
                    VERDICTS[one.verdict],
                    f"{one.bills:,}",
                    escape(one.implied),
                ]
                for one in found.confirmations
            ],
            (4,),
        ),
        "<h2>未比较</h2>",
        _table(["原因", "笔数"], [[escape(text), f"{n:,}"] for text, n in found.not_compared.items()], (1,)),
        "<h2>文件中的异常</h2>",
        _table(["说明", "次数"], [[escape(text), f"{n:,}"] for text, n in found.notices.items()], (1,)),
        "<h2>相差最大的账单</h2>",
        *(_worst(found)),
    ]
    return (
        '<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>回测</title><style>{_STYLE}</style><h1>回测</h1>{''.join(parts)}</html>\n"
    )


def _figures(found: Sequence[FigureFinding]) -> str:
    return _table(
        ["参数", "现值", "账单意味着", "支持（笔 / 人）", "反例", "基金支付变化", "现值的地位"],
        [
            [
                f"<code>{escape(one.path)}</code>"
                + (f"<br>同样可解释：<code>{escape('、'.join(one.alternatives))}</code>" if one.alternatives else ""),
                escape(one.ours),
                escape(one.implied) + (f"（自 {one.start}）" if one.start else ""),
                f"{one.support:,} / {one.persons:,}",
                f"{one.counter:,}",
                yuan(one.effect_fen, signed=True),
                STANDINGS[one.standing],
            ]
            for one in found
        ],
        (3, 4, 5),
    )


def _causes(found: Sequence[Cause]) -> str:
    return _table(
        ["原因", "说明", "笔数", "差额（元）", "多见于", "例"],
        [
            [
                escape(KINDS[one.kind]),
                escape(one.detail),
                f"{one.bills:,}",
                yuan(one.fen),
                escape("、".join(f"{name}（{n}）" for name, n in sorted(one.institutions.items(), key=_most)[:3])),
                escape("、".join(one.examples[:3])),
            ]
            for one in found
        ],
        (2, 3),
    )


def _most(item: tuple[str, int]) -> int:
    return -item[1]


def _histogram(bins: dict[str, int]) -> str:
    most = max(bins.values(), default=1)
    rows = [
        [escape(label), f"{n:,}", f"<div class=bar style='width:{n * 100 // most}%'></div>"]
        for label, n in bins.items()
    ]
    return _table(["相差", "笔数", ""], rows, (1,))


def _worst(found: Backtest) -> Iterator[str]:
    for one in found.worst:
        rows = [
            [f"{escape(FIELDS.get(name, name))} <code>{name}</code>", yuan(one.ours[name]), yuan(recorded)]
            for name, recorded in one.recorded.items()
            if recorded or one.ours[name]
        ]
        yield (
            f"<details><summary><code>{escape(one.bill)}</code> {one.day}：{escape(one.cause)}</summary>"
            f"{_table(['字段', '我方', '记录'], rows, (1, 2))}<pre>{escape(one.explanation)}</pre></details>"
        )
