"""People who set up factors over the API, as a program does it for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyotp

from sidecar.api.endpoints import named
from tests.api.calling import Api, Reply

STEP_S = 30


@dataclass
class Life:
    """Somebody with an app and codes, and what they hold."""

    api: Api = field(repr=False)
    user: str
    secret: str = ""
    authenticator: str = ""
    session: str = ""
    codes: list[str] = field(default_factory=list)

    def code(self) -> str:
        """Return what their app shows now."""
        return pyotp.TOTP(self.secret).at(int(self.api.world.clock().timestamp()))

    def next_code(self) -> str:
        """Return what their app shows next; it is that late now."""
        self.api.world.clock.travel(seconds=STEP_S)
        return self.code()

    async def call(
        self,
        name: str,
        more: Mapping[str, object] = {},
        status: int = 0,
        **how: Any,  # noqa: ANN401 - as Api.call takes it
    ) -> Reply:
        """Call an endpoint about them; it goes well, or as it is said."""
        endpoint = named(name)
        path = {"user_id": self.user} if "{user_id}" in endpoint.path else {}
        body = None
        if endpoint.body is not None:
            whose = "user_id" in endpoint.body.model_fields and not path
            body = {**({"user_id": self.user} if whose else {}), **more}
        how["path"] = {**path, **how.get("path", {})}
        reply = await self.api.call(endpoint, body, **how)
        good = reply.status == status if status else reply.status in endpoint.answers
        assert good, (name, reply.status, reply.raw)
        return reply

    async def set_up(self, *, token: str | None = None) -> None:
        """They have an app that counts."""
        begun = (await self.call("setupTotp", token=token)).said
        self.secret = begun["secret"]
        more = {"enrollment_id": begun["enrollment_id"], "code": self.code()}
        done = (await self.call("verifyTotp", more, token=token)).said
        self.authenticator = done["authenticator"]["id"]

    async def note_codes(self) -> None:
        """They have codes to fall back on."""
        self.codes = (await self.call("generateBackupCodes")).said["codes"]

    async def challenge(self, **more: object) -> str:
        """Return the id of a challenge that waits for them."""
        begun = (await self.call("beginChallenge", {"factor": "totp", **more})).said
        return str(begun["challenge_id"])


async def life(api: Api, user: str) -> Life:
    """Return somebody with an app and codes."""
    made = Life(api, user)
    await made.set_up()
    await made.note_codes()
    return made


async def visitor(api: Api, user: str) -> Life:
    """Return somebody who set all of it up on our pages, and is signed in with a browser."""
    browser = api.world.visitor()
    await browser.enroll(user)
    made = Life(api, user, browser.secret, codes=browser.codes)
    held = (await made.call("listAuthenticators", query={"user_id": user})).said["authenticators"]
    made.authenticator = next(one["id"] for one in held if one["factor"] == "totp")
    (session,) = (await made.call("listSessions", query={"user_id": user})).said["sessions"]
    made.session = session["id"]
    return made
