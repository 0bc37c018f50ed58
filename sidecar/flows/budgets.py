"""How many codes may be sent: bounds that are counted in the store, so that all workers share them.

A stranger who knows the password must not use up what is the owner's, so what a person or an
address may get is counted apart for browsers that once passed (THREATS 57).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sidecar.core.assurance import CLOCK_SKEW
from sidecar.core.errors import DeliveryFailed, TooManyAttempts, Undelivered
from sidecar.core.messages import Contact
from sidecar.core.model import Person
from sidecar.core.outbox import Posted, Share, Usage
from sidecar.core.stores import Transaction

SMS = "sms"
DAY = timedelta(days=1)
PAUSE = timedelta(seconds=30)
"""Between two codes to the same address: the first one needs that long (EXPERIENCE, part 2)."""
SHORT = timedelta(minutes=10)
IN_SHORT = 3
"""Codes that one person may cause within `SHORT`, by whatever channel."""
NOTICES_DAILY = 60
"""Notices that one person may get in a day: a change goes to several addresses."""

JUDGED_FOR = timedelta(minutes=15)
GRACE = timedelta(minutes=2)
"""A younger code may still be typed."""
JUDGED_FROM = 10
"""Codes below which their use says nothing."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """What the configuration allows."""

    regions: tuple[str, ...] = ()
    """Beginnings of numbers that text messages are sent to; none: no text message is."""
    per_person_daily: int = 8
    per_destination_daily: int = 5
    per_region_daily: Mapping[str, int] = field(default_factory=dict)
    daily: int = 10_000
    least_verified: int = 30
    """Percent."""
    stop_unverified: bool = False

    def region(self, contact: Contact) -> str:
        """Return the longest configured beginning of the number; empty where nothing is one.

        Raises:
            DeliveryFailed: a number that text messages may not be sent to.

        """
        if contact.channel != SMS:
            return ""
        fitting = [region for region in self.regions if contact.to.startswith(region)]
        if not fitting:
            message = "no text message is sent to this region"
            raise DeliveryFailed(message, why=Undelivered.REFUSED)
        return max(fitting, key=len)

    def too_few_used(self, usage: Usage) -> bool:
        """Tell whether so few codes were typed that they may have been sent for the toll."""
        enough = usage.sent >= JUDGED_FROM
        return enough and usage.used * 100 < usage.sent * self.least_verified


@dataclass(frozen=True, slots=True)
class Bound:
    """So many messages of a share within a window."""

    share: Share
    number: int
    window: timedelta


def bounds(
    budgets: Budgets, person: Person, contact: Contact, *, region: str, known: bool, owned: bool
) -> tuple[Bound, ...]:
    """Return what bounds a code to this address.

    Where the person showed that it is theirs (`owned`), what others have sent to it counts not:
    anybody with an account could else use up what somebody's number may get (THREATS 57).
    """
    own = Share(person=person, known=known)
    theirs = Share(contact=contact, known=known, person=person if owned else None)
    found = [
        Bound(replace(theirs, person=person), 1, PAUSE),
        Bound(own, IN_SHORT, SHORT),
        Bound(own, budgets.per_person_daily, DAY),
        Bound(theirs, budgets.per_destination_daily, DAY),
        Bound(Share(), budgets.daily, DAY),
    ]
    if region in budgets.per_region_daily:
        found.append(Bound(Share(region=region), budgets.per_region_daily[region], DAY))
    return tuple(found)


def notice_bounds(
    budgets: Budgets, person: Person, contact: Contact, *, region: str, owned: bool
) -> tuple[Bound, ...]:
    """Return what bounds a notice to this address.

    A number that an application merely states may be one that somebody earns by, so messages to
    such numbers are bounded like codes: an account of one's own would else send them for the toll.
    """
    found = [Bound(Share(person=person, notices=True), NOTICES_DAILY, DAY)]
    if region and not owned:
        theirs, all_there = Share(contact=contact, notices=True), Share(region=region, notices=True)
        found += [
            Bound(theirs, budgets.per_destination_daily, DAY),
            Bound(all_there, budgets.per_region_daily.get(region, budgets.daily), DAY),
        ]
    return tuple(found)


async def free_at(tx: Transaction, limits: tuple[Bound, ...], now: datetime) -> datetime:
    """Return when one more may be sent: now, or when enough was long enough ago."""
    when, until = now, now + CLOCK_SKEW
    for bound in limits:
        since = now - bound.window
        at = await tx.sendings.at(bound.share, bound.number, since=since, until=until)
        when = when if at is None else max(when, at + bound.window)
    return when


async def is_beyond(tx: Transaction, limits: tuple[Bound, ...], accepted_at: datetime) -> bool:
    """Tell whether what was accepted then, uncounted, is more than may be sent."""
    await hold_shared(tx, limits)
    for bound in limits:
        since = accepted_at - bound.window
        if await tx.sendings.at(bound.share, bound.number + 1, since=since, until=accepted_at):
            return True
    return False


async def hold_shared(tx: Transaction, limits: tuple[Bound, ...]) -> None:
    """What several people share is counted by one transaction at a time, from here to its end."""
    if any(bound.share.person is None for bound in limits):
        await tx.sendings.hold()


async def require_room(tx: Transaction, limits: tuple[Bound, ...], now: datetime) -> None:
    """Return only if one more may be sent now.

    Raises:
        TooManyAttempts: a budget is used up.

    """
    await hold_shared(tx, limits)
    wait = await free_at(tx, limits, now) - now
    if wait:
        message = "a budget of messages is used up"
        raise TooManyAttempts(message, retry_after_s=math.ceil(wait.total_seconds()))


async def usage(tx: Transaction, now: datetime) -> tuple[Usage, ...]:
    """Return how many of the latest codes were typed, by channel and region."""
    return await tx.sendings.usage(now - JUDGED_FOR, now - GRACE)


async def require_used(
    tx: Transaction, budgets: Budgets, region: str, now: datetime, *, owned: bool
) -> None:
    """Return only if codes that are sent to the region are typed there, where that is asked for.

    A number that its owner confirmed (`owned`) brings nobody any toll, and goes on getting codes:
    a few strangers who type none would else stop everybody's there (THREATS 57).

    Raises:
        DeliveryFailed: too few are, so that somebody may send them for the toll.

    """
    if owned or not (budgets.stop_unverified and region):
        return
    for told in await usage(tx, now):
        if told.region == region and budgets.too_few_used(told):
            message = "too few codes of this region are used"
            raise DeliveryFailed(message, why=Undelivered.REFUSED)


async def is_owned(tx: Transaction, post: Posted) -> bool:
    """Tell whether a code that went there before was typed by the same person."""
    mine = await tx.contacts.of(post.person)
    return any(address.verified and address.contact == post.contact for address in mine)
