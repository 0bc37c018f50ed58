"""Twin of plugins/factors/webauthn/_chains.py."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA384
from cryptography.x509 import DNSName, SubjectAlternativeName

from plugins.factors.webauthn._chains import (
    MAX_CERTIFICATES,
    anchored,
    certificate,
    certificates,
    is_named,
)
from tests.plugins.factors.keys import NOW
from tests.plugins.factors.maker import END, START, Authority

ROOT = Authority()
MIDDLE = Authority("Middle", above=ROOT, depth=0)
LEAF = Authority("Leaf", above=MIDDLE, ca=False)


def leads(*chain: Authority, root: Authority = ROOT, at: object = NOW) -> bool:
    return anchored(tuple(item.certificate for item in chain), (root.certificate,), at)  # type: ignore[arg-type]  # a time or None


def test_a_chain_leads_to_its_root() -> None:
    """Leaf, issuer and root show that they hang together, with the root in the chain or without."""
    assert leads(LEAF, MIDDLE)
    assert leads(LEAF, MIDDLE, ROOT)
    assert leads(LEAF, root=MIDDLE)
    assert leads(LEAF, root=LEAF)
    assert leads(LEAF, MIDDLE, at=None)


def test_other_chains_lead_nowhere() -> None:
    """Gaps, foreign roots, swapped order and nothing at all show that nobody vouches."""
    other = Authority()
    assert not leads()
    assert not leads(LEAF)
    assert not leads(LEAF, ROOT)
    assert not leads(MIDDLE, LEAF, root=other)
    assert not leads(LEAF, MIDDLE, root=other)
    assert not leads(LEAF, other, root=other)
    assert not anchored((LEAF.certificate, MIDDLE.certificate), (), NOW)


def test_only_authorities_issue() -> None:
    """A certificate under one that is no authority's, or too deep, shows that it counts nothing."""
    child = Authority("Child", above=LEAF, ca=False)
    assert not leads(child, LEAF, MIDDLE)
    deep = Authority("Deep", above=MIDDLE)
    assert not leads(Authority("Deeper", above=deep, ca=False), deep, MIDDLE)


def test_chains_are_judged_at_a_time() -> None:
    """Before and after its time a chain shows that it leads nowhere, unless no time matters."""
    expired = Authority("Old", above=MIDDLE, ca=False, until=NOW - timedelta(days=1))
    assert not leads(expired, MIDDLE)
    assert leads(expired, MIDDLE, at=None)
    assert not leads(LEAF, MIDDLE, at=START - timedelta(seconds=1))
    assert not leads(LEAF, MIDDLE, at=END + timedelta(seconds=1))


@pytest.mark.conforms("NIST-ATT-1")
def test_weak_links_break_a_chain() -> None:
    """Short keys, old digests and dead algorithms show that they vouch for nobody."""
    for private in (
        rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak on purpose
        ec.generate_private_key(ec.SECP192R1()),
        dsa.generate_private_key(2048),
    ):
        assert not leads(Authority("Weak", above=MIDDLE, private=private, ca=False), MIDDLE)  # type: ignore[arg-type]  # weak on purpose
    for strong in (rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()):
        item = Authority("Strong", above=MIDDLE, private=strong, ca=False)  # type: ignore[arg-type]  # signs nothing here
        assert leads(item, MIDDLE)
    assert leads(Authority("Other", above=MIDDLE, digest=SHA384(), ca=False), MIDDLE)


@pytest.mark.conforms("NIST-ATT-1")
def test_sha1_breaks_a_chain() -> None:
    """A certificate that is signed over SHA-1, which forgers can collide, shows that it fails."""
    private = rsa.generate_private_key(65537, 2048)
    root = Authority(private=private)
    leaf = Authority("Leaf", above=root, ca=False)
    with_sha256, with_sha1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))
    signed = leaf.certificate.tbs_certificate_bytes.replace(with_sha256, with_sha1)
    signature = private.sign(signed, PKCS1v15(), SHA1())  # noqa: S303 - weak on purpose
    old = leaf.der.replace(leaf.certificate.signature, signature).replace(with_sha256, with_sha1)
    assert leads(leaf, root=root)
    assert not anchored((certificate(old),), (root.certificate,), NOW)


def test_what_cannot_be_read_is_no_certificate() -> None:
    """Noise and too many certificates show that they are refused where they are read."""
    assert certificates([LEAF.der]) == (LEAF.certificate,)
    with pytest.raises(ValueError, match="error"):
        certificate(b"noise")
    with pytest.raises(ValueError, match="too many"):
        certificates([LEAF.der] * (MAX_CERTIFICATES + 1))


def edited(item: Authority, old: str, new: str) -> bytes:
    return item.der.replace(bytes.fromhex(old), bytes.fromhex(new))


def test_what_nobody_knows_is_refused_where_it_is_read() -> None:
    """A key on a curve that nobody knows shows that its certificate is not read at all."""
    p256, unknown = "2a8648ce3d030107", "2a8648ce3d030177"
    with pytest.raises(ValueError, match="kind"):
        certificate(edited(LEAF, p256, unknown))


def test_whoever_does_not_say_what_it_may_issues_nothing() -> None:
    """An issuer without basic constraints shows that it is no authority."""
    constraints, unknown = "551d13", "551d7f"
    issuer = certificate(edited(MIDDLE, constraints, unknown))
    assert not anchored((LEAF.certificate, issuer), (ROOT.certificate,), NOW)


def test_a_certificate_has_names() -> None:
    """A certificate shows that it was given to the holder of a name, if that stands in it."""
    named = SubjectAlternativeName([DNSName("mds.example.org")])
    item = Authority("mds.example.com", extensions=(named,)).certificate
    assert is_named(item, "mds.example.org")
    assert not is_named(item, "mds.example.com")
    assert not is_named(LEAF.certificate, "Leaf")
