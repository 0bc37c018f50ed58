"""Values that are encrypted."""

import hashlib
import hmac
from base64 import b64encode
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from sidecar.transfer.containers import Entry, entries
from sidecar.transfer.rows import Unfit
from sidecar.transfer.unlocking import MAX_ITERATIONS, Opener
from tests.unit.transfer.documents import (
    MAC_6,
    MAC_KEY_6,
    NAMED,
    PASSPHRASE,
    PRE_SHARED,
    VALUE_6,
    XMLENC,
    XMLENC11,
    container,
    encrypted,
    figure_6,
    figure_7,
    key,
    mac_method,
)
from tests.unit.transfer.files import SECRET

PATH = "KeyPackage/Key/Data/Secret"
KNOWN = Opener(PRE_SHARED, PASSPHRASE)
WRONG = "the key or passphrase is another one"


def opened(document: str, opener: Opener = KNOWN) -> bytes:
    (entry,) = entries(BytesIO(document.encode()))
    assert isinstance(entry, Entry), entry
    return opener.open(entry, PATH)


def unfit(document: str, opener: Opener = KNOWN) -> str:
    with pytest.raises(Unfit) as found:
        opened(document, opener)
    return str(found.value)


def blocks(key_: bytes, plain: bytes) -> bytes:
    """Return a value as XML Encryption has it: only the last byte of the padding counts."""
    lacking = 16 - len(plain) % 16
    padded = plain + b"\xaa" * (lacking - 1) + bytes([lacking])
    cipher = Cipher(algorithms.AES(key_), modes.CBC(b"i" * 16)).encryptor()
    return b"i" * 16 + cipher.update(padded) + cipher.finalize()


def with_mac(value: bytes, key_: bytes, name: str) -> str:
    mac = b64encode(hmac.digest(key_, value, name)).decode()
    return f"<ValueMAC>{mac}</ValueMAC>"


@pytest.mark.parametrize("document", [figure_6(), figure_7()], ids=["figure 6", "figure 7"])
def test_the_figures_of_the_standard(document: str) -> None:
    """The documents of RFC 6030 show their secret, by pre-shared key and by passphrase."""
    assert opened(document) == SECRET


def test_the_wrong_key_opens_nothing() -> None:
    """Another key, another passphrase and none show what is missing, and not what."""
    assert WRONG in unfit(figure_6(), Opener(bytes(16)))
    assert WRONG in unfit(figure_7(), Opener(passphrase="qwertz"))
    assert "give the key that was agreed upon" in unfit(figure_6(), Opener(passphrase="qwerty"))
    assert "give the passphrase" in unfit(figure_7(), Opener(PRE_SHARED))
    assert "the key has 15 bytes, and the file wants 16" in unfit(figure_6(), Opener(bytes(15)))
    assert "qwerty" not in repr(Opener(PRE_SHARED, "qwerty"))


@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("name", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_blocks_with_every_hash(size: int, name: str) -> None:
    """AES of each length in blocks, with a MAC under the same key, shows the secret."""
    shared = bytes(range(size))
    value = blocks(shared, SECRET)
    secret = encrypted(value, f"{XMLENC}aes{size * 8}-cbc") + with_mac(value, shared, name)
    document = container(key(secret), head=NAMED + mac_method(algorithm=f"urn:x#HMAC-{name}"))
    assert opened(document, Opener(shared)) == SECRET


@pytest.mark.parametrize("size", [16, 24, 32])
def test_what_guards_itself_needs_no_mac(size: int) -> None:
    """AES-GCM and AES key wrap of each length show the secret, and changes of it."""
    shared = bytes(range(size))
    sealed = b"n" * 12 + AESGCM(shared).encrypt(b"n" * 12, SECRET, None)
    wrapped = aes_key_wrap(shared, SECRET + b"1234")
    for value, algorithm, plain in (
        (sealed, f"{XMLENC11}aes{size * 8}-gcm", SECRET),
        (wrapped, f"{XMLENC}kw-aes{size * 8}", SECRET + b"1234"),
    ):
        document = container(key(encrypted(value, algorithm)), head=NAMED)
        assert opened(document, Opener(shared)) == plain
        for changed in (value[:-1] + bytes([value[-1] ^ 1]), value[:-1], value[:7]):
            broken = container(key(encrypted(changed, algorithm)), head=NAMED)
            assert WRONG in unfit(broken, Opener(shared))


@pytest.mark.parametrize(
    ("secret", "head", "says"),
    [
        (encrypted(VALUE_6), mac_method(MAC_KEY_6), "it has no MAC that can be checked"),
        (encrypted(VALUE_6) + MAC_6, "", "it has no MAC that can be checked"),
        (encrypted(VALUE_6) + MAC_6, mac_method(MAC_KEY_6, "x#hmac-md5"), "it has no MAC"),
        (encrypted(VALUE_6) + MAC_6, mac_method(), WRONG),
        (encrypted(VALUE_6) + "<ValueMAC/>", mac_method(MAC_KEY_6), "it holds no secret"),
        (encrypted(VALUE_6[:-4] + "AAAA") + MAC_6, mac_method(MAC_KEY_6), WRONG),
        (encrypted("????") + MAC_6, mac_method(MAC_KEY_6), "no base64"),
        (encrypted("") + MAC_6, mac_method(MAC_KEY_6), "it holds no secret"),
        (encrypted(VALUE_6) + MAC_6, mac_method(MAC_KEY_6[:-4]), WRONG),
        (encrypted(VALUE_6, f"{XMLENC}tripledes-cbc"), mac_method(MAC_KEY_6), "not known here"),
        (encrypted(VALUE_6, "aes128-cbc") + MAC_6, mac_method(MAC_KEY_6), ""),
        (encrypted(VALUE_6).replace("Algorithm", "X"), mac_method(MAC_KEY_6), "not known here"),
    ],
)
def test_nothing_is_opened_that_was_not_checked(secret: str, head: str, says: str) -> None:
    """Values without a MAC, with another one or in other ways show that they stay closed."""
    document = container(key(secret), head=NAMED + head)
    if says:
        assert says in unfit(document)
    else:
        assert opened(document) == SECRET


def test_certificates_are_told() -> None:
    """A document encrypted to a certificate shows what to ask for."""
    head = "<EncryptionKey><ds:X509Data><ds:X509Certificate>x</ds:X509Certificate></ds:X509Data>"
    document = container(key(encrypted(VALUE_6)), head=f"{head}</EncryptionKey>")
    assert "encrypted to a certificate" in unfit(document)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"algorithm": "http://www.w3.org/2009/xmlenc11#ConcatKDF"}, "not known here"),
        ({"prf": '<PRF Algorithm="x#hmac-md5"/>'}, "not known here"),
        ({"length": "17"}, "not known here"),
        ({"length": ""}, "not known here"),
        ({"rounds": "0"}, "more than 5000000 rounds"),
        ({"rounds": "-5"}, "more than 5000000 rounds"),
        ({"rounds": str(MAX_ITERATIONS + 1)}, "more than 5000000 rounds"),
        ({"rounds": "9" * 10_000}, "more than 5000000 rounds"),
        ({"salt": ""}, "holds no secret"),
        ({"salt": "????"}, "no base64"),
    ],
    ids=str,
)
def test_derivations_are_known_and_bounded(change: dict[str, str], says: str) -> None:
    """Another derivation, and one that would take too long, show that nothing is derived."""
    assert says in unfit(figure_7(**change))


def test_a_derivation_with_another_hash() -> None:
    """A document that names its hash shows the secret under that one."""
    derived = hashlib.pbkdf2_hmac("sha256", b"p\xc3\xa4ss", b"salt", 7, 16)
    value = blocks(derived, SECRET)
    document = figure_7(
        salt=b64encode(b"salt").decode(), rounds="7", prf='<PRF Algorithm="x#hmac-sha256"/>'
    )
    secret = encrypted(value) + with_mac(value, derived, "sha1")
    head = document[document.index("<EncryptionKey>") : document.index("<MACMethod")]
    whole = container(key(secret), head=head + mac_method())
    assert opened(whole, Opener(passphrase="päss")) == SECRET


def test_a_key_is_derived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many keys of one document show that the work is done for the first alone."""
    calls: list[str] = []

    def counted(*given: object) -> bytes:
        calls.append(str(given[0]))
        return bytes.fromhex("651e63cd57008476af1ff6422cd02e41")

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", counted)
    document = figure_7()
    package = document[document.index("<KeyPackage>") : document.index("</KeyContainer>")]
    found = entries(BytesIO(document.replace(package, package * 50).encode()))
    opener = Opener(passphrase=PASSPHRASE)
    assert {opener.open(entry, PATH) for entry in found if isinstance(entry, Entry)} == {SECRET}
    assert calls == ["sha1"]
