"""Runs what a page shows: fenced blocks with a title are files, `console` blocks are commands and what they print.

    ```yaml title="first.yaml"          a file, written where the commands run
    ```console                          `$ command`, then its output; `…` stands for anything, also alone on a line

Commands run in a folder that looks like a clone: with copies of `policies/` and `cases/`, which the program reads.
`python -m tests.docs.blocks` prints what differs; with `--update` it rewrites output that has changed, unless it is
abridged with `…`: that is for a person to abridge again.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console

from openyibao.cli import show
from openyibao.cli.main import run

ROOT = Path(__file__).parents[2]
COLUMNS = 110
"""Width of the terminal on a page; what the tables need so that no amount is cut."""
_FENCE = re.compile(r"^```(?P<lang>\w+)?(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_PLAIN: dict[str, Any] = {"width": COLUMNS, "highlight": False, "soft_wrap": True}
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """One fenced block: a file (`title`), or commands (`console`). `start` and `end` bound the body in the page."""

    lang: str
    title: str
    body: str
    start: int
    end: int


@dataclass
class Command:
    """One command of a console block and the lines shown under it."""

    line: str
    shown: list[str]


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        title = _TITLE.search(match["info"] or "")
        found.append(Block(match["lang"] or "", title[1] if title else "", match["body"], *match.span("body")))
    return found


def commands(block: Block) -> list[Command]:
    """The commands of a console block with their output."""
    found: list[Command] = []
    for line in block.body.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif found:
            found[-1].shown.append(line.rstrip())
    return found


@contextlib.contextmanager
def clone() -> Iterator[Path]:
    """A folder that looks like a clone, as working directory; the program reads its policies and cases."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("policies", "cases"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("schema"))
        stated = {
            "OPENYIBAO_POLICIES": str(folder / "policies"),
            "OPENYIBAO_CASES": str(folder / "cases"),
            "OPENYIBAO_CACHE": str(folder / "cache"),
        }
        os.chdir(folder)
        try:
            with (
                mock.patch.dict(os.environ, stated),
                mock.patch.object(show, "_out", Console(**_PLAIN)),
                mock.patch.object(show, "_err", Console(**_PLAIN, stderr=True)),
            ):
                yield folder
        finally:
            os.chdir(before)


class Shell:
    """Runs the commands of a page in the current folder."""

    def __init__(self) -> None:
        self.code = 0

    def run(self, line: str) -> list[str]:
        """Lines a command prints, standard output and standard error together."""
        words = shlex.split(line, comments=True)
        if words[:2] == ["echo", "$?"]:
            return [str(self.code)]
        if words[0] == "cat":
            return Path(words[1]).read_text(encoding="utf-8").splitlines()
        assert words[0] == "openyibao", f"a page may show openyibao, cat and echo $?, not {line!r}"
        printed = io.StringIO()
        self.code = 0
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                run(words[1:])
            except SystemExit as stop:
                self.code = stop.code if isinstance(stop.code, int) else 0
        return [text.rstrip() for text in printed.getvalue().splitlines()]


def matches(shown: list[str], printed: list[str]) -> bool:
    """Whether shown lines stand for the printed ones; blank lines at both ends do not count."""
    pattern = "\n".join(shown).strip("\n")
    whole = "\n".join(printed).strip("\n")
    parts = []
    for line in pattern.split("\n"):
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("…")) + "\n")
    return re.fullmatch("".join(parts), whole + "\n") is not None


def check(page: Path, *, update: bool = False) -> list[str]:
    """What a page shows and the program does not print. With `update` the page is rewritten."""
    wrong: list[str] = []
    text = page.read_text(encoding="utf-8")
    shift = 0
    with clone() as folder:
        shell = Shell()
        for block in blocks(page):
            if block.title:
                file = folder / block.title
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.body, encoding="utf-8")
            elif block.lang == "console":
                body = ""
                for command in commands(block):
                    printed = shell.run(command.line)
                    same = matches(command.shown, printed)
                    kept = same or any("…" in line for line in command.shown)
                    lines = command.shown if kept else "\n".join(printed).strip("\n").split("\n")
                    body += f"$ {command.line}\n" + "".join(f"{line}\n" for line in lines if lines != [""])
                    if not same:
                        wrong.append(f"{page.name}: $ {command.line}\n" + "\n".join(printed))
                if body != block.body:
                    text = text[: block.start + shift] + body + text[block.end + shift :]
                    shift += len(body) - len(block.body)
    if update and wrong:
        page.write_text(text, encoding="utf-8")
    return wrong


def pages() -> list[Path]:
    """Every page that shows a file or a command."""
    every = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in every if any(block.title or block.lang == "console" for block in blocks(page))]


if __name__ == "__main__":
    asked = [Path(name).resolve() for name in sys.argv[1:] if not name.startswith("--")] or pages()
    for page in asked:
        for line in check(page, update="--update" in sys.argv):
            sys.stdout.write(line + "\n")
