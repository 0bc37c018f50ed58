"""What an operator does to people, over the API."""

from sidecar.api import users as api
from sidecar.core.model import Account
from sidecar.flows.everybody import Everybody
from sidecar.flows.people import People
from sidecar.web.management.call import Answer, Call, Handlers


class UserCalls:
    """Calls about people."""

    def __init__(self, everybody: Everybody, people: People) -> None:
        self._everybody = everybody
        self._people = people

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.RENAME.name: self.rename,
            api.ERASE.name: self.erase,
            api.RESET.name: self.reset,
            api.UNLOCK.name: self.unlock,
        }

    async def rename(self, call: Call) -> Answer:
        to = call.person(call.sent(api.UserChange).user_id)
        return Answer(shown(await self._everybody.rename(call.person(), to, call.actor)))

    async def erase(self, call: Call) -> Answer:
        pseudonym = await self._everybody.erase(call.person(), call.actor)
        return Answer(api.UserErased(pseudonym=pseudonym))

    async def reset(self, call: Call) -> Answer:
        person, reason = call.person(), call.sent(api.UserReset).reason
        account = (await self._people.known(person)).account
        removed = await self._people.reset(person, call.actor, reason)
        enabled = account is None or account.enabled
        return Answer(api.UserWasReset(user_id=person.user_id, removed=removed, enabled=enabled))

    async def unlock(self, call: Call) -> Answer:
        person, reason = call.person(), call.sent(api.UserUnlock).reason
        await self._people.unlock(person, call.actor, reason or "")
        return Answer(api.UserUnlocked(user_id=person.user_id))


def shown(account: Account) -> api.User:
    """Return what may be told of a person in a line."""
    return api.User(
        user_id=account.person.user_id,
        enabled=account.enabled,
        required=account.required,
        created_at=account.created_at,
        enrolled_at=account.enrolled_at,
    )
