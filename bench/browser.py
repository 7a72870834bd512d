"""As little of a browser as a launch needs. By sockets: `http.client` would cost more than a fast launch."""

import socket
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from bench import environment, platform

HOST = {"Host": "tool.bench", "X-Forwarded-Proto": "https", "Accept": "text/html"}
_HEAD = "".join(f"{name}: {value}\r\n" for name, value in HOST.items())
_LAUNCHES_OF_A_CONNECTION = 10


@dataclass(frozen=True)
class Tool:
    """Where a tool takes logins and launches, and what its login wants beside the standard's parameters."""

    port: int
    login: str = "/lti/login/"
    launch: str = "/lti/launch/"
    also: dict[str, str] = field(default_factory=dict)


class Browser:
    """One person's after the other: each launch begins without cookies, and ten share a kept-alive connection."""

    def __init__(self, issuer: str, tool: Tool) -> None:
        self._issuer = issuer
        self._tool = tool
        self._socket: socket.socket | None = None
        self._launches = 0
        self._cookies: dict[str, str] = {}

    @property
    def cookie(self) -> str:
        """What this launch's requests send."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def launch(self, sub: str, role: str = "Learner", *, page: bool = True) -> str:
        """Login and launch, and without `page=False` the page that they lead to. Returns the page's path."""
        if self._launches % _LAUNCHES_OF_A_CONNECTION == 0:
            self.close()
        self._launches += 1
        self._cookies = {}
        target = environment.BASE_URL + self._tool.launch
        asked = parse_qs(urlsplit(self._redirected(self._tool.login, self._login(sub, target))).query)
        token = platform.id_token(self._issuer, target, sub=sub, role=role, nonce=asked["nonce"][0])
        location = self._redirected(self._tool.launch, {"id_token": token, "state": asked["state"][0]})
        if page:
            status, _, body = self._ask("GET", location)
            assert status == 200, (status, location, body[:500])
        return location

    def get(self, path: str) -> int:
        """The status of a page."""
        return self._ask("GET", path)[0]

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _login(self, sub: str, target: str) -> dict[str, str]:
        return {**platform.login(self._issuer, sub, target), **self._tool.also}

    def _redirected(self, path: str, fields: dict[str, str]) -> str:
        status, location, body = self._ask("POST", path, urlencode(fields).encode())
        assert status == 302, (status, path, body[:500])
        return location

    def _ask(self, method: str, path: str, content: bytes = b"") -> tuple[int, str, bytes]:
        """Status, Location and body of the answer; its cookies are kept."""
        head = f"{method} {path} HTTP/1.1\r\n{_HEAD}"
        if self._cookies:
            head += f"Cookie: {self.cookie}\r\n"
        if content:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(content)}\r\n"
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._tool.port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(head.encode() + b"\r\n" + content)
        return self._read(self._socket)

    def _read(self, connection: socket.socket) -> tuple[int, str, bytes]:
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more(connection)
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        location, length, closes = "", -1, False
        for line in lines:
            name, _, value = line.partition(": ")
            match name.lower():
                case "location":
                    location = value
                case "content-length":
                    length = int(value)
                case "connection":
                    closes = value.lower() == "close"
                case "set-cookie":
                    self._keep(value)
        assert length >= 0, f"an answer without its length: {head!r}"
        while len(body) < length:
            body += self._more(connection)
        if closes:
            self.close()
        return int(first.split()[1]), location, body

    def _more(self, connection: socket.socket) -> bytes:
        received = connection.recv(65_536)
        assert received, "the server closed the connection within an answer"
        return received

    def _keep(self, cookie: str) -> None:
        name, _, value = cookie.partition(";")[0].partition("=")
        if value.strip('"'):
            self._cookies[name] = value
        else:
            self._cookies.pop(name, None)


def wait_for(tool: Tool, seconds: float = 300) -> None:
    """Until something answers there."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", tool.port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"No server came up on port {tool.port} within {seconds:.0f} s.")
