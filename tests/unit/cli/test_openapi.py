"""`sidecar openapi`."""

import json

from sidecar.api.endpoints import description
from tests.unit.cli.conftest import Run


def test_it_prints_what_is_served(run: Run) -> None:
    """The command shows the description that the API serves, without a configuration."""
    done = run("openapi")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == json.loads(json.dumps(description()))
