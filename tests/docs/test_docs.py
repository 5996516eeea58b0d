"""The documentation is complete and true: it builds, lists everything there is, and shows what the program prints."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from openyibao.cli.main import app
from openyibao.policy import terms
from openyibao.policy.source import schema
from tests.docs.blocks import ROOT, check, matches, pages

REFERENCE = ROOT / "docs/reference"
TUTORIALS = ("settle-a-bill.md", "new-city.md")
"""Run by test_new_city."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


# What is shown ------------------------------------------------------------------------------------------------------


def shown() -> Iterator[Any]:
    """Pages with what programs print; but for the first ones a reader sees, they are for the whole suite."""
    for page in pages():
        if page.name not in TUTORIALS:
            marks = () if page.name.startswith("README") else (pytest.mark.slow,)
            yield pytest.param(page, marks=marks, id=page.name)


@pytest.mark.parametrize("page", list(shown()))
def test_pages_show_what_the_program_prints(page: Path) -> None:
    assert check(page) == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["a", "…"], ["a", "b", "c"], True),
        (["…", "c"], ["a", "b", "c"], True),
        (["…", "d"], ["a", "b", "c"], False),
        (["a…c"], ["abc"], True),
        (["a…c"], ["abd"], False),
    ],
)
def test_an_ellipsis_stands_for_anything_and_nothing_else_does(
    shown: list[str], printed: list[str], same: bool
) -> None:
    assert matches(shown, printed) is same


# What is listed -----------------------------------------------------------------------------------------------------


def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the program that does something."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from walk(child, (*path, name))
    else:
        yield path, command


COMMANDS = dict(walk(typer.main.get_command(app), ("openyibao",)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_documented(path: tuple[str, ...]) -> None:
    sections = re.split(r"^## ", text_of(REFERENCE / "commands.md"), flags=re.MULTILINE)
    mine = [part for part in sections if re.match(rf"`{re.escape(' '.join(path))}[ `]", part)]
    assert len(mine) == 1, f"commands.md has no section for {' '.join(path)}"
    for option in COMMANDS[path].params:
        if option.param_type_name == "option":
            for name in option.opts:
                assert name == "--help" or re.search(rf"`{name}[ `]", mine[0]), f"{' '.join(path)} {name}"
        else:
            name = option.metavar or option.name.upper()
            assert name.removesuffix("S") in mine[0].splitlines()[0]


def test_no_command_is_documented_that_does_not_exist() -> None:
    known = {" ".join(path) for path in COMMANDS}
    for heading in re.findall(r"^## `([^`]+)`", text_of(REFERENCE / "commands.md"), re.MULTILINE):
        words = [word for word in heading.split() if re.fullmatch(r"[a-z-]+", word)]
        assert " ".join(words) in known


def codes_in_source() -> set[str]:
    """Every code an error of the program may carry: those of classes, and those of the visit's refused moves."""
    sources = [text_of(path) for path in (ROOT / "src/openyibao").rglob("*.py")]
    found = {code for text in sources for code in re.findall(r'^    code = "([A-Z_0-9]+)"', text, re.MULTILINE)}
    moves = text_of(ROOT / "src/openyibao/settlement/logic/moves.py")
    return found | set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', moves))


def test_every_error_code_is_documented() -> None:
    page = text_of(REFERENCE / "errors.md")
    listed = re.findall(r"^\| `([A-Z_0-9]+)`", page, re.MULTILINE)
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == codes_in_source()


def keys(node: Any) -> Iterator[str]:
    """Every property that a schema names."""
    if isinstance(node, dict):
        for name, child in node.items():
            if name == "properties" and isinstance(child, dict):
                yield from child
            yield from keys(child)
    elif isinstance(node, list):
        for child in node:
            yield from keys(child)


@pytest.mark.parametrize(("kind", "page"), [("case", "case-files.md"), ("reform", "reform-files.md")])
def test_every_key_of_a_file_is_documented(kind: str, page: str) -> None:
    text = text_of(REFERENCE / page)
    spoken = set(re.findall(r"[A-Za-z_]+", " ".join(re.findall(r"`([^`]+)`", text))))
    assert sorted(set(keys(schema(kind))) - spoken) == []


def test_every_code_word_is_in_the_glossary() -> None:
    text = text_of(ROOT / "docs/glossary.md")
    families = (terms.SCHEMES, terms.BENEFITS, terms.LEVELS, terms.STATUSES, terms.GROUPS, terms.LAYERS)
    for words in (*families, terms.FILINGS, terms.EXCLUSIONS, terms.COMPONENTS, terms.FIELDS, terms.CERTAINTIES):
        for code, chinese in words.items():
            assert re.search(rf"^\| {re.escape(chinese)} \|.*`{code}`", text, re.MULTILINE), code


# The site and its links ---------------------------------------------------------------------------------------------


def test_site_builds_strictly(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    index = text_of(tmp_path / "site/index.html")
    assert not re.findall(r'(?:src|href)="https?://(?!squidfunk\.github\.io/mkdocs-material/")[^"]*"', index)


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_relative_links_resolve(name: str) -> None:
    for target in LINK.findall(text_of(ROOT / name)):
        if not target.startswith(("http:", "https:", "#", "mailto:")):
            assert (ROOT / target.partition("#")[0]).exists(), target


# What may not be said -----------------------------------------------------------------------------------------------

FORBIDDEN = ("/wor" + "k/", *("shar" + "ed/" + name for name in ("design", "policy", "golden", "interface")))


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git clone")
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_no_text_names_a_place_outside_the_repository() -> None:
    found = []
    for path in tracked():
        if path.is_file() and not path.is_symlink():
            try:
                text = text_of(path)
            except UnicodeDecodeError:
                continue
            found += [f"{path.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word in text]
    assert found == []
