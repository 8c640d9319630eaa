"""Dates, ages and amounts in a text."""

import re
from datetime import date, timedelta

_MONTHS = {
    "january": 1, "januar": 1, "february": 2, "februar": 2, "march": 3, "märz": 3, "april": 4, "may": 5, "mai": 5,
    "june": 6, "juni": 6, "july": 7, "juli": 7, "august": 8, "september": 9, "october": 10, "oktober": 10,
    "november": 11, "december": 12, "dezember": 12, "jan.": 1, "feb.": 2, "sept.": 9, "oct.": 10, "nov.": 11, "dec.": 12,
}  # fmt: skip
_MONTH = "|".join(re.escape(name) for name in _MONTHS)
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})\.?\s+({_MONTH})(?:,?\s+(\d{{4}}))?")
_MONTH_FIRST = re.compile(rf"\b({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(\d{{4}}))?")
_IN_DAYS = re.compile(
    r"\b(?:in|within(?: the next)?|binnen|innerhalb von|after|for|nach|für|another|weitere)\s(\d{1,3})[- ](?:more\s|weitere\s)?"
    r"(days?|weeks?|tage?n?|wochen?)\b"
)
_AGE = re.compile(
    r"(?:\b(?:under|below|unter|ab|von|over|than)[- ]?|\bage(?:d)? (?:of )?|\b)(1[3-8])(?:\b|-jährig|s\b)"
)
_AGE_ITSELF = re.compile("1[3-8]")
_AGE_CONTEXT = re.compile(r"under|below|unter|jährig|mindestalter|minimum age|age limit|altersgrenze|jahren?\b|jünger")
_AMOUNT = re.compile(
    r"(€|\$|£|eur|usd|euros?|dollars?)?\s?(\d+(?:[.,]\d+)?)\s?(bn|billion|milliarden?|mrd\.?|m|million(?:en)?|mio\.?)\b\s?(euros?|dollars?|us-dollar|pounds?|€|\$|pfund)?"
)
_MONEY = ("€", "$", "£", "eur", "usd", "dollar", "pound", "pfund")
_SCALE = {"b": 1e9, "m": 1e6}
_CURRENCY = {"€": "EUR", "eur": "EUR", "euro": "EUR", "$": "USD", "usd": "USD", "doll": "USD", "us-d": "USD", "£": "GBP",
             "poun": "GBP", "pfun": "GBP"}  # fmt: skip


def dates_in(text: str, year: int) -> list[date]:
    """Written-out dates of a lower-case text in reading order; one without a year is of ``year``."""
    found: list[tuple[int, date]] = []
    for pattern, day_at, month_at in ((_DAY_FIRST, 1, 2), (_MONTH_FIRST, 2, 1)):
        for match in pattern.finditer(text):
            try:
                day = date(int(match[3] or year), _MONTHS[match[month_at]], int(match[day_at]))
            except ValueError:
                continue
            found.append((match.start(), day))
    return [day for _, day in sorted(found)]


def date_after(text: str, since: date) -> date | None:
    """The first deadline a lower-case text counts in days or weeks ("in 45 days", "binnen 90 Tagen")."""
    match = _IN_DAYS.search(text)
    if match is None:
        return None
    return since + timedelta(days=int(match[1]) * (7 if match[2].startswith("w") else 1))


def age_limit(text: str) -> int | None:
    """The age a rule draws its line at, 13-18."""
    if not _AGE_ITSELF.search(text) or not _AGE_CONTEXT.search(text):  # the first is cheap, and most texts have none
        return None
    match = _AGE.search(text)
    return int(match[1]) if match else None


def amount(text: str) -> tuple[float, str] | None:
    """The first sum of money of at least a million, with its currency."""
    if not any(sign in text for sign in _MONEY):  # cheaper than the pattern, and most texts have none
        return None
    for match in _AMOUNT.finditer(text):
        sign, number, scale, word = match.groups()
        currency = next((c for key, c in _CURRENCY.items() if (sign or word or "").startswith(key)), None)
        if currency:
            factor = _SCALE["b" if scale.startswith(("b", "milliard", "mrd")) else "m"]
            return float(number.replace(",", ".")) * factor, currency
    return None
