"""The message tables hold together: kinds, codes, routes, handlers; and what is offered is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openyibao.gateway import errors, standards
from openyibao.gateway.plan import plan_for
from openyibao.gateway.reply import out_plan
from openyibao.gateway.standards import code_tables, fields_of, routes, transactions

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "interface.md"
KINDS = {"text", "number", "date", "moment", "month", "area", "free", "node"}
EXPECTED = {
    *("9001", "9002", "1101", "1201", "1312", "1901", "2001", "2201", "2202", "2203", "2203A", "2204", "2205", "2206"),
    *("2207", "2208", "2301", "2302", "2303", "2304", "2305", "2401", "2402", "2403", "2404", "2405"),
    *("4101", "4101A", "5203", "5206", "2601"),
}


def all_fields() -> list[standards.Field]:
    numbers = {one.fields_of for one in transactions().values()} | {standards.ENVELOPE}
    return [one for number in sorted(numbers) for way in ("in", "out") for one in fields_of(number, way)]


def test_the_transactions_offered() -> None:
    assert set(transactions()) == EXPECTED


def test_every_field_is_well_formed() -> None:
    for one in all_fields():
        where = f"{one.infno} {one.way} {one.node}.{one.field}"
        assert one.kind in KINDS, where
        assert one.way in ("in", "out"), where
        assert one.rows in ("one", "many"), where
        assert one.codes == "" or one.codes in code_tables(), where
        assert one.required in ("", "yes", "strict", "no") or one.required.startswith("with:"), where
        assert one.form in ("", "full", "clinical"), where
        assert one.title, where
        if one.kind == "number":
            digits, decimals = one.digits
            assert 0 <= decimals <= digits <= 18, where


def test_codes_fit_the_fields_that_use_them() -> None:
    for one in all_fields():
        if one.codes and one.way == "in":
            longest = max(len(code.code) for code in code_tables()[one.codes].codes)
            assert longest <= max(one.width, 8), f"{one.infno} {one.field} {longest}"


def test_code_tables_have_no_doubles() -> None:
    for table in code_tables().values():
        codes = [code.code for code in table.codes]
        assert len(codes) == len(set(codes)), table.table
        assert table.match in ("exact", "prefix")
        assert {code.scope for code in table.codes} <= {"national", "shandong", "other_province"}


def test_money_has_two_decimals_everywhere() -> None:
    for one in all_fields():
        if (
            one.kind == "number"
            and re.search(r"(_pay|_amt|_sumamt|balc|payamt)$", one.field)
            and "pric" not in one.field
        ):
            assert one.digits[1] in (0, 2), f"{one.infno} {one.field}"


@pytest.mark.parametrize("number", sorted(EXPECTED))
@pytest.mark.parametrize("strict", [False, True])
def test_every_plan_compiles(number: str, strict: bool) -> None:
    one = transactions()[number]
    for form in ("full", "clinical") if one.fields_of == "4101" else ("",):
        assert plan_for(one.fields_of, form, strict).nodes
    out_plan(one.fields_of)


def test_every_transaction_has_its_route() -> None:
    assert {number for numbers in routes().values() for number in numbers} >= EXPECTED
    assert {"2303A", "2304A", "2207A"} <= {number for numbers in routes().values() for number in numbers}


def test_every_transaction_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [number for number, one in transactions().items() if f"| {number} | {one.title} |" not in text] == []


def test_every_error_code_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    own = {one.code for one in vars(errors).values() if isinstance(one, type) and "code" in vars(one)}
    own |= {"INTERNAL", "NOTHING_TO_COMPENSATE", "ALREADY_COMPENSATED"}
    assert [code for code in sorted(own) if f"`{code}`" not in text] == []


def test_every_code_table_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in code_tables() if f"`{name}`" not in text] == []


def test_every_error_code_of_the_rooms_below_is_documented() -> None:
    from importlib import import_module

    from openyibao.kernel.errors import OpenyibaoError

    text = DOCUMENT.read_text(encoding="utf-8")
    rooms = ("ledger", "people", "institutions", "catalogue", "rulebook", "settlement")
    found = {"NOT_PERMITTED"}
    for room in rooms:
        for one in vars(import_module(f"openyibao.{room}.errors")).values():
            if isinstance(one, type) and issubclass(one, OpenyibaoError) and "code" in vars(one):
                found.add(one.code)
    found -= {"OPENYIBAO", "REFUSED", "MALFORMED", "MOVE_REFUSED"}
    assert [code for code in sorted(found) if f"`{code}`" not in text] == []


def test_every_setting_is_documented() -> None:
    from openyibao.gateway.options import PREFIX, Options

    text = DOCUMENT.read_text(encoding="utf-8")
    assert [name for name in vars(Options()) if f"`{PREFIX}{name.upper()}`" not in text] == []
