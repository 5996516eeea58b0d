"""Who sent a message (接入签名): three variants seen in provinces, as plug-ins, and none for a sandbox.

aksk   headers _api_*: Base64(HMAC-SHA1(secret, the other four as key=value, sorted, joined with &))
tif    headers x-tif-*: SHA-256 hex of timestamp + secret + nonce + timestamp
xca    headers x-ca-*: seconds ":" HEX(HMAC-SM3(secret, seconds + "\\n" + body)), the only one that covers the body
none   no headers; only for institutions registered so, which only a sandbox may do

A refusal is HTTP 401 with `{"code": 401, "message": …}`, not an envelope.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as sm_hmac

from openyibao.foundation import sql
from openyibao.foundation.crypto import unseal
from openyibao.gateway.errors import TransportRefused
from openyibao.gateway.options import sandbox

MISSING = "签名头缺失"
EXPIRED = "时间戳过期"
UNKNOWN_KEY = "访问密钥不存在或已停用"
WRONG = "签名错误"
_KEPT_S = 5.0
_MOST_KEPT = 10_000
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Signer:
    """An institution that may send (接入机构): code, area, how it signs, whether it wants strict checking."""

    institution_code: str
    area: str
    security: str
    strict: bool
    secret: str = ""

    def __repr__(self) -> str:
        return f"Signer({self.institution_code}, {self.security})"


Headers = Mapping[str, str]
Find = Callable[[str, str], Signer | None]
_found: dict[tuple[str, str], tuple[float, Signer | None]] = {}


def find_signer(security: str, key: str) -> Signer | None:
    """The active credential of a key (of an institution code, for `none`); looked up again after some seconds."""
    known = _found.get((security, key))
    if known is not None and known[0] > time.monotonic():
        return known[1]
    row = sql.one(
        "SELECT institution_code, area, strict, secret FROM gateway_credential"
        " WHERE security = %s AND key = %s AND active",
        (security, key),
    )
    signer = Signer(row[0], row[1], security, row[2], unseal(row[3])) if row else None
    if len(_found) > _MOST_KEPT:
        _found.clear()
    _found[security, key] = (time.monotonic() + _KEPT_S, signer)
    return signer


def forget_signers() -> None:
    """Look every credential up again (after one was registered or withdrawn here)."""
    _found.clear()


def signer_of(
    headers: Headers, body: bytes, now: datetime, tolerance_s: int, find: Find = find_signer
) -> Signer | None:
    """Who signed, by the headers of any variant; None without any. Raises: TransportRefused 401."""
    for marks, verify in _VARIANTS:
        if any(mark in headers for mark in marks):
            return verify(headers, body, now.timestamp(), tolerance_s, find)
    return None


def unsigned(institution_code: str, find: Find = find_signer) -> Signer:
    """The institution of a message without a signature. Raises: TransportRefused 401 unless registered for it."""
    signer = find("none", institution_code) if sandbox() else None
    if signer is None:
        raise TransportRefused(401, f"{MISSING}；请按登记的签名方式发送签名头")
    return signer


def _aksk(headers: Headers, body: bytes, now: float, tolerance_s: int, find: Find) -> Signer:
    parts = {name: headers.get(f"_{name}", "") for name in _API}
    signature = headers.get("_api_signature", "")
    if not signature or not all(parts.values()):
        raise TransportRefused(
            401, f"{MISSING}；须有 _api_name、_api_version、_api_timestamp、_api_access_key、_api_signature"
        )
    _fresh(parts["api_timestamp"], 1000, now, tolerance_s)
    signer = _known(find, "aksk", parts["api_access_key"])
    text = "&".join(f"_{name}={parts[name]}" for name in sorted(parts))
    made = base64.b64encode(hmac.new(signer.secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return _equal(made, signature, signer)


def _tif(headers: Headers, body: bytes, now: float, tolerance_s: int, find: Find) -> Signer:
    key, stamp, nonce, signature = (headers.get(f"x-tif-{name}", "") for name in _TIF)
    if not (key and stamp and nonce and signature):
        raise TransportRefused(401, f"{MISSING}；须有 x-tif-paasid、x-tif-timestamp、x-tif-nonce、x-tif-signature")
    _fresh(stamp, 1, now, tolerance_s)
    signer = _known(find, "tif", key)
    made = hashlib.sha256(f"{stamp}{signer.secret}{nonce}{stamp}".encode()).hexdigest()
    return _equal(made, signature.lower(), signer)


def _xca(headers: Headers, body: bytes, now: float, tolerance_s: int, find: Find) -> Signer:
    key, signature = headers.get("x-ca-key", ""), headers.get("x-ca-signature", "")
    stamp, colon, given = signature.partition(":")
    if not (key and stamp and colon and given):
        raise TransportRefused(401, f"{MISSING}；须有 x-ca-key、x-ca-signature（秒:签名）")
    _fresh(stamp, 1, now, tolerance_s)
    signer = _known(find, "xca", key)
    maker = sm_hmac.HMAC(signer.secret.encode(), hashes.SM3())
    maker.update(stamp.encode() + b"\n" + body)
    return _equal(maker.finalize().hex(), given.lower(), signer)


def _fresh(stamp: str, per_second: int, now: float, tolerance_s: int) -> None:
    if not _SECONDS.fullmatch(stamp if per_second == 1 else stamp[:-3] or "?") or not stamp.isascii():
        raise TransportRefused(401, f"{EXPIRED}；时间戳须为{'13 位毫秒' if per_second > 1 else '秒'}数")
    if not stamp.isdigit() or abs(int(stamp) / per_second - now) > tolerance_s:
        raise TransportRefused(401, f"{EXPIRED}；与平台时间相差不得超过 {tolerance_s // 60} 分钟")


def _known(find: Find, security: str, key: str) -> Signer:
    signer = find(security, key) if len(key) <= 100 and key.isprintable() else None
    if signer is None:
        raise TransportRefused(401, UNKNOWN_KEY)
    return signer


def _equal(made: str, given: str, signer: Signer) -> Signer:
    if not hmac.compare_digest(made.encode(), given.encode("utf-8", "replace")):
        raise TransportRefused(401, WRONG)
    return signer


_API = ("api_name", "api_version", "api_timestamp", "api_access_key")
_TIF = ("paasid", "timestamp", "nonce", "signature")
_VARIANTS = (
    (("_api_access_key", "_api_signature", "_api_timestamp"), _aksk),
    (("x-tif-paasid", "x-tif-signature"), _tif),
    (("x-ca-key", "x-ca-signature"), _xca),
)
