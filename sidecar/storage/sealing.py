"""Rows of authenticators: their material sealed to its row, and a MAC over what a row may prove."""

import dataclasses
from datetime import datetime
from typing import cast

import structlog
from sqlalchemy import Row

from sidecar.core.errors import SealBroken
from sidecar.core.model import (
    Authenticator,
    AuthenticatorStatus,
    Level,
    Material,
    Person,
    SharedSecret,
)
from sidecar.storage.columns import person_values
from sidecar.storage.materials import decode, encode, kind_of, statement
from sidecar.storage.vault import Place, Vault

_log = structlog.get_logger(__name__)

AnyRow = Row[*tuple[object, ...]]


class Sealing:
    """Turns authenticators into rows of `authenticators` and back."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def row(self, authenticator: Authenticator) -> dict[str, object]:
        """Return the whole row of a new authenticator."""
        return {
            "id": authenticator.id,
            **person_values(authenticator.person),
            "factor": authenticator.factor,
            "name": authenticator.name,
            "level": authenticator.level,
            "created_at": authenticator.created_at,
            "changed_at": authenticator.created_at,
            "last_used_at": authenticator.last_used_at,
            "detail": authenticator.detail,
            **self.kept(authenticator),
        }

    def kept(self, authenticator: Authenticator) -> dict[str, object]:
        """Return the columns that the MAC covers and that change, with the MAC."""
        material = authenticator.material
        inline = encode(material) if isinstance(material, SharedSecret) else None
        return {
            "held_until": authenticator.held_until,
            "held_level": authenticator.held_level,
            "status": authenticator.status,
            "version": authenticator.version,
            "kind": kind_of(material),
            "material": inline and self._vault.seal(inline, _place(authenticator)),
            "mac": self._vault.ring.vouch("row-mac", self._statement(authenticator)),
        }

    def remade(self, row: AnyRow, beside: Material | None) -> dict[str, str | None] | None:
        """Return what the row says by the active key; None where it does not open, or not fit.

        A row that is not ours is not vouched for anew.
        """
        whole = self.read(row, beside)
        if whole.material is None:
            return None
        kept = self.kept(whole)
        return {name: cast("str | None", kept[name]) for name in ("material", "mac")}

    def changed(
        self, present: Authenticator, after: Authenticator, now: datetime
    ) -> dict[str, object]:
        """Return the columns that change with the authenticator's state or person.

        A row whose MAC does not fit is changed but not vouched for anew: a tampered row would
        otherwise be washed clean. A removed one keeps no secret and proves nothing.
        """
        vouched = present.material is not None or after.status is AuthenticatorStatus.REMOVED
        kept = self.kept(after) if vouched else {"status": after.status, "version": after.version}
        return {**kept, **person_values(after.person), "changed_at": now}

    def read(self, row: AnyRow, beside: Material | None) -> Authenticator:
        """Return the authenticator; without material where it does not open or the MAC not fit."""
        bare = _bare(row)
        if row.kind == "none":
            return bare
        try:
            return self._opened(bare, row, beside)
        except (SealBroken, ValueError, KeyError, TypeError) as error:
            _log.warning("authenticator.unreadable", authenticator=bare.id, error=str(error))
            return bare

    def _opened(self, bare: Authenticator, row: AnyRow, beside: Material | None) -> Authenticator:
        if beside is None and row.kind != "shared_secret":
            raise SealBroken(f"authenticators.kind: no {row.kind!r} beside the row")
        material = beside or decode(self._vault.unseal(row.material or "", _place(bare)))
        whole = dataclasses.replace(bare, material=material)
        trusted = (row.status, row.level) == (bare.status, bare.level)
        if trusted and self._vault.ring.vouched("row-mac", self._statement(whole), row.mac):
            return whole
        raise SealBroken("authenticators.mac: does not fit")

    def _statement(self, authenticator: Authenticator) -> bytes:
        return self._vault.instance.encode() + statement(authenticator)


def _bare(row: AnyRow) -> Authenticator:
    """Return the row without material; a state or level that we never wrote proves nothing."""
    statuses, levels = {*AuthenticatorStatus}, {*Level}
    known = row.status in statuses and row.level in levels
    return Authenticator(
        id=row.id,
        person=Person(row.realm, row.subject),
        factor=row.factor,
        name=row.name,
        status=AuthenticatorStatus(row.status) if known else AuthenticatorStatus.DISABLED,
        level=Level(row.level) if known else Level.ONE_FACTOR,
        version=row.version,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        detail=row.detail,
        held_until=row.held_until,
        held_level=Level(row.held_level) if row.held_level in levels else Level.ONE_FACTOR,
    )


def _place(authenticator: Authenticator) -> Place:
    return Place(authenticator.person, "authenticators", "material", authenticator.id)
