"""A line to an S3 server that can be made as bad as real ones are, while it is in use.

    with FaultProxy("http://localhost:8333") as line:   # the tool's S3 endpoint is line.address
        line.reset(of=parts, after=100_000, times=2)
        ...
        line.heal()

It speaks plain HTTP/1.1 and passes everything on as it came, the Host header too, so that signatures made for its own
address hold. Bodies stream through; preflights are never faulted, unless a fault's `of` asks for them.

Where the server answers before it has read a body, as it does to a bad signature, the rest of the body is taken and
dropped, so that a browser reads the answer each time and not just when it wins a race.
"""

import contextlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from types import TracebackType
from typing import Literal, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

from tests.services import free_ports

CHUNK = 64 * 1024
_HEAD_AT_MOST = 64 * 1024
SLOW_DOWN = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"""


@dataclass
class Request:
    """A request that came along the line."""

    method: str
    key: str  # without the bucket
    part: int | None
    headers: dict[str, str] = field(repr=False)
    received: int = 0  # bytes of its body that came from the client
    status: int = 0  # of the answer that went back; 0: none did


Of = Callable[[Request], bool]


def everything(request: Request) -> bool:
    return request.method != "OPTIONS"


def parts(request: Request) -> bool:
    return request.method == "PUT" and request.part is not None


def from_browser(request: Request) -> bool:
    return "origin" in request.headers and request.method != "OPTIONS"


def forms(request: Request) -> bool:
    return request.method == "POST" and request.headers.get("content-type", "").startswith("multipart/form-data")


@dataclass
class _Fault:
    kind: Literal["reset", "slow_down", "truncate_request", "truncate_answer"]
    of: Of
    every: int = 1
    after: int = 0
    times: int | None = None
    met: int = 0
    hits: int = 0

    def strikes(self, request: Request) -> bool:
        if not self.of(request) or self.hits == self.times:
            return False
        self.met += 1
        if self.met % self.every:
            return False
        self.hits += 1
        return True


class _Broken(Exception):
    """This connection ends here, without a word."""


class FaultProxy:
    """See above. Every switch may be thrown at any time, and concerns what comes from then on; `stall`, `refuse` and
    the two settings also what is on its way.

    `delay`: seconds before a request goes on. `rate`: bytes a second that bodies take, all together; None: no limit.
    """

    def __init__(self, upstream: str, *, port: int | None = None) -> None:
        at = urlsplit(upstream)
        self._upstream = (at.hostname or "localhost", at.port or 80)
        self.port = port or free_ports(1)
        self.delay = 0.0
        self.rate: float | None = None
        self.requests: list[Request] = []
        self.connections = 0  # that clients have made
        self._lock = threading.Lock()
        self._fault: _Fault | None = None
        self._stalled: Of | None = None
        self._stall = 0  # how many there have been: what a past one has lost stays lost
        self._lost_until = 0
        self._moves = threading.Condition(self._lock)
        self._closed = threading.Event()
        self._free_at = 0.0
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self.refuse()
        with self._moves:
            self._moves.notify_all()
        while threads := list(self._threads):
            threads[0].join()

    # Switches

    def heal(self) -> None:
        """No faults any more; what was stalled goes on."""
        with self._lock:
            self._fault = None
        self.delay, self.rate = 0.0, None
        self.release()
        self.listen()

    def reset(self, *, of: Of = everything, every: int = 1, after: int = 0, times: int | None = None) -> None:
        """Connections are reset: at every n-th request, once `after` bytes of its body are through, `times` times."""
        self._set(_Fault("reset", of, every=every, after=after, times=times))

    def slow_down(self, *, of: Of = everything, every: int = 1, times: int | None = None) -> None:
        """Answers 503 SlowDown, as S3 does, with what a page of another origin needs to read it."""
        self._set(_Fault("slow_down", of, every=every, times=times))

    def truncate_requests(self, *, of: Of = everything, every: int = 1, times: int | None = None) -> None:
        """Half of the body is passed on, then both connections are closed."""
        self._set(_Fault("truncate_request", of, every=every, times=times))

    def truncate_answers(self, *, of: Of = everything, every: int = 1, times: int | None = None) -> None:
        """The server does its work; half of its answer's body comes back, or half of its head where it has none."""
        self._set(_Fault("truncate_answer", of, every=every, times=times))

    def stall(self, *, of: Of = everything) -> None:
        """Nothing moves, in neither direction; connections are accepted, and never answered."""
        with self._moves:
            self._stall += 1
            self._stalled = of

    def release(self, *, lost: bool = False) -> None:
        """End of a stall. `lost`: what it held never goes on, as where a router forgot a connection."""
        with self._moves:
            self._stalled = None
            if lost:
                self._lost_until = self._stall
            self._moves.notify_all()

    def refuse(self) -> None:
        """The server is down: open connections are reset, new ones refused."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
            listener.close()
        with self._lock:
            for each in self._sockets:
                _cut(each)

    def listen(self) -> None:
        """The server is up again, at the same address."""
        if self._listener is not None:
            return
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._listener = listener
        self._start(self._accept, listener)

    # What was seen

    @property
    def hits(self) -> int:
        """How often the fault that is set has struck."""
        with self._lock:
            return self._fault.hits if self._fault else 0

    def seen(self, of: Of = everything) -> list[Request]:
        with self._lock:
            return [request for request in self.requests if of(request)]

    def puts(self) -> Counter[tuple[str, int]]:
        """How often each part's sending began, by key and number."""
        return Counter((request.key, request.part) for request in self.seen(parts) if request.part is not None)

    def body_bytes(self, of: Of = everything) -> int:
        """Bytes of request bodies that clients sent, whatever became of them."""
        return sum(request.received for request in self.seen(of))

    def forget(self) -> None:
        """Count from here."""
        with self._lock:
            self.requests = []

    # The line

    def _set(self, fault: _Fault) -> None:
        with self._lock:
            self._fault = fault

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        def run() -> None:
            try:
                work(*arguments)
            finally:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, name="fault proxy", daemon=True)
        self._threads.add(thread)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # closed by refuse()
                return
            self.connections += 1
            self._start(self._serve, client)

    @contextlib.contextmanager
    def _known(self, connection: socket.socket) -> Iterator[BufferedReader]:
        """A socket that refuse() finds; its reader."""
        with connection, cast(BufferedReader, connection.makefile("rb", buffering=CHUNK)) as reader:
            with self._lock:
                self._sockets.add(connection)
                if self._listener is None:
                    _cut(connection)  # it came while the server went down
            try:
                yield reader
            finally:
                with self._lock:
                    self._sockets.discard(connection)

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._known(client) as reader:
            try:
                while self._one_request(client, reader):
                    pass
            except (_Broken, OSError):
                with contextlib.suppress(OSError):
                    _cut(client)

    def _one_request(self, client: socket.socket, reader: BufferedReader) -> bool:
        """Whether the connection is good for another one."""
        head = _read_head(reader)
        if not head:
            return False
        request, length = _parse(head)
        with self._lock:
            self.requests.append(request)
            fault = self._fault if self._fault and self._fault.strikes(request) else None
        if self.delay and request.method != "OPTIONS":
            self._closed.wait(self.delay)
        self._wait_while_stalled(request)
        if fault and fault.kind == "slow_down":
            return self._answer_slow_down(client, reader, request, length)
        if fault and fault.kind == "reset" and not fault.after:
            raise _Broken
        try:
            server = socket.create_connection(self._upstream)
        except OSError as error:
            raise _Broken from error
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._known(server) as answers:
            server.sendall(head)
            body = _Body(request, length, stop_after=_stop_after(fault, length))
            sending = self._start(self._send_body, body, reader, client, server)
            try:
                return self._pass_answer(answers, client, request, fault, body)
            except BaseException:
                body.broken = True
                _cut(client)  # wakes the sender
                _cut(server)
                raise
            finally:
                sending.join()

    def _send_body(self, body: "_Body", reader: BufferedReader, client: socket.socket, server: socket.socket) -> None:
        try:
            for chunk in body.read(reader):
                self._pace(len(chunk))
                self._wait_while_stalled(body.request)
                if body.broken:
                    return
                if not body.unwanted:
                    try:
                        server.sendall(chunk)
                    except OSError:
                        body.unwanted = True  # it has answered, or will not: the rest is dropped
        except (_Broken, OSError, ValueError):
            body.broken = True
            _cut(client)
            _cut(server)

    def _pass_answer(
        self, answers: BufferedReader, client: socket.socket, request: Request, fault: _Fault | None, body: "_Body"
    ) -> bool:
        cut_short = fault is not None and fault.kind == "truncate_answer"
        while True:
            head = _read_head(answers)
            if not head or body.broken:
                raise _Broken
            status, headers = _status(head), _headers(head)
            if status >= 200:
                break
            client.sendall(head)  # 100 Continue
        self._wait_while_stalled(request)
        length = _answer_length(request, status, headers)
        if cut_short and not length:
            client.sendall(head[: len(head) // 2])
            raise _Broken
        client.sendall(head)
        if not cut_short:
            request.status = status
        self._pass_answer_body(answers, client, request, headers, length, cut_short)
        closes = "close" in (headers.get("connection", ""), request.headers.get("connection", ""))
        return not closes and length is not None and b"HTTP/1.0" not in head.split(b"\r\n", 1)[0]

    def _pass_answer_body(
        self,
        answers: BufferedReader,
        client: socket.socket,
        request: Request,
        headers: dict[str, str],
        length: int | None,
        cut_short: bool,
    ) -> None:
        chunks = _until_close(answers) if length is None else _exactly(answers, length)
        if headers.get("transfer-encoding", "") == "chunked":
            chunks = _in_chunks(answers)
        left = (length or 0) // 2
        for chunk in chunks:
            self._pace(len(chunk))
            self._wait_while_stalled(request)
            if cut_short:
                client.sendall(chunk[:left])
                left -= len(chunk)
                if left <= 0:
                    raise _Broken
            else:
                client.sendall(chunk)

    def _answer_slow_down(
        self, client: socket.socket, reader: BufferedReader, request: Request, length: int | None
    ) -> bool:
        waits = request.headers.get("expect", "").lower() == "100-continue"
        if not waits:  # the body comes in any case, and who is still sending does not read
            for chunk in _Body(request, length).read(reader):
                self._pace(len(chunk))
        origin = request.headers.get("origin", "")
        lines = ["HTTP/1.1 503 Slow Down", "Content-Type: application/xml", f"Content-Length: {len(SLOW_DOWN)}"]
        if origin:
            lines += [f"Access-Control-Allow-Origin: {origin}", "Access-Control-Expose-Headers: ETag", "Vary: Origin"]
        if waits:
            lines.append("Connection: close")
        body = b"" if request.method == "HEAD" else SLOW_DOWN
        client.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        request.status = 503
        return not waits

    def _wait_while_stalled(self, request: Request) -> None:
        with self._moves:
            if self._stalled is None or not self._stalled(request):
                return
            mine = self._stall
            while not self._closed.is_set() and (
                mine <= self._lost_until or (self._stalled is not None and self._stalled(request))
            ):
                if self._listener is None:
                    raise _Broken
                self._moves.wait(0.5)
        if self._closed.is_set():
            raise _Broken

    def _pace(self, size: int) -> None:
        """One line for all: who comes next waits until what came before is through."""
        rate = self.rate
        if not rate:
            return
        with self._lock:
            begins = max(time.monotonic(), self._free_at)
            self._free_at = begins + size / rate
        if self._closed.wait(max(0.0, self._free_at - time.monotonic())):
            raise _Broken


@dataclass
class _Body:
    """The body of a request on its way; `length` in bytes, None where it comes in chunks."""

    request: Request
    length: int | None
    stop_after: int | None = None
    broken: bool = False
    unwanted: bool = False

    def read(self, reader: BufferedReader) -> Iterator[bytes]:
        through = 0
        for chunk in _in_chunks(reader) if self.length is None else _exactly(reader, self.length):
            self.request.received += len(chunk)
            through += len(chunk)
            if self.stop_after is not None and through >= self.stop_after:
                yield chunk[: len(chunk) - (through - self.stop_after)]
                raise _Broken
            yield chunk


def _stop_after(fault: _Fault | None, length: int | None) -> int | None:
    if fault is None or fault.kind not in ("reset", "truncate_request"):
        return None
    return fault.after if fault.kind == "reset" else (length or 0) // 2


def _cut(connection: socket.socket) -> None:
    """End with a reset, also for a thread that is reading from it."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)


def _read_head(reader: BufferedReader) -> bytes:
    """To the empty line and with it; empty where the other side has ended."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline(_HEAD_AT_MOST)
        if not line or len(head) > _HEAD_AT_MOST:
            return b""
        head += line
    return head


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _parse(head: bytes) -> tuple[Request, int | None]:
    """The request, and how long its body is; None: in chunks."""
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    headers, at = _headers(head), urlsplit(target)
    number = parse_qs(at.query).get("partNumber", [""])[0]
    key = unquote(at.path).lstrip("/").partition("/")[2]
    request = Request(method=method, key=key, part=int(number) if number.isdecimal() else None, headers=headers)
    if headers.get("transfer-encoding", "") == "chunked":
        return request, None
    return request, int(headers.get("content-length", "0"))


def _status(head: bytes) -> int:
    return int(head.split(b" ", 2)[1])


def _answer_length(request: Request, status: int, headers: dict[str, str]) -> int | None:
    """Bytes; None where only the connection's end tells."""
    if request.method == "HEAD" or status in (204, 304):
        return 0
    if headers.get("transfer-encoding", "") == "chunked":
        return CHUNK  # some: not None, which would say that it cannot be told where it ends
    return int(headers["content-length"]) if "content-length" in headers else None


def _exactly(reader: BufferedReader, length: int) -> Iterator[bytes]:
    while length:
        chunk = reader.read1(min(length, CHUNK))
        if not chunk:
            raise _Broken
        length -= len(chunk)
        yield chunk


def _until_close(reader: BufferedReader) -> Iterator[bytes]:
    while chunk := reader.read1(CHUNK):
        yield chunk


def _in_chunks(reader: BufferedReader) -> Iterator[bytes]:
    """A chunked body as it came, its sizes and its end too."""
    while True:
        line = reader.readline(_HEAD_AT_MOST)
        if not line:
            raise _Broken
        yield line
        size = int(line.split(b";")[0], 16)
        if not size:
            break
        yield from _exactly(reader, size + 2)
    while line := reader.readline(_HEAD_AT_MOST):  # trailers
        yield line
        if line == b"\r\n":
            return
    raise _Broken
