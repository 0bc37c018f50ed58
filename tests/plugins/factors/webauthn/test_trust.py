"""Twin of plugins/factors/webauthn/_trust.py."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from plugins.factors.webauthn._trust import RS1
from sidecar.conformance.softkey import SoftKey
from sidecar.core.model import Enrolled, PublicKey, Rejected
from tests.plugins.factors.keys import Owner, webauthn
from tests.plugins.factors.maker import MODEL, Maker, Service

MAKER, SERVICE = Maker(), Service()
UNSUITABLE = Rejected("unsuitable", over=True)


@dataclass
class Counter:
    """Somebody who makes keys at a place with a policy about makes."""

    owner: Owner

    async def made(self, maker: Maker = MAKER, **lies: Any) -> Enrolled | Rejected:  # noqa: ANN401 - `Manner`
        started = await self.owner.to_enroll()
        response = maker.create(SoftKey(), started.prompt, **lies)
        return await self.owner.finish(started, response)

    async def plain(self, **lies: Any) -> Enrolled | Rejected:  # noqa: ANN401 - `Manner`
        return await self.owner.offer(SoftKey(), **lies)


def counter(folder: Path, attestation: str, *statuses: str) -> Counter:
    files = SERVICE.write(folder, MAKER.entry(*statuses))
    return Counter(Owner(webauthn(attestation=attestation, **files)))


def told(outcome: Enrolled | Rejected) -> tuple[str, object, object]:
    assert isinstance(outcome, Enrolled), outcome
    assert isinstance(outcome.material, PublicKey)
    return outcome.detail, outcome.material.state["format"], outcome.material.state["trusted"]


@pytest.mark.conforms("WEBAUTHN-7.1-ATTESTATION")
async def test_a_maker_vouches_for_its_keys(tmp_path: Path) -> None:
    """With `direct`, a key shows its model, and that its maker's root stands behind it."""
    for attestation in ("direct", "enterprise", "indirect"):
        place = counter(tmp_path, attestation)
        assert told(await place.made()) == ("Harbour Key 1", "packed", True)


@pytest.mark.conforms("WEBAUTHN-7.1-ATTESTATION")
async def test_trust_is_demanded_where_it_is_asked_for(tmp_path: Path) -> None:
    """With `direct`, keys without maker, of unknown makers and self-signed ones show a refusal."""
    place = counter(tmp_path, "direct")
    assert await place.plain() == UNSUITABLE
    assert await place.plain(aaguid=MODEL) == UNSUITABLE
    assert await place.plain(aaguid=MODEL, format="unheard-of") == UNSUITABLE
    assert await place.made(Maker()) == UNSUITABLE
    assert await place.made(Maker(b"\5" * 16)) == UNSUITABLE
    late = replace(place.owner.context, now=place.owner.context.now.replace(year=2045))
    started = await place.owner.to_enroll()
    response = MAKER.create(SoftKey(), started.prompt)
    finish = place.owner.factor.finish_enrollment
    assert await finish(late, started.state, response) == UNSUITABLE


async def test_nothing_is_demanded_where_nothing_is_asked(tmp_path: Path) -> None:
    """With `none` a statement shows that it is not read, and with `indirect` that it may lack."""
    plain = Counter(Owner(webauthn()))
    assert told(await plain.made(statement={"sig": b"forged"})) == ("", "packed", False)
    assert told(await plain.plain()) == ("", "none", False)
    indirect = counter(tmp_path, "indirect")
    assert told(await indirect.plain()) == ("", "none", False)
    assert told(await indirect.made(Maker(b"\5" * 16))) == ("", "packed", False)
    assert told(await indirect.plain(format="unheard-of")) == ("", "unheard-of", False)
    named = counter(tmp_path, "none")
    assert told(await named.plain(aaguid=MODEL)) == ("Harbour Key 1", "none", False)


@pytest.mark.conforms("NIST-ATT-1", "WEBAUTHN-7.1-ATTESTATION")
@pytest.mark.parametrize("attestation", ["direct", "indirect"])
@pytest.mark.parametrize(
    "lies",
    [
        {"statement": {"sig": b"forged"}},
        {"statement": {"alg": -257}},
        {"statement": {"alg": RS1}},
        {"statement": {"x5c": [b"noise"]}},
        {"statement": {"x5c": [MAKER.root.der]}},
        {"statement": {"x5c": [MAKER.batch.der] * 9}},
        {"statement": {"x5c": 5}},
        {"statement": {"ecdaaKeyId": b"x"}},
        {"aaguid": b"\6" * 16},
        {"format": "fido-u2f"},
        {"format": "tpm"},
        {"format": "apple"},
        {"format": "none"},
    ],
    ids=lambda _: "",  # what a statement holds is new in each process
)
async def test_a_false_statement_is_refused(
    tmp_path: Path, attestation: str, lies: dict[str, Any]
) -> None:
    """A statement that is read and false shows that the key is refused, wanted or not."""
    assert await counter(tmp_path, attestation).made(**lies) == UNSUITABLE


@pytest.mark.parametrize("attestation", ["none", "indirect", "direct"])
async def test_a_broken_model_is_refused(tmp_path: Path, attestation: str) -> None:
    """A model whose keys leak shows that none of them is set up, whatever is asked for."""
    place = counter(tmp_path, attestation, "FIDO_CERTIFIED", "USER_KEY_REMOTE_COMPROMISE")
    assert await place.made() == UNSUITABLE
