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

    def person(self, user_id: str, pointer: str = "/user_id") -> Person:
        """Return the person under the name that the realm's sources give them.

        Raises:
            InputInvalid: several realms are there and none is named, or nobody is called so.

        """
        realm, mark, rest = user_id.partition(":")
        if mark and realm in self._realms:
            return self._named(realm, rest, pointer)
        if len(self._realms) == 1:
            return self._named(next(iter(self._realms)), user_id, pointer)
        known = ", ".join(self.realms)
        raise InputInvalid(InputFault(f"write realm:subject; there is {known}", pointer))

    def _named(self, realm: str, subject: str, pointer: str) -> Person:
        try:
            return Person(realm, subject_of(subject, self._realms[realm]))
        except IdentityUnavailable as refused:
            raise InputInvalid(InputFault(str(refused), pointer)) from refused
