"""Passkeys and security keys in a person's hand: virtual ones of the browser itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from playwright.async_api import CDPSession, Page, expect

from tests.journeys.person import Person

Credential = dict[str, Any]

KEYS = {"rp_id": "localhost", "rp_name": "Harbour"}
USE = "Use a passkey or security key"


@dataclass(frozen=True)
class Key:
    """One authenticator of one page; it answers at once, unless it was put away."""

    session: CDPSession
    id: str

    @classmethod
    async def plug_in(cls, page: Page, *, transport: str = "usb") -> Self:
        """Return a new key that the page's browser can reach."""
        session = await page.context.new_cdp_session(page)
        await session.send("WebAuthn.enable", {"enableUI": False})
        return await cls.another(session, transport)

    @classmethod
    async def another(cls, session: CDPSession, transport: str) -> Self:
        options = {
            "protocol": "ctap2",
            "transport": transport,
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return cls(session, made["authenticatorId"])

    async def second(self, *, transport: str = "internal") -> "Key":
        """Return one more key of the same page."""
        return await Key.another(self.session, transport)

    async def put_away(self) -> None:
        """Nobody touches it until it is taken up again."""
        await self._set("AutomaticPresenceSimulation", enabled=False)

    async def take_up(self) -> None:
        await self._set("AutomaticPresenceSimulation", enabled=True)

    async def forget_pin(self) -> None:
        """Whoever holds it now is not its owner."""
        await self._set("UserVerified", isUserVerified=False)

    async def credentials(self) -> list[Credential]:
        found = await self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        kept: list[Credential] = found["credentials"]
        return kept

    async def copy_to(self, other: "Key", **changes: object) -> None:
        """The other key has the same credentials, as a copied one does."""
        for credential in await self.credentials():
            content = {"authenticatorId": other.id, "credential": {**credential, **changes}}
            await other.session.send("WebAuthn.addCredential", content)

    async def break_off(self) -> None:
        """It is gone."""
        at = {"authenticatorId": self.id}
        await self.session.send("WebAuthn.removeVirtualAuthenticator", at)

    async def _set(self, what: str, **how: bool) -> None:
        await self.session.send(f"WebAuthn.set{what}", {"authenticatorId": self.id, **how})


def factors(keys: Mapping[str, object]) -> dict[str, object]:
    totp, codes = {"issuer": "Shop"}, {"count": 10}
    return {"factors": {"totp": totp, "webauthn": keys, "backup_codes": codes}}


async def choose(person: Person) -> None:
    """Go from the account page to the page that sets a key up."""
    await person.press("Passkey or security key")
    await person.title("Add a sign-in method?")
    await person.answer(person.next_code())
    await person.title("Set up a passkey or security key")


async def set_up(person: Person, name: str = "") -> None:
    """Set up the key that is at hand; ends on the account page."""
    await choose(person)
    await person.page.get_by_label("Name").fill(name)
    await person.press("Set it up")
    await person.title("Your sign-in methods")


async def arrive_with_key(person: Person, user: str) -> None:
    """Set up the key that is at hand as the first method of somebody who was never here."""
    invitation = await person.world.invite(user)
    await person.sign_in(user)
    await person.title("Set up two-step sign-in")
    await person.page.get_by_label("Passkey or security key").check()
    await person.page.get_by_label("Invitation code").fill(invitation)
    await person.press("Continue")
    await person.title("Set up a passkey or security key")
    await person.press("Set it up")
    await person.title("Save your backup codes")


async def leave(person: Person) -> None:
    """The session is over; the browser is known and the application still knows who it is."""
    await person.context.clear_cookies(name="sidecar")


async def asked(person: Person, path: str = "/notes") -> None:
    await leave(person)
    await person.open(path)
    await person.title("Confirm it’s you")


async def turn_to_keys(person: Person) -> None:
    """Choose the key where the page asks for a code."""
    await asked(person)
    await person.page.get_by_role("link", name="Passkey or security key").click()
    await expect(person.page.get_by_role("button", name=USE)).to_be_visible()
