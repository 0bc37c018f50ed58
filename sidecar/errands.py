"""The calls by which programs act for people, put together."""

from sidecar import wiring
from sidecar.flows import Flows
from sidecar.flows.behalf import Behalf
from sidecar.flows.provisioning import Provisioning
from sidecar.flows.requested import Requested
from sidecar.results import Results
from sidecar.settings.load import Loaded
from sidecar.signing import PURPOSE, signing_key
from sidecar.web.management.apps import AppCalls
from sidecar.web.management.backup_codes import BackupCodeCalls
from sidecar.web.management.call import Handlers
from sidecar.web.management.challenges import ChallengeCalls
from sidecar.web.management.enrollments import EnrollmentCalls


def errands(loaded: Loaded, flows: Flows) -> Handlers:
    """Return what answers each endpoint of challenges, enrollments and backup codes."""
    key = signing_key(wiring.key_ring(loaded).purpose_key(PURPOSE))
    results = Results(key, str(loaded.settings.public[0]), flows.kit.clock)
    return handlers(flows, results, app=wiring.app_factor(loaded.settings))


def handlers(flows: Flows, results: Results, *, app: str) -> Handlers:
    """Return the same; `app` names the factor of authenticator apps."""
    kit, behalf = flows.kit, Behalf(flows.kit)
    requested = Requested(kit, behalf, flows.challenges, flows.deliveries)
    provisioning = Provisioning(kit, behalf, flows.enrollments, flows.deliveries)
    return {
        **ChallengeCalls(requested, results).handlers(),
        **EnrollmentCalls(provisioning).handlers(),
        **AppCalls(provisioning, app=app).handlers(),
        **BackupCodeCalls(provisioning).handlers(),
    }
