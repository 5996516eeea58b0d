"""Bytes on a socket: a client that sends any request as it stands, and requests that are none, or not whole."""

from __future__ import annotations

import enum
import http.client
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress

from tests.support.hostile_messages import ENTRY, Message

Address = tuple[str, int]
TIMEOUT = 60.0


class Wire:
    """One connection that is kept while both sides agree where a message ends."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.socket: socket.socket | None = None

    def send(self, message: Message) -> tuple[int, bytes]:
        """Status and body of the answer; 0 when none came."""
        fresh = self.socket is None
        status, body = self._once(message)
        if not status and not fresh:  # the server may have ended the kept connection before it saw this
            status, body = self._once(message)
        return status, body

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def _once(self, message: Message) -> tuple[int, bytes]:
        if self.socket is None:
            self.socket = socket.create_connection(self.address, TIMEOUT)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = message.honest or message.chunked
        try:
            with suppress(ConnectionError):
                self.socket.sendall(_bytes(message))
                if not whole:
                    self.socket.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(self.socket, method=message.method)
            answer.begin()
            body = answer.read()
            if not whole or answer.will_close or message.length is not None:
                self.close()
            return answer.status, body
        except (OSError, http.client.HTTPException):
            self.close()
            return 0, b""


def _bytes(message: Message) -> bytes:
    headers = list(message.headers)
    if not any(name == "Host" for name, _ in headers):
        headers.append(("Host", "127.0.0.1"))
    if message.chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    elif message.length != "":
        headers.append(("Content-Length", str(len(message.body)) if message.length is None else message.length))
    lines = [f"{message.method} {message.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("utf-8") + (_chunks(message.body) if message.chunked else message.body)


def _chunks(body: bytes, size: int = 1_000) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


# Raw cases ----------------------------------------------------------------------------------------------------------


class Expect(enum.Enum):
    """How many messages must be done after a case; EITHER: none or one, as the server likes."""

    NONE = 0
    ONE = 1
    TWO = 2
    EITHER = -1


Run = Callable[[Sequence[bytes]], bytes]


def request(body: bytes, *lines: str, first: str = f"POST {ENTRY} HTTP/1.1", length: int | None = None) -> bytes:
    """A whole request that asks to end the connection after the answer."""
    head = [first, "Host: 127.0.0.1", "Content-Type: application/json", *lines]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


CLOSE = "Connection: close"


def raw_cases(address: Address) -> Iterator[tuple[str, Run, Expect]]:
    """Name, what to do with two good bodies that were never sent before, and how many of them must be done.

    A body that is a whole JSON object may be taken though the transfer broke off after it: nothing of it is missing.
    """

    def case(*parts: bytes | Callable[[Sequence[bytes]], bytes], end: str = "shut", pause: float = 0.0) -> Run:
        def run(bodies: Sequence[bytes]) -> bytes:
            made = [part if isinstance(part, bytes) else part(bodies) for part in parts]
            return talk(address, made, end=end, pause=pause)

        return run

    for end in ("shut", "close", "reset"):
        yield f"half a head, {end}", case(lambda b: request(b[0])[:90], end=end), Expect.NONE
        yield f"half a body, {end}", case(lambda b: request(b[0])[:-200], end=end), Expect.NONE
        yield f"all but a byte, {end}", case(lambda b: request(b[0])[:-1], end=end), Expect.NONE
    for end in ("close", "reset"):
        yield f"a whole message, {end} unread", case(lambda b: request(b[0]), end=end), Expect.EITHER
    yield "nothing at all", case(b"", end="close"), Expect.NONE
    yield "in pieces", _in_pieces(address), Expect.ONE
    yield "two at once", case(lambda b: request(b[0]) + request(b[1], CLOSE), end="read"), Expect.TWO
    yield "one and garbage", case(lambda b: request(b[0]) + b"\x00garbage\r\n\r\n" * 20), Expect.ONE
    yield "one and half of one", case(lambda b: request(b[0]) + request(b[1])[:-50]), Expect.ONE
    yield "garbage and one", case(lambda b: b"\x00\xffgarbage\r\n\r\n" + request(b[0], CLOSE)), Expect.NONE
    yield "length too great", case(lambda b: request(b[0], length=len(b[0]) + 50)), Expect.EITHER
    yield "length too small", case(lambda b: request(b[0], length=len(b[0]) - 50)), Expect.NONE
    yield "two lengths", case(lambda b: request(b[0], f"Content-Length: {len(b[0])}", "Content-Length: 5")), Expect.NONE
    yield from _chunked(case)
    yield from _heads(case)
    noise = random.Random(len(ENTRY)).randbytes(100_000)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise[:500]
    yield "random bytes", case(noise), Expect.NONE
    yield "a TLS hello", case(hello), Expect.NONE
    yield "an HTTP/2 preface and noise", case(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + noise[:300]), Expect.NONE
    yield "beside 64 idle connections", _beside(address, [b""] * 64), Expect.ONE
    yield "beside 64 halves of heads", _beside(address, [request(b"{}")[:60]] * 64), Expect.ONE


Case = Callable[..., Run]


def _chunked(case: Case) -> Iterator[tuple[str, Run, Expect]]:
    te = "Transfer-Encoding: chunked"
    yield "chunked", case(lambda b: request(_chunks(b[0]), te, CLOSE), end="read"), Expect.ONE
    yield "chunk by chunk of 7", case(lambda b: request(_chunks(b[0], 7), te, CLOSE), end="read"), Expect.ONE
    yield "chunks without an end", case(lambda b: request(_chunks(b[0])[:-5], te)), Expect.EITHER
    yield "a chunk of negative size", case(lambda b: request(b"-5\r\n" + b[0], te)), Expect.NONE
    yield "a chunk of endless size", case(lambda b: request(b"f" * 30 + b"\r\n" + b[0], te)), Expect.NONE
    yield "a chunk of no size", case(lambda b: request(b"zz\r\n" + b[0], te)), Expect.NONE
    yield "length and chunks", case(lambda b: request(_chunks(b[0]), te, "Content-Length: 5", CLOSE)), Expect.EITHER
    yield "an unknown coding", case(lambda b: request(b[0], "Transfer-Encoding: x", CLOSE)), Expect.NONE


def _heads(case: Case) -> Iterator[tuple[str, Run, Expect]]:
    yield "HTTP/1.0", case(lambda b: request(b[0], first=f"POST {ENTRY} HTTP/1.0"), end="read"), Expect.ONE
    yield "HTTP/0.9", case(lambda b: f"POST {ENTRY}\r\n".encode() + b[0]), Expect.NONE
    yield "HTTP/9.9", case(lambda b: request(b[0], first=f"POST {ENTRY} HTTP/9.9")), Expect.NONE
    yield "no method", case(lambda b: request(b[0], first=f" {ENTRY} HTTP/1.1")), Expect.NONE
    yield (
        "the whole address",
        case(lambda b: request(b[0], CLOSE, first=f"POST http://x{ENTRY} HTTP/1.1")),
        Expect.EITHER,
    )
    yield "a star", case(lambda b: request(b[0], CLOSE, first="POST * HTTP/1.1")), Expect.NONE
    yield "a name with NUL", case(lambda b: request(b[0], "X\0Y: 1")), Expect.NONE
    yield "a value with NUL", case(lambda b: request(b[0], "X: 1\0")), Expect.NONE
    yield "a folded line", case(lambda b: request(b[0], "X: 1\r\n folded", CLOSE)), Expect.EITHER
    yield "a name with a blank", case(lambda b: request(b[0], "X Y: 1", CLOSE)), Expect.EITHER
    yield "a line without a colon", case(lambda b: request(b[0], "no colon", CLOSE)), Expect.NONE
    yield "1,000 lines", case(lambda b: request(b[0], *[f"X{at}: 1" for at in range(1_000)])), Expect.NONE
    yield "a line of a megabyte", case(lambda b: request(b[0], "X: " + "x" * 1_000_000)), Expect.NONE
    yield (
        "an address of a megabyte",
        case(lambda b: request(b[0], first=f"POST /{'a' * 1_000_000} HTTP/1.1")),
        Expect.NONE,
    )
    yield "expecting 100", case(lambda b: request(b[0], "Expect: 100-continue", CLOSE), end="read"), Expect.ONE
    yield "an upgrade", case(lambda b: request(b[0], "Upgrade: websocket", "Connection: Upgrade")), Expect.EITHER
    yield "only line feeds", case(lambda b: request(b[0], CLOSE).replace(b"\r\n", b"\n"), end="read"), Expect.EITHER


def _in_pieces(address: Address) -> Run:
    """The head byte by byte, the body in small pieces: slow, and whole in the end."""

    def run(bodies: Sequence[bytes]) -> bytes:
        sent = request(bodies[0], CLOSE)
        head = [sent[at : at + 1] for at in range(40)]
        body = [sent[at : at + 97] for at in range(40, len(sent), 97)]
        return talk(address, [*head, *body], end="read", pause=0.004)

    return run


def _beside(address: Address, others: Sequence[bytes]) -> Run:
    """A good message while others keep connections open without saying all."""

    def run(bodies: Sequence[bytes]) -> bytes:
        with ExitStack() as stack:
            for part in others:
                held = stack.enter_context(socket.create_connection(address, TIMEOUT))
                held.sendall(part)
            return talk(address, [request(bodies[0], CLOSE)], end="read")

    return run


def talk(address: Address, parts: Sequence[bytes], *, end: str, pause: float = 0.0) -> bytes:
    """Send parts on a new connection and give what comes back.

    end: read until the server closes; shut: say first that nothing more will come; close and reset: do not read.
    """
    with socket.create_connection(address, TIMEOUT) as held:
        held.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):
            for part in parts:
                held.sendall(part)
                if pause:
                    time.sleep(pause)
        if end == "reset":
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if end in ("close", "reset"):
            return b""
        if end == "shut":
            with suppress(OSError):
                held.shutdown(socket.SHUT_WR)
        got = b""
        with suppress(OSError):
            while part := held.recv(65_536):
                got += part
        return got
