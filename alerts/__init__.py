"""Everything leaves: alerts are composed, sent by e-mail or webhook, and briefs are rendered."""

from alerts.compose import alert_facts, compose, reason_text, recommendation
from alerts.greeting import greet
from alerts.pages import render_brief, render_index
from alerts.phrases import Phrases, catalogue
from alerts.sending import next_attempt, send, signature

__all__ = [
    "Phrases",
    "alert_facts",
    "catalogue",
    "compose",
    "greet",
    "next_attempt",
    "reason_text",
    "recommendation",
    "render_brief",
    "render_index",
    "send",
    "signature",
]
