"""People in every state that a person can be in, each new, so that no test disturbs another."""

import secrets
from dataclasses import dataclass, field
from itertools import count

from sidecar.core.model import Person
from tests.visitor import NAVIGATION, Page, Visitor
from tests.world import REALM, World

COOKIE = "__Host-sidecar"
PEOPLE = count(1)


@dataclass
class Somebody:
    """One person in one browser; everybody in here is new, so that no cell disturbs another."""

    world: World
    visitor: Visitor
    name: str
    enrollment: dict[str, str] = field(default_factory=dict)
    """The form that finishes the enrollment, as the page shows it."""
    csrf: str = ""
    """The form token that pages of this session carry."""

    @property
    def person(self) -> Person:
        return Person(REALM, self.name)

    async def anonymous(self) -> None:
        """Nobody that the application knows."""

    async def identified(self) -> None:
        """Signed in to the application for the first time."""
        token = secrets.token_hex(8)
        self.world.application.people[token] = self.name
        self.visitor.cookies["app"] = token

    async def enrolling(self) -> None:
        """The key is on the screen."""
        await self.identified()
        page = await self.visitor.open("/secret")
        code = await self.world.invite(self.name)
        page = await self.visitor.submit(page, "enroll/begin", factor="totp", invitation=code)
        link = next(link for link in page.links if link.startswith("otpauth:"))
        self.visitor.secret = link.partition("secret=")[2].partition("&")[0]
        self.enrollment = page.form("enroll/finish").fields

    async def proven(self) -> None:
        """Set up a moment ago; the spare codes can wait."""
        await self.enrolling()
        fields = {**self.enrollment, "code": self.visitor.code()}
        page = await self.visitor.post("/_sidecar/enroll/finish", fields, follow=0)
        assert page.status == 303, page.text

    async def pending(self) -> None:
        """In a new browser, before the challenge."""
        await self.proven()
        del self.visitor.cookies[COOKIE]
        await self.visitor.open("/secret")

    async def old(self) -> None:
        """Confirmed ten minutes ago."""
        await self.proven()
        self.world.clock.travel(minutes=10)

    async def revoked(self) -> None:
        """Signed out everywhere by another browser; this one still has its cookie."""
        await self.proven()
        kept = dict(self.visitor.cookies)
        page = await self.visitor.open("/_sidecar/account")
        await self.visitor.submit(page, "sessions/end-all")
        self.visitor.cookies = kept

    async def recovery(self) -> None:
        """Every authenticator is disabled."""
        await self.pending()
        async with self.world.sidecar.store.begin() as tx:
            for item in await tx.authenticators.of(self.person):
                await tx.authenticators.move(item, "disable", self.world.clock())

    async def look(self) -> None:
        """Remember the form token of this session, if there is one, from a page that shows it."""
        page = await self.visitor.send("GET", "/_sidecar/invitation", headers=NAVIGATION)
        if page.status == 200:
            self.csrf = page.form("logout").fields["csrf"]

    async def post(self, page: str, **fields: str) -> Page:
        """Send a form of ours with the token of this session; no redirect is followed."""
        await self.look()
        return await self.visitor.post(f"/_sidecar/{page}", {**fields, "csrf": self.csrf}, follow=0)

    async def get(self, page: str) -> Page:
        """Open a page of ours; no redirect is followed."""
        return await self.visitor.send("GET", f"/_sidecar/{page}", headers=NAVIGATION)


async def somebody(here: World, state: str) -> Somebody:
    """Return a new person in the state of that name."""
    found = Somebody(here, here.visitor(), f"person-{next(PEOPLE)}")
    await getattr(found, state)()
    return found
