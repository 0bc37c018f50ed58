from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.keyed import OneKey, name_in
from sidecar.core.message_codes import MessageCodes, Sent
from sidecar.core.model import Person, Rejected
from sidecar.core.protocols import Context
from sidecar.storage.vault import KeyRing, RootKey

NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
ADA = Context(Person("shop", "ada"), "Ada", NOW, "challenge-1")
TO = "+4915112345642"
OVER = Rejected(over=True)

words = st.text(max_size=20)
contexts = st.builds(Context, st.builds(Person, words, words), st.just("Ada"), st.just(NOW), words)


keyed = OneKey(b"k" * 32)


def codes(digits: int = 6, minutes: int = 10) -> MessageCodes:
    return MessageCodes(keyed, digits, timedelta(minutes=minutes))


def another(code: str) -> str:
    """Return a code of the same length that is wrong."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


@given(contexts, words, words, st.integers(6, 8))
def test_the_code_fits(context: Context, to: str, about: str, digits: int) -> None:
    """Any code for anybody shows that it fits where it was made for, and says for what."""
    state, code = codes(digits).begin(context, to, about=about)
    sent = codes().judge(context, state, code)
    assert isinstance(sent, Sent)
    assert (sent.to, sent.about, sent.digits) == (to, about, digits)
    assert sent.expires_at == NOW + timedelta(minutes=10)
    assert codes().judge(context, state, another(code)) == Rejected("wrong")


@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.2")
@given(contexts, contexts, words, words)
def test_a_code_is_bound(made: Context, tried: Context, to: str, about: str) -> None:
    """Any two ceremonies show that a code fits the other one only where they are the same one.

    The parts of what it is bound to do not run into each other: a realm's end is not the
    beginning of a subject.
    """
    state, code = codes().begin(made, to, about=about)
    same = (made.person, made.subject_id) == (tried.person, tried.subject_id)
    assert isinstance(codes().judge(tried, state, code), Sent) is same


@pytest.mark.parametrize(
    "tried",
    [
        replace(ADA, person=Person("shop", "eve")),
        replace(ADA, person=Person("other", "ada")),
        replace(ADA, person=Person("sho", "pada")),
        replace(ADA, subject_id="challenge-2"),
        replace(ADA, subject_id=""),
    ],
)
@pytest.mark.threat(60)
@pytest.mark.conforms("ASVS-6.6.2")
def test_near_misses(tried: Context) -> None:
    """THREATS 60: the same code for another person or ceremony shows that it is wrong there."""
    state, code = codes().begin(ADA, TO)
    assert codes().judge(tried, state, code) == Rejected("wrong")


@pytest.mark.parametrize("swap", [(b"642", b"643"), (b"bound", b"loose")])
def test_state_that_was_changed(swap: tuple[bytes, bytes]) -> None:
    """Another address or purpose in the state shows that the code is bound to what was there."""
    state, code = codes().begin(ADA, TO, about="bound")
    assert codes().judge(ADA, state.replace(*swap), code) == Rejected("wrong")


def test_another_instance() -> None:
    """A code that another key made shows that it is no code here."""
    state, code = codes().begin(ADA, TO)
    other = MessageCodes(OneKey(b"o" * 32))
    assert other.judge(ADA, state, code) == Rejected("wrong")


@pytest.mark.conforms("NIST-OBV-1")
@pytest.mark.parametrize("digits", [6, 7, 8])
def test_what_is_remembered(digits: int) -> None:
    """What is kept shows that nothing but a keyed hash depends on the code."""
    made, rests = codes(digits), set()
    for _ in range(20):
        state, code = made.begin(ADA, TO)
        sent = made.judge(ADA, state, code)
        assert isinstance(sent, Sent)
        for text in (code, str(["message code", ADA.subject_id, "shop", "ada", TO, "", code])):
            assert sha256(text.encode()).hexdigest() != name_in(sent.digest)[1]
        assert TO not in repr(sent)
        assert sent.digest not in repr(sent)
        rests.add(state.replace(sent.digest.encode(), b""))
    assert len(rests) == 1


@pytest.mark.conforms("NIST-OBV-5", "NIST-OBV-5.5", "ASVS-6.5.3", "ASVS-6.5.4")
@pytest.mark.parametrize("digits", [6, 7, 8])
def test_digits(digits: int) -> None:
    """Ten thousand codes show that every digit is as likely in every place, the first too."""
    made = [codes(digits).begin(ADA, TO)[1] for _ in range(10_000)]
    assert {len(code) for code in made} == {digits}
    for place in range(digits):
        seen = Counter(code[place] for code in made)
        assert set(seen) == set("0123456789")
        # 1000 each are expected, with a deviation of 30; beyond 8 of them is beyond chance.
        assert all(760 < count < 1240 for count in seen.values())
    assert len(set(made)) > 9_900


@pytest.mark.conforms("NIST-OBV-5", "ASVS-6.5.4")
@pytest.mark.parametrize("digits", [5, 9, 0, -6])
def test_lengths_that_never_start(digits: int) -> None:
    """Lengths outside 6 to 8 show that they never start."""
    with pytest.raises(ValueError, match="6 to 8 digits"):
        codes(digits)


@pytest.mark.conforms("NIST-OBV-3", "ASVS-6.5.5")
@pytest.mark.parametrize("minutes", [0, 11, 60, -1])
def test_lives_that_never_start(minutes: int) -> None:
    """Lives over ten minutes, or of none, show that they never start."""
    with pytest.raises(ValueError, match="one minute and ten"):
        codes(minutes=minutes)


@pytest.mark.conforms("NIST-OBV-3", "ASVS-6.5.5")
@pytest.mark.parametrize("minutes", [1, 5, 10])
def test_a_code_ends(minutes: int) -> None:
    """The last moment and the next show that a code ends, whatever is typed then."""
    made = codes(minutes=minutes)
    assert made.minutes == minutes
    state, code = made.begin(ADA, TO)
    end = NOW + timedelta(minutes=minutes)
    last = replace(ADA, now=end - timedelta(microseconds=1))
    assert isinstance(made.judge(last, state, code), Sent)
    for now in (end, end + timedelta(seconds=1), end + timedelta(days=400)):
        for typed in (code, another(code), "no code"):
            assert made.judge(replace(ADA, now=now), state, typed) == OVER


@pytest.mark.parametrize(
    "spell",
    [
        "{}".format,
        lambda code: f"{code[:3]} {code[3:]}",
        lambda code: f"{code[:3]}-{code[3:]}",
        lambda code: f" \t{code[:3]}\u00a0{code[3:]}\r\n",
        "\u2013".join,
    ],
)
def test_spellings(spell: Callable[[str], str]) -> None:
    """Spaces and dashes show that they make no difference."""
    state, code = codes().begin(ADA, TO)
    assert isinstance(codes().judge(ADA, state, spell(code)), Sent)


@pytest.mark.conforms("ASVS-2.2.1")
@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "12345", "1234567", "12345a", "+12345", "12.345", "1_2345", "0x1234"),
        *("１２３４５６", "١٢٣٤٥٦", "¹²³⁴⁵⁶", "12345\x00", "\ud800" * 6, "123456" + " " * 100),
    ],
)
def test_malformed(typed: str) -> None:
    """What is no code shows that it is told apart from a wrong one."""
    state, _ = codes().begin(ADA, TO)
    assert codes().judge(ADA, state, typed) == Rejected("malformed")


@given(st.text())
def test_any_input(typed: str) -> None:
    """Any text shows that it is an answer, never an exception."""
    state, _ = codes().begin(ADA, TO)
    assert isinstance(codes().judge(ADA, state, typed), Sent | Rejected)


@pytest.mark.parametrize("state", [b"", b"code/0\n[]", b"address/1\n"])
def test_foreign_state(state: bytes) -> None:
    """State that another version or step wrote shows that the challenge is over."""
    assert codes().judge(ADA, state, "123456") == OVER


def test_options_that_changed_meanwhile() -> None:
    """A code on its way shows that it keeps the length and the life that it was made with."""
    state, code = codes(8, 10).begin(ADA, TO)
    later = replace(ADA, now=NOW + timedelta(minutes=6))
    assert isinstance(codes(6, 5).judge(later, state, code), Sent)


def test_a_key_that_is_replaced_on_the_way() -> None:
    """A code shows that it fits under the key of its time, and is over once that is gone."""
    old, new = RootKey("k1", b"1" * 32, active=False), RootKey("k2", b"2" * 32)
    before = KeyRing((replace(old, active=True), replace(new, active=False)))
    state, code = MessageCodes(before.of("codes")).begin(ADA, TO)
    after = MessageCodes(KeyRing((new, old)).of("codes"))
    assert isinstance(after.judge(ADA, state, code), Sent)
    assert after.judge(ADA, state, another(code)) == Rejected("wrong")
    assert MessageCodes(KeyRing((new,)).of("codes")).judge(ADA, state, code) == OVER
