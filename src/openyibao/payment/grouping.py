"""What groups stays on the platform (分组): the scheme given, or the scheme or DIP directory that the pack names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from openyibao.payment.engine import facade as engine
from openyibao.payment.engine.contracts import GROUPED, Case
from openyibao.payment.engine.pack import facade as packs
from openyibao.payment.engine.pack.pack import Pack
from openyibao.payment.engine.pack.stays import GroupOf, Stay
from openyibao.payment.errors import PackUnfit

Coded = Sequence[tuple[Case, Stay]]


@dataclass(frozen=True)
class StayGrouper:
    """Groups coded stays; `sha256` says by which tables."""

    sha256: str
    groups: Callable[[Coded], Mapping[str, GroupOf]]


def grouper_for(pack: Pack, scheme: Path | None) -> StayGrouper:
    """Args: scheme, a folder; needed where the pack names nothing to group by.

    Raises: PackUnfit when pack and scheme do not fit or stays are not what the pack pays by; Malformed, SchemeUnknown.
    """
    if not any(version.methods for version in pack.versions):
        raise PackUnfit(f"支付方式包 {pack.name} 按人付费，不给病例计价", hint="用 payment heads，或换一个包")
    named, directory = pack.grouping.get("scheme"), pack.grouping.get("directory")
    if directory is not None:
        if scheme is not None:
            raise PackUnfit(f"支付方式包 {pack.name} 按病种目录 {directory} 分组", hint="不写 --scheme")
        return _by_directory(pack.folder / directory)
    if scheme is None and named is None:
        raise PackUnfit(f"支付方式包 {pack.name} 没有写明分组方案", hint="写 --scheme")
    found = engine.load_grouper(scheme if scheme is not None else engine.scheme_folder(named or ""))
    if scheme is not None and named is not None:
        stated = engine.load_grouper(engine.scheme_folder(named))
        if stated.sha256 != found.sha256:
            raise PackUnfit(f"支付方式包 {pack.name} 的权重属于分组方案 {named}", hint="不写 --scheme，或换一个包")

    def groups(coded: Coded) -> dict[str, GroupOf]:
        answers = ((stay, found.group(case)) for case, stay in coded)
        return {stay.case_id: GroupOf(one.drg if one.status == GROUPED else "") for stay, one in answers}

    return StayGrouper(found.sha256, groups)


def _by_directory(folder: Path) -> StayGrouper:
    directory = packs.load_directory(folder)
    read = hashlib.sha256()
    for name in ("groups.csv", "parameters.yaml", *sorted(set(directory.parameters.files))):
        read.update((folder / name).read_bytes())
    return StayGrouper(read.hexdigest(), lambda coded: packs.dip_groups(directory, [stay for _, stay in coded]))
