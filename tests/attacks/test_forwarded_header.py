"""A header that names a person counts only from the peers that the configuration names."""

from pathlib import Path
from typing import Any

import pytest

from sidecar.settings.faults import ConfigError
from tests.wire import tell
from tests.world import World, world

NAME = "X-SSO-User"
SECRET = "c2VjcmV0LW9mLXRoZS1wcm94eQ"


def believing(**options: object) -> dict[str, Any]:
    source = {"plugin": "forwarded_header", "header": NAME, **options}
    return {"identity": {"sso": source}, "unidentified": "refuse", "login": {}}


async def who(place: World, *fields: str) -> tuple[int, list[str]]:
    """Return the status under a one-factor rule, and whom the application was told of."""
    place.application.seen.clear()
    answer = await tell(place, *fields, target="/easy/x")
    told = [one.all("X-Sidecar-Subject") for one in place.application.seen]
    return answer.status, told[0] if told else []


@pytest.mark.threat(20)
async def test_from_strangers(tmp_path: Path) -> None:
    """The header from a peer that is not named (THREATS 20) shows nobody, whatever else is said."""
    async with world(tmp_path, changes=believing(**{"from": ["10.1.2.0/28"]})) as place:
        for spoof in ((), ("X-Forwarded-For: 10.1.2.3",), ("Forwarded: for=10.1.2.3",)):
            assert await who(place, f"{NAME}: ada", *spoof) == (401, [])
        assert place.application.seen == []


async def test_trusted_proxies_are_not_believed(tmp_path: Path) -> None:
    """A proxy trusted with addresses shows that it is not thereby trusted with names."""
    changes = {
        **believing(**{"from": ["10.1.2.3"]}),
        "listen": {"public": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"]},
    }
    async with world(tmp_path, changes=changes) as place:
        assert await who(place, f"{NAME}: ada", "X-Forwarded-For: 10.1.2.3") == (401, [])


async def test_from_the_proxy(tmp_path: Path) -> None:
    """The header from the named peer shows the person, and that it goes no further itself."""
    async with world(tmp_path, changes=believing(**{"from": ["127.0.0.1/32"]})) as place:
        assert await who(place, f"{NAME}: ada") == (200, ["ada"])
        seen = place.application.seen[-1]
        assert seen.all(NAME) == []
        assert await who(place, f"{NAME.lower()}: ada", "X_SSO_User: grace") == (200, ["ada"])
        assert "grace" not in str(place.application.seen)
        for nobody in ((f"{NAME}:",), ("X_SSO_User: ada",), ("X.SSO.User: ada",), ()):
            assert await who(place, *nobody) == (401, [])
        for doubled in ((f"{NAME}: ada", f"{NAME}: grace"), (f"{NAME}: ada", "x-sso-USER: ada")):
            assert await who(place, *doubled) == (400, [])
        for odd in (f"{NAME}: \xff\xfe", f"{NAME}: ada\x7f"):
            status, told = await who(place, odd)
            assert (odd, status in {400, 503}, told) == (odd, True, [])
        assert await who(place, f"{NAME}: ada", f"Connection: {NAME}") == (401, [])
        await tell(place, f"{NAME}: ada", target="/open/x")
        assert place.application.seen[-1].all(NAME) == []


async def test_wide_lists_need_a_secret(tmp_path: Path) -> None:
    """A wide list shows that the secret decides, and that it never reaches the application."""
    secret = {"header": "X-Proxy-Secret", "value": SECRET}
    changes = believing(**{"from": ["127.0.0.0/8"], "secret": secret})
    async with world(tmp_path, changes=changes) as place:
        right = f"X-Proxy-Secret: {SECRET}"
        assert await who(place, f"{NAME}: ada", right) == (200, ["ada"])
        assert SECRET not in str(place.application.seen)
        for wrong in ("", SECRET[:-1], SECRET + "x", SECRET.swapcase(), f'"{SECRET}"', "\xff"):
            assert await who(place, f"{NAME}: ada", f"X-Proxy-Secret: {wrong}") == (401, [])
        assert await who(place, f"{NAME}: ada") == (401, [])
        assert await who(place, f"{NAME}: ada", f"X_Proxy_Secret: {SECRET}") == (401, [])
        assert await who(place, f"{NAME}: ada", right, right) == (400, [])


@pytest.mark.threat(12)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"from": []},
        {"from": ["0.0.0.0/0"]},
        {"from": ["10.0.0.0/8"]},
        {"from": ["10.0.0.0/28", "10.0.0.16/28"]},
        {"from": ["::/0"]},
        {"from": ["everywhere"]},
    ],
)
async def test_no_list_and_too_wide_a_list(tmp_path: Path, options: dict[str, Any]) -> None:
    """No list, and a wide one without secret (THREATS 12), show that nothing starts."""
    with pytest.raises(ConfigError):
        async with world(tmp_path, changes=believing(**options)):
            pass
