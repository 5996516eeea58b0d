"""A small synthetic year paid by DRG and by DIP through the ledger: the budget comes out to the fen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs import payment
from tests.support.databases import Server


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> payment.Year:
    folder: Path = tmp_path_factory.mktemp("payment") / "data"
    return payment.invented_year(folder, 0.001, 7)


@pytest.mark.slow
@pytest.mark.parametrize("pack", ["sample-drg", "sample-dip"])
def test_a_year_paid_by_a_pack_is_its_budget(postgres: Server, year: payment.Year, pack: str) -> None:
    assert year.stays
    with payment.connected(postgres):
        assert payment.pay(year, pack) == []
