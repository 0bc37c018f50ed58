"""Types of single values, as the published schema describes them."""

from typing import Annotated

from pydantic import TypeAdapter

from sidecar.settings import kinds


def test_one_or_many_is_described_as_both() -> None:
    """A list that may be its only item shows both forms in the schema."""
    described = TypeAdapter(Annotated[tuple[kinds.Glob, ...], kinds.OneOrMany()]).json_schema()
    single, many = described["anyOf"]
    assert (single["type"], many["type"], many["items"]) == ("string", "array", single)


def test_values_are_shown_as_they_are_written() -> None:
    """Durations, sizes and origins show in JSON as the text that the file has."""
    for kind, text in (
        (kinds.Duration, "5m"),
        (kinds.Size, "64KiB"),
        (kinds.PublicOrigin, "https://a.example"),
        (kinds.ListenAddress, "[::]:80"),
        (kinds.Network, "10.0.0.0/8"),
        (kinds.Day, "2027-01-31"),
    ):
        adapter: TypeAdapter[object] = TypeAdapter(kind)  # type: ignore[arg-type]
        assert adapter.dump_python(adapter.validate_python(text), mode="json") == text
