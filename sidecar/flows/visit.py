"""Who acts, in which session and from where: what the flows know of a request."""

from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network

from sidecar.core.clients import ApiClient, Scope
from sidecar.core.errors import NotIdentified, StepUpRequired
from sidecar.core.model import Identity, Person, Session


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of an identified person."""

    identity: Identity
    session: Session | None
    request_id: str
    address: str = ""
    user_agent: str = ""
    language: str = ""
    """What the browser asked for: a tag that was chosen on a page, else its Accept-Language."""
    known: bool = False
    """This browser once passed as this person, so its tries are counted apart from strangers'."""
    trusted: str = field(default="", repr=False)
    """What this browser carries where somebody asked for it to be remembered; not checked yet."""
    client: ApiClient | None = None
    """The program that acts for the person at the management API; None: the person does."""

    @property
    def person(self) -> Person:
        """Who acts."""
        return self.identity.person

    @property
    def label(self) -> str:
        """How the person is called on pages and in authenticator apps."""
        claims = self.identity.claims
        return claims.email or claims.name or self.person.subject

    @property
    def actor(self) -> str:
        """Who acts, as the audit trail names it."""
        return self.client.actor if self.client else "self"

    @property
    def vouches(self) -> bool:
        """A program acts that may say whose first factor something is, as an invitation does."""
        return self.client is not None and Scope.ENROLLMENTS_WRITE in self.client.scopes

    @property
    def overrides(self) -> bool:
        """A program acts that may set up factors for people who proved nothing to it."""
        return self.client is not None and Scope.ENROLLMENTS_OVERRIDE in self.client.scopes

    def require_session(self) -> Session:
        """Return the session that the visit is in.

        Raises:
            NotIdentified: there is none, so nothing can be bound to it.

        """
        if self.session is None:
            message = "no session"
            raise NotIdentified(message)
        return self.session

    def require_proof(self) -> Session:
        """Return the session if a factor was proven in it.

        Raises:
            StepUpRequired: nothing but the first factor is known, or the browser remembered.

        """
        session = self.require_session()
        if not session.proven:
            message = "no proof in session"
            raise StepUpRequired(message)
        return session


@dataclass(frozen=True, slots=True)
class Caller:
    """What our own pages know of a request before they look into it."""

    visit: Visit | None
    """None: nobody is identified."""
    origin: str
    """The public origin that was asked, such as `https://shop.example.com`."""
    request_id: str
    navigation: bool
    """A person's browser opens a page (or says nothing about its mode)."""
    address: str = ""


CALLER = "caller"
"""The name under which pages find their `Caller` on the request."""


@lru_cache(maxsize=1024)
def coarse(address: str) -> str:
    """Return the address shortened to its network (/24, /48), as it may be kept and shown."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    bits = 24 if isinstance(parsed, IPv4Address) else 48
    return str(ip_network((parsed, bits), strict=False))
