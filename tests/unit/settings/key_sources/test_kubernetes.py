"""A root key in a Secret of the cluster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.certificates import self_signed
from tests.unit.settings.key_sources.opened import DRAWN, EVER, SOON, TEXT, opened, passes, refused
from tests.vendors import kubernetes
from tests.vendors.kubernetes import SPACE, ApiServer, account
from tests.vendors.names import server_tls
from tests.vendors.peer import Mishap, Peer, answer, listening


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod in a cluster, as the process in it sees it."""

    server: ApiServer
    peer: Peer
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(self.peer.port),
        }

    async def opened(self, **part: str) -> bytes:
        return await opened(self._source(part), self.env)

    async def refused(self, **part: str) -> str:
        return await refused(self._source(part), self.env)

    def _source(self, part: dict[str, str]) -> dict[str, object]:
        usual = {"secret": "keys", "key": "k1", "account": str(self.folder), "timeout": EVER}
        return {"kubernetes": {**usual, **part}}


@asynccontextmanager
async def in_a_pod(folder: Path) -> AsyncIterator[Pod]:
    certificate = self_signed(folder)
    secrets = {
        (SPACE, "keys"): {"k1": TEXT.encode(), "raw": DRAWN, "short": b"short", "0": b""},
        ("vaults", "keys"): {"k1": DRAWN[::-1]},
    }
    server = ApiServer(secrets, {*secrets, (SPACE, "gone")})
    async with listening(server, tls=server_tls(certificate)) as peer:
        yield Pod(server, peer, account(folder / "account", certificate))


async def test_a_key_lies_in_a_secret(tmp_path: Path) -> None:
    """An entry of a Secret, as text and as bytes, here and in another namespace, shows the key."""
    async with in_a_pod(tmp_path) as pod:
        assert await pod.opened() == DRAWN
        assert await pod.opened(key="raw") == DRAWN
        assert await pod.opened(namespace="vaults") == DRAWN[::-1]
        assert [heard.target for heard in pod.peer.heard] == [
            "/api/v1/namespaces/shop/secrets/keys",
            "/api/v1/namespaces/shop/secrets/keys",
            "/api/v1/namespaces/vaults/secrets/keys",
        ]


ROLE = (
    "a Role has to allow it: {apiGroups: [''], resources: [secrets], resourceNames: [other], "
    "verbs: [get]}"
)
WRAP = "make one with: sidecar keys wrap kubernetes"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            {"secret": "other"},
            f"the service account may not get the Secret other in shop ({ROLE})",
        ),
        ({"secret": "gone"}, f"there is no Secret gone in the namespace shop ({WRAP})"),
        ({"key": "k2"}, f"the Secret keys has no entry k2 ({WRAP})"),
        ({"key": "short"}, f"the key is no base64 ({WRAP})"),
        ({"key": "0"}, f"the key has 0 bytes, 32 are needed ({WRAP})"),
    ],
)
async def test_what_the_cluster_does_not_give_is_told(
    tmp_path: Path, part: dict[str, str], said: str
) -> None:
    """Secrets that may not be got, are not there or are no key show which, and what to do."""
    async with in_a_pod(tmp_path) as pod:
        assert await pod.refused(**part) == f"keys[0].from.kubernetes: {said}"


@pytest.mark.parametrize(
    ("becomes", "said"),
    [
        (answer(500), "the API server answered with status 500"),
        (answer(200, "{}"), "the Secret keys has no entry k1"),
        (answer(200, '{"data": {"k1": 5}}'), "the API server answered no base64 where the key"),
        (answer(200, '{"data": {"k1": "?"}}'), "the API server answered no base64 where the key"),
        (answer(302, "", "Location: /"), "the API server sends us elsewhere (status 302)"),
        (Mishap.HANG_UP, "the API server cannot be reached: "),
        (Mishap.DRIP, "there was no answer within 200ms"),
    ],
)
async def test_what_is_no_answer_of_the_cluster_is_told(
    tmp_path: Path, becomes: Mishap | bytes, said: str
) -> None:
    """Whatever else an API server says, or does not say, shows a fault, in time."""
    async with in_a_pod(tmp_path) as pod:
        pod.peer.next_up.append(becomes)
        hasty = {"timeout": SOON} if becomes is Mishap.DRIP else {}
        assert (await pod.refused(**hasty)).startswith(f"keys[0].from.kubernetes: {said}")


async def test_the_account_is_the_pods(tmp_path: Path) -> None:
    """A token that the cluster does not know, no token, no variables and another cluster's
    authority show each fault.
    """
    async with in_a_pod(tmp_path) as pod:
        (pod.folder / "token").write_text("another")
        assert "the API server does not know the token" in await pod.refused()
        (pod.folder / "token").unlink()
        assert "account/token cannot be read: No such file" in await pod.refused()
        account(pod.folder, self_signed(tmp_path, name="other"))
        assert "the certificate of the API server is not trusted" in await pod.refused()
        account(pod.folder, tmp_path / "test.pem")
        pod.peer.next_up += [answer(500), answer(401)]
        whole = {"secret": "keys", "key": "k1", "account": str(pod.folder), "timeout": EVER}
        part = {"kubernetes": whole}
        assert [await passes(part, pod.env) for _ in range(2)] == [True, False]
        said = "environment variable KUBERNETES_SERVICE_HOST is not set"
        assert said in await refused(part, {})


async def test_a_cluster_has_addresses_of_both_kinds(tmp_path: Path) -> None:
    """An IPv6 address of the API server shows that it is asked, not misread."""
    async with in_a_pod(tmp_path) as pod:
        part = {"kubernetes": {"secret": "keys", "key": "k1", "account": str(pod.folder)}}
        env = {"KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": str(pod.peer.port)}
        assert "the API server cannot be reached: " in await refused(part, env)


@pytest.mark.parametrize("name", ["../pods", "Keys", "a/b", "", "-a"])
async def test_names_are_names_of_the_cluster(name: str) -> None:
    """Names that would lead elsewhere show a fault at the name."""
    told = await refused({"kubernetes": {"secret": name, "key": "k1"}})
    assert told.startswith("keys[0].from.kubernetes.secret: must match ")
    assert kubernetes.TOKEN not in told
