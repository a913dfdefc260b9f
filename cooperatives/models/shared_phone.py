from __future__ import annotations

import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from cooperatives.models.cooperative import Cooperative, Membership

MAX_WRONG_TRIES = 10  # the last one ends a PIN


class SharedPhoneQuerySet(models.QuerySet["SharedPhone"]):
    def active(self) -> Self:
        return self.filter(ended_at=None)

    def for_cooperative(self, cooperative: Cooperative) -> Self:
        return self.filter(cooperative=cooperative)


class SharedPhone(models.Model):
    """A phone that several members of a cooperative use, each with a PIN.

    The phone's browser holds a random secret in a cookie. `secret_digest` is its SHA-256.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="shared_phones")
    name = models.CharField(max_length=60)
    secret_digest = models.CharField(max_length=64, unique=True)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    registered_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = SharedPhoneQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "shared phone")
        verbose_name_plural = pgettext_lazy("models", "shared phones")

    def __str__(self) -> str:
        return self.name


class PhonePinQuerySet(models.QuerySet["PhonePin"]):
    def usable(self) -> Self:
        """Return PINs that open a phone: those of `present` that wrong entries have not ended."""
        return self.present().filter(wrong_tries__lt=MAX_WRONG_TRIES)

    def present(self) -> Self:
        """Return PINs of active members on active phones."""
        return self.filter(
            ended_at=None,
            phone__ended_at=None,
            membership__is_active=True,
            membership__user__is_active=True,
        )

    def may_be_tried(self, now: datetime.datetime) -> Self:
        """Return PINs that no wrong entries lock at this moment."""
        return self.filter(Q(locked_until=None) | Q(locked_until__lte=now))


class PhonePin(models.Model):
    """A member's PIN on one shared phone, as a password hash. It is empty once the PIN has ended.

    `sealed_key` is the member's signing key for this phone, encrypted under a key that the browser derives
    from the PIN with `salt` and `iterations` (PBKDF2). With the sealed key the phone checks a PIN without a
    network. The signing key changes with `key_salt`, so with every new PIN. `earlier_key_salt` is the salt of
    the PIN before, or empty if there was none. `account_digest` changes with the password and the second
    factor of the account, which ends the PIN. `wrong_tries` counts the wrong entries since the last right
    one.
    """

    phone = models.ForeignKey(SharedPhone, models.CASCADE, related_name="pins")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="phone_pins")
    pin_hash = models.CharField(max_length=250)
    account_digest = models.CharField(max_length=64)
    sealed_key = models.CharField(max_length=120)
    salt = models.CharField(max_length=40)
    iterations = models.PositiveIntegerField()
    key_salt = models.CharField(max_length=40, blank=True, default="")
    earlier_key_salt = models.CharField(max_length=40, blank=True, default="")
    wrong_tries = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    set_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = PhonePinQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "PIN on a shared phone")
        verbose_name_plural = pgettext_lazy("models", "PINs on shared phones")
        constraints = [
            models.UniqueConstraint(fields=["phone", "membership"], name="phone_pin_once"),
        ]

    def __str__(self) -> str:
        return f"{self.phone_id} {self.membership_id}"
