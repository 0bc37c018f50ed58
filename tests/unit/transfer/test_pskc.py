"""Seeds of hardware tokens and other servers."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.pskc import read
from sidecar.transfer.rows import BadRow, Read, Row
from sidecar.transfer.unlocking import Opener
from tests.unit.transfer.documents import (
    HOTP,
    NAMED,
    PASSPHRASE,
    PLAIN,
    PRE_SHARED,
    TOTP,
    XMLENC11,
    container,
    encrypted,
    figure_6,
    figure_7,
    key,
)
from tests.unit.transfer.files import SECRET

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EIGHT = Seed(SECRET, digits=8)
KNOWN = Opener(PRE_SHARED, PASSPHRASE)


def rows(document: str, opener: Opener = KNOWN) -> list[Read]:
    return list(read(BytesIO(document.encode()), opener, now=NOW))


def one(document: str) -> Portable:
    (row,) = rows(document)
    assert isinstance(row, Row), row
    return row.portable


def fault(document: str, opener: Opener = KNOWN) -> str:
    (row,) = rows(document, opener)
    assert isinstance(row, BadRow), row
    assert "MTIzNDU2" not in row.why
    return row.why


def test_plain_encrypted_and_derived_are_one_seed() -> None:
    """A plain document and both encrypted figures of RFC 6030 show the same seed."""
    assert one(container(key())) == Portable("12345678", "", "", EIGHT)
    assert one(figure_6()) == Portable("12345678", "", "", EIGHT)
    assert one(figure_7()) == Portable("123456", "", "", EIGHT)


def test_the_figures_themselves_are_counted() -> None:
    """The figures as they are printed show that counted codes are not taken."""
    for document in (figure_6(HOTP), figure_7(HOTP)):
        assert "its codes are counted (HOTP)" in fault(document)


def test_a_file_of_a_maker() -> None:
    """Tokens of many kinds in one file show those that can be taken, each at its line."""
    document = container(
        "\n",
        key(attributes=f'Id="1" Algorithm="{HOTP}"'),
        "\n",
        key(
            attributes=f'Id="2" Algorithm="{TOTP}"',
            form='<Suite>HMAC-SHA256</Suite><ResponseFormat Length="6" Encoding="DECIMAL"/>',
            data="<Time><PlainValue>0</PlainValue></Time>"
            "<TimeInterval><PlainValue>60</PlainValue></TimeInterval>"
            "<TimeDrift><PlainValue>4</PlainValue></TimeDrift>",
            more="<FriendlyName xml:lang='en'>My token</FriendlyName>"
            "<FriendlyName xml:lang='de'>Mein Token</FriendlyName>"
            "<Policy><StartDate>2012-08-01T00:00:00Z</StartDate>"
            "<ExpiryDate>2037-12-31T00:00:00Z</ExpiryDate><KeyUsage>OTP</KeyUsage></Policy>",
        ),
        "\n\n",
        key("", attributes=f'Id="3" Algorithm="{TOTP}"'),
    )
    first, second, third = rows(document)
    assert isinstance(first, BadRow)
    assert second == Row(3, Portable("2", "", "My token", Seed(SECRET, "SHA256", 6, 60)))
    assert third == BadRow(5, "it holds no secret: export it again with the secrets")
    assert first.line == 2


@pytest.mark.parametrize(
    ("said", "user_id"),
    [
        ("ada", "ada"),
        (" shop:ada@example.com ", "shop:ada@example.com"),
        ("UID=ada,DC=example,DC=net", "ada"),
        ("uid=ada+cn=x,DC=net", "ada"),
        ("CN=Lovelace\\, Ada,O=Acme", "Lovelace, Ada"),
        ("CN=L\\C3\\BCcie \\2B", "Lücie +"),
        ("O=Acme,CN=ada", "O=Acme,CN=ada"),
    ],
)
def test_whose_it_is(said: str, user_id: str) -> None:
    """Plain user ids and distinguished names show the user, of the key or of its device."""
    said = said.replace("&", "&amp;")
    assert one(container(key(more=f"<UserId>{said}</UserId>"))).user_id == user_id
    assert one(container(key(device=f"<UserId>{said}</UserId>"))).user_id == user_id
    both = key(more="<UserId>eve</UserId>", device=f"<UserId>{said}</UserId>")
    assert one(container(both)).user_id == "eve"


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        (key(attributes='Id="1"'), "of a kind that no factor takes"),
        (key(attributes='Id="1" Algorithm="urn:x:ocra"'), "of a kind that no factor takes"),
        (key(attributes=f'Algorithm="{TOTP}"'), "neither whose it is"),
        (key(form='<ResponseFormat Length="6" Encoding="BASE64"/>'), "its codes are no digits"),
        (key(form='<ResponseFormat Length="6" CheckDigits="true"/>'), "a check digit"),
        (key(form='<ResponseFormat Length="5"/>'), "neither 6 nor 8 digits"),
        (key(form='<ResponseFormat Length="x"/>'), "number of digits is no small"),
        (key(form="<Suite>HMAC-MD5</Suite>"), "its algorithm is none"),
        (key(PLAIN + PLAIN), "the same thing twice"),
        (key(PLAIN + encrypted(b"x" * 32)), "the same thing twice"),
        (key("<PlainValue>????</PlainValue>"), "no base64"),
        (key("<PlainValue/>"), "it holds no secret"),
        (key(data="<TimeInterval><PlainValue>0</PlainValue></TimeInterval>"), "its period"),
        (key(data="<TimeInterval><PlainValue>-3</PlainValue></TimeInterval>"), "its period"),
        (key(more="<Policy><PINPolicy MinLength='4'/></Policy>"), "its policy has a PINPolicy"),
        (key(more="<Policy><PINPolicy/></Policy>"), "its policy has a PINPolicy"),
        (
            key(more="<Policy><NumberOfTransactions>4</NumberOfTransactions></Policy>"),
            "its policy has a NumberOfTransactions",
        ),
        (key(more="<Policy><KeyUsage>CR</KeyUsage></Policy>"), "(KeyUsage)"),
        (key(more="<Policy><ExpiryDate>2026-03-01T00:00:00Z</ExpiryDate></Policy>"), "it is over"),
        (key(more="<Policy><ExpiryDate>2025-01-01</ExpiryDate></Policy>"), "it is over"),
        (key(more="<Policy><ExpiryDate>soon</ExpiryDate></Policy>"), "no moment"),
        (key(more="<Policy><StartDate>2026-03-02T00:00:00Z</StartDate></Policy>"), "later only"),
        (key(more="<UserId>a&#x202e;b</UserId>"), "control or invisible"),
    ],
)
def test_what_gives_nothing_is_told(inside: str, says: str) -> None:
    """Other kinds, policies that would be passed over and damage show what to do."""
    assert says in fault(container(inside, head=NAMED))


def test_usages_of_which_one_is_ours() -> None:
    """A key for several uses shows as taken where codes are among them."""
    policy = "<Policy><KeyUsage>CR</KeyUsage><KeyUsage>OTP</KeyUsage></Policy>"
    assert one(container(key(more=policy))).material == EIGHT


def test_a_period_may_be_encrypted_too() -> None:
    """A period that is encrypted shows as its number, and nonsense as a fault."""

    def document(plain: bytes) -> str:
        sealed = b"n" * 12 + AESGCM(PRE_SHARED).encrypt(b"n" * 12, plain, None)
        inside = encrypted(sealed, f"{XMLENC11}aes128-gcm")
        return container(key(data=f"<TimeInterval>{inside}</TimeInterval>"), head=NAMED)

    assert one(document(b"\0\0\0\x3c")).material == Seed(SECRET, digits=8, period_s=60)
    assert "its period" in fault(document(b"\xff" * 8))
    assert "its period" in fault(document(b"\0" * 9))


def test_what_is_encrypted_asks_for_its_key() -> None:
    """Encrypted documents without a key show which one to give."""
    assert "give the key" in fault(figure_6(), Opener())
    assert "give the passphrase" in fault(figure_7(), Opener())


@given(st.binary(max_size=40), st.integers(0, 1600))
def test_any_bytes_are_rows_or_faults(data: bytes, at: int) -> None:
    """Whatever stands in a document shows rows or faults."""
    document = figure_6().encode()
    for changed in (document[:at] + data + document[at:], document[:at] + document[at + 7 :]):
        found = list(read(BytesIO(changed), KNOWN, now=NOW))
        assert all(isinstance(row, Row | BadRow) for row in found)
