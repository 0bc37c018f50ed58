"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2031, 5, 6, 12, 0, 10, tzinfo=UTC)


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def travel(self, **by: float) -> None:
        """It is so much later (`seconds=31`, `hours=2`)."""
        self.now += timedelta(**by)
