"""PSKC documents, read key by key."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.transfer import containers
from sidecar.transfer.containers import MAX_DEPTH, MAX_REPEATS, MAX_VALUES, Entry, entries
from sidecar.transfer.rows import BadRow, Unfit
from tests.unit.transfer.documents import FORMAT, NAMED, container, key

SECRET = "KeyPackage/Key/Data/Secret/PlainValue"
LONG = "ask its maker for another file"


def read(document: str | bytes) -> list[Entry | BadRow]:
    return list(entries(BytesIO(document.encode() if isinstance(document, str) else document)))


def broken(document: str | bytes) -> BadRow:
    """Return the fault that ends a document."""
    last = read(document)[-1]
    assert isinstance(last, BadRow)
    return last


def test_a_key_knows_what_is_said_around_it() -> None:
    """Two packages of several keys show what is said of the container, the package and the key."""
    two = key().replace("</KeyPackage>", "<Key Id='b'/></KeyPackage>")
    device = "<UserId>ada</UserId>"
    first, second, third = read(container(two, "\n", key(device=device), head=NAMED))
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert isinstance(third, Entry)
    for entry in (first, second, third):
        assert entry.one("EncryptionKey/KeyName") == "Pre-shared-key"
        assert entry.one("KeyPackage/DeviceInfo/Manufacturer") == "Acme"
    assert [entry.one("KeyPackage/Key@Id") for entry in (first, second, third)] == [
        "12345678",
        "b",
        "12345678",
    ]
    assert (first.has(SECRET), second.has(SECRET), third.has(SECRET)) == (True, False, True)
    assert second.one("KeyPackage/DeviceInfo/UserId") is None
    assert third.one("KeyPackage/DeviceInfo/UserId") == "ada"
    assert (first.line, third.line) == (1, 2)
    assert "MTIz" not in repr(first)


def test_namespaces_do_not_matter_below_the_container() -> None:
    """The same document with prefixes shows the same key."""
    plain = container(key())
    prefixed = plain.replace("xmlns=", "xmlns:p=").replace("</", "</p:")
    for name in ("KeyContainer", "KeyPackage", "DeviceInfo", "Manufacturer", "Key ", "Issuer"):
        prefixed = prefixed.replace(f"<{name}", f"<p:{name}")
    for name in ("AlgorithmParameters", "ResponseFormat", "Data", "Secret", "Plain", "Time"):
        prefixed = prefixed.replace(f"<{name}", f"<p:{name}")
    (one,), (other,) = read(plain), read(prefixed)
    assert isinstance(one, Entry)
    assert isinstance(other, Entry)
    assert one.said == other.said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "cp1252"])
def test_encodings_are_as_declared(encoding: str) -> None:
    """A document in the encoding that it declares shows its text."""
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{declared}"?>\r\n' + container(key(form="Müller"))
    (entry,) = read(text.encode(encoding))
    assert isinstance(entry, Entry)
    assert entry.one("KeyPackage/Key/AlgorithmParameters") == "Müller"
    assert entry.line == 2


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE KeyContainer [<!ENTITY x "y">]>',
        '<!DOCTYPE KeyContainer SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE KeyContainer>",
    ],
)
def test_document_types_are_refused(before: str) -> None:
    """Entities of every kind show that none is ever looked at (XXE, billion laughs)."""
    assert "document type" in broken(f"{before}\n{container(key())}").why
    assert len(read(f"{before}\n{container(key())}")) == 1


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("", "broken"),
        ("PK\x03\x04", "broken"),
        ("<KeyContainer/>", "no PSKC as RFC 6030"),
        (container(key()).replace(":pskc", ":pskc:1.0"), "no PSKC as RFC 6030"),
        ("<html xmlns='urn:ietf:params:xml:ns:keyprov:pskc'/>", "no PSKC as RFC 6030"),
        (container(key()).replace('"1.0"', '"2.0"'), "another version"),
        ('<?xml version="1.0" encoding="nonsense"?><a/>', "broken"),
        ('<?xml version="1.0" encoding="utf-7"?><a/>', "broken"),
        ('<?xml version="1.0" encoding="shift_jis"?><a/>', "broken"),
        (container("<a>" * MAX_DEPTH, "</a>" * MAX_DEPTH), LONG),
        (container(*(f"<a{n}/>" for n in range(MAX_VALUES + 1))), LONG),
        (container("<a/>" * (MAX_REPEATS + 1)), LONG),
        (container(f"<a>{'x' * 17_000}</a>"), LONG),
        (container(f"<a b='{'x' * 17_000}'/>"), LONG),
        (container("<a>&unknown;</a>"), "broken"),
    ],
    ids=lambda text: text[:30],
)
def test_what_cannot_be_read_is_one_fault(document: str, says: str) -> None:
    """Other documents, and those without bounds, show one fault."""
    (bad,) = read(document)
    assert isinstance(bad, BadRow)
    assert says in bad.why


def test_keys_before_a_fault_are_there() -> None:
    """A document that is cut off shows its whole keys, and the line where it ends."""
    document = container(key(), "\n", key(), "\n\n", key())
    first, second, bad = read(document[: document.rindex("<Data>")])
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert bad == BadRow(4, "the XML is broken here: get the file again")


def test_a_document_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that is longer than it may be shows its keys up to there, and a fault."""
    monkeypatch.setattr(containers, "MAX_DOCUMENT_BYTES", 50_000)
    document = container(*(key() for _ in range(200)))
    *found, bad = read(document)
    assert isinstance(bad, BadRow)
    assert "longer than 50000 bytes" in bad.why
    assert 50 < len(found) < 150


def test_nothing_is_kept_of_keys_that_ended() -> None:
    """Many keys show that what was said of one is not counted against the next."""
    lines = "\n" * 20
    found = read(container(*(key(more=f"<x{n}/>") + lines for n in range(MAX_VALUES * 2))))
    assert len(found) == MAX_VALUES * 2
    (entry,) = read(container(f"<KeyPackage>{'<Key><a/></Key>' * 3}</KeyPackage>"))[2:]
    assert isinstance(entry, Entry)
    assert set(entry.said) == {"@Version", "KeyPackage/Key", "KeyPackage/Key/a"}


def test_extensions_are_passed_over() -> None:
    """Whatever a maker adds shows as nothing, however much it is."""
    more = f"<Extensions>{'<a>x</a>' * 1000}</Extensions>"
    (entry,) = read(container(key(more=more), more, "<ds:Signature><a/></ds:Signature>"))
    assert isinstance(entry, Entry)
    assert not entry.has("KeyPackage/Key/Extensions")


def test_what_is_said_twice_is_unfit() -> None:
    """Two values at one place show that neither is taken."""
    (entry,) = read(container(key(form=FORMAT + FORMAT)))
    assert isinstance(entry, Entry)
    with pytest.raises(Unfit, match="twice"):
        entry.one("KeyPackage/Key/AlgorithmParameters/ResponseFormat@Length")


class Slow(BytesIO):
    """A file that remembers how far it was read."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= containers.CHUNK_BYTES
        return super().read(size)


def test_a_document_is_read_as_rows_are_taken() -> None:
    """The first key of a long document shows before the rest was read."""
    file = Slow(container(*(key() for _ in range(1000))).encode())
    assert isinstance(next(entries(file)), Entry)
    assert file.tell() <= containers.CHUNK_BYTES


@given(st.binary(max_size=200), st.integers(0, 900))
def test_any_bytes_are_keys_or_one_fault(data: bytes, at: int) -> None:
    """Whatever stands in a document shows keys and no more than one fault, at the end."""
    document = container(key(), key()).encode()
    for changed in (data, document[:at] + data + document[at:], document[:at]):
        found = read(changed)
        assert all(isinstance(item, Entry) for item in found[:-1])
