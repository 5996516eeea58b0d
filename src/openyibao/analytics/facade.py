"""The door of the analytics room: import a bureau's bills, back-test the policies on them, export bills.

Pure: files in, values and files out. A progress callback is told what is being done and how far it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openyibao.analytics import dataset
from openyibao.analytics.backtest import backtest as _backtest
from openyibao.analytics.contracts import Backtest, Imported
from openyibao.analytics.export import export_rows
from openyibao.analytics.imports import Progress, read_bills
from openyibao.analytics.report import html, lines
from openyibao.policy.facade import Policies


def import_bills(folder: Path, out: Path | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Read a bureau's tables (账单导入) and, with `out`, write the pseudonymous dataset; returns its manifest.

    Raises: Malformed with every fault; then nothing is written.
    """
    imported = read_bills(folder, progress)
    if out is not None:
        return dataset.write(imported, out)
    return {
        "read": imported.counts,
        "notices": imported.notices,
        "sources": imported.hashes,
        "person_years": len(imported.years),
        "settlements": imported.bills,
    }


def load_bills(folder: Path, progress: Progress | None = None) -> Imported:
    """The bills of a folder of raw tables or of an imported dataset. Raises: Malformed."""
    return dataset.read(folder) if dataset.is_dataset(folder) else read_bills(folder, progress)


def backtest(policies: Policies, imported: Imported, progress: Progress | None = None) -> Backtest:
    """Settle recorded bills again and compare (回测): match rate, differences, figures implied, causes."""
    return _backtest(policies, imported, progress)


__all__ = [
    "Backtest",
    "Imported",
    "Progress",
    "backtest",
    "export_rows",
    "html",
    "import_bills",
    "lines",
    "load_bills",
    "read_bills",
]
