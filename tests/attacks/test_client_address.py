"""A visitor's address is what declared proxies say it is, and nobody else says anything."""

from pathlib import Path

import pytest

from tests.wire import tell
from tests.world import world

CHAINS = [
    ([], "127.0.0.1"),
    (["6.6.6.6"], "6.6.6.6"),
    (["1.1.1.1, 6.6.6.6"], "6.6.6.6"),
    (["1.1.1.1, 6.6.6.6, 10.1.2.3"], "6.6.6.6"),
    (["1.1.1.1", "6.6.6.6"], "6.6.6.6"),
    (["10.1.2.3, 10.1.2.4"], "10.1.2.3"),
    (["a"], "unknown"),
    ([""], "unknown"),
    (["6.6.6.6, a"], "unknown"),
    (["a, 6.6.6.6"], "6.6.6.6"),
    (["6.6.6.6, , 10.1.2.3"], "unknown"),
    (["6.6.6.6:443, 10.1.2.3"], "6.6.6.6"),
    (["[2001:db8::1]:443, 10.1.2.3"], "2001:db8::1"),
    (["[2001:db8::1"], "2001:db8::1"),
    (["6.6.6.6:1:2"], "unknown"),
    (["10.1.2.3:99999, 10.1.2.3"], "10.1.2.3"),
    (["6.6.6.6, ::ffff:10.1.2.3"], "6.6.6.6"),
    (["2001:db8::1"], "2001:db8::1"),
    (["::1, 2001:DB8:0::1"], "2001:db8::1"),
    ([", ".join(["6.6.6.6"] + ["10.1.2.3"] * 40)], "10.1.2.3"),
]
SPOOFED = ["X-Forwarded-For: 10.9.9.9", "X-Real-IP: 10.9.9.9", "Forwarded: for=10.9.9.9"]


@pytest.mark.threat(21, 22)
async def test_client_address_through_proxies(tmp_path: Path) -> None:
    """`X-Forwarded-For` through a declared proxy (THREATS 21, 22) shows the nearest stranger."""
    changes = {"listen": {"public": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1", "10.1.2.0/28"]}}
    async with world(tmp_path, changes=changes) as place:
        for chain, client in CHAINS:
            fields = [f"X-Forwarded-For: {element}" for element in chain]
            await tell(place, *fields, target="/open/x")
            assert (chain, place.application.seen[-1].all("X-Forwarded-For")) == (chain, [client])


@pytest.mark.threat(12, 20)
async def test_client_address_from_strangers(tmp_path: Path) -> None:
    """Forwarded addresses from an undeclared peer (THREATS 12, 20) show that nobody reads them."""
    near = {"name": "near", "path": "/near/**", "from": ["10.0.0.0/8"], "level": "bypass"}
    rules = {"policy": {"default": "two_factor", "rules": [near]}}
    async with world(tmp_path, changes=rules) as place:
        for fields in (SPOOFED, SPOOFED[:1] * 2, ["X-Forwarded-For: a"], []):
            assert (await tell(place, *fields, target="/near/x")).status == 401
        assert place.application.reached == []


async def test_network_rule_behind_a_proxy(tmp_path: Path) -> None:
    """A rule for the own network shows that only the proxy's word decides who is in it."""
    near = {"name": "near", "path": "/near/**", "from": ["10.0.0.0/8"], "level": "bypass"}
    changes = {
        "policy": {"default": "two_factor", "rules": [near]},
        "listen": {"public": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"]},
    }
    async with world(tmp_path, changes=changes) as place:
        for chain, status in (
            ("10.2.3.4", 200),
            ("6.6.6.6, 10.2.3.4", 200),
            ("10.2.3.4, 6.6.6.6", 401),
            ("a", 401),
            ("10.2.3.4, a", 401),
            ("6.6.6.6:1, 10.2.3.4:1", 200),
            ("10.2.3.4, 6.6.6.6:80", 401),
            ("", 401),
        ):
            answer = await tell(place, f"X-Forwarded-For: {chain}", target="/near/x")
            assert (chain, answer.status) == (chain, status)
