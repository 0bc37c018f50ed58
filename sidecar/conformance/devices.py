"""Devices for the bundled factors: an app, a sheet of paper, a phone or mailbox, a key."""

from base64 import b32decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Final

from pyotp import HOTP

from sidecar.conformance.case import Device, Seen
from sidecar.conformance.softkey import KeyInHand
from sidecar.core.model import Response


@dataclass(frozen=True, slots=True)
class Known:
    """How a factor of ours is tested where nobody says otherwise."""

    device: Callable[[], Device]
    options: Mapping[str, object]


class App:
    """An authenticator app."""

    def __init__(self) -> None:
        self._key = ""
        self._digits, self._period = 6, 30

    @property
    def pace(self) -> timedelta:
        return timedelta(seconds=self._period)

    def enroll(self, seen: Seen) -> Response:
        data = seen.prompt.data
        self._key = str(data["secret"]).replace(" ", "")
        self._digits, self._period = int(str(data["digits"])), int(str(data["period"]))
        return self.answer(seen)

    def answer(self, seen: Seen) -> Response:
        step = int(seen.now.timestamp()) // self._period
        return {"code": HOTP(self._key, digits=self._digits).at(step)}

    def wrong(self, seen: Seen) -> Response:
        del seen
        return {"code": "0" * self._digits}

    def secrets(self) -> tuple[str, ...]:
        raw = b32decode(self._key + "=" * (-len(self._key) % 8))
        return self._key, raw.hex(), str(raw)


class Inbox:
    """A phone that gets text messages, or a mailbox."""

    pace = timedelta(0)

    def __init__(self, address: str = "+4915112345642") -> None:
        self._address = address
        self._codes: list[str] = []

    def enroll(self, seen: Seen) -> Response:
        if seen.prompt.kind == "address":
            return {"address": self._address, "accept_risk": "yes"}
        return self.answer(seen)

    def answer(self, seen: Seen) -> Response:
        """Return the code that came, if one did."""
        here = [message for message in seen.messages if message.to == self._address]
        code = here[0].values["code"] if here else "000000"
        self._codes.append(code)
        return {"code": code}

    def wrong(self, seen: Seen) -> Response | None:
        if seen.prompt.kind == "address":
            return None
        right = {message.values["code"] for message in seen.messages}
        return {"code": next(code for code in ("000000", "000001") if code not in right)}

    def secrets(self) -> tuple[str, ...]:
        return (self._address, *self._codes)


class Sheet:
    """A sheet of paper."""

    pace = timedelta(0)

    def __init__(self) -> None:
        self._codes: tuple[str, ...] = ()
        self._used = 0

    def enroll(self, seen: Seen) -> Response:
        codes = seen.prompt.data["codes"]
        self._codes = codes if isinstance(codes, tuple) else ()
        return {"kept": "yes"}

    def answer(self, seen: Seen) -> Response:
        del seen
        self._used += 1
        return {"code": self._codes[self._used - 1]}

    def wrong(self, seen: Seen) -> Response | None:
        return None if seen.prompt.kind == "lookup_codes" else {"code": "0000-0000-0000-0000-0000"}

    def secrets(self) -> tuple[str, ...]:
        return (*self._codes, *(code.replace("-", "") for code in self._codes))


MAILBOX: Final = partial(Inbox, "ada@example.com")

BUNDLED: Final[Mapping[str, Known]] = MappingProxyType(
    {
        "totp": Known(App, {"issuer": "Example"}),
        "backup_codes": Known(Sheet, {"count": 8}),
        "sms": Known(Inbox, {"transport": "texts"}),
        "email": Known(MAILBOX, {"transport": "mail"}),
        "webauthn": Known(KeyInHand, {"rp_id": "example.com", "rp_name": "Example"}),
    }
)


def by_channel(channel: str) -> Callable[[], Device]:
    """Return where the messages of a channel arrive, for factors that bring no device."""
    return MAILBOX if channel == "email" else Inbox
