from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor, EntryPoint
from shop.core.identifiers.phones import require_phone
from shop.core.models import Channel, WithExternalReference, WithMetadata, WithTimes


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())

    def create_user(self, *, email: str | None = None, password: str | None = None, **fields: object) -> User:
        """Create a user. Email addresses are stored in lower case, an empty one as null."""
        user = User(email=(email or "").strip().lower() or None, **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user


class User(WithMetadata, WithExternalReference, WithTimes, AbstractBaseUser):
    """A buyer, a member or an admin. Email addresses and confirmed phone numbers are unique.

    A number that is not confirmed is only a contact. It identifies no account, and several accounts may have
    it.

    `first_name` holds the whole name as Vietnamese people write it. `last_name` exists for clients that split
    it.
    """

    email = models.EmailField(unique=True, null=True, blank=True)
    phone = models.CharField(max_length=20, db_index=True, null=True, blank=True)
    phone_confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Time at which the phone number was confirmed with a code.")
    )
    first_name = models.CharField(max_length=256, blank=True, default="")
    last_name = models.CharField(max_length=256, blank=True, default="")
    language = models.CharField(max_length=16, default="vi")
    is_staff = models.BooleanField(default=False, help_text=_("Whether the person works for the market."))
    is_superuser = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_confirmed = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True, default="")
    revocation_key = models.CharField(
        max_length=64,
        default=secrets.token_urlsafe,
        help_text=_("Secret in every token of the account; changing it signs the user out everywhere."),
    )
    second_factor_since = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("Time since which sign-in requires a second factor; empty if it does not."),
    )
    second_factor_due_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Deadline for setting up a required second factor.")
    )
    default_billing_address = models.ForeignKey(
        "Address", models.SET_NULL, related_name="+", null=True, blank=True
    )
    default_shipping_address = models.ForeignKey(
        "Address", models.SET_NULL, related_name="+", null=True, blank=True
    )
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = pgettext_lazy("model", "account")
        verbose_name_plural = pgettext_lazy("models", "accounts")
        constraints = [
            models.CheckConstraint(condition=~Q(email=""), name="user_email_empty_is_null"),
            models.CheckConstraint(condition=~Q(phone=""), name="user_phone_empty_is_null"),
            models.CheckConstraint(
                condition=Q(phone__isnull=False) | Q(phone_confirmed_at=None), name="user_confirms_a_phone"
            ),
            models.UniqueConstraint(
                fields=["phone"],
                condition=Q(phone_confirmed_at__isnull=False),
                name="user_confirmed_phone_is_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.email or self.phone or f"#{self.pk}"

    @property
    def has_second_factor(self) -> bool:
        return self.second_factor_since is not None

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.first_name or self.name

    def as_actor(self, entry_point: EntryPoint) -> Actor:
        return Actor.person(self.pk, self.name, entry_point)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Let superusers see raw data in Django's admin. cooperatives.access decides everything else."""
        return self.is_active and self.is_superuser

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_superuser


class Address(WithMetadata):
    """A delivery or billing address. Saleor's columns, plus commune code and landmark.

    In Vietnam `country_area` is the province, `city` the commune or ward as written, and `street_address_1`
    the hamlet, house and street. Copies on orders have no `user`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="addresses", null=True, blank=True
    )
    first_name = models.CharField(max_length=256, blank=True, default="")
    last_name = models.CharField(max_length=256, blank=True, default="")
    company_name = models.CharField(max_length=256, blank=True, default="")
    street_address_1 = models.CharField(max_length=256, blank=True, default="")
    street_address_2 = models.CharField(max_length=256, blank=True, default="")
    city = models.CharField(max_length=256, blank=True, default="")
    city_area = models.CharField(max_length=128, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=2, default="VN")
    country_area = models.CharField(max_length=128, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    province_code = models.CharField(max_length=10, blank=True, default="")
    commune_code = models.CharField(max_length=10, blank=True, default="")
    landmark = models.CharField(max_length=250, blank=True, default="")
    validation_skipped = models.BooleanField(default=False)

    def __str__(self) -> str:
        return ", ".join(self.lines())

    def lines(self) -> list[str]:
        """Return the lines in Vietnamese order: hamlet or house, commune, province."""
        parts = (
            self.company_name,
            self.street_address_1,
            self.street_address_2,
            self.city,
            self.country_area,
            self.country if self.country != "VN" else "",
        )
        return [part for part in parts if part]

    def require_phone(self) -> None:
        """Raise InvalidPhone if its number cannot be dialled from its country, unless it skips validation."""
        if not self.validation_skipped:
            require_phone(self.phone, region=self.country)

    def copy(self) -> Address:
        """Return an unsaved copy without a user, for an order."""
        fields = {
            field.attname: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.name not in ("id", "user")
        }
        return Address(**fields)


class Group(models.Model):
    """Permissions shared by staff, optionally for some channels only (Saleor's permission groups).

    They apply to all rows if `is_platform_wide` is set, otherwise to the rows of the group's cooperatives. A
    group with neither grants nothing.
    """

    name = models.CharField(max_length=150, unique=True)
    is_platform_wide = models.BooleanField(
        _("whole market"),
        default=False,
        help_text=_("Whether its permissions apply to the data of all cooperatives."),
    )
    users = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="permission_groups", blank=True)
    channels = models.ManyToManyField(Channel, related_name="permission_groups", blank=True)
    is_restricted_to_channels = models.BooleanField(default=False)

    class Meta:
        verbose_name = pgettext_lazy("model", "staff group")
        verbose_name_plural = pgettext_lazy("models", "staff groups")

    def __str__(self) -> str:
        return self.name


class GroupPermission(models.Model):
    group = models.ForeignKey(Group, models.CASCADE, related_name="permissions")
    code = models.CharField(max_length=60, choices=Permission)

    class Meta:
        verbose_name = pgettext_lazy("model", "permission")
        verbose_name_plural = pgettext_lazy("models", "permissions")
        constraints = [
            models.UniqueConstraint(fields=["group", "code"], name="group_permission_once"),
        ]

    def __str__(self) -> str:
        return self.code


class App(WithMetadata):
    """A program that uses the API under its own name with its own permissions."""

    name = models.CharField(max_length=250)
    identifier = models.CharField(max_length=256, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "app")
        verbose_name_plural = pgettext_lazy("models", "apps")

    def __str__(self) -> str:
        return self.name

    def as_actor(self, entry_point: EntryPoint) -> Actor:
        return Actor.app(self.pk, self.name, entry_point)


class AppPermission(models.Model):
    app = models.ForeignKey(App, models.CASCADE, related_name="permissions")
    code = models.CharField(max_length=60, choices=Permission)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "code"], name="app_permission_once")]

    def __str__(self) -> str:
        return self.code


class AppToken(models.Model):
    """An app's token. Only its SHA-256 is stored. The token is shown once, on creation."""

    app = models.ForeignKey(App, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=128, blank=True, default="")
    digest = models.CharField(max_length=64, unique=True)
    last_characters = models.CharField(max_length=4)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"****{self.last_characters}"


class ConsentPurpose(models.TextChoices):
    ORDER = "order", _("sharing name, phone number and address with the seller and the carrier of this order")
    NEWS = "news", _("news of new seasons")


class Consent(models.Model):
    """Consent to one purpose: which version of the text, and when (Law 91/2025).

    `subject` names its order ("order:<uuid>") for people without an account.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="consents", null=True, blank=True
    )
    subject = models.CharField(max_length=80, blank=True, default="")
    purpose = models.CharField(max_length=20, choices=ConsentPurpose)
    version = models.CharField(max_length=20)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    entry_point = models.CharField(max_length=10, choices=EntryPoint)

    class Meta:
        verbose_name = pgettext_lazy("model", "consent")
        verbose_name_plural = pgettext_lazy("models", "consents")
        indexes = [models.Index(fields=["subject"], name="consent_by_subject")]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) | ~Q(subject=""), name="consent_has_user_or_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.version}"
