"""The door of the documents room (文书): a report of blocks, written as a page, a Word file or an Excel file.

Heavy libraries are imported when a file is written, not when this door is.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from openyibao.documents.contracts import (
    Block,
    Cell,
    Chart,
    Formal,
    Heading,
    Note,
    PageBreak,
    Paragraph,
    Report,
    Series,
    Signature,
    Table,
)
from openyibao.documents.words import Figure, absent, exact, half_up, number, percent, points, wan, yi, yuan
from openyibao.kernel.errors import Fault, Malformed

FONTS = Path(str(files(__package__))) / "data" / "fonts"
"""The shipped fonts (Openyibao Sans SC, regular and bold)."""
SUFFIXES = (".html", ".docx", ".xlsx")


def check_path(path: Path) -> None:
    """Say before long work that a report cannot be written there. Raises: Malformed."""
    if path.suffix.lower() not in SUFFIXES:
        raise Malformed([Fault(str(path), 0, "", f"不认识的文件类型 {path.suffix!r}", "、".join(SUFFIXES))])
    if not path.parent.is_dir():
        raise Malformed([Fault(str(path), 0, "", "文件夹不存在", "一个存在的文件夹下的文件名")])
    if path.is_dir():
        raise Malformed([Fault(str(path), 0, "", "是一个文件夹", "一个文件名")])


def html(report: Report) -> str:
    """The report as one self-contained page."""
    from openyibao.documents import page

    return page.render(report)


def write(report: Report, path: Path) -> Path:
    """Write a report; the suffix says how: .html, .docx or .xlsx. The file appears when it is whole.

    Raises: Malformed for another suffix or a folder that is not there.
    """
    check_path(path)
    kind = path.suffix.lower()
    if kind == ".html":
        data = html(report).encode("utf-8")
    elif kind == ".docx":
        from openyibao.documents import word

        data = word.render(report)
    else:
        from openyibao.documents import sheets

        data = sheets.render(report)
    beside = path.with_name(f".{path.name}.writing")
    beside.write_bytes(data)
    os.replace(beside, path)
    return path


__all__ = [
    "FONTS",
    "SUFFIXES",
    "Block",
    "Cell",
    "Chart",
    "Figure",
    "Formal",
    "Heading",
    "Note",
    "PageBreak",
    "Paragraph",
    "Report",
    "Series",
    "Signature",
    "Table",
    "absent",
    "check_path",
    "exact",
    "half_up",
    "html",
    "number",
    "percent",
    "points",
    "wan",
    "write",
    "yi",
    "yuan",
]
