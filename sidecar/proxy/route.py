"""Which upstream and which rules concern a request, and whether it is for our own pages."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sidecar.core.errors import MalformedRequest, MisdirectedRequest
from sidecar.core.paths import (
    PathClass,
    Treatment,
    decode,
    drop_trailing_slash,
    is_plain,
    refuse,
    views,
)
from sidecar.core.policy import Facts, Policy, Route, glob_to_regex
from sidecar.proxy.arrival import Arrival

_PUBLIC_PAGES = ("static/", ".well-known/", "problems/", "receipts/")

_DISOWN = "disown"
"""Its link is the capability: whoever got the notice need not be signed in."""

_ROUTES_KEPT = 2048
_LONGEST_KEPT = 256
"""Characters of a path that is remembered, so that all of them together take little."""


@dataclass(frozen=True, slots=True)
class Destination:
    """An upstream as routing sees it."""

    name: str
    hosts: frozenset[str]
    """Public host names it serves; empty: all that no other upstream names."""
    treatments: Mapping[PathClass, Treatment]


@dataclass(frozen=True, slots=True)
class Login:
    """The application's own login: where it is, what belongs to it, where it ends."""

    paths: tuple[str, ...] = ()
    logout: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a request belongs."""

    upstream: str
    rules: Route = ()
    page: bool = False
    login: bool = False
    """The application may take it for one of its own login."""
    logout: bool = False
    """The application may take it for signing out."""


class Router:
    """Chooses upstream and rules; refuses paths that are not to be judged at all."""

    def __init__(
        self,
        policy: Policy,
        destinations: tuple[Destination, ...],
        *,
        prefix: str,
        login: Login,
        passes_unidentified: bool,
        websocket_origins: frozenset[str] = frozenset(),
    ) -> None:
        self._policy = policy
        hosts = [(host, to) for to in destinations for host in to.hosts]
        self._by_host = dict(reversed(hosts))  # the first that names a host has it
        self._routed: dict[tuple[str, str, str, str], Routed] = {}
        """What was found before: most requests ask for what others asked for."""
        self._otherwise = next((to for to in destinations if not to.hosts), None)
        self._prefix = prefix
        self._login = _union(login.paths)
        self._logout = _union(login.logout)
        self.passes_unidentified = passes_unidentified
        self.websocket_origins = websocket_origins
        """Whose pages may open WebSockets, beside the origin that is asked."""

    def route(self, arrival: Arrival) -> Routed:
        """Return upstream and rules of the request, or that it is for our pages.

        Raises:
            MalformedRequest: the path is of a refused class, or hides our prefix.
            MisdirectedRequest: no upstream serves this host.

        """
        key = (arrival.path, arrival.method, arrival.origin.host, arrival.client)
        routed = self._routed.get(key)
        if routed is None:
            routed = self._find(arrival)
            if len(arrival.path) <= _LONGEST_KEPT:
                if len(self._routed) >= _ROUTES_KEPT:
                    self._routed.clear()
                self._routed[key] = routed
        return routed

    def _find(self, arrival: Arrival) -> Routed:
        path, host = arrival.path, arrival.origin.host
        to = self._by_host.get(host, self._otherwise)
        if to is None:
            raise MisdirectedRequest("no upstream serves this host")
        if not is_plain(path):  # a plain path is of no class that could be refused
            refuse(path, to.treatments)
        if self._is_page(path):
            return Routed(to.name, page=True)
        facts = Facts(arrival.method, host, path, arrival.client, preflight=arrival.preflight)
        rules = self._policy.route(facts)
        return Routed(to.name, rules, login=self._login(path), logout=self._logout(path))

    def _is_page(self, path: str) -> bool:
        """Tell whether the path is ours; one that is ours only under some reading is refused."""
        if is_plain(path) or is_plain(path.removesuffix("/")):
            return path.startswith(self._prefix)
        home = self._prefix.rstrip("/")
        for view in views(path):
            if view.path == home or view.path.startswith(self._prefix):
                message = "a path of ours under a reading that is not plain"
                raise MalformedRequest(message)
        return False

    def is_public_page(self, path: str) -> bool:
        """Tell whether a page of ours is the same for everybody, so that nobody is asked."""
        place = path.removeprefix(self._prefix)
        return place.startswith(_PUBLIC_PAGES) or place == _DISOWN


def _union(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """Return whether any reading of a path fits any of the globs, in any case.

    Nothing is allowed by it, so reading too much into a path does no harm; an application that
    takes `/OAuth/Callback` for `/oauth/callback` signs people in there all the same.
    """
    spellings = {drop_trailing_slash(decode(glob)) for glob in globs} | set(globs)
    pattern = re.compile(
        "|".join(f"(?:{glob_to_regex(glob)})" for glob in sorted(spellings)) or r"(?!)",
        re.IGNORECASE | re.DOTALL,
    )

    def fits(path: str) -> bool:
        if is_plain(path):
            return pattern.fullmatch(path) is not None
        return any(pattern.fullmatch(view.path) for view in views(path))

    return fits if globs else lambda _: False
