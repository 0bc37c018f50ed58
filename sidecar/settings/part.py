"""What every section of the schema has in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """One mapping of sidecar.yaml: unknown keys are refused, values never change."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )
