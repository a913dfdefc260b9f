"""Review submitted certificates."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.sellers.certificates import confirm_certificate, return_certificate
from catalog.models import Product
from cooperatives.models import Certificate
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.desk.forms import ReasonForm, submitted_reason
from shop.desk.sellers.reviews import RETURNED_MESSAGE, format_submission_time, run_decision
from shop.staff_pages import staff_only

PER_PAGE = 20


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def list_certificates(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List pending certificates, oldest first."""
    certificates = Certificate.objects.waiting().select_related("cooperative", "picture", "replaces")
    certificates = certificates.prefetch_related(Prefetch("products", Product.objects.existing()))
    page = Paginator(certificates, PER_PAGE).get_page(request.GET.get("page"))
    certificate_rows = [
        (row, ReasonForm(prefix=f"c{row.pk}"), format_submission_time(row.submitted_at))
        for row in page.object_list
    ]
    return render(request, "desk/certificates.html", {"page": page, "certificates": certificate_rows})


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def confirm_certificate_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Confirm a certificate, which buyers then see."""
    return run_decision(
        request,
        confirm_certificate,
        certificate_id=pk,
        actor=actor,
        url=reverse("desk:certificates"),
        message=_("Buyers can see it now. The cooperative has been notified."),
    )


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def return_certificate_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Return a certificate for correction."""
    return run_decision(
        request,
        return_certificate,
        certificate_id=pk,
        reason=submitted_reason({"reason": request.POST.get(f"c{pk}-reason", "")}),
        actor=actor,
        url=reverse("desk:certificates"),
        message=RETURNED_MESSAGE,
    )
