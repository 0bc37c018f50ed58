import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.errors import IdentityUnavailable
from sidecar.core.subjects import MAX_SUBJECT_BYTES, Fold, claim_of, groups_of, subject_of

FOLDS = [(), (Fold.NFKC,), (Fold.CASEFOLD,), (Fold.NFKC, Fold.CASEFOLD)]
NO_LISTS: list[object] = [None, "staff", {}, 1, [1], [""], [" a"], ["a\n"], [None], [["a"]]]
NO_TEXTS: list[object] = [None, True, 1, [], {}, "a\nb", "\u202ea", "x" * 256]


@pytest.mark.parametrize(
    "subject", ["ada", "ADA", "42", "a b", " a", "Größe", "数", "🐙", "a" * 255]
)
def test_byte_for_byte(subject: str) -> None:
    """Plain subjects of all kinds show that they are kept as they are."""
    assert subject_of(subject) == subject


def test_a_number_is_its_digits() -> None:
    """An integer id shows the same person as its decimal text."""
    assert subject_of(42) == "42"
    assert subject_of(-1) == "-1"


@pytest.mark.conforms("ASVS-6.8.1")
@settings(deadline=None)
@given(st.text(), st.sampled_from(FOLDS))
def test_no_two_subjects_look_alike(text: str, folds: tuple[Fold, ...]) -> None:
    """Any text shows that it is refused, or one stable form that nothing folds any further."""
    try:
        subject = subject_of(text, folds)
    except IdentityUnavailable:
        return
    assert 0 < len(subject.encode()) <= MAX_SUBJECT_BYTES
    assert unicodedata.normalize("NFKC", subject) == subject
    assert subject_of(subject, folds) == subject
    assert folds or subject == text
    if Fold.CASEFOLD in folds:
        assert subject.casefold() == subject


@pytest.mark.parametrize(
    ("one", "other"),
    [("ADA", "ada"), ("Straße", "STRASSE"), ("\ufb01n", "FIN"), ("\u212a", "k"), ("e\u0301", "É")],
)
def test_folding_merges_what_the_application_merges(one: str, other: str) -> None:
    """Names that fold to one show one person where folding was asked for, and only there."""
    folds = (Fold.NFKC, Fold.CASEFOLD)
    assert subject_of(one, folds) == subject_of(other, folds)
    with pytest.raises((AssertionError, IdentityUnavailable)):
        assert subject_of(one) == subject_of(other)


@pytest.mark.parametrize("folds", FOLDS, ids=str)
@pytest.mark.parametrize(
    "value",
    [None, True, False, 1.0, [], {}, b"ada", "", "\x00", "a\x7f", "a\u200b", "a\u202e", "\ud800"],
    ids=repr,
)
def test_what_is_no_subject(value: object, folds: tuple[Fold, ...]) -> None:
    """Other types, nothing, and hidden characters show that no folding makes them a subject."""
    with pytest.raises(IdentityUnavailable):
        subject_of(value, folds)


def test_too_long_before_or_after_folding() -> None:
    """Length shows that it is judged in bytes and after folding, for keys hold that."""
    with pytest.raises(IdentityUnavailable):
        subject_of("é" * 128)
    with pytest.raises(IdentityUnavailable):
        subject_of("\ufdfa" * 10, (Fold.NFKC,))
    assert subject_of("\uff21" * 255, (Fold.NFKC,)) == "A" * 255


def test_the_error_names_no_person() -> None:
    """A refused subject shows that it is not in the error's text."""
    with pytest.raises(IdentityUnavailable) as caught:
        subject_of("secret-name\x00")
    assert "secret-name" not in str(caught.value)


@pytest.mark.parametrize("value", NO_TEXTS, ids=repr)
def test_an_unfit_claim_is_left_out(value: object) -> None:
    """Claims that could break a page or a letter show that they are empty."""
    assert claim_of(value) == ""


def test_a_claim_is_trimmed() -> None:
    """A claim with blanks around it shows that they are gone."""
    assert claim_of("  Ada Lovelace ") == "Ada Lovelace"


@pytest.mark.parametrize("value", NO_LISTS, ids=repr)
def test_groups_are_read_whole_or_not_at_all(value: object) -> None:
    """Lists that cannot be read show a failure, never a shorter list."""
    with pytest.raises(IdentityUnavailable):
        groups_of(value)


def test_groups() -> None:
    """A list shows its names exactly; an empty one shows that there are none."""
    assert groups_of(["Admins", "staff", "staff"]) == {"Admins", "staff"}
    assert groups_of([]) == frozenset()
