"""What an operator sees of people and does to them, over the API."""

from dataclasses import dataclass

from sidecar.api import users as api
from sidecar.core.directory import Span, Wanted
from sidecar.core.model import Account, Person
from sidecar.core.trusted import TrustedBrowser
from sidecar.flows.everybody import Everybody
from sidecar.flows.histories import Histories
from sidecar.flows.people import People
from sidecar.flows.signed_in import SignOuts
from sidecar.web.management import authenticators, histories, sessions
from sidecar.web.management.call import Answer, Call, Handlers
from sidecar.web.management.cursors import pack, unpack


@dataclass(frozen=True, slots=True)
class Desk:
    """The flows that the calls need."""

    everybody: Everybody
    people: People
    sign_outs: SignOuts
    histories: Histories


class UserCalls:
    """Calls about people."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.LIST.name: self.list,
            api.READ.name: self.read,
            api.RENAME.name: self.rename,
            api.ERASE.name: self.erase,
            api.RESET.name: self.reset,
            api.UNLOCK.name: self.unlock,
        }

    async def list(self, call: Call) -> Answer:
        asked = call.asked(api.AskedUsers)
        wanted = Wanted(asked.realm, asked.enabled, asked.enrolled)
        after = None if asked.cursor is None else Person(*unpack(asked.cursor, str, 2))
        found = await self._desk.everybody.page(wanted, after=after, limit=asked.limit + 1)
        page = found[: asked.limit]
        more = len(found) > len(page)
        last = page[-1].person if page else None
        return Answer(
            api.Users(
                users=tuple(shown(account) for account in page),
                next=pack(last.realm, last.subject) if last is not None and more else None,
            )
        )

    async def read(self, call: Call) -> Answer:
        person = call.person()
        found = await self._desk.people.known(person)
        signed_in = await self._desk.sign_outs.of(person)
        events, _ = await self._desk.histories.events(Span(person), api.LATEST)
        line = _line(person, found.account)
        return Answer(
            api.Dossier(
                user_id=line.user_id,
                enabled=line.enabled,
                required=line.required,
                created_at=line.created_at,
                enrolled_at=line.enrolled_at,
                authenticators=tuple(map(authenticators.shown, found.authenticators)),
                sessions=tuple(map(sessions.shown, signed_in)),
                browsers=tuple(map(_browser, found.browsers)),
                events=tuple(map(histories.shown, events)),
            )
        )

    async def rename(self, call: Call) -> Answer:
        to = call.person(call.sent(api.UserChange).user_id)
        return Answer(shown(await self._desk.everybody.rename(call.person(), to, call.actor)))

    async def erase(self, call: Call) -> Answer:
        pseudonym = await self._desk.everybody.erase(call.person(), call.actor)
        return Answer(api.UserErased(pseudonym=pseudonym))

    async def reset(self, call: Call) -> Answer:
        person, reason = call.person(), call.sent(api.UserReset).reason
        account = (await self._desk.people.known(person)).account
        removed = await self._desk.people.reset(person, call.actor, reason)
        enabled = account is None or account.enabled
        return Answer(api.UserWasReset(user_id=person.user_id, removed=removed, enabled=enabled))

    async def unlock(self, call: Call) -> Answer:
        person, reason = call.person(), call.sent(api.UserUnlock).reason
        await self._desk.people.unlock(person, call.actor, reason or "")
        return Answer(api.UserUnlocked(user_id=person.user_id))


def shown(account: Account) -> api.User:
    """Return what may be told of a person in a line."""
    return _line(account.person, account)


def _line(person: Person, account: Account | None) -> api.User:
    return api.User(
        user_id=person.user_id,
        enabled=account is None or account.enabled,
        required=account is not None and account.required,
        created_at=account.created_at if account else None,
        enrolled_at=account.enrolled_at if account else None,
    )


def _browser(found: TrustedBrowser) -> api.RememberedBrowser:
    return api.RememberedBrowser(
        factor=found.factor,
        proven_at=found.proven_at,
        last_used_at=found.last_used_at,
        expires_at=found.expires_at,
        user_agent=found.user_agent,
        network=found.address,
    )
