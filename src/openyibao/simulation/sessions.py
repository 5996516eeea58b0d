"""A Spark session for the length of a piece of work, with this very Python on this machine's workers."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openyibao.simulation.errors import EngineFailed, EngineMissing

_ERROR = re.compile(r"[\w.]+(Error|Exception|Failed|Missing): ")
QUIET = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "localhost",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
"""On one machine: no page of its own, and a JVM that starts at half the price, for its own work is next to nothing."""


@contextmanager
def spark_session(master: str, name: str, settings: Mapping[str, str]) -> Iterator[Any]:
    """A session on a master; one that is there already is used and left. Raises: EngineMissing, EngineFailed."""
    _installed()
    from pyspark.sql import SparkSession

    there = SparkSession.getActiveSession()
    if there is not None:
        yield there
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if here(master):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName(name).master(master)
    for key, value in {**QUIET, **(LOCAL if here(master) else {}), **settings}.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as problem:  # a JVM that does not start says so in many ways
        raise EngineFailed(
            f"Spark 没有启动（{master}）：{short(problem)}", hint="核对 --master 与 Java 版本（17）"
        ) from problem
    try:
        yield session
    finally:
        session.stop()


def _installed() -> None:
    """Raises: EngineMissing, and how to get what is missing."""
    if importlib.util.find_spec("pyspark") is None:
        raise EngineMissing("没有安装 PySpark", hint="运行 make spark，或改用本机引擎（--engine local 或 duckdb）")
    home = os.environ.get("JAVA_HOME")
    java = Path(home) / "bin" / "java" if home else None
    if (java is None or not java.exists()) and shutil.which("java") is None:
        raise EngineMissing(
            "没有找到 Java",
            hint="安装 Java 17（如 openjdk-17-jre-headless）或设 JAVA_HOME，或改用本机引擎（--engine local 或 duckdb）",
        )


def here(master: str) -> bool:
    """Whether executors are threads of this machine, with this very installation."""
    return master == "local" or master.startswith("local[")


def short(problem: Exception) -> str:
    """The line of an exception that says what happened; Py4J puts its own before it."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()] or [type(problem).__name__]
    said = next((line for line in lines if line.startswith(": ")), lines[0])
    if any(line.startswith("Traceback") for line in lines):
        said = next((line for line in reversed(lines) if _ERROR.match(line)), said)
    return said.removeprefix(": ")[:300]
