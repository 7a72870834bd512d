"""An SMTP server to send to, that answers as a test wants."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.services import free_port

OK = "250 OK"


@dataclass(frozen=True)
class Received:
    """One e-mail as it came in: to whom the server was told to give it, and what it says itself."""

    to: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return self.header("Subject")

    def header(self, name: str) -> str:
        """Without the white space of its folding."""
        return str(self.message[name] or "").strip()

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body(preferencelist=(kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class PostOffice:
    """`refuses` by address at RCPT, `refuses_content` by address at the end of DATA: answers such as `451 Later`.

    `silent_at`: an address to which it never says anything.
    """

    received: list[Received] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    refuses_content: dict[str, str] = field(default_factory=dict)
    hangs_up_at: str = ""
    silent_at: str = ""
    connections: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._controller: Any = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        session.host_name = hostname
        self.connections["opened"] += 1
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address == self.hangs_up_at:
            server.transport.close()
        if address == self.silent_at:
            await asyncio.Event().wait()
        if answer := self.refuses.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        for address in envelope.rcpt_tos:
            if answer := self.refuses_content.get(address):
                return answer
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.received.append(Received(list(envelope.rcpt_tos), message))
        return OK
