"""Items kept in the process by number of the catalogue, day, area and level, so that a settlement need not read them.

The caller reads the number within its own locking read and passes it in. What is not here is read by one statement
together with the number: when a load came in between, everything is read again under the new number, so that one
answer never mixes two states of the catalogue.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date
from threading import Lock

from openyibao.catalogue.contracts import Item

Scope = tuple[int, date, str, str]
Read = Callable[[Sequence[str]], tuple[int, dict[str, Item]]]
MOST = 200_000
"""Items kept, over all scopes; the scope longest unused goes first."""


class ItemCache:
    """Items by scope (number, day, area, level); None stands for a code the catalogue does not have."""

    def __init__(self, most: int = MOST) -> None:
        self._scopes: OrderedDict[Scope, dict[str, Item | None]] = OrderedDict()
        self._kept = 0
        self._most = most
        self._lock = Lock()

    def get(self, scope: Scope, codes: Sequence[str], read: Read) -> dict[str, Item]:
        """Items of these codes; `read` answers with the number and items of the codes not kept."""
        wanted = list(dict.fromkeys(codes))
        with self._lock:
            kept = self._scopes.get(scope, {})
            have = {code: kept[code] for code in wanted if code in kept}
            if scope in self._scopes:
                self._scopes.move_to_end(scope)
        missing = [code for code in wanted if code not in have]
        if missing:
            number, found = read(missing)
            if number != scope[0]:
                missing, have = wanted, {}
                number, found = read(wanted)
            fresh = {code: found.get(code) for code in missing}
            self._keep((number, *scope[1:]), fresh)
            have |= fresh
        return {code: item for code in wanted if (item := have[code]) is not None}

    def _keep(self, scope: Scope, items: dict[str, Item | None]) -> None:
        with self._lock:
            kept = self._scopes.setdefault(scope, {})
            before = len(kept)
            kept.update(items)
            self._kept += len(kept) - before
            self._scopes.move_to_end(scope)
            while self._kept > self._most:
                _, gone = self._scopes.popitem(last=False)
                self._kept -= len(gone)

    def __len__(self) -> int:
        return self._kept


ITEMS = ItemCache()
