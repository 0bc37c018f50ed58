"""PSKC, the XML in which makers of hardware tokens and other servers hand over seeds (RFC 6030).

The file comes from outside: it is read key by key, without entities, values are not opened before
their MAC is checked, and it does not decide how long a key takes to derive.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, Final

from sidecar.core.seeds import Portable
from sidecar.transfer.containers import Entry, entries
from sidecar.transfer.rows import BadRow, Read, Row, Unfit, name_of, number_of, seed_of, user_of
from sidecar.transfer.unlocking import Opener, base64_of

TOTP: Final = "urn:ietf:params:xml:ns:keyprov:pskc:totp"
"""Source: RFC 6030 §10, and the profiles that makers use."""

_PACKAGE: Final = "KeyPackage"
_KEY: Final = f"{_PACKAGE}/Key"
_FORMAT: Final = f"{_KEY}/AlgorithmParameters/ResponseFormat"
_POLICY: Final = f"{_KEY}/Policy"
_MOST_INTERVAL_BYTES: Final = 8

_NAMED: Final = re.compile(r"\s*(?:UID|CN)\s*=\s*(?P<value>(?:\\.|[^\\,+;])*)", re.IGNORECASE)
"""The first part of a distinguished name (RFC 4514 §3)."""
_ESCAPED: Final = re.compile(rb"\\(?:([0-9A-Fa-f]{2})|(.))", re.DOTALL)


def read(file: BinaryIO, opener: Opener, *, now: datetime) -> Iterator[Read]:
    """Yield what each key gives; `now` tells which are over."""
    for entry in entries(file):
        if isinstance(entry, BadRow):
            yield entry
            continue
        try:
            yield Row(entry.line, _portable(entry, opener, now))
        except Unfit as unfit:
            yield BadRow(entry.line, str(unfit))


def _portable(entry: Entry, opener: Opener, now: datetime) -> Portable:
    _timed(entry)
    _usable(entry, now)
    seed = seed_of(
        _value(entry, opener, "Secret"),
        entry.one(f"{_KEY}/AlgorithmParameters/Suite") or "SHA1",
        number_of(entry.one(f"{_FORMAT}@Length") or "6", "number of digits"),
        _interval(entry, opener),
    )
    return Portable(_user_id(entry), "", _name(entry), seed)


def _timed(entry: Entry) -> None:
    """Its codes are digits made of the time."""
    kind = entry.one(f"{_KEY}@Algorithm") or ""
    if kind.lower().endswith(":hotp"):
        raise Unfit("its codes are counted (HOTP): its person sets up an app anew")
    if kind.lower() != TOTP:
        raise Unfit("it is of a kind that no factor takes: its person sets up an app anew")
    if (entry.one(f"{_FORMAT}@Encoding") or "DECIMAL").upper() != "DECIMAL":
        raise Unfit("its codes are no digits: its person sets up an app anew")
    if (entry.one(f"{_FORMAT}@CheckDigits") or "false").lower() not in {"false", "0"}:
        raise Unfit("its codes have a check digit: its person sets up an app anew")


def _usable(entry: Entry, now: datetime) -> None:
    """Nothing that its policy says is passed over. Source: RFC 6030 §5."""
    for limit in ("PINPolicy", "NumberOfTransactions"):
        if entry.has(f"{_POLICY}/{limit}"):
            raise Unfit(f"its policy has a {limit}, which nothing here keeps to: leave it out")
    usages = [text.strip() for text in entry.said.get(f"{_POLICY}/KeyUsage", ("OTP",))]
    if "OTP" not in usages:
        raise Unfit("its policy does not let it make codes (KeyUsage): ask its maker")
    start, end = _moment(entry, "StartDate"), _moment(entry, "ExpiryDate")
    if start is not None and now < start:
        raise Unfit("its policy lets it be used later only (StartDate): take it in then")
    if end is not None and end <= now:
        raise Unfit("it is over by its policy (ExpiryDate): its person sets up an app anew")


def _value(entry: Entry, opener: Opener, name: str) -> bytes:
    path = f"{_KEY}/Data/{name}"
    plain, sealed = entry.has(f"{path}/PlainValue"), entry.has(f"{path}/EncryptedValue")
    if plain and sealed:
        raise Unfit("it says the same thing twice: ask its maker for another file")
    return opener.open(entry, path) if sealed else base64_of(entry, f"{path}/PlainValue")


def _interval(entry: Entry, opener: Opener) -> int:
    path = f"{_KEY}/Data/TimeInterval"
    if entry.has(f"{path}/EncryptedValue"):
        data = _value(entry, opener, "TimeInterval")
        if len(data) > _MOST_INTERVAL_BYTES:
            raise Unfit("its period is no number of seconds: ask its maker for another file")
        return int.from_bytes(data)
    return number_of(entry.one(f"{path}/PlainValue") or "30", "period")


def _user_id(entry: Entry) -> str:
    """Return whose it is: the user it names, or the key itself where it names none."""
    for path in (f"{_KEY}/UserId", f"{_PACKAGE}/DeviceInfo/UserId", f"{_KEY}@Id"):
        if said := entry.one(path):
            return user_of(_plain(said))
    raise Unfit("it says neither whose it is (UserId) nor which it is (Id): ask its maker")


def _plain(said: str) -> str:
    """Return the user of a distinguished name, or the text itself where it is none."""
    found = _NAMED.match(said)
    if found is None:
        return said
    value = _ESCAPED.sub(
        lambda one: bytes.fromhex(one[1].decode()) if one[1] else one[2], found["value"].encode()
    )
    return value.decode(errors="replace")


def _name(entry: Entry) -> str:
    """Return the first of the names that it has in several languages."""
    return name_of(next(iter(entry.said.get(f"{_KEY}/FriendlyName", ())), ""))


def _moment(entry: Entry, name: str) -> datetime | None:
    text = entry.one(f"{_POLICY}/{name}")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unfit(f"its {name} is no moment: ask its maker for another file") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
