import json
from base64 import b32encode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from pydantic import ValidationError

from plugins.factors.totp import REACH
from sidecar.core.model import Enrolled, PublicKey, Rejected, SharedSecret, Verified
from sidecar.core.seeds import Seed
from tests.plugins.factors.apps import SECRET, STEP, after, answer, app, code, context, state, totp

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "otp-vectors.json").read_text())
TWIN_SECRET = "c9a15900142782f281c773e841062cdfd5bf6c76"
"""Has the same code in STEP - 1 and STEP; found by trying a million."""

# --- the standards -----------------------------------------------------------------------


@pytest.mark.conforms("RFC-6238-B")
@pytest.mark.parametrize(
    "row", VECTORS["rfc6238_appendix_b"]["rows"], ids=lambda row: f"{row['mode']}-{row['time']}"
)
async def test_rfc6238_vectors(row: dict[str, str | int]) -> None:
    """Every vector of RFC 6238 appendix B, through both ceremonies, shows that codes are right."""
    mode = str(row["mode"])
    secret = bytes.fromhex(VECTORS["rfc6238_appendix_b"]["secret_hex"][mode])
    factor = totp(algorithm=mode, digits=8)
    now = datetime.fromtimestamp(int(row["time"]), UTC)
    response = {"code": str(row["totp"])}
    enrolled = await factor.finish_enrollment(context(now), secret, response)
    assert state(enrolled).last_step == int(str(row["T_hex"]), 16)
    held = SharedSecret(secret, {"algorithm": mode, "digits": 8, "period": 30})
    ready = replace(app(), material=held)
    outcome = await factor.finish_challenge(context(now), (ready,), b"", response)
    assert isinstance(outcome, Verified)


@pytest.mark.conforms("RFC-4226-D")
@pytest.mark.parametrize("row", VECTORS["rfc4226_appendix_d"]["rows"], ids=lambda row: row["hotp"])
async def test_rfc4226_vectors(row: dict[str, str | int]) -> None:
    """Every vector of RFC 4226 appendix D shows that step N's code is HOTP of counter N."""
    secret = bytes.fromhex(VECTORS["rfc4226_appendix_d"]["secret_hex"])
    now = datetime.fromtimestamp(int(row["count"]) * 30, UTC)
    factor = totp(window=0, max_drift=0)
    typed = {"code": str(row["hotp"])}
    outcome = await factor.finish_challenge(context(now), (app(secret),), b"", typed)
    assert state(outcome).last_step == row["count"]


async def test_the_uri_is_read_by_every_app() -> None:
    """A name with every kind of trouble shows that the otpauth URI keeps to its grammar."""
    factor = totp(issuer="Käse & Brot: Köln", algorithm="SHA256", digits=8, period=60)
    label = "oidc:ada b+c@example.com/ü?x=1#"
    started = await factor.begin_enrollment(context(label=label), {})
    uri, data = str(started.prompt.data["uri"]), started.prompt.data
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path.count(":") == 1
    issuer, account = unquote(parts.path[1:]).split(":")
    assert (issuer, account) == ("Käse & Brot- Köln", "oidc-ada b+c@example.com/ü?x=1#")
    assert "+" not in uri
    assert "%20" in uri
    secret = b32encode(started.state).decode().rstrip("=")
    assert parse_qsl(parts.query, strict_parsing=True) == [
        ("secret", secret),
        ("issuer", issuer),
        ("algorithm", "SHA256"),
        ("digits", "8"),
        ("period", "60"),
    ]
    assert (data["issuer"], data["account"]) == (issuer, account)


async def test_the_plain_uri() -> None:
    """Defaults show that the URI is the one that every app understands."""
    started = await totp().begin_enrollment(context(), {})
    secret = b32encode(started.state).decode()
    assert started.prompt.data["uri"] == (
        f"otpauth://totp/Harbour:ada%40example.com?secret={secret}&issuer=Harbour"
        "&algorithm=SHA1&digits=6&period=30"
    )


@pytest.mark.conforms("NIST-SFOA-1", "ASVS-6.5.3", "RFC-4226-R6")
async def test_secrets_are_long_and_new() -> None:
    """Many enrollments show that each has 160 bits of its own, or what the options say."""
    states = {(await totp().begin_enrollment(context(), {})).state for _ in range(50)}
    assert len(states) == 50
    assert {len(secret) for secret in states} == {20}
    assert len((await totp(secret_bytes=64).begin_enrollment(context(), {})).state) == 64


@pytest.mark.conforms("NIST-SFOA-3")
@pytest.mark.parametrize(
    "wrong",
    [
        {"digits": 7},
        {"digits": 5},
        {"period": 121},
        {"period": 0},
        {"secret_bytes": 15},
        {"window": 3},
        {"window": -1},
        {"max_drift": 3},
        {"algorithm": "MD5"},
        {"issuer": "  "},
        {"issuer": ""},
        {"drift": 1},
    ],
    ids=str,
)
def test_weak_options_are_refused(wrong: dict[str, object]) -> None:
    """Options below the standards, and unknown ones, show that they never start."""
    with pytest.raises(ValidationError):
        totp(**wrong)


async def test_a_short_secret_is_broken_not_wrong() -> None:
    """A secret that cannot be ours shows that it is an error and no answer."""
    with pytest.raises(ValueError, match="too short"):
        await totp().finish_enrollment(context(), b"short", {"code": "123456"})


# --- which codes are accepted ---------------------------------------------------------------


@pytest.mark.conforms("ASVS-6.5.5", "NIST-SFOV-5", "RFC-6238-5.2")
@pytest.mark.parametrize(
    ("options", "drift", "accepted"),
    [
        ({}, 0, {-1, 0}),
        ({"window": 0}, 0, {0}),
        ({"window": 2}, 0, {-2, -1, 0}),
        ({}, 1, {-1, 0, 1}),
        ({}, 2, {-1, 0, 1, 2}),
        ({}, -1, {-2, -1, 0}),
        ({}, -2, {-3, -2, -1, 0}),
        ({"max_drift": 1}, 2, {-1, 0, 1}),
        ({"max_drift": 0}, -2, {-1, 0}),
        ({"window": 0, "max_drift": 0}, 2, {0}),
    ],
    ids=str,
)
async def test_the_window(options: dict[str, int], drift: int, accepted: set[int]) -> None:
    """Each offset in reach shows that exactly {T-1, T} and the same at the drift are accepted."""
    factor = totp(**options)
    passed = {
        offset
        for offset in range(-REACH - 3, REACH + 4)
        if isinstance(await answer(factor, app(drift=drift), step=STEP + offset), Verified)
    }
    assert passed == accepted


@pytest.mark.conforms("NIST-SFOV-4", "ASVS-6.5.1")
async def test_used_and_older_codes() -> None:
    """Codes at and before the last accepted step show that all of them are spent (THREATS 53)."""
    used = app(last_step=STEP)
    for step in (STEP, STEP - 1):
        assert await answer(totp(), used, step=step) == Rejected("already-used")
    assert await answer(totp(), used, step=STEP, at=STEP + 5) == Rejected("already-used")
    assert await answer(totp(), used, step=STEP - 3) == Rejected()
    assert isinstance(await answer(totp(), used, step=STEP + 1, at=STEP + 1), Verified)


async def test_a_code_of_two_steps_is_spent_for_both() -> None:
    """A secret whose code is the same in two steps shows that it passes only once."""
    secret = bytes.fromhex(TWIN_SECRET)
    assert code(STEP - 1, secret) == code(STEP, secret)
    first = await answer(totp(), app(secret), step=STEP - 1)
    assert state(first).last_step == STEP
    again = await answer(totp(), after(app(secret), first))
    assert again == Rejected("already-used")


async def test_every_authenticator_is_tried() -> None:
    """Two apps of different lengths show that each code finds its own, in any order."""
    phone, tablet = app(), app(b"another of 20 bytes!", "tablet", digits=8)
    started = await totp().begin_challenge(context(), (phone, tablet))
    assert started.prompt.data == {"digits": 8, "names": ("phone", "tablet")}
    for apps in ((phone, tablet), (tablet, phone)):
        short = await totp().finish_challenge(context(), apps, b"", code(STEP))
        long = await totp().finish_challenge(
            context(), apps, b"", code(STEP, b"another of 20 bytes!", digits=8)
        )
        assert isinstance(short, Verified)
        assert isinstance(long, Verified)
        assert (short.authenticator_id, long.authenticator_id) == ("phone", "tablet")
        assert short.amr == ("otp",)


async def test_nothing_to_try() -> None:
    """An empty list shows that the prompt still says how long a code is and none passes."""
    started = await totp().begin_challenge(context(), ())
    assert started.prompt.data == {"digits": 6, "names": ()}
    assert isinstance(await totp().finish_challenge(context(), (), b"", code(STEP)), Rejected)


@pytest.mark.parametrize("typed", ["{}{}", "{} {}", " {}-{} ", "{}\t{}\n", "{}\u00a0{}", "{}--{}"])
async def test_spaces_and_dashes_do_not_matter(typed: str) -> None:
    """Groupings that people and apps write show that they are read as one code."""
    plain = code(STEP)["code"]
    response = {"code": typed.format(plain[:3], plain[3:])}
    outcome = await totp().finish_challenge(context(), (app(),), b"", response)
    assert isinstance(outcome, Verified)


@pytest.mark.parametrize(
    "typed", ["12345", "1234567", "12345678", "1" * 65, "12345a", "１２３４５６"]
)
async def test_what_is_no_code(typed: str) -> None:
    """Other lengths and other characters show that they are malformed and not merely wrong."""
    outcome = await totp().finish_challenge(context(), (app(),), b"", {"code": typed})
    assert outcome == Rejected("malformed")
    assert await totp().finish_enrollment(context(), SECRET, {"code": typed}) == outcome


async def test_foreign_state_is_broken() -> None:
    """A state that was not written here shows that it is an error and no answer."""
    broken = replace(app(), material=SharedSecret(SECRET, {"digits": "six"}))
    with pytest.raises(ValidationError):
        await answer(totp(), broken)


# --- seeds of other systems -----------------------------------------------------------------


@pytest.mark.parametrize(
    "seed",
    [
        Seed(SECRET),
        Seed(bytes(16), "SHA256", 8, 15),
        Seed(bytes(128), "SHA512", 6, 120),
    ],
    ids=repr,
)
async def test_a_seed_is_taken_as_it_is(seed: Seed) -> None:
    """A seed shows in use and again at its way out with its own way of making codes."""
    factor = totp(algorithm="SHA512", digits=8, period=90)
    adopted = factor.adopt(seed)
    assert isinstance(adopted, Enrolled)
    memory = state(adopted)
    assert (memory.algorithm, memory.digits, memory.period) == (
        seed.algorithm,
        seed.digits,
        seed.period_s,
    )
    assert (memory.last_step, memory.drift, memory.burned) == (-1, 0, ())
    assert factor.seed(adopted.material) == seed


@pytest.mark.conforms("RFC-4226-R6", "NIST-SFOA-3")
@pytest.mark.parametrize(
    "seed",
    [
        Seed(bytes(15)),
        Seed(b""),
        Seed(bytes(129)),
        Seed(SECRET, digits=5),
        Seed(SECRET, digits=7),
        Seed(SECRET, period_s=14),
        Seed(SECRET, period_s=121),
    ],
    ids=lambda seed: f"{len(seed.secret)}-{seed!r}",
)
def test_weak_seeds_are_unsuitable(seed: Seed) -> None:
    """A secret that is short, or codes that no app of ours makes, show that it is not taken."""
    assert totp().adopt(seed) == Rejected("unsuitable")


def test_what_is_no_app_has_no_seed() -> None:
    """A public key shows that no seed comes of it."""
    assert totp().seed(PublicKey(b"id", b"key", 1)) is None
