"""What became of messages, and whether the codes in them are used."""

from collections.abc import Mapping
from typing import Protocol

from sidecar.core.errors import Undelivered
from sidecar.core.outbox import Usage
from sidecar.metrics import families
from sidecar.metrics.words import NO_REGION, OTHER, Heard, Outcome
from sidecar.metrics.worker import Metrics


class MessageCounts(Protocol):
    """Counts messages."""

    def sent(self, transport: str, channel: str, outcome: Outcome) -> None:
        """A message was offered to a transport."""
        ...

    def failed(self, transport: str, why: Undelivered) -> None:
        """A transport did not take a message."""
        ...

    def heard(self, transport: str, what: Heard) -> None:
        """The provider of a transport called back."""
        ...

    def used(self, found: Mapping[Usage, bool]) -> None:
        """Tell how many of the latest codes were used, and where that is too few."""
        ...


class Uncounted:
    """Nobody counts."""

    def sent(self, transport: str, channel: str, outcome: Outcome) -> None: ...

    def failed(self, transport: str, why: Undelivered) -> None: ...

    def heard(self, transport: str, what: Heard) -> None: ...

    def used(self, found: Mapping[Usage, bool]) -> None: ...


class MessageMetrics:
    """The cells of one worker that tell of messages."""

    def __init__(self, metrics: Metrics) -> None:
        self._values = metrics.ledger.values
        transports = self._values["transport"]
        channels = self._values["channel"]
        self._sent = {
            (transport, channel): metrics.counts(families.MESSAGES, transport, channel)
            for transport in transports
            for channel in channels
        }
        self._failures = {
            transport: dict(
                zip(
                    Undelivered,
                    metrics.counts(families.MESSAGE_FAILURES, transport),
                    strict=True,
                )
            )
            for transport in transports
        }
        self._heard = {
            transport: metrics.counts(families.RECEIPTS, transport) for transport in transports
        }
        places = [(one, two) for one in channels for two in self._values["region"]]
        self._usage = {
            place: tuple(
                gauge
                for family in (families.CODES_SENT, families.CODES_USED, families.CODES_UNUSED)
                for gauge in metrics.gauges(family, *place)
            )
            for place in places
        }

    def sent(self, transport: str, channel: str, outcome: Outcome) -> None:
        """A message was offered to a transport."""
        place = (self._known("transport", transport), self._known("channel", channel))
        self._sent[place][outcome].count()

    def failed(self, transport: str, why: Undelivered) -> None:
        """A transport did not take a message."""
        self._failures[self._known("transport", transport)][why].count()

    def heard(self, transport: str, what: Heard) -> None:
        """The provider of a transport called back."""
        self._heard[self._known("transport", transport)][what].count()

    def used(self, found: Mapping[Usage, bool]) -> None:
        """Tell how many of the latest codes were used; what is not among them is nothing."""
        told = {
            (
                self._known("channel", usage.channel),
                usage.region if usage.region in self._values["region"] else NO_REGION,
            ): (usage.sent, usage.used, int(few))
            for usage, few in found.items()
        }
        for place, gauges in self._usage.items():
            for gauge, number in zip(gauges, told.get(place, (0, 0, 0)), strict=True):
                gauge.set(number)

    def _known(self, label: str, value: str) -> str:
        return value if value in self._values[label] else OTHER
