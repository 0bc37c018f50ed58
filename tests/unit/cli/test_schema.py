"""`sidecar schema`."""

import json

from sidecar.settings.published import json_schema
from tests.unit.cli.conftest import Run


def test_the_schema_is_printed_as_it_is_published(run: Run) -> None:
    """The output shows that it is the schema and nothing else."""
    done = run("schema")
    assert (done.exit_code, done.output) == (0, json_schema())
    assert json.loads(done.output)["title"] == "sidecar.yaml"
