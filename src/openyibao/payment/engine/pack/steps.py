"""The ledger of one calculation (计价步骤): step, formula, inputs and result, kept only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES = {
    "route": "方式",
    "unit": "单位",
    "coefficient": "系数",
    "outlier": "异常",
    "price": "价格",
    "patient": "负担",
    "refused": "拒绝",
}


@dataclass(frozen=True)
class Step:
    """One row: which step of the pipeline, its formula in Chinese, what went in, what came out."""

    step: str
    formula: str
    inputs: Mapping[str, str]
    result: str

    def __str__(self) -> str:
        inputs = "，".join(f"{name} {value}" for name, value in self.inputs.items() if value)
        told = f"{self.formula}（{inputs}）" if inputs else self.formula
        return f"[{NAMES[self.step]}] {told}" + (f" → {self.result}" if self.result else "")


@dataclass
class Steps:
    """Rows in order. Nothing is kept unless `wanted`."""

    wanted: bool = False
    rows: list[Step] = field(default_factory=list)

    def say(self, step: str, formula: str, inputs: Mapping[str, str], result: str) -> None:
        if self.wanted:
            self.rows.append(Step(step, formula, inputs, result))

    def lines(self) -> list[str]:
        return [str(row) for row in self.rows]
