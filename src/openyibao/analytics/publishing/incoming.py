"""Bills of patients insured elsewhere (外地参保来就医): what institutions did that no pool of the dataset paid for.

A publication of one city has them of the platform's other cities; of other provinces the platform has none, for their
bills are settled where they are insured and are not on it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from openyibao.analytics.publishing import statements
from openyibao.analytics.publishing.bills import check_words
from openyibao.analytics.publishing.snapshot import Snapshot
from openyibao.datasets.facade import TABLES, PartWriter


def write_incoming(folder: Path, view: Snapshot, year: int) -> int:
    """Write `incoming` of a year; returns its rows. Raises: Malformed for a word without a code."""
    with PartWriter(folder, "incoming", 0, year) as writer:
        for batch in view.batches(statements.incoming(year)):
            table = pa.Table.from_batches([batch])
            if not table.num_rows:
                continue
            check_words(table, f"settlement_bill {year}")
            row = {name: table.column(name) for name in table.column_names}
            row["number"] = writer.rows + np.arange(table.num_rows)
            paid = pc.add(row["fund_fen"], row["hospital_fen"])
            row["burden_fen"] = pc.subtract(row["total_fen"], paid)
            writer.write({name: row[name] for name in TABLES["incoming"].names})
        return writer.rows
