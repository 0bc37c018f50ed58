"""What the places of root keys have in common."""

import base64

import pytest

from sidecar.settings.key_sources.written import as_text, field_of
from sidecar.settings.references import Missing
from tests.unit.settings import build
from tests.unit.settings.key_sources.opened import DRAWN, TEXT


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        (DRAWN, TEXT),
        (TEXT.encode(), TEXT),
        (TEXT.encode() + b"\n", TEXT),
        (DRAWN[:16], base64.b64encode(DRAWN[:16]).decode()),
        (b"", ""),
        (b"a\x00b", base64.b64encode(b"a\x00b").decode()),
        (b"0123456789abcdef" * 2, base64.b64encode(b"0123456789abcdef" * 2).decode()),
    ],
)
def test_a_key_is_kept_as_bytes_or_as_text(kept: bytes, text: str) -> None:
    """Bytes, their text and neither show that what judges keys gets to see what was kept."""
    assert as_text(kept) == text


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("no json", "the secret is no JSON object"),
        ("[1]", "the secret is no JSON object"),
        ("[" * 100_000, "the secret is no JSON object"),
        ('{"other": "x"}', "the secret has no field 'key' that is text"),
        ('{"key": 5}', "the secret has no field 'key' that is text"),
    ],
)
def test_a_field_is_found_or_missed(secret: str, said: str) -> None:
    """Secrets of several fields show the one, or why there is none."""
    assert field_of('{"key": "x", "other": 1}', "key") == "x"
    with pytest.raises(Missing, match=said):
        field_of(secret, "key")


@pytest.mark.conforms("ASVS-12.3.1")
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://vault.internal:8200", None),
        ("https://vault.internal/behind/a/path/", None),
        ("http://127.0.0.1:8200", None),
        ("http://[::1]:8200", None),
        ("http://localhost:8200", None),
        ("http://vault.internal:8200", "whoever sits between could read the key: write https://"),
        ("http://10.0.0.5", "whoever sits between could read the key: write https://"),
        ("vault.internal:8200", "an address is written https://host:port"),
        ("https://", "an address is written https://host:port"),
        ("https://host:99999", "Port out of range 0-65535"),
        ("https://me:password@host", "an address has neither user, query nor fragment"),
        ("https://host/?a=b", "an address has neither user, query nor fragment"),
        ("https://ho st", "an address has neither user, query nor fragment"),
        (5, "text is expected here"),
    ],
)
def test_a_key_is_not_read_along(address: object, said: str | None) -> None:
    """Addresses show that a key goes over no wire in the clear, and to one host alone."""
    place = {"address": address, "path": "a/b", "field": "key", "auth": {"token": "x"}}
    keys = [{"id": "k", "from": {"vault": place}}]
    found = build.faults(keys=keys)
    if said is None:
        assert "address" not in str(found)
    else:
        assert found == [f"keys[0].from.vault.address: {said}"]


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "a/../b", ".", "a\nb"])
def test_a_path_leads_nowhere_else(path: str) -> None:
    """Paths with steps back, or without a name between slashes, show a fault at the path."""
    place = {"address": "https://v", "path": path, "field": "key", "auth": {"token": "x"}}
    (told,) = build.faults(keys=[{"id": "k", "from": {"vault": place}}])
    assert told.startswith("keys[0].from.vault.path: ")


def test_a_name_is_one_step() -> None:
    """A name with a slash in it shows a fault: it would be a path."""
    place = {
        "address": "https://v",
        "key": "a/b",
        "ciphertext": "vault:v1:a",
        "auth": {"token": "x"},
    }
    (told,) = build.faults(keys=[{"id": "k", "from": {"vault_transit": place}}])
    assert told == "keys[0].from.vault_transit.key: must be one name, without a slash"
