"""Root keys at Amazon."""

import base64
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from botocore import loaders

from tests.tools.ports import refusing
from tests.unit.settings.key_sources.opened import DRAWN, EVER, SOON, TEXT, opened, passes, refused
from tests.vendors.aws import AwsServer, problem, told
from tests.vendors.peer import Mishap, Peer, answer, listening
from tests.vendors.sigv4 import ACCESS_KEY, REGION, SECRET_KEY

BLOB = base64.b64encode(b"a ciphertext of KMS").decode()
OTHER = base64.b64encode(b"of the text of a key").decode()
SHORT = base64.b64encode(b"of half a key").decode()
REALM = {"realm": "shop"}
LOADER = loaders.create_loader()


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of whoever may ask, and nothing of this machine's.

    What Amazon's services are like is read once for the file, and not for each test.
    """
    monkeypatch.setattr(loaders, "create_loader", lambda _paths=None: LOADER)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@asynccontextmanager
async def amazon(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Peer]:
    plain = {
        (BLOB, "{}"): DRAWN,
        (OTHER, json.dumps(REALM)): TEXT.encode(),
        (SHORT, "{}"): b"x" * 9,
    }
    secrets: dict[tuple[str, str], dict[str, object]] = {
        ("keys", "AWSCURRENT"): {"SecretString": TEXT},
        ("keys", "AWSPREVIOUS"): {"SecretString": base64.b64encode(DRAWN[::-1]).decode()},
        ("fields", "AWSCURRENT"): {"SecretString": json.dumps({"k1": TEXT})},
        ("bytes", "AWSCURRENT"): {"SecretBinary": base64.b64encode(DRAWN).decode()},
        ("nothing", "AWSCURRENT"): {},
    }
    async with listening(AwsServer(plain, secrets)) as peer:
        monkeypatch.setenv("AWS_ENDPOINT_URL", peer.url)
        yield peer


def kms(ciphertext: str = BLOB, **part: object) -> dict[str, object]:
    return {"aws_kms": {"ciphertext": ciphertext, "timeout": EVER, **part}}


def secret(name: str, **part: object) -> dict[str, object]:
    return {"aws_secret": {"id": name, "timeout": EVER, **part}}


@pytest.mark.conforms("ASVS-13.3.1")
@pytest.mark.parametrize(
    "source",
    [
        kms(),
        kms(key="alias/sidecar", region=REGION),
        kms(OTHER, context=REALM),
        secret("keys"),
        secret("fields", field="k1"),
        secret("bytes"),
    ],
)
async def test_a_key_is_at_amazon(
    monkeypatch: pytest.MonkeyPatch, source: Mapping[str, object]
) -> None:
    """Data keys and secrets of every form show the key, by requests that are signed."""
    async with amazon(monkeypatch):
        assert await opened(source) == DRAWN


async def test_a_version_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A staging label shows the key of that version."""
    async with amazon(monkeypatch):
        assert await opened(secret("keys", stage="AWSPREVIOUS")) == DRAWN[::-1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            kms(OTHER),
            (
                "kms:Decrypt was refused: InvalidCiphertextException (the ciphertext is not whole, "
                "of another region, or `context` is another one than it was made with)"
            ),
        ),
        (
            kms(key="alias/other"),
            (
                "kms:Decrypt was refused: IncorrectKeyException (another KMS key than `key` made "
                "the ciphertext)"
            ),
        ),
        (kms(SHORT), "the key is no base64 (make one with: sidecar keys wrap aws_kms)"),
        (
            secret("gone"),
            (
                "secretsmanager:GetSecretValue was refused: ResourceNotFoundException (`region` "
                "and `id` say where it is; a new secret has no value)"
            ),
        ),
        (
            secret("fields"),
            "the key is no base64 (make one with: sidecar keys wrap aws_secret)",
        ),
        (
            secret("keys", field="k1"),
            "the secret is no JSON object (leave `field` out where it is the key alone)",
        ),
        (
            secret("bytes", field="k1"),
            "the secret is binary and has no fields (leave `field` out)",
        ),
        (
            secret("nothing"),
            "Secrets Manager answered no value: something else listens there",
        ),
        (
            kms(region="us-east-1"),
            (
                "kms:Decrypt was refused: InvalidSignatureException (the secret access key is "
                "wrong, or the clock)"
            ),
        ),
    ],
)
async def test_what_amazon_does_not_give_is_told(
    monkeypatch: pytest.MonkeyPatch, source: Mapping[str, object], said: str
) -> None:
    """Ciphertexts of others and secrets that are not there show which, and what to do."""
    async with amazon(monkeypatch):
        (kind,) = source
        assert await refused(source) == f"keys[0].from.{kind}: {said}"


@pytest.mark.parametrize(
    ("becomes", "said"),
    [
        (
            problem("AccessDeniedException"),
            (
                "kms:Decrypt was refused: AccessDeniedException (the policy of the role needs "
                "kms:Decrypt)"
            ),
        ),
        (problem("what is this?"), "kms:Decrypt answered an error of no known form"),
        (answer(403, "<html>"), "kms:Decrypt was refused: 403"),
        (answer(302, "", "Location: https://elsewhere/"), "kms:Decrypt was refused: 302"),
        (answer(200, "<html>"), "KMS answered without a plaintext: something else listens there"),
        (told({}), "KMS answered without a plaintext: something else listens there"),
        (Mishap.DRIP, "there was no answer within 200ms"),
    ],
)
async def test_what_is_no_answer_of_amazon_is_told(
    monkeypatch: pytest.MonkeyPatch, becomes: Mishap | bytes, said: str
) -> None:
    """Whatever else Amazon says, or does not say, shows a fault, in time."""
    async with amazon(monkeypatch) as peer:
        peer.next_up.append(becomes)
        hasty = {"timeout": SOON} if becomes is Mishap.DRIP else {}
        assert said in await refused(kms(**hasty))


async def test_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint where nobody listens, no region and no credentials show each fault."""
    with refusing() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        assert "kms cannot be asked: EndpointConnectionError" in await refused(kms())
        assert await passes(kms())
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "there are no credentials for kms (PartialCredentialsError)" in await refused(kms())
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "there are no credentials for kms (NoCredentialsError)" in await refused(kms())
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "no region for kms (write `region`, or set AWS_REGION)" in await refused(kms())


async def test_the_package_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sidecar without the extra shows how it is installed."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert await refused(kms()) == (
        'keys[0].from.aws_kms: the package boto3 is not installed (pip install "sidecar[aws]")'
    )


async def test_a_ciphertext_is_base64() -> None:
    """A ciphertext that was copied in another form shows a fault at once."""
    told = await refused(kms("not base64!"))
    assert told == "keys[0].from.aws_kms.ciphertext: is no base64: --output text prints it so"


@pytest.mark.parametrize(
    ("code", "status", "is_passing"),
    [
        ("ThrottlingException", 400, True),
        ("DependencyTimeoutException", 500, True),
        ("AccessDeniedException", 400, False),
    ],
)
async def test_what_may_pass_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, code: str, status: int, *, is_passing: bool
) -> None:
    """Amazon out of breath shows that another start may help, Amazon that refuses that it will not;
    either was asked at most twice.
    """
    async with amazon(monkeypatch) as peer:
        peer.next_up.extend([problem(code, status)] * 3)
        assert await passes(kms()) is is_passing
        assert len(peer.heard) <= 2
