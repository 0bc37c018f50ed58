"""What a call says, read strictly."""

import io
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pytest_aiohttp.plugin import AiohttpClient

from sidecar.api.config import NewConfig
from sidecar.api.endpoint import MAX_BODY_BYTES
from sidecar.api.words import ApiModel, Paged
from sidecar.core.api_errors import InputInvalid
from sidecar.core.errors import MalformedRequest, SidecarError
from sidecar.web.management import reading
from sidecar.web.management.reading import MAX_DEPTH, checked, parse


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=10,
    )
)
def test_json_has_one_reading(value: object) -> None:
    """Whatever a JSON writer wrote shows to be read as it was meant."""
    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"{", "line 1, column 2"),
        (b'{"a": 1, "a": 2}', "'a' occurs twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (rb'{"a": "\ud800"}', "half a surrogate"),
        (b"-Infinity", "-Infinity is no number"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper than 20"),
        (b"[" * 500_000, "nested deeper than 20"),
        (b'{"a":' * 200_000, "nested deeper than 20"),
        (b"1" * 5000, "no JSON"),
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_refused(body: bytes, said: str) -> None:
    """Broken, doubled, endless and foreign spellings show why they are refused."""
    with pytest.raises(MalformedRequest, match=said.replace("(", r"\(")):
        parse(body)


@pytest.mark.parametrize(
    ("text", "value"), [("7.0", 7), ("7e0", 7), ("-0.0", 0), ("7.5", 7.5), ("1e300", 1e300)]
)
def test_a_whole_number_is_one_however_it_is_written(text: str, value: float) -> None:
    """A number without a fraction shows as an integer, as far as a float is exact."""
    read = parse(text.encode())
    assert read == value
    assert isinstance(read, int) is (abs(value) < 2**53 and value == int(value))


def test_brackets_in_texts_are_no_depth() -> None:
    """A text full of brackets and quotes shows to be a text."""
    text = '[{"\\' * 100
    assert parse(json.dumps({"a": text}).encode()) == {"a": text}


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Any bytes show a value or a refusal, and nothing else."""
    try:
        parse(body)
    except MalformedRequest:
        return


def test_a_body_of_quotes_is_read_in_time() -> None:
    """A megabyte of unfinished texts shows to cost no more than its length."""
    with pytest.raises(MalformedRequest):
        parse(b'"' + b'\\"' * 500_000)


@pytest.mark.parametrize(
    ("value", "between", "most"),
    [(b"0", b",", 2048), (b"{}", b",", 1024), (b"[0]", b",", 1024), (b'"[,{"', b",", 2048)],
)
def test_a_body_has_so_many_values(value: bytes, between: bytes, most: int) -> None:
    """One value more than a body of its size has shows a refusal, and as many show a reading."""
    parse(b"[" + between.join([value] * (most - 1)) + b"]")
    with pytest.raises(MalformedRequest, match="more than 2048 values"):
        parse(b"[" + between.join([value] * (most + 1)) + b"]")


def test_faults_are_named_by_place() -> None:
    """Each fault of a body shows its pointer, all at once."""
    with pytest.raises(InputInvalid) as refused:
        checked(NewConfig, {"enabled": 1, "contacts": [{"channel": "fax"}], "more/~": None})
    found = {fault.pointer for fault in refused.value.faults}
    assert found == {
        *("/user_id", "/enabled", "/contacts/0/channel", "/contacts/0/address", "/more~1~0"),
    }


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_a_body_is_an_object(value: object) -> None:
    """Anything but an object shows that one was expected."""
    with pytest.raises(InputInvalid) as refused:
        checked(NewConfig, value)
    assert [fault.pointer for fault in refused.value.faults] == [""]


def test_what_was_sent_is_not_repeated() -> None:
    """A fault shows nothing of the value, which may be a secret in the wrong field."""
    with pytest.raises(InputInvalid) as refused:
        checked(NewConfig, {"user_id": "a\u202eswordfish", "required": "swordfish"})
    assert "swordfish" not in repr(refused.value.faults)


# --- over HTTP ------------------------------------------------------------------------------------


def application(query: type[ApiModel] | None = None) -> web.Application:
    async def echo(request: web.Request) -> web.Response:
        try:
            reading.require_version(request)
            key = reading.read_key(request)
            asked = reading.read_query(request, query)
            body = (
                await reading.read_body(request, MAX_BODY_BYTES)
                if request.method == "POST"
                else b""
            )
        except SidecarError as error:
            return web.json_response({"slug": error.slug}, status=error.status)
        return web.json_response(
            {"key": key, "size": len(body), "asked": asked and asked.model_dump()}
        )

    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/", echo)
    return app


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (JSON, 200),
        ({"Content-Type": "application/json; charset=UTF-8"}, 200),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (JSON | {"Content-Encoding": "gzip"}, 415),
        (JSON | {"API-Version": "1"}, 200),
        (JSON | {"API-Version": "2"}, 400),
        (JSON | {"Idempotency-Key": "a" * 255}, 200),
        (JSON | {"Idempotency-Key": "a" * 256}, 422),
        (JSON | {"Idempotency-Key": "a b"}, 422),
    ],
)
async def test_headers(aiohttp_client: AiohttpClient, headers: dict[str, str], status: int) -> None:
    """The headers of a call show whether it can be read."""
    client = await aiohttp_client(application())
    answer = await client.post("/", data=b"{}", headers=headers)
    assert answer.status == status


async def test_a_body_has_an_end(aiohttp_client: AiohttpClient) -> None:
    """A body over the limit shows to be refused, said or not."""
    client = await aiohttp_client(application())
    big = b" " * (MAX_BODY_BYTES + 1)
    assert (await client.post("/", data=io.BytesIO(big), headers=JSON)).status == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield big[: len(big) // 10]

    assert (await client.post("/", data=chunks(), headers=JSON)).status == 413


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("limit=3&cursor=abc", 200),
        ("limit=0", 422),
        ("limit=x", 422),
        ("limit=1&limit=2", 422),
        ("more=1", 422),
        ("cursor=", 422),
    ],
)
async def test_queries(aiohttp_client: AiohttpClient, query: str, status: int) -> None:
    """A query shows to be read by its model, each parameter once and no other."""
    client = await aiohttp_client(application(Paged))
    assert (await client.get(f"/?{query}")).status == status
    bare = await aiohttp_client(application())
    assert (await bare.get(f"/?{query}")).status == (422 if query else 200)
