"""A server that is slow or silent, on a real socket: what it never sends is what a deadline must end."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

DRIP_SECONDS = 0.05  # between two bytes: no timeout of a library ever strikes
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
WAYS = {
    "silent": (b"", b""),
    "drips a head": (b"", b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 60_000),
    "drips a body": (_OK + b"Content-Length: 60000\r\n\r\n", b" " * 60_000),
    "drips a body and says close": (_OK + b"Connection: close\r\n\r\n", b" " * 60_000),
    "answers once": (_OK + b"Content-Length: 2\r\n\r\nok", b""),
    "hangs up": (b"", b""),
    "breaks off in its head": (b"HTTP/1.1 200 OK\r\nX-More: ", b""),
    "breaks off in its body": (_OK + b"\r\n<ListPartsResult><Part>", b""),
    "breaks off before its end": (_OK + b"Content-Length: 60000\r\n\r\n{", b""),
    "breaks off its refusal": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n<html>", b""),
    "drips a greeting": (b"", b"220-" + b"x" * 60_000),
}


class SlowServer:
    """On loopback, in one of WAYS, to everybody; `begun` counts the requests of which something has come."""

    def __init__(self, way: str) -> None:
        self._at_once, self._drop_by_drop = WAYS[way]
        self._hangs_up = way == "hangs up" or way.startswith("breaks off")
        self._is_asked = way != "drips a greeting"  # else it speaks first, as a mail server does
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._changed = threading.Condition()
        self._clients: list[socket.socket] = []
        self.address: tuple[str, int] = self._listener.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}/"
        self.begun = 0

    @property
    def connections(self) -> int:
        with self._changed:
            return len(self._clients)

    def wait_until_begun(self, count: int) -> None:
        """Until so many requests have come; TimeoutError after a minute."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.begun >= count, 60):
                raise TimeoutError(f"{self.begun} of {count} requests have come")

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        with self._changed:
            for client in self._clients:
                client.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._is_asked and not client.recv(65536):
                return
            with self._changed:
                self.begun += 1
                self._changed.notify_all()
            client.sendall(self._at_once)
            if self._hangs_up:
                client.shutdown(socket.SHUT_RDWR)
                return
            for at in range(len(self._drop_by_drop)):
                if self._over.wait(DRIP_SECONDS):
                    return
                client.sendall(self._drop_by_drop[at : at + 1])
