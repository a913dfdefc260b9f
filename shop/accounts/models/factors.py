"""Second factors of an account: passkeys, an authenticator app, recovery codes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy


class Passkey(models.Model):
    """A WebAuthn credential: the public key of a pair whose private key stays on the person's device.

    `credential_id` is base64url without padding, as browsers send it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_id = models.CharField(max_length=1400, unique=True)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "passkey")
        verbose_name_plural = pgettext_lazy("models", "passkeys")
        constraints = [
            models.CheckConstraint(condition=~Q(credential_id=""), name="passkey_has_credential"),
        ]

    def __str__(self) -> str:
        return self.name


class AuthenticatorApp(models.Model):
    """The secret of a person's authenticator app for time-based codes (TOTP, RFC 6238).

    `sealed_secret` is encrypted under SECRET_KEY. `last_step` is the time step of the newest accepted code.
    Neither this code nor an older one is accepted again.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="authenticator_app", primary_key=True
    )
    sealed_secret = models.TextField()
    last_step = models.BigIntegerField()
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d}"


class RecoveryCodeQuerySet(models.QuerySet["RecoveryCode"]):
    def unused(self) -> RecoveryCodeQuerySet:
        return self.filter(used_at=None)


class RecoveryCode(models.Model):
    """A single-use code that replaces a lost phone or key. Only a keyed hash is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = RecoveryCodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once_per_user"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d}"
