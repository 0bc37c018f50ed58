"""Our own file."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwe import JWERegistry

from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.carried import from_base64, packed, to_base64
from sidecar.transfer.keys import Curve, Pair, make_recipient, owner, recipient
from sidecar.transfer.rows import BadRow, Read, Row
from sidecar.transfer.sealed import first_line, last_line, seal, unseal
from tests.unit.transfer.files import SECRET, SEED, SEEDS
from tests.unit.transfer.test_carried import PORTABLES

PUBLIC, PRIVATE = make_recipient()
TO, OWNER = recipient(PUBLIC), owner(PRIVATE)
OTHER_PUBLIC, OTHER_PRIVATE = make_recipient("X25519")
ADA = Portable("shop:ada", "totp", "Phone", SEED, datetime(2026, 3, 1, tzinfo=UTC))
BOB = Portable("shop:bob", "", "", Seed(b"another secret of 24 by."))


def whole(lines: Iterable[str], to: Pair = TO) -> str:
    kept = list(lines)
    return "\n".join([first_line(to), *kept, last_line(len(kept))])


def read(text: str, key: Pair = OWNER) -> list[Read]:
    return list(unseal(BytesIO(text.encode()), key))


def sealed_of(line: str) -> str:
    return str(json.loads(line)["sealed"])


def with_header(portable: Portable, **change: object) -> str:
    """Return a line that is sealed in another way than ours."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "typ": "sidecar-authenticator", "kid": TO.id}
    made = {name: value for name, value in {**header, **change}.items() if value is not None}
    names = [str(made["alg"]), str(made["enc"]), "DEF"]
    registry = JWERegistry(algorithms=names)
    text = jwe.encrypt_compact(made, packed(portable), TO.key, registry=registry)
    return json.dumps({"user_id": portable.user_id, "sealed": text})


@pytest.mark.parametrize("curve", ["P-256", "X25519"])
def test_what_is_sealed_opens_with_the_private_key(curve: Curve) -> None:
    """A file shows its authenticators at their lines, to its owner, on either curve."""
    public, private = make_recipient(curve)
    text = whole((seal(one, recipient(public)) for one in (ADA, BOB)), recipient(public))
    assert read(text, owner(private)) == [Row(2, ADA), Row(3, BOB)]


@given(st.lists(PORTABLES, max_size=3))
def test_nothing_is_lost(portables: list[Portable]) -> None:
    """Any authenticators show themselves again, in order."""
    text = whole(seal(one, TO) for one in portables)
    assert read(text) == [Row(at, one) for at, one in enumerate(portables, 2)]


@given(SEEDS)
def test_a_file_shows_no_secret(seed: Seed) -> None:
    """A line shows whose it is and how long it is, and neither secret nor name."""
    line = seal(Portable("ada", "totp", "Grandmother's phone", seed), TO)
    assert set(json.loads(line)) == {"user_id", "sealed"}
    assert "Grandmother" not in line
    assert to_base64(packed(Portable("ada", "totp", "x", seed))) not in line
    assert seal(ADA, TO) != seal(ADA, TO)


def test_lines_cannot_be_exchanged() -> None:
    """The seal of one person's line in another's shows that it was sealed for somebody else."""
    mine, theirs = seal(ADA, TO), seal(BOB, TO)
    swapped = json.dumps({"user_id": "shop:bob", "sealed": sealed_of(mine)})
    found = read(whole([swapped, theirs]))
    assert found == [
        BadRow(2, "it was sealed for another user: export it again"),
        Row(3, BOB),
    ]


@pytest.mark.parametrize("part", range(5))
def test_a_line_cannot_be_changed(part: int) -> None:
    """A character changed, lost or added in each part of a seal shows as damage."""
    parts = sealed_of(seal(ADA, TO)).split(".")
    text = parts[part]
    other = "B" if text[:1] == "A" else "A"
    for changed in {other + text[1:], text[:-4], f"{text}AAAA", f"{text}=", f"{text}é"} - {text}:
        broken = ".".join([*parts[:part], changed, *parts[part + 1 :]])
        line = json.dumps({"user_id": ADA.user_id, "sealed": broken})
        assert read(whole([line])) == [
            BadRow(2, "it was changed or cut off on its way: export it again")
        ]


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "ECDH-ES+A256KW"},
        {"enc": "A128GCM"},
        {"enc": "A256CBC-HS512"},
        {"zip": "DEF"},
        {"typ": "JWT"},
        {"typ": None},
        {"kid": None},
        {"kid": "another"},
        {"apu": "QWRh"},
        {"jku": "https://evil.example/keys"},
        {"cty": "json"},
    ],
    ids=str,
)
def test_no_other_way_of_sealing_is_opened(change: dict[str, object]) -> None:
    """Other algorithms, compression and whatever else a header may say show as damage."""
    assert read(whole([with_header(ADA)])) == [Row(2, ADA)]
    (bad,) = read(whole([with_header(ADA, **change)]))
    assert bad == BadRow(2, "it was changed or cut off on its way: export it again")


def test_a_point_of_another_curve_is_not_used() -> None:
    """A header with points off the curve, of others or with more to say, shows as damage."""
    head, *rest = sealed_of(seal(ADA, TO)).split(".")
    header = json.loads(from_base64(head))
    points: list[object] = [
        None,
        "P-256",
        {**header["epk"], "y": header["epk"]["x"]},
        {**header["epk"], "d": "AAAA"},
        {"kty": "OKP", "crv": "X25519", "x": OTHER_PUBLIC["x"]},
        {"kty": "EC", "crv": "P-256", "x": "", "y": ""},
    ]
    for point in points:
        changed = to_base64(json.dumps({**header, "epk": point}).encode())
        line = json.dumps({"user_id": ADA.user_id, "sealed": ".".join([changed, *rest])})
        assert isinstance(read(whole([line]))[0], BadRow)


@pytest.mark.parametrize(
    ("first", "says"),
    [
        ("", "the file is empty"),
        ("otpauth://totp/ada", "no JSON"),
        ('{"user_id": "ada"}', "no sealed export"),
        ('{"sidecar-export": 2, "recipient": "x"}', "another version"),
        ('{"sidecar-export": true, "recipient": "x"}', "no whole number"),
        ('{"sidecar-export": 1}', "sealed to another key"),
        (first_line(recipient(OTHER_PUBLIC)), "sealed to another key"),
    ],
    ids=["empty", "URI", "line", "newer", "boolean", "nobody's", "another's"],
)
def test_another_file_is_one_fault(first: str, says: str) -> None:
    """A file that is not ours, or not for this key, shows that once, and nothing is tried."""
    (bad,) = read(f"{first}\n{seal(ADA, TO)}" if first else "")
    assert isinstance(bad, BadRow)
    assert says in bad.why


@pytest.mark.parametrize(
    "lines",
    [
        [first_line(TO)],
        [first_line(TO), seal(ADA, TO)],
        [first_line(TO), seal(ADA, TO), last_line(2)],
        [first_line(TO), last_line(1)],
        [first_line(TO), seal(ADA, TO), last_line(1), seal(BOB, TO)],
        [first_line(TO), seal(ADA, TO), last_line(1), last_line(1)],
        [first_line(TO), seal(ADA, TO), '{"sidecar-export-end": true}'],
    ],
)
def test_a_file_is_whole_or_says_so(lines: list[str]) -> None:
    """A file that was cut off, has lines too few or was put together shows that at its end."""
    found = read("\n".join(lines))
    assert isinstance(found[-1], BadRow)
    assert all(isinstance(row, Row) for row in found[:1] if len(found) > 1)


def test_bad_lines_count_as_lines() -> None:
    """A damaged line in a whole file shows as that alone."""
    text = whole(["nonsense", seal(ADA, TO), "x" * 70_000])
    assert [(type(row), row.line) for row in read(text)] == [(BadRow, 2), (Row, 3), (BadRow, 4)]


def test_secrets_stay_in_the_row() -> None:
    """The text of what is read shows no secret."""
    assert str(SECRET) not in repr(read(whole([seal(ADA, TO)])))


@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_are_rows_or_faults(data: bytes, at: int) -> None:
    """Whatever is written into a file shows rows or faults."""
    text = whole([seal(ADA, TO), seal(BOB, TO)]).encode()
    hurt = text[:at] + data + text[at + len(data) :]
    for changed in (data, first_line(TO).encode() + b"\n" + data, hurt):
        found = list(unseal(BytesIO(changed), OWNER))
        assert all(isinstance(row, Row | BadRow) for row in found)
