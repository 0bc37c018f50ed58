"""Every operation of the management API, by its name, at any desk."""

from sidecar.client.about import About
from sidecar.client.config import Configuring
from sidecar.client.holdings import Looking
from sidecar.client.people import Helping
from sidecar.client.porting import Porting
from sidecar.client.proofs import Proving


class Operations(Configuring, Proving, Looking, Helping, Porting, About):
    """Methods named after the operation ids, with what each takes and answers."""
