"""What happened, over the API."""

from datetime import datetime

from sidecar.api import analytics, words
from sidecar.api import histories as api
from sidecar.core.directory import Census, NumberedEvent, Span, TryRecord
from sidecar.flows.histories import Figures, Histories
from sidecar.web.management.call import Answer, Call, Handlers
from sidecar.web.management.cursors import pack, unpack


class HistoryCalls:
    """Calls about tries, acts and how many of what there are."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.ATTEMPTS.name: self.attempts,
            api.EVENTS.name: self.events,
            analytics.READ.name: self.stats,
        }

    async def attempts(self, call: Call) -> Answer:
        asked = call.asked(api.AskedAttempts)
        found, last = await self._histories.tries(_span(call, asked, asked.factor), asked.limit)
        told = tuple(_attempt(one) for one in found)
        return Answer(api.Attempts(attempts=told, next=_next(last)))

    async def events(self, call: Call) -> Answer:
        asked = call.asked(api.AskedEvents)
        found, last = await self._histories.events(_span(call, asked, asked.name), asked.limit)
        told = tuple(shown(one) for one in found)
        return Answer(api.Events(events=told, next=_next(last)))

    async def stats(self, call: Call) -> Answer:
        since = _moment(call.asked(analytics.AskedStats).since)
        return Answer(_stats(await self._histories.figures(since)))


def _span(call: Call, asked: api.Asked, name: str | None) -> Span:
    return Span(
        person=None if asked.user_id is None else call.person(asked.user_id),
        name=name,
        since=_moment(asked.since),
        until=_moment(asked.until),
        before=None if asked.cursor is None else unpack(asked.cursor, int, 1)[0],
    )


def _moment(asked: str | None) -> datetime | None:
    return None if asked is None else words.moment_of(asked)


def _next(last: int | None) -> str | None:
    return None if last is None else pack(last)


def _attempt(one: TryRecord) -> api.Attempt:
    return api.Attempt(
        id=one.id,
        user_id=one.person.user_id,
        factor=one.factor,
        at=one.at,
        verified=one.verified,
        settled=one.settled,
        known=one.known,
    )


def shown(numbered: NumberedEvent) -> api.Event:
    """Return what may be told of an act."""
    event = numbered.event
    return api.Event(
        id=numbered.sequence,
        at=event.at,
        name=event.name,
        user_id=None if event.person is None else event.person.user_id,
        actor=event.actor,
        request_id=event.request_id,
        details=dict(event.details),
    )


def _stats(figures: Figures) -> analytics.Stats:
    census = figures.census
    known = (census.authenticators, census.verified, census.rejected)
    return analytics.Stats(
        since=figures.since,
        until=figures.until,
        people=census.people,
        enrolled=census.enrolled,
        disabled=census.disabled,
        adoption=_share(census.enrolled, census.people),
        factors={name: _factor(census, name) for name in sorted({*known[0], *known[1], *known[2]})},
        recoveries=census.recoveries,
    )


def _factor(census: Census, name: str) -> analytics.FactorStats:
    verified, rejected = census.verified.get(name, 0), census.rejected.get(name, 0)
    return analytics.FactorStats(
        active=census.authenticators.get(name, 0),
        verified=verified,
        rejected=rejected,
        success=_share(verified, verified + rejected),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
