"""Who a user id means: `realm:subject`, or the subject alone while there is one realm."""

from collections.abc import Collection, Mapping

from sidecar.core.api_errors import InputFault, InputInvalid
from sidecar.core.errors import IdentityUnavailable
from sidecar.core.model import Person
from sidecar.core.subjects import Fold, subject_of


class Naming:
    """The realms, and how names are folded in each."""

    def __init__(self, realms: Mapping[str, Collection[Fold]]) -> None:
        self._realms = realms

    @property
    def realms(self) -> tuple[str, ...]:
        return tuple(sorted(self._realms))

    def person(self, user_id: str, *, pointer: str = "", parameter: str = "") -> Person:
        """Return the person under the name that the realm's sources give them.

        `pointer` or `parameter` is where the name stands in the call.

        Raises:
            InputInvalid: several realms are there and none is named, or nobody is called so.

        """
        try:
            return self._named(user_id)
        except IdentityUnavailable as refused:
            raise InputInvalid(InputFault(str(refused), pointer, parameter)) from refused

    def within(self, realm: str, subject: str) -> Person:
        """Return the person of this realm, whatever the subject looks like.

        Raises:
            IdentityUnavailable: there is no such realm, or nobody is called so.

        """
        if realm not in self._realms:
            raise IdentityUnavailable(f"there is no such realm; there is {', '.join(self.realms)}")
        return Person(realm, subject_of(subject, self._realms[realm]))

    def _named(self, user_id: str) -> Person:
        realm, mark, rest = user_id.partition(":")
        if mark and realm in self._realms:
            return self.within(realm, rest)
        if len(self._realms) == 1:
            return self.within(next(iter(self._realms)), user_id)
        raise IdentityUnavailable(f"write realm:subject; there is {', '.join(self.realms)}")
