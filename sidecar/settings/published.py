"""The JSON Schema of sidecar.yaml, for editors and for reading."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from sidecar.bundled import plugin_names
from sidecar.core.durations import show_duration
from sidecar.loader import Role, resolve
from sidecar.settings.schema import PluginPart, Settings, SourcePart

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PARTS: Final[dict[Role, type[BaseModel]]] = {Role.FACTORS: PluginPart, Role.IDENTITY: SourcePart}


class _Written(GenerateJsonSchema):
    """Shows defaults as people write them (`5m`, not `PT5M`) and leaves out repeated titles."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        shown = schema["schema"].get("serialization", {})
        if "default" in described and shown.get("type") == "function-plain":
            described["default"] = shown["function"](schema["default"])
        elif isinstance(schema.get("default"), timedelta):
            described["default"] = show_duration(schema["default"])
        return described

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        r"""Return the pattern as editors' engines take it: they refuse a needless `\"`."""
        described = super().str_schema(schema)
        if "pattern" in described:
            described["pattern"] = described["pattern"].replace('\\"', '"')
        return described

    def field_title_should_be_set(self, schema: object) -> bool:
        del schema
        return False


def json_schema() -> str:
    """Return the schema as text, the same one for the same version."""
    made = Settings.model_json_schema(schema_generator=_Written)
    for role, part in _PARTS.items():
        keys = part.model_json_schema(schema_generator=_Written)["properties"]
        cases = made["properties"][role.value].setdefault("allOf", [])
        for name, options in _bundled(role):
            made["$defs"].update(options.pop("$defs", {}))
            options["properties"] = {**keys, **options["properties"]}
            made["$defs"][f"{role.value}.{name}"] = options
            cases.append(_case(role, name))
    whole = {"$schema": DIALECT, **made, "title": "sidecar.yaml"}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _bundled(role: Role) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the options of every bundled plugin; parts of them are named after the plugin."""
    for name in plugin_names(role.value):
        model: type[BaseModel] = resolve(role, name).options
        inside = f"{role.value}.{name}."
        schema = model.model_json_schema(
            schema_generator=_Written, ref_template=f"#/$defs/{inside}{{model}}"
        )
        schema["$defs"] = {f"{inside}{part}": how for part, how in schema.get("$defs", {}).items()}
        yield name, schema


def _case(role: Role, name: str) -> JsonSchemaValue:
    """Return when a declaration has this plugin's options: by its own name, or by `plugin:`."""
    options = {"$ref": f"#/$defs/{role.value}.{name}"}
    named = {"properties": {"plugin": {"const": name}}, "required": ["plugin"]}
    return {
        "properties": {name: {"if": {"not": {"required": ["plugin"]}}, "then": options}},
        "patternProperties": {"": {"if": named, "then": options}},
    }
