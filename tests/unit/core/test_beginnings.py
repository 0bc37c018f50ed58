"""Twin of sidecar/core/beginnings.py."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.beginnings import Beginnings

SEGMENTS = st.lists(st.sampled_from(["a", "b", "", "long"]), max_size=4).map(tuple)


@given(st.lists(st.lists(SEGMENTS, min_size=1, max_size=3), max_size=8), SEGMENTS)
def test_like_a_look_at_every_item(
    starts: list[list[tuple[str, ...]]], path: tuple[str, ...]
) -> None:
    """Any items and path show what a look at each item finds, in the same order, once."""
    found = list(
        Beginnings((some, place) for place, some in enumerate(starts)).of("/" + "/".join(path))
    )
    seen = path or ("",)
    assert found == [
        place
        for place, some in enumerate(starts)
        if any(seen[: len(start)] == start for start in some)
    ]


def test_nothing() -> None:
    """No items at all show nothing, for any path."""
    assert list(Beginnings[int](()).of("/a/b")) == []


def test_two_thousand_under_one_roof() -> None:
    """Two thousand items show that a path finds its own few, and no other is looked at."""
    many = Beginnings(([("api", str(number))], number) for number in range(2000))
    assert list(many.of("/api/1999/x")) == [1999]
    assert list(many.of("/api/2000")) == []
