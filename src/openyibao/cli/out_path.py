"""Places to write to, looked at before long work (输出路径): a wrong one is an input error, never a crash."""

from __future__ import annotations

import os
from pathlib import Path

from openyibao.kernel.errors import Fault, Malformed


def writable(*files: Path | None, folder: Path | None = None) -> None:
    """Say what keeps files, or a folder that is made when it is not there, from being written. Raises: Malformed."""
    faults = []
    for path in files:
        if path is None:
            continue
        if not path.parent.is_dir():
            faults.append(Fault(str(path), 0, "", "文件夹不存在", "一个存在的文件夹下的文件名"))
        elif path.is_dir():
            faults.append(Fault(str(path), 0, "", "是一个文件夹", "一个文件名"))
        elif not os.access(path if path.exists() else path.parent, os.W_OK):
            faults.append(Fault(str(path), 0, "", "不可写", "一个可写的文件"))
    if folder is not None:
        there = next((one for one in (folder, *folder.parents) if one.exists()), Path())
        if not there.is_dir():
            faults.append(Fault(str(folder), 0, "", f"{there} 不是文件夹", "一个文件夹"))
        elif not os.access(there, os.W_OK):
            faults.append(Fault(str(folder), 0, "", f"{there} 不可写", "一个可写的文件夹"))
    if faults:
        raise Malformed(faults)
