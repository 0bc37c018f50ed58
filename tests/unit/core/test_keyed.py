"""Keyed hashes tell which key made them."""

import pytest

from sidecar.core.keyed import OneKey, name_in, named


def test_a_hash_is_known_by_its_key() -> None:
    """What was made with a key shows its name, and what is without one shows none."""
    keyed = OneKey(b"k" * 32)
    kept = named(keyed.names[0], keyed(b"data").hex())
    name, made = name_in(kept)
    assert keyed(b"data", name).hex() == made
    assert name_in("$argon2id$v=19$x") == ("", "$argon2id$v=19$x")


def test_a_key_that_is_gone() -> None:
    """Another name shows that there is no such key, and the key is in no repr."""
    keyed = OneKey(b"k" * 32)
    with pytest.raises(KeyError):
        keyed(b"data", "other")
    assert "kkk" not in repr(keyed)
