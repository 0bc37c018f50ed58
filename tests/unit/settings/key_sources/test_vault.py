"""Root keys in Vault: kept by the key-value engine, or wrapped by transit."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.unit.settings.key_sources.opened import DRAWN, EVER, SOON, TEXT, opened, passes, refused
from tests.vendors.names import server_tls
from tests.vendors.peer import Mishap, Peer, answer, listening
from tests.vendors.vault import TOKEN, VaultServer

WRAPPED = "vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w=="
TWICE = "vault:v3:AAAA"
OPENED = base64.b64encode(DRAWN).decode()


def two(field: str, value: object) -> dict[str, object]:
    """What version 2 of the engine says of a secret."""
    return {"data": {field: value}, "metadata": {"version": 1}}


@dataclass(frozen=True, slots=True)
class Place:
    """A Vault that holds keys, and the part of a configuration that asks it."""

    server: VaultServer
    peer: Peer

    def secret(self, **part: object) -> dict[str, object]:
        usual = {"address": self.peer.url, "timeout": EVER, "path": "shop/sidecar", "field": "k1"}
        return {"vault": {**usual, "auth": {"token": TOKEN}, **part}}

    def transit(self, **part: object) -> dict[str, object]:
        usual = {"address": self.peer.url, "timeout": EVER, "key": "sidecar"}
        return {"vault_transit": {**usual, "ciphertext": WRAPPED, "auth": {"token": TOKEN}, **part}}


@asynccontextmanager
async def a_vault(certificate: Path | None = None) -> AsyncIterator[Place]:
    kept: dict[str, dict[str, object]] = {
        "secret/data/shop/sidecar": two("k1", TEXT),
        "team/kv/data/a b/ü": two("k1", TEXT),
        "old/shop/sidecar": {"k1": TEXT},
        "secret/data/typed": two("k1", "correct horse battery staple"),
        "secret/data/number": two("k1", 5),
        "secret/data/deleted": {"data": None, "metadata": {"deletion_time": "2026-06-01"}},
    }
    wrapped: dict[tuple[str, object], str] = {
        ("transit/decrypt/sidecar", WRAPPED): OPENED,
        ("transit/decrypt/sidecar", TWICE): base64.b64encode(TEXT.encode()).decode(),
        ("transit/decrypt/sidecar", "vault:v1:bbbb"): base64.b64encode(DRAWN[:16]).decode(),
    }
    quoted = {"team/kv/data/a%20b/%C3%BC": kept["team/kv/data/a b/ü"]}
    server = VaultServer({**kept, **quoted}, wrapped)
    server.allowed = {*server.kept, "transit/decrypt/sidecar", "secret/data/nothing"}
    tls = None if certificate is None else server_tls(certificate)
    async with listening(server, tls=tls) as peer:
        yield Place(server, peer)


async def test_a_key_is_kept_by_the_key_value_engine() -> None:
    """Both versions of the engine, and mounts and paths of many kinds, show the key."""
    async with a_vault() as vault:
        assert await opened(vault.secret()) == DRAWN
        assert await opened(vault.secret(engine=1, mount="old")) == DRAWN
        assert await opened(vault.secret(mount="team/kv", path="a b/ü")) == DRAWN


@pytest.mark.conforms("ASVS-13.3.1")
async def test_a_key_is_wrapped_by_transit() -> None:
    """A wrapped data key, and the wrapped text of one, show the key."""
    async with a_vault() as vault:
        assert await opened(vault.transit()) == DRAWN
        assert await opened(vault.transit(ciphertext=TWICE)) == DRAWN


async def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    """A token that an agent wrote, with a line end, shows that it opens."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    async with a_vault() as vault:
        assert await opened(vault.secret(auth={"token": f"file:{tmp_path}/token"})) == DRAWN


async def test_a_vault_proves_itself_and_has_namespaces(tmp_path: Path) -> None:
    """TLS by an authority of a file, and a namespace, show the key; without them there is none."""
    certificate = self_signed(tmp_path)
    async with a_vault(certificate) as vault:
        vault.server.namespace = "team-a"
        whole = vault.secret(ca_file=str(certificate), namespace="team-a")
        assert await opened(whole) == DRAWN
        assert "Vault has nothing at" in await refused(vault.secret(ca_file=str(certificate)))
        told = await refused(vault.secret(namespace="team-a"))
        assert f"the certificate of Vault at {vault.peer.url} is not trusted" in told
        told = await refused(vault.secret(ca_file="/nowhere/ca.pem"))
        assert "/nowhere/ca.pem do not load: No such file or directory" in told


WRAP = "make one with: sidecar keys wrap vault"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            {"path": "other"},
            (
                "Vault does not let us read secret/data/other (a policy has to allow it: "
                'path "secret/data/other" { capabilities = ["read"] })'
            ),
        ),
        (
            {"path": "nothing"},
            (
                "Vault has nothing at secret/data/nothing (`path` is without `mount` and without "
                "data/; `engine: 2` is the version)"
            ),
        ),
        (
            {"path": "deleted"},
            f"the secret secret/data/deleted has no field 'k1' that is text ({WRAP})",
        ),
        (
            {"path": "number"},
            f"the secret secret/data/number has no field 'k1' that is text ({WRAP})",
        ),
        ({"path": "typed"}, f"the key is no base64 ({WRAP})"),
        (
            {"auth": {"token": "expired"}},
            (
                "Vault does not let us read secret/data/shop/sidecar (a policy has to allow it: "
                'path "secret/data/shop/sidecar" { capabilities = ["read"] })'
            ),
        ),
    ],
)
async def test_what_the_engine_does_not_give_is_told(part: Mapping[str, object], said: str) -> None:
    """Secrets that may not be read, are not there or are no key show which, and what to do."""
    async with a_vault() as vault:
        assert await refused(vault.secret(**part)) == f"keys[0].from.vault: {said}"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            {"key": "other"},
            (
                "Vault does not let us use transit/decrypt/other (a policy has to allow it: "
                'path "transit/decrypt/other" { capabilities = ["update"] })'
            ),
        ),
        (
            {"ciphertext": "vault:v1:cccc"},
            (
                "Vault cannot open the ciphertext (it was made by another key than sidecar, or is "
                "not whole)"
            ),
        ),
        (
            {"ciphertext": "vault:v1:bbbb"},
            f"the key has 16 bytes, 32 are needed ({WRAP}_transit)",
        ),
    ],
)
async def test_what_transit_does_not_open_is_told(part: Mapping[str, object], said: str) -> None:
    """Keys that may not be used, and ciphertexts of others, show which, and what to do."""
    async with a_vault() as vault:
        assert await refused(vault.transit(**part)) == f"keys[0].from.vault_transit: {said}"


ODD = answer(200, json.dumps({"data": {"plaintext": 5}}))


@pytest.mark.parametrize(
    ("becomes", "said"),
    [
        (answer(503), "is sealed, or stands by (status 503)"),
        (answer(429), "is sealed, or stands by (status 429)"),
        (answer(500), "Vault answered transit/decrypt/sidecar with status 500"),
        (answer(404), "Vault has nothing at transit/decrypt/sidecar (`mount` and `key` name it)"),
        (answer(204), "Vault answered transit/decrypt/sidecar with status 204"),
        (answer(200, "{}"), "Vault answered no base64 where the key should be"),
        (ODD, "Vault answered no base64 where the key should be"),
        (answer(307, "", "Location: https://leader/"), "sends us elsewhere (status 307)"),
        (Mishap.HANG_UP, "cannot be reached: Connection reset by peer"),
        (Mishap.SILENCE, "there was no answer within 200ms"),
    ],
)
async def test_what_is_no_answer_of_a_vault_is_told(becomes: Mishap | bytes, said: str) -> None:
    """Whatever else a Vault says, or does not say, shows a fault, in time."""
    async with a_vault() as vault:
        vault.peer.next_up.append(becomes)
        hasty = {"timeout": SOON} if becomes is Mishap.SILENCE else {}
        assert said in await refused(vault.transit(**hasty))


@pytest.mark.parametrize(
    ("becomes", "is_passing"),
    [
        (answer(503), True),
        (answer(429), True),
        (answer(500), True),
        (Mishap.HANG_UP, True),
        (Mishap.CUT, True),
        (answer(400), False),
        (answer(200, "{}"), False),
        (answer(302), False),
    ],
)
async def test_what_may_pass_is_told_apart(becomes: Mishap | bytes, *, is_passing: bool) -> None:
    """A Vault that is sealed, broken or gone shows that another start may help; one that refuses
    or answers nonsense, that it will not.
    """
    async with a_vault() as vault:
        vault.peer.next_up.append(becomes)
        assert await passes(vault.transit()) is is_passing
        vault.peer.next_up.append(becomes)
        login = {"approle": {"role_id": "a", "secret_id": "b"}}
        assert await passes(vault.transit(auth=login)) is is_passing
