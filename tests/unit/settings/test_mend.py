"""Stand-ins for what does not validate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.settings.mend import NOWHERE, STAND_INS, mend
from sidecar.settings.schema import Settings
from sidecar.settings.source import Data
from sidecar.settings.validate import validate

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab/:.${}", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc_", max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
SECTIONS = st.dictionaries(st.sampled_from([*Settings.model_fields, "polcy"]), JUNK)


def test_stand_ins_are_valid_themselves() -> None:
    """The stand-ins of all required sections show that they make settings."""
    assert Settings.model_validate(STAND_INS).public[0].host == NOWHERE


@given(SECTIONS)
def test_any_data_becomes_settings_or_findings(data: dict[str, Data]) -> None:
    """Junk in any section shows that checking goes on, and that the junk is told."""
    found = validate(data)
    assert isinstance(found.settings, Settings)
    assert found.findings


def test_a_wrong_rule_matches_nothing_and_moves_no_other() -> None:
    """A rule that does not validate shows that the others keep their places."""
    rules: list[Data] = [
        {"name": "a", "path": "/a", "level": "deny"},
        {"name": "b", "pth": "/b", "level": "deny"},
        {"name": "c", "path": "/c", "level": "deny"},
    ]
    data: dict[str, Data] = {**STAND_INS, "policy": {"rules": rules}}
    settings, spoiled = mend(data, [("policy", "rules", 1, "pth")])
    assert [rule.name for rule in settings.policy.rules] == ["a", "left-out-1", "c"]
    assert settings.policy.rules[1].host == (NOWHERE,)
    assert spoiled == {("policy", "rules", 1)}


@pytest.mark.parametrize("section", sorted(STAND_INS))
def test_the_data_itself_stays_as_it_was(section: str) -> None:
    """Mending shows that what was read is not changed by it."""
    data: dict[str, Data] = {**STAND_INS, section: 5}
    mend(data, [(section,)])
    assert data[section] == 5
