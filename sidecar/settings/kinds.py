"""The types of single values in the schema: how each is read, shown and described."""

from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sidecar.core.durations import parse_duration, show_duration
from sidecar.settings.words import (
    Address,
    Origin,
    counted,
    listed,
    parse_address,
    parse_date,
    parse_glob,
    parse_host,
    parse_network,
    parse_origin,
    parse_page_origin,
    parse_regex,
    parse_size,
    parse_upstream,
    show_size,
)


@dataclass(frozen=True, slots=True)
class OneOrMany:
    """Marks a list that may also be written as its only item."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        array = handler(schema)
        return {"anyOf": [array["items"], array]}


_TEXT: Final = {"type": "string"}
_LATER: Final = r"\$\{.+\}|file:.+"
"""A reference: only the start of the sidecar tells what it stands for."""
_DURATION: Final = f"^([0-9]{{1,9}}(ms|s|m|h|d)|{_LATER})$"
_SIZE: Final = f"^([0-9]{{1,9}}(B|KiB|MiB)|{_LATER})$"

Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration),
    PlainSerializer(show_duration, return_type=str),
    WithJsonSchema({**_TEXT, "pattern": _DURATION, "examples": ["5m", "24h"]}),
]
Size = Annotated[
    int,
    PlainValidator(parse_size),
    PlainSerializer(show_size, return_type=str),
    WithJsonSchema({**_TEXT, "pattern": _SIZE, "examples": ["64KiB"]}),
]
PublicOrigin = Annotated[
    Origin,
    PlainValidator(parse_origin),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({**_TEXT, "examples": ["https://shop.example.com"]}),
]
PageOrigin = Annotated[
    str,
    PlainValidator(parse_page_origin),
    WithJsonSchema({**_TEXT, "examples": ["https://chat.example.com"]}),
]
ListenAddress = Annotated[
    Address,
    PlainValidator(parse_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({**_TEXT, "examples": ["0.0.0.0:8080", "unix:/run/sidecar.sock"]}),
]
Network = Annotated[
    IPv4Network | IPv6Network,
    PlainValidator(parse_network),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({**_TEXT, "examples": ["10.1.2.0/28"]}),
]
UpstreamUrl = Annotated[
    str,
    PlainValidator(parse_upstream),
    WithJsonSchema({**_TEXT, "examples": ["http://127.0.0.1:3000"]}),
]
Host = Annotated[
    str, PlainValidator(parse_host), WithJsonSchema({**_TEXT, "examples": ["shop.example.com"]})
]
Glob = Annotated[
    str,
    PlainValidator(parse_glob),
    WithJsonSchema({**_TEXT, "pattern": "^/", "examples": ["/pay/**", "/*/edit"]}),
]
Regex = Annotated[
    str,
    PlainValidator(parse_regex),
    WithJsonSchema({**_TEXT, "format": "regex", "examples": ["/order/[0-9]+"]}),
]
Day = Annotated[
    date,
    PlainValidator(parse_date),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({**_TEXT, "format": "date", "examples": ["2027-01-31"]}),
]
Count = Annotated[int, Field(ge=0), BeforeValidator(counted)]
Positive = Annotated[int, Field(ge=1), BeforeValidator(counted)]
Workers = Annotated[int, Field(ge=1, le=64), BeforeValidator(counted)]
