"""A real SMTP server on loopback that puts every letter into a Maildir and keeps it at hand."""

import asyncio
import mailbox
import socket
import ssl
import threading
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was handed over: the envelope, the very bytes, and the message read from them."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    message: EmailMessage


class PostOffice:
    """An SMTP server for tests and the demo, used as a context manager.

    Letters land in ``folder`` (a Maildir any mail program opens; none when omitted) and in ``letters``. With a
    ``certificate`` the server takes letters only over TLS: after STARTTLS, or from the first byte (``is_implicit``).
    """

    def __init__(
        self, folder: Path | None = None, certificate: ssl.SSLContext | None = None, *, is_implicit: bool = False
    ) -> None:
        self._certificate, self._is_implicit = certificate, is_implicit
        self.host = "127.0.0.1"
        self._socket = socket.create_server((self.host, 0))
        self.port: int = self._socket.getsockname()[1]
        self.folder = folder
        self._clerk = _Clerk(mailbox.Maildir(folder, create=True) if folder else None)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="post-office")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None

    @property
    def letters(self) -> list[Letter]:
        """Letters accepted so far with their envelopes, oldest first."""
        return list(self._clerk.letters)

    @property
    def messages(self) -> list[EmailMessage]:
        """The accepted messages alone, oldest first."""
        return [letter.message for letter in self._clerk.letters]

    def empty(self) -> None:
        """Forget the letters that arrived; a folder keeps them."""
        self._clerk.letters.clear()

    def refuse(self, recipient: str) -> None:
        """Answer 550 to this recipient from now on: the permanent failure of an unknown mailbox."""
        self._clerk.refused.add(recipient.lower())

    def dawdle(self, seconds: float) -> None:
        """Wait this long after the text of each letter before answering it."""
        self._clerk.delay_s = seconds

    def fail_temporarily(self, times: int) -> None:
        """Answer the next ``times`` letters with 451 after their text: the failure that asks for a retry."""
        self._clerk.failures_left = times

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop and self._closing:
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()  # a server that could not start must not leave its opener waiting

    async def _serve(self) -> None:
        """Serve until closed. aiosmtpd's own Controller stops its loop with open transports, which Python reports."""
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        lines: list[_Line] = []

        def answer_call() -> _Line:
            lines.append(
                _Line(
                    self._clerk, hostname="post-office.example", enable_SMTPUTF8=True,
                    tls_context=None if self._is_implicit else self._certificate,
                    require_starttls=self._certificate is not None and not self._is_implicit,
                )
            )  # fmt: skip
            return lines[-1]

        server = await self._loop.create_server(
            answer_call, sock=self._socket, ssl=self._certificate if self._is_implicit else None
        )
        self._ready.set()
        await self._closing.wait()
        server.close()
        for line in lines:
            line.hang_up()
        await server.wait_closed()


class _Line(SMTP):
    """One connection; keeps its transport in reach so that closing leaves nothing open."""

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()


class _Clerk:
    """Takes or refuses letters; aiosmtpd calls the ``handle_*`` methods by name."""

    def __init__(self, maildir: mailbox.Maildir | None) -> None:
        self.letters: list[Letter] = []
        self.refused: set[str] = set()
        self.failures_left = 0
        self.delay_s = 0.0
        self._maildir = maildir

    async def handle_RCPT(  # noqa: N802 (the name aiosmtpd looks for)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.lower() in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.failures_left > 0:
            self.failures_left -= 1
            return "451 4.3.0 try again later"
        raw = envelope.original_content or b""
        message = BytesParser(policy=policy.default).parsebytes(raw)
        if self._maildir is not None:
            self._maildir.add(raw)
        self.letters.append(Letter(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw, message))
        return "250 2.0.0 accepted"
