"""Configuring people over the API."""

from http import HTTPStatus
from typing import Final

from sidecar.api import config as api
from sidecar.core.api_errors import InputFault, InputInvalid
from sidecar.core.masking import masked
from sidecar.core.messages import Contact
from sidecar.flows.stated import require_address
from sidecar.flows.switching import Configured, Switching, Wanted
from sidecar.web.management.call import Answer, Call, Handlers

ANY: Final = "*"
"""An `If-Match` that asks for something to be there, whatever it is (RFC 9110 §13.1.1)."""


class ConfigCalls:
    """Calls about what is configured of a person."""

    def __init__(self, switching: Switching) -> None:
        self._switching = switching

    def handlers(self) -> Handlers:
        """Return what answers each endpoint."""
        return {
            api.CREATE.name: self.create,
            api.READ.name: self.read,
            api.CHANGE.name: self.change,
            api.ENABLE.name: self.enable,
            api.DISABLE.name: self.disable,
        }

    async def create(self, call: Call) -> Answer:
        sent = call.sent(api.NewConfig)
        return _answer(
            await self._switching.create(call.person(sent.user_id), _wanted(sent), call.actor)
        )

    async def read(self, call: Call) -> Answer:
        return _answer(await self._switching.read(call.person()))

    async def change(self, call: Call) -> Answer:
        sent = call.sent(api.ConfigChange)
        done = await self._switching.change(
            *(call.person(), _wanted(sent), call.actor),
            version=_version(call.if_match),
            known=call.if_match == ANY,
        )
        return _answer(done, HTTPStatus.CREATED if done.new else HTTPStatus.OK)

    async def enable(self, call: Call) -> Answer:
        return await self._switch(call, on=True)

    async def disable(self, call: Call) -> Answer:
        return await self._switch(call, on=False)

    async def _switch(self, call: Call, *, on: bool) -> Answer:
        sent = call.sent(api.Switch)
        account = await self._switching.switch(
            call.person(sent.user_id), call.actor, on=on, reason=sent.reason or ""
        )
        return Answer(api.Switched(user_id=account.person.user_id, enabled=account.enabled))


def _wanted(sent: api.ConfigChange) -> Wanted:
    contacts = []
    for at, contact in enumerate(sent.contacts):
        try:
            contacts.append(require_address(Contact(contact.channel, contact.address)))
        except ValueError as error:
            raise InputInvalid(InputFault(str(error), f"/contacts/{at}/address")) from error
    return Wanted(sent.enabled, sent.required, tuple(contacts))


def _version(if_match: str) -> int | None:
    """Return the version that the caller read; None where any will do."""
    return None if if_match in {"", ANY} else int(if_match.removeprefix("W/").strip('"'))


def _answer(done: Configured, status: HTTPStatus | None = None) -> Answer:
    account = done.account
    body = api.Config(
        user_id=account.person.user_id,
        enabled=account.enabled,
        required=account.required,
        enrolled_at=account.enrolled_at,
        notified=tuple(
            api.Notified(
                channel="sms" if one.contact.channel == "sms" else "email",
                masked=masked(one.contact.channel, one.contact.to),
                verified=one.verified,
            )
            for one in done.addresses
        ),
        version=account.version,
    )
    return Answer(body, status, {"ETag": f'"{account.version}"'})
