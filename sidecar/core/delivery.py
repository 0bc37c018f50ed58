"""What transports have in common: which letters can be carried, and what an answer says of one."""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sidecar.core.errors import DeliveryFailed, Undelivered
from sidecar.core.messages import Callback, Letter
from sidecar.core.protocols import Asked
from sidecar.core.transports import TransportTraits

REFERENCE_CHARACTERS: Final = 128

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
"""Source: ITU-T E.164 §6.2."""
_LOCAL: Final = re.compile(r"[^\s<>()\[\]:;,\"\\@.]+(?:\.[^\s<>()\[\]:;,\"\\@.]+)*")
"""A dot-atom, with the letters of RFC 6531; quoted ones are nobody's. Source: RFC 5322 §3.2.3."""
_DOMAIN: Final = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
)
_MAX_LOCAL_BYTES: Final = 64
_MAX_ADDRESS_BYTES: Final = 254
"""Source: RFC 5321 §4.5.3.1, RFC 3696 erratum 1690."""
_ENDPOINT: Final = re.compile(
    r"(?P<scheme>https?)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:/[A-Za-z0-9._~/-]*)?"
)
_CODE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_LONGEST_S: Final = 3600
_TAKEN: Final = range(200, 300)
_BY_STATUS: Final[Mapping[int, Undelivered]] = MappingProxyType(
    {
        408: Undelivered.UNAVAILABLE,  # the request did not arrive whole
        425: Undelivered.UNAVAILABLE,
        429: Undelivered.UNAVAILABLE,
        503: Undelivered.UNAVAILABLE,
    }
)
_NO_CODES: Final[Mapping[str, Undelivered]] = MappingProxyType({})


def admit(letter: Letter, traits: TransportTraits, now: datetime) -> int:
    """Return for how many seconds the letter is of use, when this transport may carry it.

    Raises:
        DeliveryFailed: it is of another channel, of no use any more, goes to no address, or has
            halves of characters in it, which nobody can write.

    """
    if letter.channel not in traits.channels:
        raise DeliveryFailed("the channel is not carried", why=Undelivered.REFUSED)
    left = int((letter.expires_at - now).total_seconds())
    if left < 1:
        raise DeliveryFailed("the letter has expired", why=Undelivered.REFUSED)
    try:
        (letter.subject + letter.text + letter.html).encode()
    except UnicodeEncodeError:
        raise DeliveryFailed("the letter is no text", why=Undelivered.REFUSED) from None
    _to_somebody(letter)
    return left


def mailbox(address: str) -> tuple[str, str]:
    """Return the local part and the domain of an address, the domain in ASCII.

    Raises:
        DeliveryFailed: it is no mailbox, or has characters that could end a line or a header.

    """
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_domain = ""
    wrong = (
        not address.isprintable() or not _LOCAL.fullmatch(local),
        not _DOMAIN.fullmatch(ascii_domain),
        _bytes(local) > _MAX_LOCAL_BYTES,
        _bytes(f"{local}@{ascii_domain}") > _MAX_ADDRESS_BYTES,
    )
    if any(wrong):
        raise DeliveryFailed("no mailbox", why=Undelivered.RECIPIENT)
    return local, ascii_domain


def was_taken(answer: Asked) -> bool:
    """Tell whether the status alone says that the call succeeded; a redirect is a failure."""
    return answer.status in _TAKEN


def failure(
    answer: Asked, code: str = "", known: Mapping[str, Undelivered] = _NO_CODES
) -> DeliveryFailed:
    """Return what an answer means that took no letter: by the provider's code, else by the status.

    Only the status and the code are told on; texts of providers repeat numbers and words.
    """
    shown = code if _CODE.fullmatch(code) else ""
    why = known.get(shown) or _by_status(answer.status)
    said = f"status {answer.status}" + (f", code {shown}" if shown else "")
    return DeliveryFailed(said, why=why, retry_after_s=_retry_after_s(answer))


def reference(value: object) -> str:
    """Return a provider's own name for a letter.

    Raises:
        DeliveryFailed: there is none, so that it is not sure what became of the letter.

    """
    if isinstance(value, str) and _CODE.fullmatch(value):
        return value
    raise DeliveryFailed("the answer names no message", why=Undelivered.UNSURE)


def endpoint(url: str, *, private: bool) -> str:
    """Return the beginning of a provider's URLs, without a slash at its end.

    Raises:
        ValueError: it is no such URL, or is not https.

    """
    found = _ENDPOINT.fullmatch(url)
    if found is None:
        raise ValueError("a URL such as https://api.example.com is expected")
    if found["scheme"] != "https" and not private:
        raise ValueError("the URL is not https; only `private` allows http")
    return url.rstrip("/")


def basic(user: str, secret: str) -> bytes:
    """Return the value of an Authorization header. Source: RFC 7617 §2."""
    return b"Basic " + b64encode(f"{user}:{secret}".encode())


def told_by(call: Callback, name: str) -> str:
    """Return the value of a header of a callback; empty where it is missing or not alone."""
    wanted = name.lower().encode("ascii")
    values = [value for key, value in call.headers if key.lower() == wanted]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def _to_somebody(letter: Letter) -> None:
    """Hold the address to the form of its channel; one of a plugin's own is a line of text."""
    match letter.channel:
        case "sms":
            right = _PHONE.fullmatch(letter.to) is not None
        case "email":
            right = bool(mailbox(letter.to))
        case _:
            short = 0 < _bytes(letter.to) <= _MAX_ADDRESS_BYTES
            right = short and letter.to.isprintable()
    if not right:
        raise DeliveryFailed("no address of this channel", why=Undelivered.RECIPIENT)


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))


def _by_status(status: int) -> Undelivered:
    if status in _TAKEN or status >= 500:  # noqa: PLR2004 - the class of server errors
        return _BY_STATUS.get(status, Undelivered.UNSURE)
    return _BY_STATUS.get(status, Undelivered.REFUSED)


def _retry_after_s(answer: Asked) -> int | None:
    for name, value in answer.headers:
        if name.lower() == b"retry-after" and _SECONDS.fullmatch(text := value.decode("latin-1")):
            return max(1, min(int(text), _LONGEST_S))
    return None
