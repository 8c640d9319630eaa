"""Chat messages: Slack blocks, a Teams Adaptive Card, Discord embeds, and plain text for everything else.

Fetched text never formats, mentions or links: each service's own marks are taken away.
"""

import json
import re
from typing import Any

from alerts.fitting import DISCORD_CHARACTERS, SLACK_BYTES, TEAMS_BYTES, fitted
from alerts.wording import Block, Letter, Quote, Section, cut

# Slack: 50 blocks, 3,000 characters a section, 150 a header.
_SLACK_BLOCKS, _SLACK_SECTION, _SLACK_HEADER = 50, 2_900, 150
# Discord: 10 embeds, 256 a title, 4,096 a description, 2,000 a message.
_DISCORD_EMBEDS, _DISCORD_TITLE, _DISCORD_DESCRIPTION = 10, 256, 4_000
# Lines of one part of a digest; the rest is counted.
_BLOCK_LINES = 8
_COLOURS = {
    "recommend": 0x1A7F4B, "test": 0x2F6DB5, "watch": 0xB7791F,
    "avoid": 0xB5452F, "exit": 0x8E1B2C, "unknown": 0x6B7280,
}  # fmt: skip
_TEAMS_TONES = {"act": "Attention", "decide": "Warning", "note": "Accent"}
_MARKS = re.compile(r"([\\`*_~|<>\[\]#@])")


def slack_body(letter: Letter) -> bytes:
    """Blocks with a ``text`` for notifications; one oversize block would make Slack refuse the whole post."""

    def build(sections: tuple[Section, ...], hidden: int) -> bytes:
        blocks: list[dict[str, Any]] = [_slack_context(letter.greeting)]
        for section in sections[: _SLACK_BLOCKS // 3 - 1]:
            blocks.append(
                {"type": "header", "text": {"type": "plain_text", "text": cut(section.headline, _SLACK_HEADER)}}
            )
            blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": _slack_text(section, letter)}})
            blocks.append(_slack_context(section.confidence))
        for block in letter.blocks:
            lines = "\n".join(f"• {_slack(line)}" for line in block.first(_BLOCK_LINES))
            blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"*{_slack(block.title)}*\n{lines}"}})
        blocks += [_slack_context(line) for line in (letter.hidden(hidden) if hidden else "", letter.as_of) if line]
        return _json({"text": _slack(letter.subject), "blocks": blocks})

    return fitted(letter, build, len, SLACK_BYTES)


def _slack_context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": _slack(text)[:_SLACK_SECTION]}]}


def _slack_text(section: Section, letter: Letter) -> str:
    lines = [_slack(line) for line in section.meaning]
    lines += [f"• {_slack(change)}" for change in section.changes]
    lines += ["", f"*{letter.words['why']}*", *(f"• {_slack(reason)}" for reason in section.reasons)]
    for title, quotes in ((letter.words["evidence"], section.evidence), (letter.words["counter"], section.counter)):
        if quotes:
            lines += ["", f"*{title}*", *(f"> {_slack(q.quoted)} {_slack_source(q)}" for q in quotes)]
    lines += ["", *filter(None, [_slack(section.deadline)])]
    if section.todo:
        lines.append(f"*{letter.words['todo']}*: {_slack(section.todo)}")
    text = ""
    for line in lines:  # whole lines only: half a link shows its marks
        if len(text) + len(line) + 2 > _SLACK_SECTION:
            return f"{text}…"
        text += f"{line}\n"
    return text.strip()


def _slack_source(quote: Quote) -> str:
    source = _slack(f"{quote.source} {quote.foreign}".strip())
    link = quote.url.replace("|", "%7C").replace(">", "%3E").replace("<", "%3C").replace("&", "&amp;")
    return f"<{link}|{source}>" if link else f"({source})"


def _slack(text: str) -> str:
    """Escaped as Slack asks; its own marks become look-alikes, so that a headline cannot shout or mention."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.translate({ord("*"): "∗", ord("_"): "＿", ord("~"): "∼", ord("`"): "ˋ"})


def teams_body(letter: Letter) -> bytes:
    """An Adaptive Card in the envelope a Workflows webhook takes."""

    def build(sections: tuple[Section, ...], hidden: int) -> bytes:
        body: list[dict[str, Any]] = [_teams_line(letter.greeting, isSubtle=True)]
        for section in sections:
            body += _teams_section(section, letter)
        for block in letter.blocks:
            body.append(_teams_line(block.title, weight="Bolder", separator=True))
            body += [_teams_line(f"• {line}", spacing="None") for line in block.first(_BLOCK_LINES)]
        for line in (letter.hidden(hidden) if hidden else "", letter.as_of):
            body += [_teams_line(line, isSubtle=True, size="Small")] if line else []
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "lang": letter.lang,
            "msteams": {"width": "Full"},
            "fallbackText": letter.subject,
            "body": body,
        }
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return _json({"type": "message", "summary": letter.subject, "attachments": [attachment]})

    return fitted(letter, build, len, TEAMS_BYTES)


def _teams_section(section: Section, letter: Letter) -> list[dict[str, Any]]:
    tone = _TEAMS_TONES[section.urgency]
    lines = [
        _teams_line(section.headline, size="Large", weight="Bolder", color=tone, separator=True),
        *(_teams_line(line) for line in section.meaning),
        *(_teams_line(f"• {line}", spacing="None") for line in section.changes),
        _teams_line(letter.words["why"], weight="Bolder"),
        *(_teams_line(f"• {line}", spacing="None") for line in section.reasons),
    ]
    for title, quotes in ((letter.words["evidence"], section.evidence), (letter.words["counter"], section.counter)):
        if quotes:
            lines += [_teams_line(title, weight="Bolder"), *(_teams_quote(quote) for quote in quotes)]
    facts = [section.deadline, section.confidence]
    lines += [_teams_line(fact) for fact in facts if fact]
    if section.todo:
        lines += [_teams_line(letter.words["todo"], weight="Bolder"), _teams_line(section.todo, spacing="None")]
    return lines


def _teams_quote(quote: Quote) -> dict[str, Any]:
    source = marked(f"{quote.source} {quote.foreign}".strip())
    url = quote.url.replace("(", "%28").replace(")", "%29")
    return {
        "type": "TextBlock", "wrap": True, "spacing": "Small",
        "text": f"{marked(quote.quoted)} – {f'[{source}]({url})' if url else source}",
    }  # fmt: skip


def _teams_line(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": marked(text), "wrap": True, **more}


def discord_body(letter: Letter) -> bytes:
    """Embeds, one per platform; nobody is mentioned, whatever a headline says."""

    def build(sections: tuple[Section, ...], hidden: int) -> dict[str, Any]:
        left_out = hidden + max(0, len(sections) - _DISCORD_EMBEDS)
        embeds = [_discord_embed(section, letter) for section in sections[:_DISCORD_EMBEDS]]
        embeds += [_discord_block(block) for block in letter.blocks]
        content = marked(letter.greeting) + (f"\n{marked(letter.hidden(left_out))}" if left_out else "")
        if embeds and letter.as_of:
            embeds[-1]["footer"] = {"text": cut(letter.as_of, 300)}
        return {"content": content[:2000], "embeds": embeds, "allowed_mentions": {"parse": []}}

    return _json(fitted(letter, build, _discord_size, DISCORD_CHARACTERS))


def _discord_size(payload: dict[str, Any]) -> int:
    return sum(
        len(e["title"]) + len(e["description"]) + len(e.get("footer", {}).get("text", "")) for e in payload["embeds"]
    )


def _discord_embed(section: Section, letter: Letter) -> dict[str, Any]:
    lines = [*map(marked, section.meaning), *(f"• {marked(line)}" for line in section.changes), ""]
    lines += [f"**{letter.words['why']}**", *(f"• {marked(line)}" for line in section.reasons)]
    for title, quotes in ((letter.words["evidence"], section.evidence), (letter.words["counter"], section.counter)):
        if quotes:
            lines += ["", f"**{title}**", *map(_discord_quote, quotes)]
    lines += ["", *(marked(line) for line in (section.deadline, section.confidence) if line)]
    if section.todo:
        lines += ["", f"**{letter.words['todo']}**", marked(section.todo)]
    text = ""
    for line in lines:
        if len(text) + len(line) + 2 > _DISCORD_DESCRIPTION:
            text += "…"
            break
        text += f"{line}\n"
    return {
        "title": cut(section.headline, _DISCORD_TITLE),
        "description": text.strip(),
        "color": _COLOURS[section.band],
    }


def _discord_block(block: Block) -> dict[str, Any]:
    lines = "\n".join(f"• {marked(line)}" for line in block.first(_BLOCK_LINES))
    return {"title": cut(block.title, _DISCORD_TITLE), "description": lines[:1_400]}


def _discord_quote(quote: Quote) -> str:
    source = marked(f"{quote.source} {quote.foreign}".strip())
    url = quote.url.replace("(", "%28").replace(")", "%29")
    return f"{marked(quote.quoted)} – {f'[{source}](<{url}>)' if url else source}"


def marked(text: str) -> str:
    """Text with Markdown's marks escaped; a zero-width space keeps ``@everyone`` from calling anybody."""
    return _MARKS.sub(r"\\\1", text).replace("\\@", "@\u200b")


def plain_body(letter: Letter, limit: int) -> bytes:
    """Title and text for services that take no more than text; ``limit`` is the longest text, 0 for any length."""

    def build(sections: tuple[Section, ...], hidden: int) -> dict[str, str]:
        parts = [part for section in sections for part in (*_plain_lines(section, letter), "")]
        for block in letter.blocks:
            parts += [block.title, *(f"- {line}" for line in block.first(_BLOCK_LINES)), ""]
        if hidden:
            parts += [letter.hidden(hidden), ""]
        return {"title": letter.subject, "body": "\n".join([letter.greeting, "", *parts, letter.as_of]).strip()}

    built = fitted(letter, build, lambda made: len(made["body"]), limit or 1_000_000)
    if limit and len(built["body"]) > limit:
        built = built | {"body": built["body"][: limit - 1] + "…"}
    return _json(built)


def _plain_lines(section: Section, letter: Letter) -> list[str]:
    lines = [section.headline, *section.meaning, *(f"- {line}" for line in section.changes)]
    lines += [f"{letter.words['why']}:", *(f"- {line}" for line in section.reasons)]
    for title, quotes in ((letter.words["evidence"], section.evidence), (letter.words["counter"], section.counter)):
        if quotes:
            lines += [f"{title}:", *(f"- {q.quoted} ({q.source}{f', {q.url}' if q.url else ''})" for q in quotes)]
    todo = f"{letter.words['todo']}: {section.todo}" if section.todo else ""
    return [*lines, *filter(None, [section.deadline, section.confidence, todo])]


def _json(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()
