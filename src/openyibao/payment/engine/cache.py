"""The compiled scheme kept on disk: named after what it was made from, checked when read, made anew when in doubt.

One JSON text after a line with its own SHA-256. A changed table has another name; a damaged file does not match its
line; neither is believed. The folder is the user's own: whoever can write there can also change the program.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import openyibao
from openyibao.payment.engine import compiler
from openyibao.payment.engine.compiler import Compiled, compile_scheme
from openyibao.payment.engine.grouper import Grouper
from openyibao.payment.engine.reading import load, read_files
from openyibao.payment.engine.tables import fingerprint

MOST_KEPT = 24
"""Compiled schemes kept; the ones used longest ago go first."""


def cache_folder() -> Path:
    """Where compiled schemes are kept: $OPENYIBAO_CACHE, else the user's cache folder."""
    stated = os.environ.get("OPENYIBAO_CACHE")
    if stated:
        return Path(stated) / "drg"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "openyibao" / "drg"


def load_grouper(folder: Path, *, cached: bool = True) -> Grouper:
    """A scheme ready to group, from the cache where its tables are unchanged.

    Raises: SchemeUnknown; Malformed with every fault of the tables.
    """
    files = read_files(folder)
    if not cached:
        return Grouper(compile_scheme(load(folder, files)))
    path = cache_folder() / f"{fingerprint(files)}.{_maker()}.json"
    kept = _read(path)
    if kept is not None:
        with suppress(LookupError, TypeError, ValueError, AttributeError):
            return Grouper(kept)
    compiled = compile_scheme(load(folder, files))
    _write(path, compiled)
    return Grouper(compiled)


@cache
def _maker() -> str:
    """What compiles: another version of the program makes its own files."""
    source = Path(compiler.__file__).read_bytes() if Path(compiler.__file__).is_file() else b""
    return hashlib.sha256(openyibao.__version__.encode() + source).hexdigest()[:12]


def _read(path: Path) -> Compiled | None:
    try:
        checksum, _, text = path.read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != checksum:
            return None
        found = json.loads(text)
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, compiled: Compiled) -> None:
    """Keep a compiled scheme. A folder that cannot be written costs time, not the answer."""
    text = json.dumps(compiled, ensure_ascii=False, separators=(",", ":")).encode()
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            part.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        Path(part.name).replace(path)
        kept = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in kept[MOST_KEPT:]:
            old.unlink(missing_ok=True)
