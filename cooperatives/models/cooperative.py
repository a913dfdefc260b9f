from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.states import CertificateState, CooperativeState
from shop.core.models import Picture, WithExternalReference, WithMetadata, WithTimes
from shop.core.texts.folding import query_words

DEFAULT_LOW_STOCK_QUANTITY = 5
DEFAULT_NEAR_EXPIRY_DAYS = 10


class CooperativeQuerySet(models.QuerySet["Cooperative"]):
    def public(self) -> CooperativeQuerySet:
        """Return cooperatives with a public page: approved, and not the platform seller."""
        return self.filter(state=CooperativeState.APPROVED, is_platform_seller=False)

    def selling(self) -> CooperativeQuerySet:
        """Return approved cooperatives. A paused one still shows its products."""
        return self.filter(state=CooperativeState.APPROVED)

    def selling_on(self, day: datetime.date) -> CooperativeQuerySet:
        """Return cooperatives that accept orders on the day: approved and not paused (`is_paused_on`)."""
        return self.selling().exclude(_paused_condition(day))

    def paused_on(self, day: datetime.date) -> CooperativeQuerySet:
        """Return approved cooperatives that are paused on the day."""
        return self.selling().filter(_paused_condition(day))

    def matching(self, text: str) -> CooperativeQuerySet:
        """Return cooperatives whose name contains every word of the text, ignoring diacritics."""
        rows = self
        for word in query_words(text):
            rows = rows.filter(Q(folded_name__startswith=word) | Q(folded_name__contains=f" {word}"))
        return rows

    def of_member(self, user_id: int) -> CooperativeQuerySet:
        return self.filter(memberships__user=user_id, memberships__is_active=True)


def _paused_condition(day: datetime.date) -> Q:
    return Q(paused_from__isnull=False) & (Q(paused_until=None) | Q(paused_until__gt=day))


class Cooperative(WithMetadata, WithExternalReference, WithTimes):
    """A seller: legal identity, location, bank account and state.

    The platform seller is one such row (`is_platform_seller`) without a page. It owns products that staff or
    API apps create without naming a cooperative.
    """

    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=120, help_text=_("Short name that buyers see."))
    folded_name = models.CharField(max_length=250, blank=True, default="")
    is_platform_seller = models.BooleanField(default=False)
    is_sample = models.BooleanField(default=False, help_text=_("Sample data to show how the market works."))
    state = models.CharField(max_length=20, choices=CooperativeState, default=CooperativeState.APPLIED)
    state_reason = models.TextField(blank=True, default="")
    sort_order = models.PositiveIntegerField(default=1000)

    legal_name = models.CharField(max_length=250, blank=True, default="")
    registration_number = models.CharField(max_length=40, blank=True, default="")
    registration_issuer = models.CharField(max_length=250, blank=True, default="")
    registered_on = models.DateField(null=True, blank=True)
    tax_code = models.CharField(max_length=20, blank=True, default="")
    representative = models.CharField(max_length=250, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    zalo_phone = models.CharField(max_length=40, blank=True, default="")
    # Nullable, so that SQLite adds it without rebuilding a table that has triggers.
    is_food_producer = models.BooleanField(
        null=True,
        blank=True,
        help_text=_("Whether it processes or packs food, which needs a food safety certificate."),
    )
    bank_bin = models.CharField(max_length=6, blank=True, default="")
    bank_account = models.CharField(max_length=19, blank=True, default="")
    bank_holder = models.CharField(max_length=120, blank=True, default="")
    stripe_account = models.CharField(
        max_length=80,
        blank=True,
        default="",
        help_text=_("Key of its connected Stripe account for sales abroad."),
    )

    province_code = models.CharField(max_length=10, blank=True, default="")
    commune_code = models.CharField(max_length=10, blank=True, default="")
    province_name = models.CharField(max_length=120, blank=True, default="")
    commune_name = models.CharField(max_length=120, blank=True, default="")
    hamlet = models.CharField(max_length=250, blank=True, default="")
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)

    summary = models.CharField(max_length=250, blank=True, default="")
    story = models.TextField(blank=True, default="")
    cover = models.ForeignKey(Picture, models.SET_NULL, related_name="+", null=True, blank=True)
    portrait = models.ForeignKey(
        Picture,
        models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        help_text=_("Photo of its people that buyers see beside its name."),
    )
    return_terms = models.TextField(blank=True, default="")
    complaint_hours = models.PositiveSmallIntegerField(
        default=24, help_text=_("Hours after receipt within which damage may be reported.")
    )

    accept_within_hours = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Hours to accept an order; empty: the market's default.")
    )
    # Both nullable, so that SQLite adds them without rebuilding a table that has triggers.
    low_stock_at = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Stock at which members are warned; empty: 5.")
    )
    near_expiry_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Days before the use-by date of a lot; empty: 10.")
    )
    paused_from = models.DateTimeField(null=True, blank=True)
    paused_until = models.DateField(null=True, blank=True, help_text=_("First day on which it sells again."))
    pause_note = models.CharField(max_length=250, blank=True, default="")

    objects = CooperativeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "cooperative")
        verbose_name_plural = pgettext_lazy("models", "cooperatives")
        constraints = [
            models.UniqueConstraint(
                fields=["is_platform_seller"],
                condition=Q(is_platform_seller=True),
                name="one_platform_seller",
            ),
        ]
        indexes = [models.Index(fields=["state", "sort_order", "id"], name="cooperative_by_state")]

    def __str__(self) -> str:
        return self.name

    def is_paused_on(self, day: datetime.date) -> bool:
        """Return whether the cooperative is paused on that day. On `paused_until` it sells again."""
        return self.paused_from is not None and (self.paused_until is None or day < self.paused_until)

    @property
    def low_stock_threshold(self) -> int:
        """The stock at which members are warned of options without a threshold of their own."""
        return DEFAULT_LOW_STOCK_QUANTITY if self.low_stock_at is None else self.low_stock_at

    @property
    def days_near_expiry(self) -> int:
        """The number of days before its use-by date from which a lot counts as near expiry."""
        return DEFAULT_NEAR_EXPIRY_DAYS if self.near_expiry_days is None else self.near_expiry_days

    @property
    def is_public(self) -> bool:
        """Whether the cooperative has a public page, as in `public()`."""
        return self.state == CooperativeState.APPROVED and not self.is_platform_seller

    @property
    def location(self) -> str:
        commune = self.commune_name
        if self.hamlet:
            commune = f"{commune[:1].lower()}{commune[1:]}"
        return ", ".join(part for part in (self.hamlet, commune, self.province_name) if part)

    @property
    def initials(self) -> str:
        """The initials of its name's last two words, for a small badge. Words like "(Tày)" are skipped."""
        words = [word for word in self.name.split() if word[0].isalnum()]
        return "".join(word[0] for word in words[-2:]).upper()


class Role(models.TextChoices):
    MANAGER = "manager", _("manager")
    LISTER = "lister", _("lister")
    PACKER = "packer", _("packer")
    CASHIER = "cashier", _("cashier")
    BOOKKEEPER = "bookkeeper", _("bookkeeper")


class Membership(models.Model):
    """A user's membership of a cooperative, with a role."""

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = pgettext_lazy("model", "member")
        verbose_name_plural = pgettext_lazy("models", "members")
        constraints = [
            models.UniqueConstraint(fields=["cooperative", "user"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class ProducerQuerySet(models.QuerySet["Producer"]):
    def public(self) -> ProducerQuerySet:
        """Return households that agreed to be named publicly."""
        return self.filter(agreed_on__isnull=False)

    def for_cooperative(self, cooperative: Cooperative) -> ProducerQuerySet:
        return self.filter(cooperative=cooperative)


class Producer(WithMetadata):
    """A producing household. It may have no account.

    `products_made` describes the household's products in a few words. Buyers see the household's name only if
    `agreed_on`, the date of its consent, is set (Law 91/2025 on personal data). Otherwise the row is internal
    to the cooperative.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="producers")
    name = models.CharField(max_length=120)
    products_made = models.CharField(max_length=120, blank=True, default="")
    place = models.CharField(max_length=250, blank=True, default="")
    agreed_on = models.DateField(null=True, blank=True)
    phone = models.CharField(max_length=40, blank=True, default="")
    portrait = models.ForeignKey(
        Picture,
        models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        help_text=_("Photo that buyers see beside its name once it agreed."),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )

    objects = ProducerQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "household")
        verbose_name_plural = pgettext_lazy("models", "households")

    def __str__(self) -> str:
        return self.name

    @property
    def is_public(self) -> bool:
        """Whether buyers may read the name, as in `public()`."""
        return self.agreed_on is not None


class CertificateKind(models.TextChoices):
    OCOP = "ocop", _("OCOP")
    VIETGAP = "vietgap", _("VietGAP")
    ORGANIC = "organic", _("organic (TCVN 11041)")
    GROWING_AREA = "growing_area", _("growing area code")
    ORIGIN = "origin", _("geographical indication")


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def valid_on(self, day: datetime.date) -> CertificateQuerySet:
        """Return certificates shown on the day: confirmed, issued and not expired.

        A certificate is still shown on the day on which it expires.
        """
        return self.filter(
            Q(issued_on=None) | Q(issued_on__lte=day),
            Q(expires_on=None) | Q(expires_on__gte=day),
            state=CertificateState.CONFIRMED,
        )

    def waiting(self) -> CertificateQuerySet:
        """Return certificates that wait for review, longest waiting first."""
        return self.filter(state=CertificateState.IN_REVIEW).order_by("submitted_at", "pk")

    def for_cooperative(self, cooperative: Cooperative) -> CertificateQuerySet:
        return self.filter(cooperative=cooperative)

    def without_proposals(self) -> CertificateQuerySet:
        """Return certificates, not the changes proposed to them."""
        return self.filter(replaces=None)


class Certificate(models.Model):
    """An authority's certificate with number and dates. OCOP has 3 to 5 stars (Decision 148/QĐ-TTg).

    A certificate submitted by members is shown once staff have checked its document. One entered by staff is
    confirmed from the start. `state_reason` says why it was returned. Changes of a confirmed certificate are
    a row of their own that `replaces` it. The confirmed one stays on display until its changes are confirmed.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="certificates")
    kind = models.CharField(max_length=20, choices=CertificateKind)
    stars = models.PositiveSmallIntegerField(null=True, blank=True)
    number = models.CharField(max_length=120, blank=True, default="")
    issuer = models.CharField(max_length=250, blank=True, default="")
    issued_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    is_sample = models.BooleanField(default=False, help_text=_("Whether number and dates are sample data."))
    picture = models.ForeignKey(Picture, models.SET_NULL, related_name="+", null=True, blank=True)
    state = models.CharField(max_length=10, choices=CertificateState, default=CertificateState.CONFIRMED)
    state_reason = models.TextField(blank=True, default="")
    submitted_at = models.DateTimeField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self", models.CASCADE, related_name="proposal", null=True, blank=True, editable=False
    )

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "certificate")
        verbose_name_plural = pgettext_lazy("models", "certificates")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=CertificateKind.OCOP, stars__gte=3, stars__lte=5)
                | (~Q(kind=CertificateKind.OCOP) & Q(stars=None)),
                name="certificate_ocop_has_three_to_five_stars",
            ),
            models.CheckConstraint(
                condition=Q(issued_on=None) | Q(expires_on=None) | Q(expires_on__gte=F("issued_on")),
                name="certificate_expires_after_it_is_issued",
            ),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(state=CertificateState.CONFIRMED),
                name="certificate_proposal_is_not_shown",
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at", "id"],
                condition=Q(state=CertificateState.IN_REVIEW),
                name="certificate_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    def is_unchanged_since(self, seen_submitted_at: datetime.datetime | None) -> bool:
        """Return whether the certificate has not been submitted again since a reviewer opened it."""
        return self.submitted_at == seen_submitted_at
