"""The JSON Schema of sidecar.yaml, for editors and for reading."""

import json
from typing import Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from sidecar.settings.schema import Settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Written(GenerateJsonSchema):
    """Shows defaults as people write them (`5m`, not `PT5M`) and leaves out repeated titles."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        shown = schema["schema"].get("serialization", {})
        if "default" in described and shown.get("type") == "function-plain":
            described["default"] = shown["function"](schema["default"])
        return described

    def field_title_should_be_set(self, schema: object) -> bool:
        del schema
        return False


def json_schema() -> str:
    """Return the schema as text, the same one for the same version."""
    made = Settings.model_json_schema(schema_generator=_Written)
    whole = {"$schema": DIALECT, **made, "title": "sidecar.yaml"}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
