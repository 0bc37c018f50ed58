"""How Vault is shown who we are."""

from pathlib import Path

import pytest
import yaml

from tests.unit.settings import build
from tests.unit.settings.key_sources.opened import DRAWN, opened, refused
from tests.unit.settings.key_sources.test_vault import a_vault
from tests.vendors.peer import Mishap, answer
from tests.vendors.vault import JWT, LENT, ROLE, ROLE_ID, SECRET_ID

Auth = dict[str, dict[str, str]]


def by(method: str, folder: Path) -> Auth:
    (folder / "jwt").write_text(JWT)
    known: Auth = {
        "kubernetes": {"role": ROLE, "token_file": str(folder / "jwt")},
        "approle": {"role_id": ROLE_ID, "secret_id": SECRET_ID},
    }
    return {method: known[method]}


@pytest.mark.parametrize("method", ["kubernetes", "approle"])
@pytest.mark.parametrize("revocable", [True, False])
async def test_a_login_lends_a_token(tmp_path: Path, method: str, *, revocable: bool) -> None:
    """Both methods show the key, and that nothing of the login is left where it can be revoked."""
    async with a_vault() as vault:
        vault.server.revocable = revocable
        assert await opened(vault.secret(auth=by(method, tmp_path))) == DRAWN
        assert vault.server.revoked == ([LENT] if revocable else [])
        assert [heard.target.rsplit("/", 1)[1] for heard in vault.peer.heard] == [
            *("login", "sidecar", "revoke-self")
        ]


async def test_a_token_is_given_back_where_it_was_of_no_use(tmp_path: Path) -> None:
    """A login whose secret may not be read shows that its token is revoked as well."""
    async with a_vault() as vault:
        told = await refused(vault.secret(path="other", auth=by("approle", tmp_path)))
        assert "Vault does not let us read secret/data/other" in told
        assert vault.server.revoked == [LENT]


async def test_a_token_of_somebody_is_left_alone() -> None:
    """A token that existed before shows that it is not revoked."""
    async with a_vault() as vault:
        await opened(vault.secret())
        assert vault.server.revoked == []


async def test_a_broken_farewell_is_no_fault(tmp_path: Path) -> None:
    """A Vault that hangs up when the token is revoked shows that the key is there all the same."""
    async with a_vault() as vault:
        server = vault.peer.answers

        def answers(heard: object) -> bytes:
            if len(vault.peer.heard) == 2:
                vault.peer.next_up.append(Mishap.HANG_UP)
            return server(heard)  # type: ignore[arg-type]

        vault.peer.answers = answers
        assert await opened(vault.secret(auth=by("approle", tmp_path))) == DRAWN
        assert len(vault.peer.heard) == 3


@pytest.mark.parametrize("method", ["kubernetes", "approle"])
async def test_a_refused_login_is_told(tmp_path: Path, method: str) -> None:
    """Roles and secret ids that Vault does not know show the fault, and neither of them."""
    auth = by(method, tmp_path)
    auth[method].update({"kubernetes": {"role": "no"}, "approle": {"secret_id": "n0"}}[method])
    async with a_vault() as vault:
        told = await refused(vault.secret(auth=auth))
        assert told == (
            f"keys[0].from.vault: Vault refused the login by {method} (status 400) "
            "(the role, its service accounts or secret ids, and the namespace decide)"
        )
        auth[method]["mount"] = "elsewhere/too"
        told = await refused(vault.secret(auth=auth))
        assert "Vault does not let us" not in told
        assert "Vault refused the login by elsewhere/too (status 403)" in told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (answer(404), "Vault has no auth method at approle"),
        (answer(500), "Vault answered the login by approle with status 500, no token"),
        (answer(200, "{}"), "Vault answered the login by approle with status 200, no token"),
        (answer(200, '{"auth": {"client_token": 5}}'), "with status 200, no token"),
        (answer(200, '{"auth": null}'), "with status 200, no token"),
        (answer(307, "", "Location: /"), "sends us elsewhere (status 307)"),
    ],
)
async def test_an_odd_login_is_told(tmp_path: Path, said: bytes, told: str) -> None:
    """Logins without a token show what came instead, and that no secret was asked for."""
    async with a_vault() as vault:
        vault.peer.next_up.append(said)
        assert told in await refused(vault.secret(auth=by("approle", tmp_path)))
        assert len(vault.peer.heard) == 1


async def test_a_pod_has_its_token(tmp_path: Path) -> None:
    """A service account without a token shows that Vault is not asked."""
    async with a_vault() as vault:
        auth = {"kubernetes": {"role": ROLE, "token_file": str(tmp_path / "none")}}
        assert "none cannot be read: No such file" in await refused(vault.secret(auth=auth))
        assert vault.peer.heard == []


@pytest.mark.parametrize(
    "auth", [{}, {"token": "x", "approle": {"role_id": "a", "secret_id": "b"}}]
)
def test_there_is_one_way_in(auth: dict[str, object]) -> None:
    """None and several ways to log in show a fault."""
    place = {"address": "https://v", "path": "a", "field": "key", "auth": auth}
    assert build.faults(keys=[{"id": "k", "from": {"vault": place}}]) == [
        "keys[0].from.vault.auth: exactly one of token, kubernetes and approle is needed"
    ]


def test_what_opens_a_vault_is_not_shown() -> None:
    """The text of the settings shows neither token nor secret id."""
    ways = ({"token": "hidden-1"}, {"approle": {"role_id": "a", "secret_id": "hidden-2"}})
    for way in ways:
        place = {"address": "https://v", "path": "a", "field": "k", "auth": way}
        whole = {**build.RIGHT, "keys": [{"id": "k", "from": {"vault": place}}]}
        text = repr(build.load_text(yaml.safe_dump(whole), secrets=False))
        assert "https://v" in text
        assert "hidden" not in text
