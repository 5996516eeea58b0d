"""`openyibao migrate`, `serve`, `worker`, `keys`, `backup`, `restore`: what an administrator runs.

Every command works on the database of DATABASE_URL, or on the embedded one, which it joins or starts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.kernel.errors import OpenyibaoError

keys = typer.Typer(no_args_is_help=True, help="密钥：封存身份信息的 SM4、SM3 密钥。")

Sandbox = Annotated[bool, typer.Option("--sandbox", help="沙箱：公开的密钥与凭据，虚构人员，不得存真实数据。")]


class NotEmpty(OpenyibaoError):
    """A file or database that must be new is not (目标已存在)."""

    code = "NOT_EMPTY"


def ready(*, sandbox: bool = False) -> None:
    """Django on this command's database."""
    if sandbox:
        os.environ["OPENYIBAO_SANDBOX"] = "1"
    from openyibao.foundation.setup import django_ready

    django_ready()


def prepare() -> None:
    """Bring the database to the present shape: tables, chart of accounts, shipped policies."""
    from django.db import transaction

    from openyibao.foundation import clock
    from openyibao.foundation.actors import SYSTEM
    from openyibao.foundation.migrate import migrate as migrate_tables
    from openyibao.ledger.facade import sync_chart
    from openyibao.rulebook.facade import publish_shipped

    migrate_tables()
    with transaction.atomic():
        sync_chart()
    publish_shipped(SYSTEM, clock.now())


def migrate(sandbox: Sandbox = False) -> None:
    """建立或升级数据库，装载科目，发布随软件提供的政策。"""
    ready(sandbox=sandbox)
    prepare()
    show.out("数据库已是最新")


@keys.command("new")
def keys_new(file: Annotated[Path, typer.Argument(help="新密钥文件，不得已存在。")]) -> None:
    """生成一套密钥，只有本人可读；丢失即不能再读出身份信息。"""
    from openyibao.foundation.crypto import new_keys

    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NotEmpty(f"{file} 已存在", hint="密钥文件不得覆盖；换一个名字") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(new_keys())
    show.out(f"已写入 {file}；以 OPENYIBAO_KEYS={file} 使用，并离线备份")
