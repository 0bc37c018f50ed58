"""Start faults carry what cures them."""

from sidecar.core.errors import SidecarError
from sidecar.storage.faults import StoreUnproven


def test_a_fault_has_words_and_a_hint() -> None:
    """The message shows alone; the hint shows beside it and may be empty."""
    fault = StoreUnproven("it is empty", "fill it")
    assert isinstance(fault, SidecarError)
    assert (str(fault), fault.hint, StoreUnproven("x").hint) == ("it is empty", "fill it", "")
