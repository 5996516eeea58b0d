"""A person-year settled from the documents: visits in order, account and cash, reversals with replay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .bills import Prepared, prepare, state_on
from .figures import OracleRefuses, fen, half_up, plain, ratio, yuan
from .layers import Book, Shares, share_out
from .rulebook import Rulebook, as_changes, rulebook

__all__ = ["OracleRefuses", "settle"]

FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay")
BESIDE_FUNDS = ("hosp_part_amt", "supplement_pay")
SUMS_OF_LINES = {
    "fulamt_ownpay_amt": "non_covered",
    "overlmt_selfpay": "over_limit",
    "preselfpay_amt": "prior_self_pay",
    "inscp_scp_amt": "in_scope",
}


def settle(case: dict[str, Any], policies: Path, changes: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    """Rows of a case's visits and the year's counters, yuan as text.

    Args: case as in the contract. policies: the folder of the files. changes: of a reform, {path, from, value}.
    Raises: OracleRefuses, where the documents refuse or the case contradicts itself.
    """
    case = plain(case)
    rules = rulebook(Path(policies), as_changes(case.get("with", {}), list(changes)))
    if not case.get("visits"):
        raise OracleRefuses("a case needs a visit")
    year = PersonYear(case, rules)
    rows = []
    for index, visit in enumerate(case["visits"]):
        year.admit(visit)
        rows.append(year.reverse(index, visit) if "reverses" in visit else year.settle(index, visit))
    return {"visits": rows, "year": {"seq": year.seq, "counters": year.counters()}}


@dataclass
class Standing:
    """A visit that was settled and not reversed."""

    prepared: Prepared
    row: dict[str, int]  # the stored row, never altered
    stored: dict[str, int]  # payments by layer as first settled
    payers: dict[str, int]  # payments by layer after the replays since


class PersonYear:
    """One person in one benefit year (calendar year)."""

    def __init__(self, case: dict[str, Any], rules: Rulebook) -> None:
        self.person, self.rules = case["person"], rules
        first = case["visits"][0]
        if "reverses" in first:
            raise OracleRefuses("nothing to reverse yet")
        self.benefit_year = first["date"][:4]
        opening = case.get("opening", {})
        self.seq = int(opening.get("seq", "0"))
        if self.seq and not opening.get("counters"):
            raise OracleRefuses("earlier visits are counted, but their counters are not given")
        self.opening = {name: read_counter(name, text) for name, text in opening.get("counters", {}).items()}
        self.first_books: tuple[str, str] | None = None
        self.latest_books: tuple[str, str] | None = None
        self.books: dict[tuple[str, str], Book] = {}
        self.met_stays: set[str] = set()
        self.standing: dict[int, Standing] = {}
        self.account_since = ""
        self.balance = fen(self.person.get("account_balance", "0"))

    def admit(self, visit: dict[str, Any]) -> None:
        """Is this visit the next one, and of this benefit year? Only a reversal may be dated later."""
        self.seq += 1
        if int(visit.get("seq", self.seq)) != self.seq:
            raise OracleRefuses(f"an earlier visit is missing: expected {self.seq}, got {visit['seq']}")
        year = visit["date"][:4]
        if year < self.benefit_year or (year > self.benefit_year and "reverses" not in visit):
            raise OracleRefuses("a visit of another year")

    def settle(self, index: int, visit: dict[str, Any]) -> dict[str, Any]:
        """One visit: bill, layers, then account and cash."""
        state = state_on(self.person, visit["date"])
        prepared = prepare(state, visit, self.stay_of(index, visit), self.rules)
        self.first_books = self.first_books or prepared.books_of
        self.latest_books = prepared.books_of
        shares = self.share(prepared)
        if state["account_since"] > self.account_since:
            self.account_since, self.balance = state["account_since"], fen(state["account_balance"])
        row = self.pay_the_rest(visit, prepared, shares)
        self.standing[index] = Standing(prepared, row, shares.payers, shares.payers)
        return as_text(row, shares.payers, prepared.bill.remote_first)

    def stay_of(self, index: int, visit: dict[str, Any]) -> str:
        """Which stay this visit is a piece of: the named one, the one a transfer continues, or a stay of its own."""
        joins = visit.get("origin") in ("transfer_up", "transfer_down") and "exclusion" not in visit
        if "stay_id" in visit:
            name = f"named {visit['stay_id']}"
            if joins and visit.get("benefit") == "inpatient" and name not in self.met_stays:
                raise OracleRefuses("a transfer, and the stay it continues was never settled")
            self.met_stays.add(name)
            return name
        if visit.get("mid_stay") == "true":
            raise OracleRefuses("a settlement in mid-stay needs its stay_id")
        if visit.get("benefit") == "inpatient" and joins:
            for earlier in reversed(self.standing.values()):
                if earlier.prepared.bill.benefit == "inpatient" and earlier.prepared.bill.through_funds:
                    return earlier.prepared.bill.stay
            raise OracleRefuses("a transfer, and no stay to continue")
        return f"visit {index}"

    def share(self, prepared: Prepared) -> Shares:
        """The layers on one bill; the books move on."""
        opening = self.opening if prepared.books_of == self.first_books else {}
        book = self.books.get(prepared.books_of) or Book(dict(opening))
        shares = share_out(prepared.bill, book)
        self.books[prepared.books_of] = shares.book
        return shares

    def pay_the_rest(self, visit: dict[str, Any], prepared: Prepared, shares: Shares) -> dict[str, int]:
        """The row of a visit: what the layers leave is the person's, from the account and then in cash."""
        sums = prepared.sums
        row = {field: sums[part] for field, part in SUMS_OF_LINES.items()}
        row["medfee_sumamt"] = sum(row.values()) + sums["special_drug"]
        row["act_pay_dedc"] = shares.deductible
        row |= dict.fromkeys((*FUNDS, *BESIDE_FUNDS), 0)
        for layer, field in shares.fields.items():
            row[field] += shares.payers[layer]
        row["fund_pay_sumamt"] = sum(row[field] for field in FUNDS)
        row["psn_part_amt"] = row["medfee_sumamt"] - row["fund_pay_sumamt"] - row["hosp_part_amt"]
        wish = visit.get("account", "allowed")
        limit = 0 if wish == "none" else row["psn_part_amt"] if wish == "allowed" else fen(wish)
        row["acct_pay"] = min(limit, row["psn_part_amt"], self.balance)
        row["psn_cash_pay"] = row["psn_part_amt"] - row["acct_pay"]
        self.balance -= row["acct_pay"]
        row["balc"] = self.balance
        third_party = visit.get("third_party", {})
        if third_party.get("advance") == "true":
            row["third_party_receivable"] = half_up(row["fund_pay_sumamt"] * ratio(third_party["share"]))
        return row

    def reverse(self, index: int, visit: dict[str, Any]) -> dict[str, Any]:
        """Negate a stored row, replay the year without it, and list what that changes for later visits."""
        target = int(visit["reverses"])
        if target not in self.standing:
            raise OracleRefuses(f"visit {target} is no standing visit before visit {index}")
        gone = self.standing.pop(target)
        adjustments = {target: difference(gone.payers, gone.stored)}  # earlier adjustments to it, listed back
        self.books = {}
        for place, kept in self.standing.items():
            payers = self.share(kept.prepared).payers
            adjustments[place] = difference(kept.payers, payers)
            kept.payers = payers
        self.balance += gone.row["acct_pay"]
        row = {name: -amount for name, amount in gone.row.items()} | {"balc": self.balance}
        result = as_text(row, {layer: -paid for layer, paid in gone.stored.items()}, -gone.prepared.bill.remote_first)
        result["adjustments"] = [
            {"visit": place, "payers": {layer: yuan(paid) for layer, paid in changed.items()}}
            for place, changed in sorted(adjustments.items())
            if changed
        ]
        return result

    def counters(self) -> dict[str, str]:
        """Counters of the (area, scheme) of the latest visit."""
        book = self.books.get(self.latest_books) or Book(dict(self.opening))
        return {name: str(at) if name.endswith(".stays") else yuan(at) for name, at in sorted(book.counters.items())}


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Layers whose payment changed, with the change."""
    layers = dict.fromkeys([*before, *after])
    changes = {layer: after.get(layer, 0) - before.get(layer, 0) for layer in layers}
    return {layer: change for layer, change in changes.items() if change}


def read_counter(name: str, text: str) -> int:
    """A counter of the opening state: a number of stays, or fen."""
    return int(text) if name.endswith(".stays") else fen(text)


def as_text(row: dict[str, int], payers: dict[str, int], remote_first: int) -> dict[str, Any]:
    """A row in yuan."""
    paid = payers | ({"remote_first_self_pay": remote_first} if remote_first else {})
    return {name: yuan(amount) for name, amount in row.items()} | {"payers": {k: yuan(v) for k, v in paid.items()}}
