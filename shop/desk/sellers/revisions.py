"""Review changes to approved products, with the current beside the proposed content."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.listings.revision_decisions import approve_revision, return_revision
from catalog.actions.products.revision_differences import find_picture_difference, find_text_differences
from catalog.models import Listing, ProductRevision
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.desk.forms import ReasonForm, submitted_reason
from shop.desk.sellers.listings import PER_PAGE
from shop.desk.sellers.reviews import RETURNED_MESSAGE, format_submission_time, run_decision
from shop.staff_pages import staff_only


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def list_revisions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the products whose changes wait for review, longest waiting first."""
    revisions = ProductRevision.objects.waiting().select_related("product__cooperative")
    page = Paginator(revisions, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/revisions.html", {"page": page})


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def show_revision(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show the changes to a product side by side."""
    revisions = ProductRevision.objects.select_related("product__cooperative", "product__category")
    revision = get_object_or_404(revisions, product__pk=pk)
    context = {
        "revision": revision,
        "product": revision.product,
        "cooperative": revision.product.cooperative,
        "listing": Listing.objects.filter(product__pk=pk).order_by("pk").first(),
        "differences": find_text_differences(revision),
        "pictures": find_picture_difference(revision),
        "seen_submitted_at": format_submission_time(revision.submitted_at),
        "form": ReasonForm(),
    }
    return render(request, "desk/revision.html", context)


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def approve_revision_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Approve the changes that the reviewer has seen."""
    return run_decision(
        request,
        approve_revision,
        product_id=pk,
        actor=actor,
        url=reverse("desk:revisions"),
        refused_url=reverse("desk:revision", args=[pk]),
        message=_("Changes approved. The cooperative has been notified."),
    )


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def return_revision_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Return the changes with a reason."""
    return run_decision(
        request,
        return_revision,
        product_id=pk,
        reason=submitted_reason(request.POST),
        actor=actor,
        url=reverse("desk:revisions"),
        refused_url=reverse("desk:revision", args=[pk]),
        message=RETURNED_MESSAGE,
    )
