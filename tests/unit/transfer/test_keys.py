"""Keys that files are sealed to."""

import json
from base64 import urlsafe_b64encode

import pytest
from joserfc.jwk import ECKey, OKPKey

from sidecar.transfer.keys import Curve, is_point, make_recipient, owner, recipient
from sidecar.transfer.rows import Unfit

CURVES: tuple[Curve, ...] = ("P-256", "X25519")


@pytest.mark.parametrize("curve", CURVES)
def test_a_pair_belongs_together(curve: Curve) -> None:
    """A new pair shows one id, that the public part holds nothing private, and no secret."""
    public, private = make_recipient(curve)
    assert "d" not in public
    assert {**public, "d": private["d"]} == private
    assert json.loads(json.dumps(public)) == public
    assert public["kid"] == recipient(public).id == owner(private).id
    assert (public["alg"], public["use"]) == ("ECDH-ES", "enc")
    assert private["d"] not in repr(owner(private))
    assert make_recipient(curve)[0] != public


@pytest.mark.parametrize("curve", CURVES)
def test_each_part_has_its_place(curve: Curve) -> None:
    """A private key to seal to, and a public one to open with, show what should be given."""
    public, private = make_recipient(curve)
    with pytest.raises(Unfit, match="it is a private key") as unfit:
        recipient(private)
    assert private["d"] not in str(unfit.value)
    with pytest.raises(Unfit, match="it is a public key"):
        owner(public)


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        ECKey.generate_key("P-384").as_dict(private=False),
        OKPKey.generate_key("Ed25519").as_dict(private=False),
        OKPKey.generate_key("X448").as_dict(private=False),
        {"kty": "OKP", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": ["EC"], "crv": "P-256"},
        {"kty": "EC", "crv": {"P-256": 1}},
    ],
    ids=lambda jwk: f"{jwk.get('kty')} {jwk.get('crv')}",
)
def test_other_kinds_are_refused(jwk: dict[str, object]) -> None:
    """Keys of other curves and kinds show that only two are taken."""
    with pytest.raises(Unfit, match="of another kind: a key for files is P-256 or X25519"):
        recipient(jwk)


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "ECDH-ES+A128KW"},
        {"alg": "ECDH-1PU"},
        {"alg": None},
        {"use": "sig"},
        {"use": ["enc"]},
        {"x": None},
        {"x": 7},
        {"x": ""},
        {"x": "A" * 65},
        {"x": "AAAA"},
        {"x": "++++"},
        {"x": "A" * 42 + "é"},
        {"y": "A" * 43},
    ],
    ids=str,
)
def test_what_is_no_point_or_for_something_else_is_refused(change: dict[str, object]) -> None:
    """Another use, other algorithms and coordinates off the curve show that it is no key."""
    public, _ = make_recipient()
    with pytest.raises(Unfit):
        recipient({**public, **change})


@pytest.mark.parametrize(
    "point",
    [
        "00" * 32,
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ],
)
def test_a_point_of_low_order_is_no_key(point: str) -> None:
    """The points by which everybody agrees on nothing show that they are no key, before anything
    is sealed. Source: RFC 7748 §6.1.
    """
    public, _ = make_recipient("X25519")
    x = urlsafe_b64encode(bytes.fromhex(point)).decode().rstrip("=")
    with pytest.raises(Unfit):
        recipient({**public, "x": x})


@pytest.mark.parametrize("x", ["AAAA", "A" * 44, "A" * 42 + "é", "++", ""])
def test_no_number_of_the_other_curve(x: str) -> None:
    """What is no 32 bytes shows that it is no key."""
    public, _ = make_recipient("X25519")
    with pytest.raises(Unfit):
        recipient({**public, "x": x})


@pytest.mark.parametrize("d", [7, "", "A" * 43, "AAAA", "_" * 43, "!", "A" * 65])
def test_no_private_part(d: object) -> None:
    """A private part that is no number of the curve, or not of this point, shows no key."""
    _, private = make_recipient()
    with pytest.raises(Unfit):
        owner({**private, "d": d})


def test_a_private_key_does_not_believe_its_public_part() -> None:
    """A public part that is another's shows no key, or the id that is really this key's."""
    mine, other = make_recipient("X25519"), make_recipient("X25519")
    assert owner({**mine[1], "x": other[0]["x"]}).id == mine[0]["kid"]
    first, second = make_recipient(), make_recipient()
    with pytest.raises(Unfit):
        owner({**first[1], "x": second[0]["x"], "y": second[0]["y"]})


def test_what_else_is_said_of_a_key_does_not_matter() -> None:
    """Notes of other systems show the same key, and none of them is followed."""
    public, _ = make_recipient()
    more = {**public, "kid": "other", "x5u": "https://example.com", "key_ops": ["sign"]}
    assert recipient(more) == recipient(more)
    assert recipient(more).id == public["kid"]
    bare = {name: public[name] for name in ("kty", "crv", "x", "y")}
    assert recipient(bare).id == public["kid"]


def test_a_point_is_all_that_is_said() -> None:
    """A key in a header shows as one where it has its numbers and nothing else."""
    public, private = make_recipient()
    bare = {name: public[name] for name in ("kty", "crv", "x", "y")}
    assert is_point(bare, "P-256")
    for wrong in (
        public,
        private,
        {**bare, "crv": "P-384"},
        {**bare, "x": "A" * 65},
        {**bare, "x": 7},
        {**bare, "kty": ["EC"]},
        {"kty": "EC"},
        "EC",
        None,
    ):
        assert not is_point(wrong, "P-256")
    assert not is_point(bare, "X25519")
