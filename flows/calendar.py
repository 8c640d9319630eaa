"""Which nights are due: the schedule of the configuration, read without Prefect."""

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from trendwarte.errors import ClockError, ConfigError
from trendwarte.settings import Schedule

_EVERY = re.compile(r"every (\d+) (second|minute|hour)s?")
_UNIT_S = {"second": 1, "minute": 60, "hour": 3600}


def missed_nights(last: datetime | None, moment: datetime, schedule: Schedule, zone: str) -> list[datetime]:
    """Nights after ``last`` and before the day of ``moment`` that never ran, oldest first, at their scheduled time.

    Only the newest ``catch_up_nights`` of them: deadlines pass and risks fade day by day, but nobody needs to be led
    through a year of silence.

    Raises:
        ClockError: ``moment`` lies before ``last``.
    """
    if last is None:
        return []
    if moment < last:
        raise ClockError(
            f"the clock says {moment:%Y-%m-%d %H:%M} UTC, but the night of {last:%Y-%m-%d %H:%M} UTC is judged:"
            " set the clock (timedatectl), then run again; nothing was changed"
        )
    place = ZoneInfo(zone)
    today, day = moment.astimezone(place).date(), last.astimezone(place).date() + timedelta(days=1)
    found = []
    while day < today:
        found.append(datetime.combine(day, _time_of(schedule.nightly), place).astimezone(moment.tzinfo))
        day += timedelta(days=1)
    return found[len(found) - min(len(found), schedule.catch_up_nights) :]


def interval_of(text: str) -> timedelta | None:
    """The interval of ``every 90 minutes``; None when ``text`` is cron.

    Raises:
        ConfigError: it is neither.
    """
    found = _EVERY.fullmatch(text.strip())
    if found:
        return timedelta(seconds=int(found[1]) * _UNIT_S[found[2]])
    if len(text.split()) != 5:
        raise ConfigError([f"schedule: '{text}' is neither cron (0 4 * * *) nor 'every 90 minutes'"])
    return None


def longest_gap(schedule: Schedule) -> timedelta:
    """How old the last night may be before somebody should look: a day and two hours, or three intervals."""
    interval = interval_of(schedule.nightly)
    return 3 * interval if interval else timedelta(hours=26)


def _time_of(cron: str) -> time:
    """The time of day of a nightly cron line; 04:00 where it names none."""
    minute, hour, *_ = [*_numbers(cron), None, None]
    return time(hour or 0, minute or 0) if hour is not None else time(4)


def _numbers(cron: str) -> Iterator[int | None]:
    for part in cron.split()[:2]:
        yield int(part) if part.isdigit() else None
