"""Everything leaves: alerts are composed for each recipient, carried by many channels, and briefs are rendered."""

from alerts.compose import Notice, compose, notice_message, plain_notice, recipients
from alerts.digest import compose_digest
from alerts.greeting import greet
from alerts.horizon import ground_text
from alerts.http_line import post as ping
from alerts.naming import names_of
from alerts.pages import render_brief, render_index, render_operator, write_pages
from alerts.phrases import Phrases, catalogue, numbered, opened
from alerts.sending import send, signature
from alerts.wording import letter_of, reason_text, recommendation

__all__ = [
    "Notice",
    "Phrases",
    "catalogue",
    "compose",
    "compose_digest",
    "greet",
    "ground_text",
    "letter_of",
    "names_of",
    "notice_message",
    "numbered",
    "opened",
    "ping",
    "plain_notice",
    "reason_text",
    "recipients",
    "recommendation",
    "render_brief",
    "render_index",
    "render_operator",
    "send",
    "signature",
    "write_pages",
]
