"""The folder of a run's splits: written beside its place and moved there whole, so that a crash leaves no half run.

DIR/settled/.<run>.writing/…   while it is written; what a crash left is removed by the next run
DIR/settled/<run>/…            once it is whole and the manifest names it
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openyibao.datasets.facade import Dataset, read_manifest, write_manifest
from openyibao.kernel.errors import Fault, Malformed
from openyibao.simulation.errors import RunTaken

RESERVED = "recorded"
"""The run of what a platform really paid; only `publish` writes it."""
_NAME = re.compile(r"\w[\w-]{0,63}")


def slug(text: str) -> str:
    """A run's name made of any text: `2023 门诊共济.yaml` -> `2023-门诊共济-yaml`."""
    return re.sub(r"[^\w]+", "-", text).strip("-_")[:64] or "reform"


def check_name(run: str) -> None:
    """Raises: Malformed for a name that cannot be a run's."""
    if not _NAME.fullmatch(run) or run == RESERVED:
        right = f"字母、数字、汉字、- 与 _，至多 64 个，且不是 {RESERVED}（平台实际支付）"
        raise Malformed([Fault("", 0, "--run", f"{run!r} 不能作为重算结果的名称", right)])


@contextmanager
def writing(dataset: Dataset, run: str) -> Iterator[str]:
    """The name under `settled` to write to while the block runs; an error removes it. Raises: RunTaken, Malformed."""
    check_name(run)
    settled = dataset.folder / "settled"
    try:
        settled.mkdir(exist_ok=True)
        lock = os.open(settled / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as problem:
        raise Malformed([Fault(str(settled), 0, "", f"写不了（{problem.strerror}）", "一个可写的文件夹")]) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunTaken(f"另一进程正在重算 {dataset.folder}", hint="等它结束后再试") from None
        for left in settled.glob(".*.writing"):
            shutil.rmtree(left)
        beside = settled / f".{run}.writing"
        try:
            yield beside.name
        except OSError as problem:  # the disk is full, or gone: files read are told of where they are read
            shutil.rmtree(beside, ignore_errors=True)
            wrong = f"写不下去（{problem.strerror or problem}）"
            raise Malformed([Fault(str(settled), 0, "", wrong, "可写且有余量的磁盘；已写的都已删去")]) from None
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    finally:
        os.close(lock)


def publish(dataset: Dataset, run: str, entry: dict[str, Any]) -> None:
    """Move a whole run to its place and name it in the manifest; the run it replaces is gone by then.

    The manifest names the run only while its folder is there: a crash between two steps leaves a sound dataset.
    """
    settled = dataset.folder / "settled"
    manifest = read_manifest(dataset.folder)
    if run in manifest.runs:
        del manifest.runs[run]
        write_manifest(dataset.folder, manifest)
    if (settled / run).exists():
        shutil.rmtree(settled / run)
    _synced(settled / f".{run}.writing")
    os.replace(settled / f".{run}.writing", settled / run)
    manifest.runs[run] = entry
    write_manifest(dataset.folder, manifest)
    dataset.manifest.runs = manifest.runs


def _synced(folder: Path) -> None:
    """Folder entries on disk before the move makes them the run."""
    for path in (*folder.glob("*"), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
