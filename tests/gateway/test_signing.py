"""Who signed: every variant, good and bad; refusals are HTTP 401 with one of four causes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as sm_hmac

from openyibao.gateway import signing
from openyibao.gateway.errors import TransportRefused
from openyibao.gateway.signing import Signer

NOW = datetime(2026, 1, 5, 1, 15, 30, tzinfo=UTC)
SECRET = "a-secret-of-tests"
BODY = b'{"infno":"1101"}'


def find(security: str, key: str) -> Signer | None:
    return Signer("H37150099901", "371500", security, False, SECRET) if key == "KEY1" else None


def aksk(stamp: str = "", key: str = "KEY1", secret: str = SECRET, **changes: str) -> dict[str, str]:
    parts = {
        "_api_name": "callService",
        "_api_version": "1.0.0",
        "_api_timestamp": stamp or str(int(NOW.timestamp() * 1000)),
        "_api_access_key": key,
    }
    text = "&".join(f"{name}={parts[name]}" for name in sorted(parts))
    parts["_api_signature"] = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return {**parts, **changes}


def tif(stamp: str = "", key: str = "KEY1", secret: str = SECRET, **changes: str) -> dict[str, str]:
    stamp = stamp or str(int(NOW.timestamp()))
    made = hashlib.sha256(f"{stamp}{secret}N1{stamp}".encode()).hexdigest().upper()
    return {"x-tif-paasid": key, "x-tif-timestamp": stamp, "x-tif-nonce": "N1", "x-tif-signature": made, **changes}


def xca(stamp: str = "", key: str = "KEY1", secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    stamp = stamp or str(int(NOW.timestamp()))
    maker = sm_hmac.HMAC(secret.encode(), hashes.SM3())
    maker.update(stamp.encode() + b"\n" + body)
    return {"x-ca-key": key, "x-ca-signature": f"{stamp}:{maker.finalize().hex().upper()}"}


def refusal(headers: dict[str, str], body: bytes = BODY) -> str:
    with pytest.raises(TransportRefused) as caught:
        signing.signer_of(headers, body, NOW, 1800, find)
    assert caught.value.status == 401
    return caught.value.message


VARIANTS = [aksk, tif, xca]


@pytest.mark.parametrize("sign", VARIANTS)
def test_a_good_signature_names_the_institution(sign) -> None:  # type: ignore[no-untyped-def]
    found = signing.signer_of(sign(), BODY, NOW, 1800, find)
    assert (found.institution_code, found.security) == ("H37150099901", sign.__name__)
    assert SECRET not in repr(found)


@pytest.mark.parametrize("sign", VARIANTS)
def test_the_four_causes(sign) -> None:  # type: ignore[no-untyped-def]
    assert refusal(sign(secret="another-secret")) == signing.WRONG
    assert refusal(sign(key="KEY2")) == signing.UNKNOWN_KEY
    early = int(NOW.timestamp()) - 1801
    assert refusal(sign(stamp=str(early * 1000 if sign is aksk else early))).startswith(signing.EXPIRED)
    headers = sign()
    for name in headers:
        left = {key: value for key, value in headers.items() if key != name}
        if any(mark in left for marks, _ in signing._VARIANTS for mark in marks):
            assert refusal(left).startswith(signing.MISSING)


@pytest.mark.parametrize("sign", VARIANTS)
@pytest.mark.parametrize("stamp", ["", "x", "-1", "1e9", "９" * 10, "9" * 40, "0"])
def test_times_that_are_none(sign, stamp: str) -> None:  # type: ignore[no-untyped-def]
    if stamp:
        assert refusal(sign(stamp=stamp)).startswith(signing.EXPIRED)


def test_within_half_an_hour_is_in_time() -> None:
    stamp = int(NOW.timestamp())
    for shift in (-1799, 1799):
        assert signing.signer_of(tif(stamp=str(stamp + shift)), BODY, NOW, 1800, find)
    assert refusal(tif(stamp=str(stamp + 1801))).startswith(signing.EXPIRED)


def test_only_xca_covers_the_body() -> None:
    assert refusal(xca(), BODY + b" ") == signing.WRONG


def test_no_headers_is_nobody() -> None:
    assert signing.signer_of({}, BODY, NOW, 1800, find) is None


def test_unsigned_only_in_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENYIBAO_SANDBOX", "1")
    assert signing.unsigned("KEY1", find).security == "none"
    with pytest.raises(TransportRefused, match=signing.MISSING):
        signing.unsigned("KEY2", find)
    monkeypatch.delenv("OPENYIBAO_SANDBOX")
    with pytest.raises(TransportRefused, match=signing.MISSING):
        signing.unsigned("KEY1", find)
