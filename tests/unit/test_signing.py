"""Twin of sidecar/signing.py: one key in every process."""

from sidecar.signing import signing_key


def test_key_is_the_same_everywhere() -> None:
    """Two processes with one root key show one key, and another root key shows another."""
    one, two, other = (signing_key(seed * 32) for seed in (b"k", b"k", b"l"))
    assert one.as_dict(private=False) == two.as_dict(private=False)
    assert other.as_dict(private=False) != one.as_dict(private=False)
    assert other.kid != one.kid == two.kid


def test_key_says_what_it_is_for() -> None:
    """The key shows its use and algorithm, so that no library guesses."""
    shown = signing_key(b"k" * 32).as_dict(private=False)
    assert (shown["use"], shown["alg"], shown["crv"]) == ("sig", "ES256", "P-256")
    assert "d" not in shown
