"""People are told of every change of what they sign in with, wherever they can be reached.

A notice goes to each address of the person, also to one that was just replaced: whoever took over
the application's account cannot keep the owner from hearing of it (NIST BAA-3, ASVS 6.3.7).
"""

from collections.abc import Iterable
from datetime import datetime

from sidecar.core.messages import Contact, Message
from sidecar.core.model import Authenticator, Person
from sidecar.core.outbox import STATED, Address, Posted, PostId
from sidecar.core.stores import Transaction
from sidecar.flows.deliver import NOTICE_LIFE, Deliveries, Reader
from sidecar.flows.kit import Kit, new_id


async def leave(
    tx: Transaction,
    person: Person,
    notice: str,
    now: datetime,
    *,
    about: Authenticator | None = None,
    **values: str,
) -> None:
    """The notice waits at every address of the person for a process that carries messages.

    `about` names what it is about; there is nothing to undo in what an operator did.
    """
    said = {"when": now.isoformat(), **(_named(about) if about else {}), **values}
    for address in await tx.contacts.of(person):
        post = Posted(
            id=PostId(new_id()),
            person=person,
            message=Message(address.contact.channel, notice, address.contact.to, said),
            account=person.subject,
            language="",
            created_at=now,
            expires_at=now + NOTICE_LIFE,
        )
        await tx.outbox.add(post)


def undoing(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return the addresses whose reader may undo what a notice tells of.

    Verified ones, and of each channel the one that the application stated first. Whoever takes
    the account over there states their own, and must not stop by it what the owner sets up
    (promise 5: nobody can lock another person out); nor may an address that they verify here keep
    the owner from undoing what they did.
    """
    stated = [address for address in addresses if address.origin == STATED]
    first = {address.contact.channel: address for address in reversed(stated)}
    return tuple(one for one in addresses if one.verified or first.get(one.contact.channel) == one)


class Notices:
    """Tells people."""

    def __init__(self, kit: Kit, deliveries: Deliveries) -> None:
        self._kit = kit
        self._deliveries = deliveries

    async def tell(
        self,
        tx: Transaction,
        visit: Reader,
        notice: str,
        *,
        about: Authenticator | None = None,
        **values: str,
    ) -> tuple[PostId, ...]:
        """The notice is accepted for every address of the person; what cannot go is left out.

        `about` names what it is about and adds a link by which its owner can undo it.
        """
        said = {"when": self._kit.clock().isoformat(), **values}
        if about is not None:
            token = self._kit.tokens.mint_disown(about.id, self._kit.clock())
            said = {**_named(about), "link": f"{self._kit.home}disown?t={token}", **said}
        posts, addresses = [], await tx.contacts.of(visit.person)
        unlinked = {name: value for name, value in said.items() if name != "link"}
        for address in addresses:
            values = said if address in undoing(addresses) else unlinked
            message = Message(address.contact.channel, notice, address.contact.to, values)
            posts.append(await self._deliveries.post_notice(tx, visit, message))
        return tuple(post for post in posts if post is not None)

    async def added(
        self,
        tx: Transaction,
        visit: Reader,
        new: Authenticator,
        *,
        contact: Contact | None,
        spare: bool,
    ) -> tuple[PostId, ...]:
        """The notice of a new authenticator is accepted, also for the address that it verified."""
        if contact is not None:
            await tx.contacts.record(
                *(visit.person, contact), origin=new.id, verified=True, now=self._kit.clock()
            )
        if spare:
            return await self.tell(tx, visit, "codes_made", about=new)
        if new.held_until is None:
            return await self.tell(tx, visit, "authenticator_added", about=new)
        until = new.held_until.isoformat()
        return await self.tell(tx, visit, "authenticator_held", about=new, held_until=until)

    async def send(self, posts: Iterable[PostId]) -> None:
        """The notices are carried soon, by whoever looks after the outbox; nobody waits for it."""
        self._deliveries.carrier.wake(posts)


def _named(about: Authenticator) -> dict[str, str]:
    return {"what": _told_apart_by(about), "factor": about.factor}


def _told_apart_by(item: Authenticator) -> str:
    """Return what its owner calls it, or knows it by; a mailbox would become a link in a letter."""
    if item.name != item.factor:
        return item.name
    return "" if "@" in item.detail else item.detail
