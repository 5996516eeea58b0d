"""`policy check` finds each kind of deliberate damage, says where it is and what would be right, and nothing else.

Each damage edits one place of a copy of the shipped policies. The shipped policies themselves have no fault.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from openyibao.policy.facade import Policies, check_folder

EMPLOYEE_STAY = "liaocheng/employee/inpatient.yaml"
RESIDENT_STAY = "liaocheng/resident/inpatient.yaml"
SERIOUS = "liaocheng/resident/serious_illness.yaml"
OUTPATIENT = "liaocheng/employee/outpatient.yaml"
CHRONIC = "liaocheng/resident/chronic.yaml"
TWO = "shandong/resident/two_disease.yaml"
CHAIN = "liaocheng/resident/chain.yaml"
REMOTE = "shandong/remote.yaml"


@dataclass(frozen=True)
class Damage:
    """Replace `old` by `new` once in a file; the check must then say `says`, on the line that holds `line`."""

    name: str
    file: str
    old: str
    new: str
    says: str
    line: str = ""


DAMAGES = [
    # what a YAML reader sees
    Damage("syntax", EMPLOYEE_STAY, "measures: [in_scope]", "measures: [in_scope", "YAML 语法错误"),
    Damage("tab", EMPLOYEE_STAY, "  measures:", "\tmeasures:", "YAML 语法错误"),
    Damage("key twice", EMPLOYEE_STAY, "benefit: inpatient", "benefit: inpatient\nbenefit: inpatient", "写了两次"),
    # what the schema sees
    Damage("unknown key", EMPLOYEE_STAY, "deductible:  ", "deductable:  ", "应为：deductible", "deductable"),
    Damage("missing key", RESIDENT_STAY, "layer: basic_pool\n", "", "缺少 layer"),
    Damage("area unquoted", RESIDENT_STAY, 'area: "371500"', "area: 371500", "加引号的六位行政区划代码", "area"),
    Damage("unknown scheme", RESIDENT_STAY, "schemes: [resident]", "schemes: [residents]", "不在可取值之内", "schemes"),
    Damage("unknown benefit", RESIDENT_STAY, "benefit: inpatient", "benefit: hospital", "不在可取值之内", "hospital"),
    Damage("rate too fine", RESIDENT_STAY, "tertiary: 60%", "tertiary: 60.125%", "不细于万分之一", "60.125%"),
    Damage("rate without percent", RESIDENT_STAY, "tertiary: 60%", "tertiary: 0.6", "不符合要求", "0.6"),
    Damage("amount too fine", SERIOUS, "otherwise: 11000", "otherwise: 11000.555", "不符合要求", "11000.555"),
    Damage("negative amount", SERIOUS, "otherwise: 11000", "otherwise: -1", "不符合要求", "-1"),
    Damage("wrong certainty", RESIDENT_STAY, "certainty: seed}", "certainty: sure}", "seed、public、assumed", "sure"),
    Damage("no provenance", SERIOUS, '"*": {source: liaocheng-2022, certainty: seed}', "bonus: {}", "*"),
    Damage("unknown field", RESIDENT_STAY, "pays_as: hifp_pay", "pays_as: hifp", "国家接口字段", "hifp"),
    # dates
    Damage(
        "date that is none",
        RESIDENT_STAY,
        "from: 2022-01-01\n  measures",
        "from: 2022-02-30\n  measures",
        "不是存在的日期",
    ),
    Damage("date form", RESIDENT_STAY, "from: 2022-01-01\n  measures", "from: 2022/01/01\n  measures", "2022-03-05"),
    Damage("ends before it begins", TWO, "until: 2021-12-31", "until: 2018-12-31", "止日早于起日", "until"),
    Damage("versions overlap", TWO, "until: 2021-12-31", "until: 2022-03-31", "重叠", "from: 2022"),
    Damage("gap between versions", TWO, "until: 2021-12-31", "until: 2021-06-30", "没有版本", "from: 2022"),
    Damage("absent yet present", OUTPATIENT, "none_before: 2023", "none_before: 2024", "以前已有版本", "none_before"),
    # figures
    Damage(
        "tiers not ascending",
        EMPLOYEE_STAY,
        "upto: 60000",
        "upto: 30000",
        "不大于前一段",
        "upto: 30000, rate: {primary: 92%",
    ),
    Damage("tier without end", EMPLOYEE_STAY, "{upto: 60000, rate", "{rate", "中间的段没有上限"),
    Damage(
        "no open tier", EMPLOYEE_STAY, "{rate: {primary: 70%", "{upto: 900000, rate: {primary: 70%", "最后一段有上限"
    ),
    Damage("rate above whole", RESIDENT_STAY, "primary: 90%", "primary: 190%", "超过 100%", "190%"),
    Damage("bonus above whole", OUTPATIENT, "{retired: 5%}", "{retired: 500%}", "超过 100%", "500%"),
    Damage("lower level pays less", RESIDENT_STAY, "secondary: 70%", "secondary: 50%", "二级的比例低于三级", "50%"),
    Damage("lower level costs more", RESIDENT_STAY, "{primary: 200,", "{primary: 900,", "一级的起付线高于二级", "900"),
    Damage("stay share above whole", RESIDENT_STAY, "nth_stay: [100%, 50%]", "nth_stay: [100%, 150%]", "超过 100%"),
    Damage(
        "stays of a yearly deductible", SERIOUS, "{per: year, amount", "{per: year, nth_stay: [50%], amount", "第几次"
    ),
    Damage("per stay outside hospital", CHRONIC, "{per: year, amount: 0}", "{per: stay, amount: 0}", "只用于住院"),
    Damage("empty cell", OUTPATIENT, "secondary: 60%, ", "", "未填的格", "rate"),
    Damage("empty status", CHRONIC, "rate: 65%", "rate: {adult: 65%, child: 65%}", "未填的格", "adult"),
    Damage("unknown selector", RESIDENT_STAY, "secondary: 70%", "second_level: 70%", "不认识的分列", "second_level"),
    Damage(
        "two dimensions at once", RESIDENT_STAY, "secondary: 70%", "adult: 70%, secondary: 70%", "两种口径", "adult"
    ),
    Damage("unknown disease", TWO, "{高血压病: 300,", "{高血脂: 300,", "不认识的分列", "高血脂"),
    Damage(
        "cap forgets itself", RESIDENT_STAY, "counts: [inpatient]", "counts: [chronic]", "counts 不含本待遇", "counts"
    ),
    Damage(
        "neither tiers nor top-up",
        "liaocheng/guarantee.yaml",
        "  top_up: {patient_share: 10%}\n",
        "",
        "tiers 或 top_up",
    ),
    Damage(
        "benefit measures more", RESIDENT_STAY, "[in_scope]", "[in_scope, non_covered]", "只计政策范围内", "measures"
    ),
    Damage("unknown group", "liaocheng/assistance.yaml", "who: [helped]", "who: [poor]", "不认识的对象", "who"),
    # provenance
    Damage("unknown source", RESIDENT_STAY, "source: placeholder", "source: hearsay", "没有来源", "hearsay"),
    Damage(
        "source of nothing",
        RESIDENT_STAY,
        "    deductible: {source",
        "    deductable: {source",
        "没有 'deductable' 这个键",
    ),
    Damage("figure outside its range", SERIOUS, "range: [5000, 5500]", "range: [6000, 7000]", "不在 6000—7000 之内"),
    Damage("range upside down", SERIOUS, "range: [5000, 5500]", "range: [5500, 5000]", "下限大于上限"),
    Damage(
        "better alternative",
        "shandong/resident/serious_illness.yaml",
        "path: deductible.amount, value: 13000, from: 2025-01-01, source: web-page, certainty: assumed",
        "path: cap, value: 1, from: 2025-01-01, source: web-page, certainty: seed",
        "更可靠",
    ),
    Damage(
        "alternative to nothing",
        RESIDENT_STAY,
        "path: tiers.1.rate.secondary",
        "path: tiers.9.rate",
        "没有 'tiers.9.rate'",
    ),
    # files among each other
    Damage("override undeclared", SERIOUS, "overrides: [shandong/resident/serious_illness.yaml]\n", "", "未声明"),
    Damage(
        "override of nothing",
        SERIOUS,
        "[shandong/resident/serious_illness.yaml]",
        "[shandong/nothing.yaml]",
        "没有文件",
    ),
    Damage(
        "override of another rule",
        SERIOUS,
        "shandong/resident/serious_illness.yaml",
        "shandong/assistance.yaml",
        "不是同一待遇",
    ),
    Damage("wrong folder", RESIDENT_STAY, 'area: "371500"', 'area: "370200"', "文件在 liaocheng/ 之下", "area"),
    Damage("wrong scheme folder", RESIDENT_STAY, "schemes: [resident]", "schemes: [employee]", "文件在 resident/ 之下"),
    Damage("area that makes no policy", RESIDENT_STAY, 'area: "371500"', 'area: "371502"', "不是可制定政策的地区"),
    Damage(
        "layer twice in the order", CHAIN, "{layer: guarantee, groups: helped}", "{layer: special_drug}", "出现两次"
    ),
    Damage("no first layer", CHAIN, "  - {layer: basic_pool}\n", "", "没有 basic_pool"),
    Damage(
        "layer nobody rules",
        CHAIN,
        "{layer: guarantee, groups",
        "{layer: garantee, groups",
        "没有任何文件规定 garantee",
    ),
    Damage(
        "fund after supplement",
        CHAIN,
        "{layer: special_drug}",
        "{layer: liaohuibao_in_scope, supplement: liaohuibao}",
        "之后",
    ),
    Damage(
        "unknown group in the order",
        CHAIN,
        "{layer: guarantee, groups: helped}",
        "{layer: guarantee, groups: poor}",
        "不认识的对象",
    ),
    Damage(
        "extends itself", "qingdao/resident/serious_illness.yaml", "extends: shandong", "extends: qingdao", "循环继承"
    ),
    Damage("filing left out", REMOTE, "    emergency: 0%\n", "", "没有急诊抢救"),
]


def damaged(policy_folder: Path, to: Path, damage: Damage) -> Path:
    """A copy of the policies with one place damaged."""
    shutil.copytree(policy_folder, to, ignore=shutil.ignore_patterns("schema"))
    target = to / damage.file
    text = target.read_text(encoding="utf-8")
    assert text.count(damage.old) >= 1, f"{damage.file} no longer holds {damage.old!r}"
    target.write_text(text.replace(damage.old, damage.new, 1), encoding="utf-8")
    return to


@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.name.replace(" ", "-") for damage in DAMAGES])
def test_damage_is_found(damage: Damage, policy_folder: Path, tmp_path: Path) -> None:
    folder = damaged(policy_folder, tmp_path / "policies", damage)
    faults = check_folder(folder)
    said = "\n".join(map(str, faults))
    hits = [fault for fault in faults if damage.says in str(fault)]
    assert hits, f"nothing about {damage.says!r} in:\n{said}"
    assert any(fault.file == damage.file for fault in hits), said
    assert all(fault.wrong for fault in hits)
    if damage.line:
        lines = (folder / damage.file).read_text(encoding="utf-8").splitlines()
        assert any(damage.line in lines[fault.line - 1] for fault in hits if fault.line), said


def test_shipped_policies_have_no_fault(policy_folder: Path) -> None:
    assert check_folder(policy_folder) == []


def test_not_utf8(policy_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(policy_folder, folder, ignore=shutil.ignore_patterns("schema"))
    (folder / RESIDENT_STAY).write_bytes("title: 聊城".encode("gb18030"))
    assert any("不是 UTF-8" in str(fault) for fault in check_folder(folder))


def test_two_files_for_one_rule(policy_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(policy_folder, folder, ignore=shutil.ignore_patterns("schema"))
    text = (folder / RESIDENT_STAY).read_text(encoding="utf-8")
    (folder / "liaocheng/resident/hospital.yaml").write_text(text, encoding="utf-8")
    assert any("同一日期规定同一待遇" in str(fault) for fault in check_folder(folder))


def test_layer_that_no_order_names(policy_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(policy_folder, folder, ignore=shutil.ignore_patterns("schema"))
    text = (folder / SERIOUS).read_text(encoding="utf-8").replace("layer: serious_illness", "layer: major_illness")
    text = re.sub(r"overrides:.*\n", "", text)
    (folder / "liaocheng/resident/major_illness.yaml").write_text(text, encoding="utf-8")
    assert any("支付顺序里没有 major_illness" in str(fault) for fault in check_folder(folder))


def test_every_fault_is_listed_at_once(policy_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(policy_folder, folder, ignore=shutil.ignore_patterns("schema"))
    target = folder / RESIDENT_STAY
    text = target.read_text(encoding="utf-8")
    text = text.replace("secondary: 70%", "secondary: 50%").replace("source: placeholder", "source: hearsay")
    target.write_text(text.replace("counts: [inpatient]", "counts: [chronic]"), encoding="utf-8")
    said = "\n".join(map(str, check_folder(folder)))
    assert "比例低于" in said
    assert "没有来源" in said
    assert "counts 不含本待遇" in said


def test_no_policies_at_all(tmp_path: Path) -> None:
    assert [fault.wrong for fault in check_folder(tmp_path)] == ["没有政策文件"]


def test_damaged_policies_do_not_load_half(policy_folder: Path, tmp_path: Path) -> None:
    from openyibao.kernel.errors import Malformed

    folder = damaged(policy_folder, tmp_path / "policies", DAMAGES[0])
    with pytest.raises(Malformed):
        Policies.load(folder)
