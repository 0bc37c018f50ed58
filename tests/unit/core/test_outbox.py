"""The values of messages on their way."""

from sidecar.core.messages import Contact
from tests.posts import MAIL, NUMBER, PHONE, SAID, notice, post


def test_whom_it_goes_to() -> None:
    """A message shows its address in the channel that it goes by."""
    assert post().contact == PHONE
    assert notice().contact == Contact("email", MAIL)


def test_nothing_that_is_said_can_be_logged() -> None:
    """What a message looks like in a log shows neither address, code nor account."""
    shown = repr(post())
    assert NUMBER not in shown
    assert SAID["code"] not in shown
    assert post().account not in shown
