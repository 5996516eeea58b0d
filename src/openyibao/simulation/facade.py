"""The door of the simulation room (政策模拟): settle a dataset again, compare a reform, project the funds."""

from __future__ import annotations

from openyibao.simulation.contracts import PoolTotals, Sums, Totals, YearTotals
from openyibao.simulation.driver import Driver
from openyibao.simulation.projection.projecting import project
from openyibao.simulation.projection.report import report as projection_report
from openyibao.simulation.projection.result import ProjectionResult
from openyibao.simulation.reform.result import ReformResult
from openyibao.simulation.reform.run import reform_report
from openyibao.simulation.resettling import resettle
from openyibao.simulation.runs import slug as run_name
from openyibao.simulation.sessions import spark_session
from openyibao.simulation.stages import stage_seconds

__all__ = [
    "Driver",
    "PoolTotals",
    "ProjectionResult",
    "ReformResult",
    "Sums",
    "Totals",
    "YearTotals",
    "project",
    "projection_report",
    "reform_report",
    "resettle",
    "run_name",
    "spark_session",
    "stage_seconds",
]
