"""Every operation of the management API, by its name, at any desk."""

from sidecar.client.about import About
from sidecar.client.config import Configuring


class Operations(Configuring, About):
    """Methods named after the operation ids, with what each takes and answers."""
