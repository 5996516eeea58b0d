"""National cryptography (国密) for data at rest: SM4 for what must be read again, keyed SM3 for what is only looked up.

Identity numbers and phones are stored sealed and found by their keyed hash, so neither a copy of the tables nor an
index gives them away. The keys come from the file named by OPENYIBAO_KEYS; a sandbox uses published ones. Neither is a
certified module: see docs/explanation/security.md.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from openyibao.kernel.errors import OpenyibaoError

_NONCE = 12
_TAG = 16
_VERSION = b"\x01"


class KeysMissing(OpenyibaoError):
    """No keys are configured, or they are not those this data was sealed with (密钥缺失或不符)."""

    code = "KEYS_MISSING"


@dataclass(frozen=True, repr=False)
class Keys:
    """The sealing key (SM4, 16 bytes) and the hashing key (HMAC-SM3, 32 bytes)."""

    sealing: bytes
    hashing: bytes

    @property
    def fingerprint(self) -> str:
        """Tells two sets of keys apart without giving either away."""
        return _hmac(self.hashing, b"openyibao keys" + _hmac(self.sealing, b"sealing")).hex()[:16]


@cache
def keys() -> Keys:
    """The keys of this process. Raises: KeysMissing."""
    path = os.environ.get("OPENYIBAO_KEYS", "")
    sandbox = os.environ.get("OPENYIBAO_SANDBOX") == "1"
    if path:
        try:
            found = read_keys(Path(path).read_text(encoding="utf-8"), path)
        except (OSError, UnicodeDecodeError) as problem:
            raise KeysMissing(f"读不出密钥文件 {path}：{problem}", hint="核对路径与权限") from None
        if found == _published() and not sandbox:
            raise KeysMissing(f"{path} 是沙箱公开的密钥", hint="用 openyibao keys new FILE 生成自己的密钥")
        return found
    if sandbox:
        return _published()
    raise KeysMissing("没有配置密钥", hint="用 openyibao keys new FILE 生成，并以环境变量 OPENYIBAO_KEYS 指明该文件")


def _published() -> Keys:
    """The keys of every sandbox, known to everybody."""
    return read_keys((files(__package__) / "data" / "sandbox_keys.json").read_text(encoding="utf-8"), "sandbox")


def read_keys(text: str, name: str) -> Keys:
    """Keys from the JSON of a key file. Raises: KeysMissing when it is none."""
    try:
        data = json.loads(text)
        found = Keys(bytes.fromhex(data["sealing"]), bytes.fromhex(data["hashing"]))
    except (ValueError, KeyError, TypeError):
        raise KeysMissing(f"{name} 不是密钥文件", hint="应为 openyibao keys new 生成的文件") from None
    if len(found.sealing) != 16 or len(found.hashing) != 32:
        raise KeysMissing(f"{name} 的密钥长度不对", hint="sealing 16 字节，hashing 32 字节，十六进制")
    return found


def new_keys() -> str:
    """The text of a new key file."""
    return json.dumps({"sealing": os.urandom(16).hex(), "hashing": os.urandom(32).hex()}, indent=2) + "\n"


def seal_bytes(plain: bytes) -> bytes:
    """Encrypt (SM4-GCM): version, nonce, ciphertext, tag."""
    nonce = os.urandom(_NONCE)
    cipher = Cipher(algorithms.SM4(keys().sealing), modes.GCM(nonce)).encryptor()
    return _VERSION + nonce + cipher.update(plain) + cipher.finalize() + cipher.tag


def unseal_bytes(sealed: bytes) -> bytes:
    """Decrypt what `seal_bytes` made. Raises: KeysMissing when the keys are others or the data was altered."""
    sealed = bytes(sealed)
    nonce, body, tag = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE : -_TAG], sealed[-_TAG:]
    cipher = Cipher(algorithms.SM4(keys().sealing), modes.GCM(nonce, tag)).decryptor()
    try:
        return cipher.update(body) + cipher.finalize()
    except InvalidTag:
        raise KeysMissing("密钥与数据不符，或数据被改动", hint="核对 OPENYIBAO_KEYS 是否为本库的密钥文件") from None


def seal(text: str) -> bytes:
    """Encrypt text."""
    return seal_bytes(text.encode())


def unseal(sealed: bytes) -> str:
    """Decrypt text."""
    return unseal_bytes(sealed).decode()


def keyed_hash(text: str) -> bytes:
    """Keyed hash (HMAC-SM3, 32 bytes) to look a value up by."""
    return _hmac(keys().hashing, text.encode())


def _hmac(key: bytes, data: bytes) -> bytes:
    maker = hmac.HMAC(key, hashes.SM3())
    maker.update(data)
    return maker.finalize()


def mask_name(name: str) -> str:
    """A name as logs and pages show it: 张*， 欧阳**."""
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def mask_cert(number: str) -> str:
    """An identity number as logs and pages show it: the first three and last two characters."""
    return number[:3] + "*" * (len(number) - 5) + number[-2:] if len(number) > 8 else "*" * len(number)


def mask_phone(number: str) -> str:
    """A phone number as logs and pages show it: the first three and last four digits."""
    return number[:3] + "*" * (len(number) - 7) + number[-4:] if len(number) > 8 else "*" * len(number)
