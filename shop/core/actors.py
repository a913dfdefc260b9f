"""Actors, who perform actions, and the entry points they come through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class EntryPoint(TextChoices):
    """The interface an action came through: market pages, members' app, desk, API, or the system itself."""

    MARKET = "market", _("market")
    MEMBERS = "members", _("members' app")
    DESK = "desk", _("desk")
    API = "api", _("API")
    SYSTEM = "system", _("system")


class ActorKind(TextChoices):
    PERSON = "person", _("person")
    GUEST = "guest", _("guest")
    APP = "app", _("app")
    SYSTEM = "system", _("system")


# System actors shown to people under their own name. All others are shown as "the system".
KNOWN_SYSTEMS: Mapping[str, Promise | str] = MappingProxyType(
    {
        "sepay": "SePay",
        "casso": "Casso",
        "payos": "payOS",
        "stripe": "Stripe",
        "demo": _("the demo"),
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """A user, a guest, an app or the system. `key` is the id of the user or app as text."""

    kind: ActorKind
    entry_point: EntryPoint
    key: str = ""
    name: str = ""

    @property
    def user_id(self) -> int | None:
        return int(self.key) if self.kind == ActorKind.PERSON else None

    @classmethod
    def person(cls, user_id: int, name: str, entry_point: EntryPoint) -> Actor:
        return cls(ActorKind.PERSON, entry_point, str(user_id), name[:250])

    @classmethod
    def app(cls, app_id: int, name: str, entry_point: EntryPoint) -> Actor:
        return cls(ActorKind.APP, entry_point, str(app_id), name[:250])

    @classmethod
    def guest(cls, entry_point: EntryPoint = EntryPoint.MARKET) -> Actor:
        return cls(ActorKind.GUEST, entry_point)

    @classmethod
    def system(cls, name: str = "") -> Actor:
        return cls(ActorKind.SYSTEM, EntryPoint.SYSTEM, name=name)
