"""What is wrong with a call, by its place."""

from typing import Annotated

import pytest
from pydantic import Field

from sidecar.api.words import ApiModel
from sidecar.core.api_errors import InputInvalid
from sidecar.web.management.faults import pointer
from sidecar.web.management.reading import checked


class _Odd(ApiModel):
    """Has a value of several kinds, and free names."""

    kinds: dict[Annotated[str, Field(max_length=3)], int | tuple[str, ...]]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"kinds": {"a": None}}, "/kinds/a"),
        ({"kinds": {"a": ["x", 1]}}, "/kinds/a"),
        ({"kinds": {"long": 1}}, "/kinds/long"),
        ({"kinds": {"int": None}}, "/kinds/int"),
        ({}, "/kinds"),
    ],
)
def test_a_fault_is_where_it_was_sent(value: object, found: str) -> None:
    """A value that could be of several kinds shows its own place, as does a name that is wrong."""
    with pytest.raises(InputInvalid) as refused:
        checked(_Odd, value)
    assert found in {fault.pointer for fault in refused.value.faults}
    assert all(fault.pointer.startswith(found) for fault in refused.value.faults)


def test_pointers_are_those_of_the_rfc() -> None:
    """The places of RFC 6901 §5 show their spelling."""
    assert [pointer(p) for p in ((), ("foo", 0), ("a/b",), ("m~n",))] == [
        *("", "/foo/0", "/a~1b", "/m~0n"),
    ]
