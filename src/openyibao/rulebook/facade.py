"""The door of the rulebook (政策版本): which bundle of policy files is law now; drafts, review, publishing.

Effective dates live inside the files; here it is recorded when a version became the one that decides. Every settlement
keeps the hash of its version, and every version stays, so that a bill can be settled again as it was.

SQL door: view `rulebook_in_force(hash)`, one row: the version that decides now.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.db import transaction

from openyibao.foundation import audit, sql
from openyibao.foundation.actors import Actor, require
from openyibao.kernel import areas
from openyibao.policy.facade import Policies, data_folder
from openyibao.rulebook.errors import DraftRefused, NothingPublished


@dataclass(frozen=True)
class Plan:
    """A version of the policies (政策版本): its hash and the loaded rulebook with its compiled tables."""

    hash: str
    policies: Policies


def hash_in_force() -> str:
    """Hash of the version that decides now. Raises: NothingPublished."""
    found = sql.one("SELECT hash FROM rulebook_in_force")
    if found is None:
        raise NothingPublished("尚未发布任何政策版本", hint="运行 openyibao migrate 发布随软件提供的政策")
    return str(found[0])


def plan_in_force() -> Plan:
    """The version that decides now. Raises: NothingPublished."""
    return plan_of(hash_in_force())


@lru_cache(maxsize=8)
def plan_of(version: str) -> Plan:
    """A version by its hash, loaded once per process. Raises: NothingPublished when there is none."""
    shipped = files_in(data_folder("policies"))
    if hash_of(shipped) == version:
        return Plan(version, Policies.load())
    found = sql.one("SELECT files FROM rulebook_bundle WHERE hash = %s", (version,))
    if found is None:
        raise NothingPublished(f"没有政策版本 {version[:12]}", hint="核对结算单所记的政策版本")
    return Plan(version, _loaded(_unpacked(found[0])))


def publish_shipped(actor: Actor, at: datetime) -> str:
    """Publish the files shipped with the software, unless a version submitted here decides. Gives the hash in force."""
    require(actor, "rulebook.publish", areas.NATION)
    shipped = files_in(data_folder("policies"))
    version = hash_of(shipped)
    with transaction.atomic():
        sql.run("LOCK TABLE rulebook_bundle IN SHARE ROW EXCLUSIVE MODE")
        own = sql.one("SELECT hash FROM rulebook_bundle WHERE state = 'published' AND origin = 'submitted' LIMIT 1")
        if own is not None:
            return hash_in_force()
        made = sql.changed(
            "INSERT INTO rulebook_bundle (hash, title, origin, state, files, changed, submitted_by, submitted_at,"
            " reviewed_by, published_by, published_at)"
            " VALUES (%s, '随软件提供', 'shipped', 'published', %s, '[]', %s, %s, '', %s, %s) ON CONFLICT DO NOTHING",
            (version, _packed(shipped), actor.name, at, actor.name, at),
        )
        if made:
            audit.record(actor, "rulebook.publish", version, areas.NATION, origin="shipped", files=len(shipped))
    return version


def submit_draft(actor: Actor, title: str, changed: Mapping[str, str], at: datetime) -> str:
    """Submit changed files (name -> text) on top of the version in force. Gives the draft's hash.

    Raises: Malformed with every fault of the files; DraftRefused when nothing changes.
    """
    for name in changed:
        require(actor, "rulebook.submit", _area_of(name))
    files = {**_stored_files(hash_in_force()), **changed}
    version = hash_of(files)
    _loaded(files)
    with transaction.atomic():
        made = sql.changed(
            "INSERT INTO rulebook_bundle (hash, title, origin, state, files, changed, submitted_by, submitted_at,"
            " reviewed_by, published_by) VALUES (%s, %s, 'submitted', 'draft', %s, %s, %s, %s, '', '')"
            " ON CONFLICT DO NOTHING",
            (version, title, _packed(files), json.dumps(sorted(changed)), actor.name, at),
        )
        if not made:
            raise DraftRefused("与已有版本相同", hint="没有改动，或同样的草案已提交")
        audit.record(actor, "rulebook.submit", version, actor.area, files=sorted(changed))
    return version


def review_draft(actor: Actor, version: str, at: datetime, *, approve: bool) -> None:
    """Review a draft that somebody else submitted. Raises: DraftRefused."""
    with transaction.atomic():
        submitted_by, changed = _locked(version, "draft")
        for name in changed:
            require(actor, "rulebook.review", _area_of(name))
        if submitted_by == actor.name:
            raise DraftRefused("不得复核本人提交的草案", hint="由另一人复核")
        state = "reviewed" if approve else "rejected"
        sql.run(
            "UPDATE rulebook_bundle SET state = %s, reviewed_by = %s, reviewed_at = %s WHERE hash = %s",
            (state, actor.name, at, version),
        )
        audit.record(actor, "rulebook.review", version, actor.area, approved=approve)


def publish(actor: Actor, version: str, at: datetime) -> None:
    """Publish a reviewed draft: from now on it decides. Raises: DraftRefused."""
    with transaction.atomic():
        sql.run("LOCK TABLE rulebook_bundle IN SHARE ROW EXCLUSIVE MODE")
        _, changed = _locked(version, "reviewed")
        for name in changed:
            require(actor, "rulebook.publish", _area_of(name))
        sql.run(
            "UPDATE rulebook_bundle SET state = 'published', published_by = %s, published_at = %s WHERE hash = %s",
            (actor.name, at, version),
        )
        audit.record(actor, "rulebook.publish", version, actor.area, origin="submitted", files=changed)


def files_in(folder: Path) -> dict[str, str]:
    """Every policy file below a folder: name relative to it -> text."""
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.yaml"))}


def hash_of(files: Mapping[str, str]) -> str:
    """SHA-256 over names and texts in order."""
    return hashlib.sha256(json.dumps(sorted(files.items()), ensure_ascii=False).encode()).hexdigest()


def _locked(version: str, state: str) -> tuple[str, list[str]]:
    found = sql.one("SELECT state, submitted_by, changed FROM rulebook_bundle WHERE hash = %s FOR UPDATE", (version,))
    if found is None or found[0] != state:
        raise DraftRefused(f"没有处于 {state} 状态的草案 {version[:12]}", hint="先提交、复核，再发布")
    return str(found[1]), list(found[2] if isinstance(found[2], list) else json.loads(found[2]))


def _area_of(name: str) -> str:
    return areas.area_keys().get(name.partition("/")[0], areas.NATION)


def _stored_files(version: str) -> dict[str, str]:
    found = sql.one("SELECT files FROM rulebook_bundle WHERE hash = %s", (version,))
    assert found is not None
    return _unpacked(found[0])


def _loaded(files: Mapping[str, str]) -> Policies:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Policies.load(Path(folder))


def _packed(files: Mapping[str, str]) -> bytes:
    return zlib.compress(json.dumps(dict(files), ensure_ascii=False).encode())


def _unpacked(packed: bytes) -> dict[str, str]:
    found: dict[str, str] = json.loads(zlib.decompress(bytes(packed)))
    return found
