"""`openyibao ledger …` through its command line, on a small ledger."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from openyibao.cli.ledger import app
from openyibao.foundation import sql
from openyibao.kernel.errors import Malformed
from tests.ledger.books import HOSPITAL, book, new_account, reverse


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_the_commands_on_a_ledger(db: str) -> None:
    # an empty ledger proves nothing
    code, text = run("verify")
    assert (code, text.splitlines()[-1]) == (1, "不通过：账上没有凭证（空账用 --allow-empty）")
    code, text = run("verify", "--allow-empty")
    assert code == 0
    assert text.splitlines()[-1].startswith("通过：0 张凭证")

    account = new_account(100_000)
    posted = book("settlement", {"fund:resident": 123_456, f"account:{account}": 2_500})["business"]
    book("institution_payment", {"fund:resident": 100_000})
    book("settlement", {"fund:resident": 700})
    reverse(posted)

    code, text = run("trial-balance", "--area", "liaocheng", "--book", "business", "--period", "2024-05")
    assert code == 0
    assert "聊城市 业务台账 试算平衡表 2024-05" in text
    assert "应付定点机构" in text
    assert text.splitlines()[-1].strip() == "平衡"
    code, text = run("trial-balance", "--period", "2024-05", "--json")
    found = json.loads(text)
    assert [one["book"] for one in found["books"]] == ["business", "fund"]
    assert {"account": "paid", "number": "B9002", "name": "已付", "fund": "resident", "opening_fen": 0, "debit_fen": 0,
            "credit_fen": 100_000, "closing_fen": -100_000} in found["books"][0]["rows"]  # fmt: skip

    code, text = run("statement", str(account), "--from", "2024-05-06", "--to", "2024-05-31")
    assert code == 0
    assert "冲销：待遇结算" in text
    code, text = run("statement", "--institution", HOSPITAL, "--to", "2024-05-31", "--json")
    assert [line["amount"] for line in json.loads(text)["lines"]] == [
        *("25.00", "1234.56", "-1000.00", "7.00", "-25.00", "-1234.56"),
    ]
    assert json.loads(text)["closing"] == "-993.00"

    code, text = run("bridge", "--period", "2024-05")
    assert (code, text.splitlines()[-1]) == (0, "差额 0，两账相符")
    assert "业务台账：本期支付（减追回）" in text
    code, text = run("bridge", "--period", "2024-05", "--json")
    assert json.loads(text)["difference_fen"] == 0

    code, text = run("verify")
    assert (code, text.splitlines()[-1].partition("：")[0]) == (0, "通过")
    code, text = run("close", "371500", "2024-05")
    assert (code, text.strip().partition("，")[0]) == (0, "聊城市 2024-05 已结账")

    sql.run("ALTER TABLE ledger_personal_account DISABLE TRIGGER USER")
    sql.run("UPDATE ledger_personal_account SET balance_fen = 1")
    code, text = run("verify")
    assert code == 1
    assert "[ACCOUNT_BALANCE]" in text
    assert text.splitlines()[-1].startswith("不通过：")
    code, text = run("verify", "--json")
    assert (code, json.loads(text)["clean"], json.loads(text)["findings"][0]["code"]) == (1, False, "ACCOUNT_BALANCE")


@pytest.mark.parametrize(
    "arguments",
    [
        ("trial-balance", "--area", "nowhere"),
        ("trial-balance", "--book", "third"),
        ("bridge", "--period", "2024-13"),
        ("statement",),
        ("statement", "1", "--institution", "H1"),
        ("statement", "1", "--from", "yesterday"),
    ],
)
def test_wrong_input_is_told(db: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        run(*arguments)
