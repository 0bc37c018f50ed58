"""What the store can keep."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from sidecar.conformance.kept import faults
from sidecar.core.model import LookupCode, LookupCodes, Material, PublicKey, SharedSecret

NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001 - the fault


def codes(*selectors: str, used_at: datetime | None = None) -> LookupCodes:
    return LookupCodes(tuple(LookupCode(selector, "hash", used_at) for selector in selectors))


def secret(**state: object) -> SharedSecret:
    return SharedSecret(b"secret", cast("Any", state))


@pytest.mark.parametrize(
    "material",
    [
        secret(last=7, late=(1, 2), word="x"),
        PublicKey(b"id", b"key", 0, {"backed_up": True, "transports": ("usb",)}),
        codes("A1", "B2", used_at=datetime(2026, 3, 1, tzinfo=UTC)),
    ],
    ids=lambda material: type(material).__name__,
)
def test_plain_values_are_kept(material: Material) -> None:
    """Material of each kind shows no fault."""
    assert list(faults(material)) == []


@pytest.mark.parametrize(
    ("material", "said"),
    [
        (SharedSecret(b""), "no bytes, or empty"),
        (SharedSecret(cast("bytes", "text")), "no bytes, or empty"),
        (secret(seen={1}), "cannot be written"),
        (secret(late=[1, 2]), "with other values"),
        (secret(at=1.5, by=None, ids={"a": 1}, tuples=((1,),)), "with other values"),
        (PublicKey(b"id", cast("bytes", "key"), 0), "bytes, bytes and a whole number"),
        (PublicKey(b"id", b"key", cast("int", "0")), "bytes, bytes and a whole number"),
        (codes("A1", "A1"), "two LookupCodes have one selector"),
        (codes(""), "empty, or longer than"),
        (codes("A" * 33), "empty, or longer than"),
        (codes("A1", used_at=NAIVE), "without a time zone"),
        (cast("Material", b"secret"), "is no SharedSecret"),
        (None, "is no SharedSecret"),
    ],
)
def test_what_comes_back_otherwise_is_a_fault(material: Material | None, said: str) -> None:
    """A value that the store would change, mix up or lose shows which."""
    assert [said in fault for fault in faults(material)] == [True]
