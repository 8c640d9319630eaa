"""E-mails: text and HTML of the same words, headers a mail program threads by and a robot leaves alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

from alerts.fitting import LETTER_BYTES, fitted
from alerts.pages import environment
from alerts.wording import Letter, Section, cut


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands on the outside; ``threads`` are names of the conversations the letter belongs to, main one first."""

    message_id: str
    sender: str
    target: str
    subject: str
    written_at: datetime
    lang: str
    client: str
    threads: tuple[str, ...] = ()


def alert_mail(letter: Letter, envelope: Envelope) -> bytes:
    """A letter about changes, at most 90 kB."""

    def build(sections: tuple[Section, ...], hidden: int) -> bytes:
        facts = {"letter": letter, "sections": sections, "hidden": letter.hidden(hidden) if hidden else ""}
        return mail(envelope, "alert", facts)

    return fitted(letter, build, len, LETTER_BYTES)


def mail(envelope: Envelope, template: str, facts: Mapping[str, Any]) -> bytes:
    """A text and HTML e-mail; the library refuses line breaks in headers, ``cut`` removes them before."""
    message = EmailMessage(policy=SMTP)
    domain = envelope.sender.rpartition("@")[2].rstrip(">") or "localhost"
    message["From"] = envelope.sender
    message["To"] = envelope.target
    message["Subject"] = cut(envelope.subject, 180)
    message["Date"] = format_datetime(envelope.written_at)
    message["Message-ID"] = f"<{envelope.message_id}@{domain}>"
    threads = [_thread(name, domain) for name in envelope.threads]
    if threads:
        message["In-Reply-To"] = threads[0]
        message["References"] = " ".join(threads)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message["X-Auto-Response-Suppress"] = "All"
    message["List-Id"] = f"<{envelope.client}.trendwarte.{domain}>"
    message.set_content(environment().get_template(f"{template}.txt.j2").render(facts), cte="quoted-printable")
    page = environment().get_template(f"{template}.html.j2").render(facts)
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    # Last: making it multipart moves Content headers into the first part.
    message["Content-Language"] = envelope.lang
    # A fixed boundary: a retry sends these very bytes.
    message.set_boundary(f"={envelope.message_id}=")
    # CRLF here: smtplib sends bytes as they are, and a bare newline makes one endless line.
    return message.as_bytes(policy=SMTP)


def thread_names(client: str, platforms: Iterable[str]) -> tuple[str, ...]:
    """One conversation per client and platform."""
    return tuple(f"{client}|{platform}" for platform in platforms)


def _thread(name: str, domain: str) -> str:
    return f"<twt-{sha256(name.encode()).hexdigest()[:24]}@{domain}>"
