"""Data against the schema: a value, and every place where it does not fit in our own words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sidecar.settings.faults import Finding, Where, did_you_mean, within
from sidecar.settings.mend import mend
from sidecar.settings.schema import Settings
from sidecar.settings.source import Data

_SAID: Final[Mapping[str, str]] = {
    "missing": "is required",
    "string_type": "text is expected here",
    "int_type": "a whole number is expected here",
    "int_parsing": "a whole number is expected here",
    "bool_type": "true or false is expected here",
    "bool_parsing": "true or false is expected here",
    "model_type": "a mapping is expected here",
    "model_attributes_type": "a mapping is expected here",
    "mapping_type": "a mapping is expected here",
    "dict_type": "a mapping is expected here",
    "tuple_type": "a list is expected here",
    "list_type": "a list is expected here",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


@dataclass(frozen=True, slots=True)
class Validated:
    """The settings, as far as they could be read.

    Where something did not fit, a stand-in took its place so that the rest can be checked in the
    same run; `spoiled` are those places, about which nothing more should be said.
    """

    settings: Settings
    findings: tuple[Finding, ...] = ()
    spoiled: frozenset[Where] = frozenset()


def validate(data: dict[str, Data]) -> Validated:
    """Return the settings and what is wrong with their form."""
    try:
        return Validated(Settings.model_validate(data))
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=True)
    found = tuple(_findings(errors, Settings))
    mended, spoiled = mend(data, tuple(finding.where for finding in found))
    return Validated(mended, found, spoiled)


def findings_of(error: ValidationError, model: type[BaseModel], at: Where) -> Iterator[Finding]:
    """Yield what is wrong with a plugin's options, placed under its declaration."""
    for finding in _findings(error.errors(include_url=False, include_input=True), model):
        yield Finding((*at, *finding.where), finding.message, finding.hint)


def _findings(errors: list[ErrorDetails], model: type[BaseModel]) -> Iterator[Finding]:
    for error in errors:
        if error["type"] == "too_short" and _has_more(error["loc"], errors):
            continue  # pydantic counts only the items that fit
        where = tuple(step for step in error["loc"] if step != "[key]")
        yield Finding(where, *_words(error, where, model))


def _has_more(place: Where, errors: list[ErrorDetails]) -> bool:
    return any(len(error["loc"]) > len(place) and within(error["loc"], [place]) for error in errors)


def _words(error: ErrorDetails, where: Where, model: type[BaseModel]) -> tuple[str, str]:
    """Return message and hint; the written value itself is never repeated, it may be a secret."""
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            known = _keys(model, where[:-1])
            hint = did_you_mean(where[-1], known) or "there is " + ", ".join(known)
            return f"unknown key {where[-1]!r}", hint
        case "value_error" | "assertion_error":
            return str(context.get("error", error["msg"])), ""
        case "literal_error" | "enum":
            choices = str(context["expected"]).replace("'", "")
            words = choices.replace(" or ", ", ").split(", ")
            return f"one of {choices} is expected here", did_you_mean(error["input"], words)
        case "string_pattern_mismatch":
            return f"must match {context['pattern']}", ""
        case kind:
            return _SAID.get(kind, error["msg"]), ""


def _keys(model: type[BaseModel], where: Where) -> list[str]:
    """Return the keys that may stand at a place."""
    found: object = model
    for step in where:
        found = _inside(found, step)
    parts = [part for part in _alternatives(found) if isinstance(part, type)]
    models = [part for part in parts if issubclass(part, BaseModel)]
    return [field.alias or name for part in models for name, field in part.model_fields.items()]


def _inside(annotation: object, step: str | int) -> object:
    for part in _alternatives(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            fields = {field.alias or name: field for name, field in part.model_fields.items()}
            if step in fields:
                return fields[str(step)].annotation
        elif get_args(part):
            return get_args(part)[-1 if isinstance(step, str) else 0]
    return None


def _alternatives(annotation: object) -> tuple[object, ...]:
    origin = get_origin(annotation)
    if origin is Union or type(annotation).__name__ == "UnionType":
        return get_args(annotation)
    return (annotation,)
