"""The HTTP edge (入口): sizes and methods, headers, and answers that are no envelope, as `{"code", "message"}`."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from openyibao.gateway.dispatch import Request, answer, numbers_at
from openyibao.gateway.errors import TransportRefused
from openyibao.gateway.options import options

JSON = "application/json; charset=utf-8"


def interface(request: HttpRequest) -> HttpResponse:
    """One transaction of the national interface."""
    try:
        if numbers_at(request.path) is None:
            raise TransportRefused(404, "没有这个地址")
        if request.method != "POST":
            raise TransportRefused(405, "只接受 POST")
        made = answer(Request(request.path, _headers(request.META), _body(request)))
    except TransportRefused as refusal:
        return _plain(refusal)
    return HttpResponse(made, content_type=JSON)


def healthz(request: HttpRequest) -> HttpResponse:
    """Whether this process serves and reaches its database."""
    from django.db import DatabaseError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse('{"status": "database unreachable"}', content_type=JSON, status=503)
    return HttpResponse('{"status": "ok"}', content_type=JSON)


def not_found(request: HttpRequest, **_: Any) -> HttpResponse:
    """Any other path."""
    return _plain(TransportRefused(404, "没有这个地址"))


def _plain(refusal: TransportRefused) -> HttpResponse:
    body = json.dumps({"code": refusal.status, "message": refusal.message}, ensure_ascii=False)
    made = HttpResponse(body, content_type=JSON, status=refusal.status)
    if refusal.status == 405:
        made["Allow"] = "POST"
    if refusal.status == 429:
        made["Retry-After"] = "1"
    return made


def _headers(meta: dict[str, Any]) -> dict[str, str]:
    """Headers of signatures under their own names; `_api_name` arrives as HTTP__API_NAME."""
    found = {}
    for key, value in meta.items():
        if key.startswith("HTTP__API_"):
            found[key[5:].lower()] = value.strip()
        elif key.startswith(("HTTP_X_TIF_", "HTTP_X_CA_")):
            found[key[5:].replace("_", "-").lower()] = value.strip()
    return found


def _body(request: HttpRequest) -> bytes:
    """The body, read only when it is not too large. Raises: TransportRefused 411, 413, 415."""
    most = options().body_bytes
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        raise TransportRefused(415, "不接受压缩的报文；请发送未压缩的 UTF-8 JSON")
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit() and len(length) < 12:
        if int(length) > most:
            raise TransportRefused(413, f"报文过大；至多 {most} 字节，明细请分批上传")
        body: bytes = request.META["wsgi.input"].read(int(length)) if int(length) else b""
        return body
    stream = request.META["wsgi.input"]
    body = stream.read(most + 1) if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower() else b""
    if len(body) > most:
        raise TransportRefused(413, f"报文过大；至多 {most} 字节，明细请分批上传")
    return body
