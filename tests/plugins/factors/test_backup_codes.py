import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from plugins.factors.backup_codes import ALPHABET, BackupCodes, Options
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Enrolled,
    Level,
    LookupCodes,
    Person,
    Rejected,
    Verified,
)
from sidecar.core.protocols import Context
from sidecar.storage.vault import KeyRing, RootKey
from tests.conformance.lent import InPlace, lent

ADA, EVE = Person("shop", "ada"), Person("shop", "eve")
NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
GIVEN = "ABCD-0123-4567-89AB-CDEF"
OTHER = "WXYZ-HJKM-NPQR-STVW-XYZ0"


def factor(dear: InPlace | None = None, *, key: bytes = b"k" * 32, count: int = 10) -> BackupCodes:
    return BackupCodes(Options(count=count), lent(key=key, dear=dear))


def context(person: Person = ADA) -> Context:
    return Context(person, "ada@example.com", NOW, "challenge-1")


async def a_sheet(*codes: str, person: Person = ADA) -> Authenticator:
    state = "\n".join(code.replace("-", "") for code in codes).encode()
    enrolled = await factor().finish_enrollment(context(person), state, {})
    assert isinstance(enrolled, Enrolled)
    return Authenticator(
        id=AuthenticatorId("sheet"),
        person=person,
        factor="backup_codes",
        name="Backup codes",
        status=AuthenticatorStatus.ACTIVE,
        level=Level.TWO_FACTOR,
        version=1,
        created_at=NOW,
        material=enrolled.material,
    )


async def offer(
    typed: str, *sheets: Authenticator, by: BackupCodes | None = None, person: Person = ADA
) -> Verified | Rejected:
    return await (by or factor()).finish_challenge(context(person), sheets, b"", {"code": typed})


@pytest.mark.conforms("NIST-SRC-1", "NIST-LSA-1", "NIST-LSA-3", "ASVS-6.5.3", "ASVS-6.5.4")
async def test_a_new_set() -> None:
    """Many sets show that codes have 80 secret bits each, a selector of their own and one form."""
    seen: set[str] = set()
    for _ in range(50):
        started = await factor().begin_enrollment(context(), {})
        codes = started.prompt.data["codes"]
        assert isinstance(codes, tuple)
        assert started.prompt.data["count"] == len(codes) == 10
        assert len({code[:4] for code in codes}) == 10
        for code in codes:
            assert re.fullmatch(rf"([{ALPHABET}]{{4}}-){{4}}[{ALPHABET}]{{4}}", code)
        seen.update(codes)
    assert len(seen) == 500
    assert {letter for code in seen for letter in code} == {*ALPHABET, "-"}
    assert len(ALPHABET) == 32


@pytest.mark.parametrize("count", [7, 21, 0, -1])
def test_too_few_or_too_many(count: int) -> None:
    """Sizes outside 8 to 20 show that they never start."""
    with pytest.raises(ValidationError):
        Options(count=count)


@pytest.mark.conforms(
    "ASVS-6.5.2", "ASVS-11.4.2", "NIST-LSV-4", "NIST-LSV-6", "NIST-LSV-7", "NIST-LSV-8"
)
async def test_what_is_stored() -> None:
    """A set shows that only argon2id hashes of the required cost are kept, each with its salt."""
    started = await factor().begin_enrollment(context(), {})
    enrolled = await factor().finish_enrollment(context(), started.state, {})
    assert isinstance(enrolled, Enrolled)
    assert isinstance(enrolled.material, LookupCodes)
    shown = started.prompt.data["codes"]
    assert isinstance(shown, tuple)
    codes = enrolled.material.codes
    assert [code.selector for code in codes] == [text[:4] for text in shown]
    assert all(code.used_at is None for code in codes)
    hashes = [code.hash.split("$") for code in codes]
    assert {tuple(one[1:4]) for one in hashes} == {("argon2id", "v=19", "m=19456,t=2,p=1")}
    assert len({one[4] for one in hashes}) == 10
    assert {len(one[4]) for one in hashes} == {22}  # 16 bytes
    stored = "".join(code.hash for code in codes)
    assert not any(text[5:].replace("-", "") in stored for text in shown)


async def test_hashing_waits_until_the_codes_are_kept() -> None:
    """Counted work shows that showing the codes costs no hash, and keeping them one each."""
    dear = InPlace()
    made = factor(dear)
    started = await made.begin_enrollment(context(), {})
    assert dear.done == 0
    await made.finish_enrollment(context(), started.state, {})
    assert dear.done == 10


@pytest.mark.conforms("NIST-LSV-9", "ASVS-15.2.2")
async def test_a_guess_costs_one_hash() -> None:
    """Every kind of guess shows that it costs exactly one hash, so that time tells nothing."""
    sheet = await a_sheet(GIVEN, OTHER)
    used = replace(sheet, material=_all_used(sheet))
    half = replace(sheet, material=_used(sheet, "WXYZ"))
    cases: list[tuple[str, tuple[Authenticator, ...], str]] = [
        (GIVEN, (sheet,), ""),
        (GIVEN[:-1] + "0", (sheet,), "wrong"),
        ("ZZZZ" + GIVEN[4:], (sheet,), "wrong"),
        (OTHER, (half,), "already-used"),
        (OTHER[:-1] + "1", (half,), "wrong"),
        (GIVEN, (used,), "wrong"),
        (GIVEN, (), "wrong"),
    ]
    for typed, sheets, reason in cases:
        dear = InPlace()
        outcome = await offer(typed, *sheets, by=factor(dear))
        assert dear.done == 1
        assert reason == ("" if isinstance(outcome, Verified) else outcome.reason)


@pytest.mark.parametrize(
    "typed",
    [
        GIVEN,
        GIVEN.lower(),
        GIVEN.replace("-", ""),
        GIVEN.replace("-", " "),
        f"  {GIVEN}\n",
        GIVEN.replace("-", "\u2013"),
        GIVEN.replace("-", "\u00a0"),
        GIVEN.replace("0", "O").replace("1", "l"),
        GIVEN.replace("0", "o").replace("1", "I"),
    ],
)
async def test_every_way_to_write_a_code(typed: str) -> None:
    """Spellings that people use show that they are read as the one code."""
    assert isinstance(await offer(typed, await a_sheet(GIVEN)), Verified)


@pytest.mark.parametrize(
    "typed",
    [
        GIVEN[:-1],
        GIVEN + "0",
        GIVEN.replace("A", "U"),
        GIVEN.replace("A", "Á"),
        GIVEN.replace("1", "ı"),
        GIVEN.replace("0", "٠"),
        GIVEN.replace("-", "_"),
        GIVEN + "-" * 60,
    ],
)
async def test_what_is_no_code(typed: str) -> None:
    """Other lengths and letters show that they are malformed and cost no hash."""
    dear = InPlace()
    assert await offer(typed, by=factor(dear)) == Rejected("malformed")
    assert dear.done == 0


async def test_a_used_code_is_marked_and_the_others_stay() -> None:
    """One use shows that exactly this code is spent, at this time, and one fewer is left."""
    sheet = await a_sheet(GIVEN, OTHER)
    before = await factor().begin_challenge(context(), (sheet,))
    outcome = await offer(GIVEN, sheet)
    assert isinstance(outcome, Verified)
    assert outcome.amr == ("otp",)
    assert isinstance(outcome.material, LookupCodes)
    assert {code.selector: code.used_at for code in outcome.material.codes} == {
        "ABCD": NOW,
        "WXYZ": None,
    }
    spent = replace(sheet, material=outcome.material)
    after = await factor().begin_challenge(context(), (spent,))
    assert (before.prompt.data["left"], after.prompt.data["left"]) == (2, 1)
    assert await offer(GIVEN, spent) == Rejected("already-used")
    assert isinstance(await offer(OTHER, spent), Verified)


@pytest.mark.conforms("NIST-PV-19", "NIST-PV-20")
async def test_hashes_are_worthless_without_the_key() -> None:
    """Another pepper shows that a stolen table tells nothing even about a code that is known."""
    sheet = await a_sheet(GIVEN)
    assert await offer(GIVEN, sheet, by=factor(key=b"x" * 32)) == Rejected()


async def test_hashes_are_worthless_in_another_row() -> None:
    """A hash moved to another person or selector shows that it no longer fits."""
    mine = await a_sheet(GIVEN)
    moved = replace(await a_sheet(OTHER, person=EVE), material=mine.material)
    assert await offer(GIVEN, moved, person=EVE) == Rejected()
    counted = await factor().begin_challenge(context(EVE), (mine,))
    assert counted.prompt.data["left"] == 0
    assert isinstance(mine.material, LookupCodes)
    renamed = replace(mine.material.codes[0], selector="EFGH")
    relabelled = replace(mine, material=LookupCodes((renamed,)))
    assert await offer("EFGH" + GIVEN[4:], relabelled) == Rejected()


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.text(ALPHABET, min_size=16, max_size=16))
async def test_no_other_secret_fits(secret: str) -> None:
    """Any other secret under a known selector shows that it is wrong."""
    outcome = await offer("ABCD" + secret, await a_sheet(GIVEN))
    assert isinstance(outcome, Verified) == (secret == GIVEN[5:].replace("-", ""))


def test_codes_stand_in_for_a_factor() -> None:
    """The traits show that codes are never enrolled first and that a person has one set."""
    traits = factor().traits
    assert traits.stands_in
    assert traits.only_one
    assert not traits.phishing_resistant


def _used(sheet: Authenticator, *selectors: str) -> LookupCodes:
    assert isinstance(sheet.material, LookupCodes)
    return LookupCodes(
        tuple(
            replace(code, used_at=NOW) if code.selector in selectors else code
            for code in sheet.material.codes
        )
    )


def _all_used(sheet: Authenticator) -> LookupCodes:
    return _used(sheet, "ABCD", "WXYZ")


K1, K2 = RootKey("k1", b"1" * 32, active=False), RootKey("k2", b"2" * 32, active=False)


def peppered(*roots: RootKey, dear: InPlace | None = None, kept: bytes = b"") -> BackupCodes:
    """Return the factor of a ring whose first key is active, and which kept a pepper of k1."""
    ring = KeyRing((replace(roots[0], active=True), *roots[1:]))
    if kept:
        ring.keep("pepper", "k1", kept)
    return BackupCodes(Options(), lent(keyed=ring.of("pepper"), dear=dear))


async def test_codes_outlive_their_pepper() -> None:
    """A set of the old pepper shows that it works beside the new one, and once its root key went.

    A guess costs one hash in every case, also where the pepper is lost.
    """
    material = await _set_of(peppered(K1))
    assert {code.hash.partition(":")[0] for code in material.codes} == {"k1"}
    sheet = replace(await a_sheet(GIVEN), material=material)
    kept = KeyRing((replace(K1, active=True),)).purpose_key("pepper")
    for keys, left, fits in (((K2, K1), b"", True), ((K2,), kept, True), ((K2,), b"", False)):
        dear = InPlace()
        by = peppered(*keys, dear=dear, kept=left)
        assert isinstance(await offer(GIVEN, sheet, by=by), Verified) is fits
        assert dear.done == 1
        assert await offer(GIVEN[:-1] + "0", sheet, by=by) == Rejected("wrong")
        assert dear.done == 2
    assert {code.hash[:3] for code in (await _set_of(peppered(K2, K1))).codes} == {"k2:"}


async def _set_of(by: BackupCodes) -> LookupCodes:
    enrolled = await by.finish_enrollment(context(), GIVEN.replace("-", "").encode(), {})
    assert isinstance(enrolled, Enrolled)
    assert isinstance(enrolled.material, LookupCodes)
    return enrolled.material
