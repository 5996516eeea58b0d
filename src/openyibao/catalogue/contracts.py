"""What crosses the catalogue's door: items as they hold on a day, codes, load reports. Prices are in micro-yuan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from openyibao.catalogue.terms import CLASS_CODES, LIST_TYPES


@dataclass(frozen=True, slots=True)
class Item:
    """One catalogue item (目录项目, med_list_codg) as it holds on a day, in an area, for a level of institution.

    code (`med_list_codg` / `hilist_code`), name; kind of `terms.KINDS`; charge_type (`med_chrgitm_type`); item_class
    A, B or C; own_ratio_bp (`selfpay_prop`, of 10,000); exception_ratio_bp: share the person pays first when a class C
    item is approved as an exception, None where there is none; ceiling_micro (`pric_uplmt_amt`, micro-yuan) for the
    level asked, None = no ceiling; price_micro: listed or reference price; restriction: text of the limit, "" = none;
    herb (counts for the herb bonus), negotiated (谈判), procured (集采), special (目录外特药), special_item (特检特治).
    version_id names the stored version: keep it with every line priced.
    """

    code: str
    name: str
    kind: str
    charge_type: str
    item_class: str
    own_ratio_bp: int
    exception_ratio_bp: int | None
    ceiling_micro: int | None
    price_micro: int | None
    restriction: str
    herb: bool
    negotiated: bool
    procured: bool
    special: bool
    special_item: bool
    basic_medicine: bool
    child_medicine: bool
    spec: str
    form: str
    unit: str
    area: str
    version_id: int

    @property
    def restricted(self) -> bool:
        """Whether its use is limited (`lmt_used_flag`)."""
        return bool(self.restriction)

    @property
    def class_code(self) -> str:
        """National `chrgitm_lv`: 01, 02 or 03."""
        return CLASS_CODES[self.item_class]

    @property
    def list_type(self) -> str:
        """National `list_type`: 101, 102, …"""
        return LIST_TYPES[self.kind]


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """One stored version of an item: the item with its general ceiling, every ceiling, its days, and the load it is of.

    valid_until is exclusive, None = open. ceilings: column name -> micro-yuan, only those filled.
    """

    item: Item
    ceilings: dict[str, int]
    valid_from: date
    valid_until: date | None
    recorded_at: datetime
    voided_at: datetime | None
    source: str
    certainty: str


@dataclass(frozen=True)
class ItemFilter:
    """Which items a list holds (1312): every member given must fit; name is a part of the name.

    on: only versions in force that day (query_date). changed_since: recorded or closed at that instant or later
    (updt_time). areas: exactly these; empty = all.
    """

    on: date | None = None
    code: str = ""
    name: str = ""
    kind: str = ""
    charge_type: str = ""
    item_class: str = ""
    restricted: bool | None = None
    areas: tuple[str, ...] = ()
    changed_since: datetime | None = None


@dataclass(frozen=True)
class ItemPage:
    """One page of a list: how many there are in all, the page number from 1, and the rows."""

    total: int
    page: int
    versions: tuple[ItemVersion, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A diagnosis, operation or disease (诊断、手术操作、病种) as it holds on a day.

    names: its name first, then the other names policies use for it (器官移植抗排斥治疗, 器官移植抗排异治疗).
    """

    kind: str
    code: str
    names: tuple[str, ...]
    valid_from: date
    valid_until: date | None
    version_id: int

    @property
    def name(self) -> str:
        """The name shown."""
        return self.names[0]


@dataclass(frozen=True)
class LocalCode:
    """What an institution calls an item (机构本地目录, fixmedins_hilist_id), and the catalogue item it stands for."""

    institution_code: str
    area: str
    local_code: str
    local_name: str
    code: str
    valid_from: date


@dataclass(frozen=True)
class LoadReport:
    """What a load did (装载报告): rows read, and how many versions were added, closed by a newer one, given another
    end, corrected or left as they were; the number of the catalogue afterwards."""

    kind: str
    file: str
    sha256: str
    rows: int
    added: int
    closed: int
    ended: int
    corrected: int
    unchanged: int
    number: int

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return bool(self.added or self.closed or self.ended or self.corrected)
