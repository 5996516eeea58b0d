"""Loops compiled by numba, kept on disk for the next process under a hash of all the source they are made of.

Numba's own cache looks at the file of a function alone and would not notice a change of what is inlined into it from
another one. Here the folder's name is the hash of every file named, so a changed source finds an empty folder. The
folder is the user's own (`$XDG_CACHE_HOME/openyibao`, by default `~/.cache/openyibao`); where it cannot be, or belongs
to somebody else, loops are compiled afresh in every process.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any


def compiled(function: Callable[..., Any], *sources: str, **options: Any) -> Any:
    """A function compiled by numba (`njit` with these options); `sources`: other files it takes anything from."""
    numba: Any = importlib.import_module("numba")
    folder = _folder((function.__code__.co_filename, *sources))
    if folder is None:
        return numba.njit(**options)(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return numba.njit(cache=True, **options)(function)
    finally:
        numba.config.CACHE_DIR = before


@cache
def _folder(sources: tuple[str, ...]) -> Path | None:
    """The folder of the loops made of these files; None where nothing can be kept."""
    whole = hashlib.sha256()
    try:
        for source in sources:
            whole.update(Path(source).read_bytes())
        home = os.environ.get("XDG_CACHE_HOME")
        base = (Path(home) if home else Path.home() / ".cache") / "openyibao"
        folder = base / f"compiled-{whole.hexdigest()[:16]}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except (OSError, RuntimeError):
        return None
    mine = state.st_uid == os.getuid() and not state.st_mode & 0o022
    return folder if mine and os.access(folder, os.W_OK) else None
