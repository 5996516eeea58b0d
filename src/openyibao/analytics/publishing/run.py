"""One publication from the permission to the finished folder (发布一次).

Written beside its place and moved there whole: what a crash leaves is not under the name asked for, holds no manifest,
and is cleared by the next run. The audit trail says who began, and in one row what was read when it was done.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import numpy as np

import openyibao
from openyibao.analytics.publishing import statements, wholes
from openyibao.analytics.publishing.bills import Bills, check_words, openings
from openyibao.analytics.publishing.incoming import write_incoming
from openyibao.analytics.publishing.parts import Parts
from openyibao.analytics.publishing.snapshot import Snapshot, snapshot
from openyibao.analytics.publishing.wholes import Pool
from openyibao.datasets.facade import FUNDS, GRANT_KINDS, TABLES, Manifest, write_codes, write_manifest, write_whole
from openyibao.foundation import audit
from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.kernel.clock import SHANGHAI, business_day
from openyibao.kernel.errors import Fault, Malformed, TryAgain
from openyibao.rulebook.facade import plan_in_force

Said = Callable[[str, int], None]
RUN = "recorded"
"""Name of the run that holds what was really paid."""
MONEY = (
    *("employer_fen", "individual_fen", "subsidy_fen", "assistance_fen", "account_fen", "account_opening_fen"),
    "base_fen",
)
_SUBSIDISED, _ASSISTANCE = list(GRANT_KINDS).index("subsidised_enrolment"), list(FUNDS).index("assistance")
_AREA = re.compile(r"[0-9]{6}")


def publish(
    actor: Actor,
    out: Path,
    years: Sequence[int],
    area: str = "",
    *,
    at: datetime,
    said: Said | None = None,
    persons_per_part: int,
) -> Manifest:
    """Publish years of one pooling area, or of all, as a dataset in a new folder (发布数据集).

    Raises: NotPermitted; Malformed when the folder is not empty, the area is no pooling area, or nobody was insured;
    TryAgain when another run writes to the same place; NothingPublished without policies.
    """
    require(actor, "analytics.publish", area or areas.NATION)
    _check(out, years, area, business_day(at))
    audit.record(actor, "analytics.publish_begun", out.name, area or areas.NATION, years=list(years))
    with _beside(out) as folder:
        run = _Run(folder, sorted(set(years)), area, at, said or _quiet, persons_per_part)
        with snapshot() as view:
            run.all(view)
        manifest = run.manifest()
        write_manifest(folder, manifest)
        counts = {table: sum(by.values()) for table, by in manifest.rows.items()}
        audit.record(
            *(actor, "analytics.publish", out.name, area or areas.NATION),
            years=manifest.years,
            persons=run.count,
            rows=counts,
        )
    return manifest


def _check(out: Path, years: Sequence[int], area: str, today: date) -> None:
    faults = []
    if not years or min(years) < 2000 or max(years) > 2100 or len(set(years)) != max(years) - min(years) + 1:
        faults.append(Fault("", 0, "--years", f"{list(years)} 不是相连的年度", "2024 或 2022-2024"))
    elif max(years) > today.year:
        faults.append(Fault("", 0, "--years", f"{max(years)} 年尚未开始", f"至多 {today.year}"))
    if area and (area not in areas.all_areas() or areas.pooling_area_of(area) != area):
        faults.append(Fault("", 0, "--area", f"{area!r} 不是统筹区", "如 371500"))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        faults.append(Fault(str(out), 0, "--out", "已存在，且不是空文件夹", "一个新的文件夹"))
    if not out.absolute().parent.is_dir():
        faults.append(Fault(str(out.absolute().parent), 0, "--out", "上级文件夹不存在", "一个存在的文件夹之下"))
    if faults:
        raise Malformed(faults)


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder beside the wanted place, moved there when all went well, removed when not. Raises: TryAgain."""
    out = out.absolute()
    folder = out.with_name(f".{out.name}.writing")
    folder.mkdir(exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.path.samestat(os.fstat(lock), os.stat(folder))
        except (BlockingIOError, FileNotFoundError):
            mine = False
        if not mine:
            raise TryAgain(f"另一次发布正在写 {out}", hint="等它结束，或换一个文件夹")
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield folder
            os.replace(folder, out)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _quiet(what: str, count: int) -> None:
    pass


def _home(area: str) -> str:
    """Pooling area of an institution's county; the county itself where none is known."""
    try:
        return areas.pooling_area_of(area)
    except ValueError:
        return area


@dataclass
class _Run:
    """What one publication reads and writes."""

    folder: Path
    years: list[int]
    area: str
    at: datetime
    said: Said
    size: int
    pools: list[Pool] = field(default_factory=list)
    count: int = 0
    rows: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    paid: dict[tuple[int, Pool], dict[str, int]] = field(default_factory=dict)
    insured: dict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    left_out: int = 0

    @property
    def digest(self) -> str:
        """The rulebook's digest, as whoever settles the dataset again will state it."""
        return self.policies.policies.rulebook.digest

    @property
    def today(self) -> date:
        return business_day(self.at)

    @property
    def parts(self) -> int:
        return max(1, -(-self.count // self.size))

    def all(self, view: Snapshot) -> None:
        """Read and write every table."""
        plan = plan_in_force()
        self.bills = Bills(plan.hash)
        self.policies = plan
        self._wholes(view)
        self._persons(view)
        for year in self.years:
            self._contributions(view, year)
            self._bills(view, year)
        self._funds()
        self.rows["variants"][""] = write_whole(self.folder, "variants", self.bills.variant_rows())
        self.rows["codes"][""] = write_codes(self.folder)

    # Whole tables ---------------------------------------------------------------------------------------------

    def _wholes(self, view: Snapshot) -> None:
        relations = [
            (area, scheme) for area, scheme in view.rows(statements.RELATIONS) if _AREA.fullmatch(area) is not None
        ]
        kept = [
            (area, Pool(areas.pooling_area_of(area), scheme))
            for area, scheme in relations
            if scheme in statements.SCHEMES and self.area in ("", areas.pooling_area_of(area))
        ]
        self.left_out = len({scheme for _, scheme in relations if scheme not in statements.SCHEMES})
        if not kept:
            raise Malformed([Fault("", 0, "--area", f"{self.area or '本库'} 没有参保记录", "一个有人参保的统筹区")])
        self.pools = sorted({pool for _, pool in kept}, key=lambda pool: (pool.area, pool.scheme))
        # the pooling area itself is what bills and contributions are booked on
        known = {(area, pool.scheme): pool for area, pool in kept}
        known |= {(pool.area, pool.scheme): pool for pool in self.pools}
        found = wholes.institutions()
        inside = {pool.area for pool in self.pools}
        for statement in (
            *statements.pools((area, scheme, self.pools.index(pool)) for (area, scheme), pool in known.items()),
            *statements.persons(self.years),
            *statements.carried(self.years),
            *statements.institutions((one.code, one.area, _home(one.area) in inside) for one in found),
        ):
            view.run(statement)
        ((self.count,),) = view.rows(statements.COUNT)
        if not self.count:
            raise Malformed([Fault("", 0, "--years", f"{self.years} 年没有人参保", "有参保或就诊的年度")])
        self.rows["pools"][""] = wholes.write_pools(self.folder, self.pools)
        last = date(self.years[-1], 12, 31)
        self.rows["institutions"][""] = wholes.write_institutions(self.folder, found, last)
        self.said("institutions", len(found))

    def _funds(self) -> None:
        names = TABLES["funds"].names
        rows = wholes.fund_rows(sorted({pool.area for pool in self.pools}), self.years, self.paid)
        columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
        self.rows["funds"][""] = write_whole(self.folder, "funds", columns)

    # Persons --------------------------------------------------------------------------------------------------

    def _persons(self, view: Snapshot) -> None:
        care = statements.in_pools(self._with_care(self.years[-1]))
        for name, statement in (
            ("persons", statements.PERSONS),
            ("coverage", statements.coverage(statements.MATERNITY, care)),
        ):
            parts = Parts(self.folder, name, self.parts, self.size)
            for table in view.persons(statement):
                check_words(table, name, ("died", "until"))
                parts.write({column: table.column(column) for column in TABLES[name].names})
                self.said(name, parts.rows)
            self.rows[name][""] = parts.close()

    def _with_care(self, year: int) -> list[int]:
        """Pools whose employees have long-term-care insurance: where a policy of it is in force."""
        day = date(year, 12, 31)
        compiler = self.policies.policies.compiler
        return [
            at
            for at, pool in enumerate(self.pools)
            if pool.scheme == "employee" and compiler.book(pool.area, pool.scheme).in_force(day, "long_term_care")
        ]

    def _contributions(self, view: Snapshot, year: int) -> None:
        care = statements.in_pools(self._with_care(year))
        paid = Parts(self.folder, "contributions", self.parts, self.size, year)
        grants = Parts(self.folder, "grants", self.parts, self.size, year)
        for table in view.persons(statements.contributions(year, self.today, statements.MATERNITY, care)):
            check_words(table, f"contributions {year}")
            row = {name: table.column(name).to_numpy() for name in table.column_names}
            nothing = np.zeros(table.num_rows, dtype=np.int64)
            paid.write({name: row.get(name, nothing) for name in TABLES["contributions"].names})
            granted = np.flatnonzero(row["assistance_fen"])
            grants.write(
                {
                    **{name: row[name][granted] for name in ("person", "pool", "times")},
                    "kind": nothing[granted] + _SUBSIDISED,
                    "fund": nothing[granted] + _ASSISTANCE,
                    "days": nothing[granted],
                    "fen": row["assistance_fen"][granted],
                }
            )
            for at, pool in enumerate(self.pools):
                mine = row["pool"] == at
                sums = self.paid.setdefault((year, pool), defaultdict(int))
                for name in MONEY:
                    sums[name] += int(row[name][mine].sum())
                self.insured[year, pool.area] += int(np.count_nonzero(mine))
            self.said(f"contributions {year}", paid.rows)
        self.rows["contributions"][str(year)] = paid.close()
        self.rows["grants"][str(year)] = grants.close()

    # Bills ----------------------------------------------------------------------------------------------------

    def _bills(self, view: Snapshot, year: int) -> None:
        visits = Parts(self.folder, "visits", self.parts, self.size, year)
        settled = Parts(self.folder, "settled", self.parts, self.size, year, RUN)
        opened = Parts(self.folder, "openings", self.parts, self.size, year)
        for table in view.persons(statements.bills(year)):
            row, paid, totals = self.bills.columns(table, year)
            visits.write({name: row[name] for name in TABLES["visits"].names})
            settled.write({name: paid[name] for name in TABLES["settled"].names})
            opened.write(openings(row))
            for name, fen in totals.items():
                self.totals[name] += fen
            self.said(f"visits {year}", visits.rows)
        self.rows["visits"][str(year)] = visits.close()
        self.rows["settled"][f"{RUN}/{year}"] = settled.close()
        self.rows["openings"][str(year)] = opened.close()
        self.rows["incoming"][str(year)] = write_incoming(self.folder, view, year)

    # Manifest -------------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """What was published, and what must be known to read it."""
        found = sorted({pool.area for pool in self.pools})
        where = found[0] if len(found) == 1 else areas.SHANDONG
        span = f"{self.years[0]}" if len(self.years) == 1 else f"{self.years[0]}–{self.years[-1]}"
        population = {
            area: {
                str(year): {"persons": self.insured[year, area], "source": "参保登记", "certainty": "recorded"}
                for year in self.years
            }
            for area in found
        }
        return Manifest(
            kind="published",
            title=f"{Pool(where, '').name} {span} 年发布数据",
            area=where,
            years=self.years,
            parts=self.parts,
            made_by=f"openyibao {openyibao.__version__} publish",
            policies=self.digest,
            population=population,
            notes=list(self._notes()),
            rows={name: dict(by) for name, by in self.rows.items()},
            runs={
                RUN: {
                    "years": self.years,
                    "policies": self.digest,
                    "visits": sum(self.rows["visits"].values()),
                    "totals": dict(self.totals),
                    "exceptions": dict(self.bills.notes),
                }
            },
        )

    def _notes(self) -> Iterator[str]:
        yield f"快照取自 {self.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}（北京时间）；此后的结算不在其中"
        if self.years[-1] == self.today.year:
            yield f"{self.today.year} 年尚未结束：参保月数计至快照所在的月，年末参保为快照当日参保"
        yield "人员编号每次发布随机重编，对照未保存；平台没有家庭户登记，每人自成一户"
        yield "就诊只含有效结算，撤销与冲销都不在其中；金额为政策所见的部分，第三人已负担的部分不计"
        yield "settled/recorded 为实际支付：含已入账的重放差额；account_fen 含家庭共济账户支付"
        yield "没有记录、按 0 发布：药店购药 purchases_fen、家庭收入 household_income_fen；grants 只有资助参保"
        yield "生育保险标志按“在职且有用人单位”推定；长期护理保险标志按统筹区有无该政策推定；暂停参保的时段不发布"
        found = self.bills.notes
        said = {
            "third_party": f"笔结算有第三人负担部分，合计 {self.bills.third_party_fen} 分不在费用之内",
            "carried": "笔结算的住院始于上一年度，而上一年度没有它的有效结算，期初状态不可知",
            "moved": "笔结算另有待补待追，已并入 recorded",
            "other_policies": "笔结算按另一版本的政策结算，重算可能不同",
        }
        for key, text in said.items():
            if found[key]:
                yield f"{found[key]:,} {text}"
        if opened := sum(self.rows["openings"].values()):
            yield f"{opened // 2:,} 次住院始于上一年度：已负担的起付线与住院序次在 openings，为实际结算时的数"
        if came := sum(self.rows["incoming"].values()):
            yield f"{came:,} 笔外地参保人在本地机构的就医在 incoming，由参保地结算，不计入本地基金"
        if self.left_out:
            yield f"{self.left_out} 个其他险种（离休、残军）没有政策，不发布"
