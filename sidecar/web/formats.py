"""Times and spans in a visitor's language; browsers turn the times to their own time zone."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.lists import format_list
from babel.units import format_unit
from markupsafe import Markup

JUST_NOW = timedelta(seconds=50)
"""Nearer than this, counting seconds tells nobody anything."""

MINUTES_UP_TO = 120
"""From here on a wait is told in hours."""


def moment(at: datetime, locale: Locale) -> str:
    """Return day and time in UTC to the minute: seconds tell nobody anything."""
    joined = str(get_datetime_format("medium", locale=locale))
    day, clock = format_date(at, "medium", locale), format_time(at, "short", locale=locale)
    return joined.replace("{1}", day).replace("{0}", clock).replace("'", "") + " UTC"


@dataclass(frozen=True, slots=True)
class Formats:
    """Formats of one language. Times are UTC and say so, until `page.js` makes them local."""

    locale: Locale

    def clock(self, at: datetime) -> Markup:
        """Return the time of day, `14:05 UTC`."""
        return _time(at, "time", format_time(at, "short", locale=self.locale) + " UTC")

    def day(self, at: datetime) -> Markup:
        return _time(at, "date", format_date(at.date(), "medium", locale=self.locale))

    def moment(self, at: datetime) -> Markup:
        return _time(at, "datetime", moment(at, self.locale))

    def ago(self, at: datetime, now: datetime) -> Markup:
        """Return how long ago, `3 days ago`; up to a minute the nearest whole minute."""
        delta = min(at - now, timedelta(0))
        if -delta < JUST_NOW:
            delta = timedelta(minutes=-1)
        text = format_timedelta(delta, add_direction=True, threshold=1, locale=self.locale)
        return _time(at, "", text)

    def span(self, length: timedelta) -> str:
        """Return a length in words, in hours only where they are whole: `90 minutes`, `1 hour`."""
        length = max(length, timedelta(seconds=1))
        threshold = 3 if length % timedelta(hours=1) else 1
        return str(format_timedelta(length, threshold=threshold, locale=self.locale))

    def days(self, length: timedelta) -> str:
        """Return a long time in whole days, never in weeks or months: `30 days`."""
        return str(format_unit(max(1, length.days), "duration-day", locale=self.locale))

    def regions(self, codes: tuple[str, ...]) -> str:
        """Return the countries of ISO 3166 codes, `Germany, Austria, or Switzerland`."""
        names = [self.locale.territories.get(code, code) for code in codes]
        return str(format_list(names, "or", locale=self.locale))

    def wait(self, until: datetime, now: datetime) -> Markup:
        """Return how long is left, rounded up to a whole unit so that nobody comes too early.

        `countdown.js` keeps it true; assistive technology hears it once (WCAG 4.1.3).
        """
        minutes = max(1, math.ceil((until - now).total_seconds() / 60))
        if minutes < MINUTES_UP_TO:
            text = format_unit(minutes, "duration-minute", locale=self.locale)
        else:
            text = format_unit(math.ceil(minutes / 60), "duration-hour", locale=self.locale)
        stamp = until.isoformat(timespec="seconds")
        return Markup('<span data-until="{}" aria-live="off">{}</span>').format(stamp, text)


def _time(at: datetime, form: str, text: str) -> Markup:
    """Return a time element; `form` tells the script which part to write in local time."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    stamp = at.isoformat(timespec="seconds")
    local = Markup(' data-local="{}"').format(form) if form else Markup("")
    return Markup('<time datetime="{}"{}>{}</time>').format(stamp, local, text)
