"""What is counted over everybody."""

import json

from sidecar.api.analytics import READ, Stats
from sidecar.core.clients import Scope


def test_counting_has_a_scope_of_its_own() -> None:
    """Figures show to need a scope that reads nobody's rows."""
    assert READ.scope is Scope.ANALYTICS_READ


def test_shares_are_parts_of_one_or_none() -> None:
    """The example shows shares between nothing and all, and null where there is nothing."""
    told = Stats.model_validate_json(json.dumps({**READ.answer_example, "adoption": None}))
    assert told.adoption is None
    assert told.factors["totp"].success == 0.99
