"""What every identity source must hold to; point it at one by describing it as a `Case`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import pytest

from sidecar.core.errors import IdentityUnavailable, MalformedRequest, SidecarError
from sidecar.core.model import Identity, Person
from sidecar.core.protocols import AskUpstream, IdentitySource, RequestView, Tools
from tests.conformance.lent import lent

STRANGER: Final = RequestView(
    method="GET",
    path="/",
    query="a=b",
    host="shop.example.com",
    scheme="https",
    headers=((b"Accept", b"*/*"), (b"User-Agent", b"test")),
    peer="127.0.0.1",
    client="192.0.2.7",
    upstream="shop",
)
"""A request without any credential."""

HOSTILE: Final[Mapping[str, str]] = {
    "zero width": "ad\u200ba",
    "right-to-left override": "\u202eada",
    "isolate": "\u2066ada\u2069",
    "C1 control": "ada\u0085",
    "line separator": "ada\u2028",
    "ligature": "\ufb01n",
    "fullwidth": "\uff41da",
    "kelvin sign": "\u212aada",
    "superscript": "ada\u00b2",
    "decomposed": "e\u0301ve",
    "too long": "a" * 256,
    "too long in bytes": "é" * 128,
}
"""Subjects that could be taken for another person's."""


@dataclass(frozen=True, slots=True)
class Case:
    """A source under test."""

    name: str
    build: Callable[[Tools], IdentitySource]
    request: Callable[[str], RequestView]
    """Makes a request that identifies this subject."""
    doubled: tuple[RequestView, ...]
    """Requests with a declared credential twice."""
    secrets: tuple[str, ...]
    """What must never be seen in a repr or an error."""
    ask: AskUpstream | None = None

    def source(self, *, instance: str = "tested", realm: str = "shop") -> IdentitySource:
        return self.build(lent(instance, realm=realm, ask=self.ask))


async def somebody(case: Case) -> None:
    """Shows that a credential names its person, under the realm and name that were lent."""
    for subject in ("ada", "42", "Grüße", "A b", "a" * 255):
        identity = await case.source().identify(case.request(subject))
        assert isinstance(identity, Identity)
        assert identity.person == Person("shop", subject)
        assert identity.source == "tested"


async def nobody(case: Case) -> None:
    """Shows that a request without a credential is nobody's, which is a value and no failure."""
    assert case.source().credential(STRANGER) is None
    assert await case.source().identify(STRANGER) is None


async def realms(case: Case) -> None:
    """Shows that one subject in two realms is two people (ASVS 6.8.1)."""
    request = case.request("ada")
    here = await case.source(realm="shop").identify(request)
    there = await case.source(realm="staff").identify(request)
    assert here is not None
    assert there is not None
    assert here.person != there.person


async def keys(case: Case) -> None:
    """Shows that equal credentials have one key, and others another, in every process (67)."""
    ada, again = (case.source().credential(case.request("ada")) for _ in range(2))
    assert ada is not None
    assert ada == again
    assert case.source().credential(case.request("eve")) not in {None, ada}
    elsewhere = replace(case.request("ada"), method="POST", path="/other")
    assert case.source().credential(elsewhere) == ada


async def doubled(case: Case) -> None:
    """Shows that a declared credential that occurs twice is refused, never chosen from."""
    for request in case.doubled:
        with pytest.raises(MalformedRequest):
            case.source().credential(request)
        with pytest.raises(MalformedRequest):
            await case.source().identify(request)


async def look_alikes(case: Case) -> None:
    """Shows that a subject that could be taken for another is nobody's key (ASVS 6.8.1)."""
    for subject in HOSTILE.values():
        with pytest.raises(IdentityUnavailable):
            await case.source().identify(case.request(subject))


async def declared_carriers(case: Case) -> None:
    """Shows that the traits name, in lower case, all that the source reads."""
    traits = case.source().traits
    carriers = traits.carriers
    for name in carriers.headers | carriers.queries | carriers.cookies | traits.owned_headers:
        assert name == name.lower()
    request = case.request("ada")
    taken = set(carriers.headers) | ({"cookie"} if carriers.any_cookie else set())
    left = tuple(one for one in request.headers if one[0].decode().lower() not in taken)
    assert case.source().credential(replace(request, headers=left, query="")) is None


async def declared_alone(case: Case) -> None:
    """Shows that no other field takes part: an answer is reused while what is named stays."""
    source, request = case.source(), case.request("ada")
    carriers = source.traits.carriers
    named = carriers.headers | source.traits.owned_headers | {"cookie"}
    alone = tuple(one for one in request.headers if one[0].decode().lower() in named)
    crowded = (*request.headers, (b"X-Tenant", b"eve"), (b"X-User", b"eve"), (b"Accept", b"eve/*"))
    for headers in (alone, crowded):
        other = replace(request, headers=headers)
        assert source.credential(other) == source.credential(request)
        assert await source.identify(other) == await source.identify(request)


async def silent(case: Case) -> None:
    """Shows that neither reprs nor errors hold a credential or a person's name."""
    source, request = case.source(), case.request("ada")
    told = [repr(source), repr(source.traits), repr(request)]
    for one in (*case.doubled, *map(case.request, HOSTILE.values())):
        try:
            await source.identify(one)
        except SidecarError as error:
            told += [repr(error), str(error)]
    for secret in (*case.secrets, *HOSTILE.values()):
        assert secret not in "\n".join(told)


CHECKS: Final[tuple[Callable[[Case], Awaitable[None]], ...]] = (
    somebody,
    nobody,
    realms,
    keys,
    doubled,
    look_alikes,
    declared_carriers,
    declared_alone,
    silent,
)
