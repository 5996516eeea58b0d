"""`openyibao migrate`, `serve`, `worker`, `keys`, `backup`, `restore`: what an administrator runs.

Every command works on the database of DATABASE_URL, or on the embedded one, which it joins or starts.
"""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.kernel.errors import OpenyibaoError

keys = typer.Typer(no_args_is_help=True, help="密钥：封存身份信息的 SM4、SM3 密钥。")

Sandbox = Annotated[bool, typer.Option("--sandbox", help="沙箱：公开的密钥与凭据，虚构人员，不得存真实数据。")]


class SandboxRefused(OpenyibaoError):
    """What is meant as a sandbox is set up as a real platform (不得作为沙箱)."""

    code = "SANDBOX_REFUSED"


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


Host = Annotated[str, typer.Option("--host", help="监听地址。")]
Port = Annotated[int, typer.Option("--port", help="监听端口。")]
Threads = Annotated[int, typer.Option("--threads", help="每个服务进程的线程数。")]
Workers = Annotated[int, typer.Option("--workers", help="服务进程数。")]


def serve(
    sandbox: Sandbox = False, host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = 2, threads: Threads = 4
) -> None:
    """启动服务：升级数据库，沙箱为空时装载演示数据，然后应答国家接口；Ctrl-C 停止。"""
    if sandbox and os.environ.get("OPENYIBAO_KEYS"):
        raise SandboxRefused(
            "沙箱用公开的密钥，不得与 OPENYIBAO_KEYS 同用", hint="去掉 --sandbox，或去掉 OPENYIBAO_KEYS"
        )
    ready(sandbox=sandbox)
    prepare()
    if sandbox:
        _load_demo()
    from django.db import connections
    from granian import Granian
    from granian.constants import Interfaces

    from openyibao.foundation.setup import embedded
    from openyibao.foundation.supervisor import supervised

    connections.close_all()
    database = embedded()
    show.err(f"国家接口：http://{host}:{port}/fsi/api/rsfComIfsService/callService（Ctrl-C 停止）")
    server = Granian(
        "openyibao.gateway.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_access=False,
        websockets=False,
    )
    with supervised(database) if database else nullcontext():
        server.serve()


def _load_demo() -> None:
    """Mark the database as a sandbox, and fill it when nobody is in it. Raises: NotEmpty for a real one."""
    from openyibao.demo import facade as demo
    from openyibao.foundation import clock

    demo.mark_sandbox()
    if demo.is_empty():
        show.err("数据库为空，装载演示数据（聊城，缩小的）……")
        demo.load(clock.now(), progress=show.progress)


def worker(one_shot: Annotated[bool, typer.Option("--one-shot", help="做完现有任务即退出。")] = False) -> None:
    """运行后台任务：每日封账（哈希链）等。"""
    ready()
    prepare()
    from django.core.management import call_command

    call_command("procrastinate", "worker", *(["--one-shot"] if one_shot else []))


def backup(file: Annotated[Path, typer.Argument(help="备份文件，不得已存在。")]) -> None:
    """把整个数据库备份到一个文件（pg_dump 自定义格式）。运行中的服务不必停。"""
    if file.exists():
        raise NotEmpty(f"{file} 已存在", hint="换一个文件名；备份不覆盖")
    ready()
    partial = file.with_name(file.name + ".partial")
    _postgres_program("pg_dump", "--format=custom", "--no-owner", f"--file={partial}")
    partial.rename(file)
    show.out(f"已备份到 {file}（{file.stat().st_size:,} 字节）；密钥文件须另行备份")


def restore(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="备份文件。")]) -> None:
    """把备份恢复到一个空数据库；恢复后核对账本。"""
    ready()
    from openyibao.foundation import sql

    found = sql.one("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    if found is None or found[0]:
        raise NotEmpty("数据库不是空的", hint="恢复到新的 DATABASE_URL，或新的 OPENYIBAO_HOME")
    _restored(file)
    show.out("已恢复；请运行 openyibao ledger verify 核对")


def _restored(file: Path) -> None:
    """Restore a backup in one transaction. Raises: DatabaseUnavailable.

    Our pg_restore sets a parameter that servers before version 17 do not know; it sets it to nothing, and is left out.
    """
    import subprocess
    import tempfile

    from openyibao.foundation.launcher import DatabaseUnavailable

    read = [_program("pg_restore"), "--no-owner", "--file=-", str(file)]
    with tempfile.TemporaryFile() as complaints:
        reader = subprocess.Popen(read, stdout=subprocess.PIPE, stderr=complaints)
        words = ("--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null")
        writer = subprocess.Popen(
            [_program("psql"), *_place(), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=_environment(),
        )
        assert reader.stdout is not None
        assert writer.stdin is not None
        with suppress(BrokenPipeError), writer.stdin as into:
            for line in reader.stdout:
                if not line.startswith(b"SET transaction_timeout"):
                    into.write(line)
        reader.stdout.close()
        if reader.wait() or writer.wait():
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()[-500:]
            raise DatabaseUnavailable(f"恢复失败：{said}", hint="核对备份文件与数据库版本；数据库未改动")


def _postgres_program(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on this command's database. Raises: DatabaseUnavailable."""
    import subprocess

    from openyibao.foundation.launcher import DatabaseUnavailable

    done = subprocess.run(
        [_program(name), *_place(), *arguments], env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DatabaseUnavailable(f"{name} 失败：{done.stderr.strip()[-500:]}", hint="核对磁盘空间与数据库版本")


def _program(name: str) -> str:
    import shutil

    from openyibao.foundation.launcher import DatabaseUnavailable, wheel_binaries

    try:
        return str(wheel_binaries() / name)
    except DatabaseUnavailable:
        return shutil.which(name) or name


def _place() -> tuple[str, ...]:
    from django.db import connection

    settings = connection.settings_dict
    where = ("--host", settings["HOST"], "--port", settings["PORT"] or "5432", "--username", settings["USER"])
    return (*where, f"--dbname={settings['NAME']}")


def _environment() -> dict[str, str]:
    """The password, and how to encrypt, go by the environment."""
    from django.db import connection

    found = {**os.environ, "PGPASSWORD": connection.settings_dict["PASSWORD"]}
    mode = connection.settings_dict["OPTIONS"].get("sslmode")
    return {**found, "PGSSLMODE": mode} if mode else found
