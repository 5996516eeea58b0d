"""A hospital's system in small (机构端): sends signed messages over HTTP, as a vendor's program would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from openyibao.demo.contracts import SandboxInstitution
from openyibao.foundation import clock
from openyibao.kernel.clock import SHANGHAI
from openyibao.kernel.errors import OpenyibaoError

ENTRY = "/fsi/api/rsfComIfsService/callService"


class NotAnswered(OpenyibaoError):
    """The server did not answer a message, or refused it (未成功的应答)."""

    code = "NOT_ANSWERED"


class Client:
    """Speaks for one institution; each message has a number of its own."""

    def __init__(self, base: str, institution: SandboxInstitution, insured_area: str) -> None:
        self.base = base
        self.institution = institution
        self.insured_area = insured_area
        self._serial = itertools.count(1)

    def ask(self, infno: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The output of a message that must succeed. Raises: NotAnswered with what the platform said."""
        reply = self.send(infno, given)
        if reply.get("infcode") != 0:
            raise NotAnswered(f"{infno}：{reply.get('err_msg')}", hint=f"代码 {reply.get('warn_msg')}")
        output: dict[str, Any] = reply["output"]
        return output

    def send(self, infno: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The whole reply; amounts as decimals. Raises: NotAnswered when there is none."""
        body = json.dumps(self._envelope(infno, given), ensure_ascii=False).encode()
        request = urllib.request.Request(
            self.base + ENTRY, body, {"Content-Type": "application/json", **self._signed()}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answered:
                found: dict[str, Any] = json.loads(answered.read(), parse_float=Decimal)
        except urllib.error.HTTPError as problem:
            raise NotAnswered(f"{infno}：HTTP {problem.code} {problem.read().decode(errors='replace')[:200]}") from None
        except OSError as problem:
            raise NotAnswered(f"{infno}：服务没有应答（{problem}）", hint="核对地址与端口") from None
        return found

    def _envelope(self, infno: str, given: Mapping[str, Any]) -> dict[str, Any]:
        now = clock.now().astimezone(SHANGHAI)
        code = self.institution.fixmedins_code
        return {
            "infno": infno,
            "msgid": f"{code}{now:%Y%m%d%H%M%S}{next(self._serial):04d}",
            "mdtrtarea_admvs": self.institution.area,
            "insuplc_admdvs": self.insured_area,
            "recer_sys_code": "DEMO",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "T001",
            "opter_name": "演示收费员",
            "inf_time": f"{now:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": code,
            "fixmedins_name": self.institution.fixmedins_name,
            "sign_no": "",
            "input": given,
        }

    def _signed(self) -> dict[str, str]:
        """Headers of the variant `aksk`; none for an institution that does not sign."""
        if self.institution.security == "none":
            return {}
        assert self.institution.security == "aksk", "this client signs by aksk only"
        parts = {
            "_api_access_key": self.institution.key,
            "_api_name": "callService",
            "_api_timestamp": str(int(time.time() * 1000)),
            "_api_version": "1.0.0",
        }
        text = "&".join(f"{name}={parts[name]}" for name in sorted(parts))
        made = hmac.new(self.institution.secret.encode(), text.encode(), hashlib.sha1).digest()
        return {**parts, "_api_signature": base64.b64encode(made).decode()}
