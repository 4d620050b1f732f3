"""Moments as people write them: what Ruby's Chronic makes of a text, as far as it is usual."""

import re
from datetime import UTC, datetime, timedelta

ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
DISTANCE = re.compile(
    r"(\d{1,9}|[a-z]+) (second|sec|minute|min|hour|day|week|fortnight|month|year)s?"
    r" (ago|before now|from now|hence)"
)
CLOCK = re.compile(r"(?:at )?(\d{1,2})(?::(\d{2}))?(?::(\d{2}))? ?(am|pm)?")
WORDS = "a an one two three four five six seven eight nine ten eleven twelve"
NUMBERS = {word: max(1, number) for number, word in enumerate(WORDS.split(), -1)}
SECONDS = {
    "second": 1,
    "sec": 1,
    "minute": 60,
    "min": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "fortnight": 1_209_600,
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def read(text: str, now: datetime) -> datetime:
    """The moment a text means, in UTC; a day or a week means its middle.

    `yesterday` is its noon and `today` is now [TK debugging.md]. Raises ValueError for what it
    cannot read.
    """
    words = " ".join(text.replace(",", " ").lower().split())
    try:
        moment = _instant(words) or _relative(words, now.astimezone(UTC))
    except OverflowError:
        moment = None
    if moment is None:
        raise ValueError(text)
    return moment


def instant(text: str) -> datetime:
    """An epoch or an ISO date and time; a date alone means its midnight. Raises ValueError."""
    try:
        moment = _instant(text.strip(), hour=0)
    except OverflowError:
        moment = None
    if moment is None:
        raise ValueError(text)
    return moment


def _instant(text: str, hour: int = 12) -> datetime | None:
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text, re.ASCII):
        return datetime.fromtimestamp(float(text), UTC)
    found = ISO.fullmatch(text)
    if found is None:
        return None
    day, clock, zone = found.groups()
    # In /stats a date alone means noon, to the inspectors it means midnight [D].
    zone = {"Z": "+00:00", "UTC": "+00:00"}.get((zone or "Z").upper(), zone)
    moment = datetime.fromisoformat(f"{day}T{clock or f'{hour:02}:00'}{zone}")
    return moment.astimezone(UTC)


def _relative(words: str, now: datetime) -> datetime | None:
    if words in {"now", "today"}:
        return now
    found = DISTANCE.fullmatch(words)
    if found:
        number = NUMBERS.get(found[1]) or (int(found[1]) if found[1].isdigit() else None)
        sign = -1 if found[3] in {"ago", "before now"} else 1
        return None if number is None else _moved(now, sign * number, found[2])
    first, _, rest = words.partition(" ")
    if first in DAYS:
        return _at(now + timedelta(days=DAYS[first]), rest)
    if first in {"last", "this", "next"}:
        return _named({"last": -1, "this": 0, "next": 1}[first], rest, now)
    if first in WEEKDAYS:
        return _weekday(1, first, rest, now)
    return None


def _at(day: datetime, clock: str) -> datetime | None:
    """A time of day; noon if none is given."""
    if clock in {"", "noon", "at noon"}:
        hour, minute, second = 12, 0, 0
    elif clock in {"midnight", "at midnight"}:
        hour, minute, second = 0, 0, 0
    else:
        found = CLOCK.fullmatch(clock)
        if found is None:
            return None
        hour, minute, second = (int(part or 0) for part in found.groups()[:3])
        if found[4]:
            hour = hour % 12 + (12 if found[4] == "pm" else 0)
    return day.replace(hour=hour, minute=minute, second=second, microsecond=0)


def _moved(moment: datetime, number: int, unit: str) -> datetime:
    if unit in SECONDS:
        return moment + timedelta(seconds=number * SECONDS[unit])
    months = moment.year * 12 + moment.month - 1 + number * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, _last(year, month + 1)))


def _last(year: int, month: int) -> int:
    return (datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day


def _named(which: int, words: str, now: datetime) -> datetime | None:
    """`last week`: its middle. `last month` and `last year` likewise, `last monday` its noon."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    unit, _, rest = words.partition(" ")
    if unit in WEEKDAYS:
        return _weekday(which or 1, unit, rest, now)
    if rest:
        return None
    match unit:
        case "minute" | "hour":
            start = now.replace(second=0, microsecond=0)
            start = start if unit == "minute" else start.replace(minute=0)
        case "day":
            start = midnight
        case "week":
            # Chronic's weeks begin on Sunday.
            start = midnight - timedelta(days=(midnight.weekday() + 1) % 7)
        case "month":
            start = midnight.replace(day=1)
        case "year":
            start = midnight.replace(month=1, day=1)
        case _:
            return None
    start = _moved(start, which, unit)
    return start + (_moved(start, 1, unit) - start) / 2


def _weekday(which: int, name: str, clock: str, now: datetime) -> datetime | None:
    ahead = (WEEKDAYS.index(name) - now.weekday()) % 7 or 7
    return _at(now + timedelta(days=ahead if which > 0 else ahead - 7 or -7), clock)
