"""A person's address book: where goods may be brought, and which place the checkout proposes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.views.buyer_place import all_provinces, communes_of
from orders.forms.addresses import AddressForm
from orders.views import receiver
from orders.views.current_basket import user_of
from shop.accounts.models import Address, User
from shop.accounts.personal.profile import Use, add_address, change_address, choose_address, remove_address
from shop.accounts.views.old_address_fields import is_shown_anew, suggestions
from shop.core.actors import Door
from shop.core.identifiers.phones import shown as shown_phone

MOST = 30  # addresses of one person
_SAME = ("first_name", "phone", "street_address_1", "commune_code", "province_code", "landmark")


@require_safe
@login_required
@never_cache
def addresses(request: HttpRequest) -> HttpResponse:
    """All of them, the usual one first."""
    user = _user(request)
    book = receiver.book_of(user)
    context = {"book": book, "usual": user.default_shipping_address_id, "is_full": len(book) >= MOST}
    return render(request, "orders/addresses.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def address_new(request: HttpRequest) -> HttpResponse:
    """One more."""
    user = _user(request)
    if len(receiver.book_of(user)) >= MOST:
        return redirect("orders:addresses")
    known = {"name": user.first_name, "phone": shown_phone(user.phone or "")}
    form = _form(request, known)
    if not form.is_bound or not form.is_valid():
        return _show(request, form)
    _add(user, form.address, is_usual=form.cleaned_data["is_default"])
    return _kept(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def address(request: HttpRequest, address_id: int) -> HttpResponse:
    """One of them, to be written anew; orders keep the copies they have."""
    user = _user(request)
    kept = _found(user, address_id)
    is_usual = kept.pk == user.default_shipping_address_id
    known = {
        "name": kept.first_name,
        "phone": shown_phone(kept.phone),
        "province": kept.province_code,
        "commune": kept.commune_code,
        "street": kept.street_address_1,
        "landmark": kept.landmark,
        "is_default": is_usual,
    }
    form = _form(request, known)
    if not form.is_bound or not form.is_valid():
        return _show(request, form, kept)
    actor, now = user.acting(Door.MARKET), timezone.now()
    change_address(address=_rewritten(kept, form.address), actor=actor, now=now)
    if form.cleaned_data["is_default"] and not is_usual:
        choose_address(user_id=user.pk, address_id=kept.pk, use=Use.SHIPPING, actor=actor, now=now)
    return _kept(request, form)


@require_POST
@login_required
def address_usual(request: HttpRequest, address_id: int) -> HttpResponse:
    """Let the checkout propose this one."""
    user = _user(request)
    kept = _found(user, address_id)
    actor = user.acting(Door.MARKET)
    choose_address(user_id=user.pk, address_id=kept.pk, use=Use.SHIPPING, actor=actor, now=timezone.now())
    messages.success(request, _("The checkout proposes this address now."))
    return redirect("orders:addresses")


@require_POST
@login_required
def address_removal(request: HttpRequest, address_id: int) -> HttpResponse:
    """Forget one; orders keep the copies they have."""
    user = _user(request)
    kept = _found(user, address_id)
    remove_address(address_id=kept.pk, actor=user.acting(Door.MARKET), now=timezone.now())
    messages.success(request, _("The address is taken out."))
    return redirect("orders:addresses")


def keep_in_book(request: HttpRequest, written: Address) -> None:
    """Add what was written on a checkout to the book of whoever is signed in, unless it is in there."""
    user = user_of(request)
    if user is not None:
        _add(user, written)


def _add(user: User, written: Address, *, is_usual: bool = False) -> None:
    """Keep what is not in the book yet; the first is the usual one. A full book stays as it is."""
    book = receiver.book_of(user)
    if len(book) >= MOST or any(_is_same(each, written) for each in book):
        return
    use = Use.SHIPPING if is_usual or not user.default_shipping_address_id else None
    add_address(user_id=user.pk, address=written, use=use, actor=user.acting(Door.MARKET), now=timezone.now())


def _form(request: HttpRequest, known: dict[str, Any]) -> AddressForm:
    """As kept, as posted, or as posted to be shown anew with another province's communes."""
    posted = receiver.with_choice(request, request.POST)
    is_sent = request.method == "POST" and not is_shown_anew(posted)
    written = {**known, **{name: posted[name] for name in posted}}
    if posted:
        written["is_default"] = "is_default" in posted
    return AddressForm(
        posted if is_sent else None,
        initial=written,
        provinces=all_provinces(),
        communes=communes_of(str(written.get("province", ""))),
    )


def _show(request: HttpRequest, form: AddressForm, kept: Address | None = None) -> HttpResponse:
    written = form.data if form.is_bound else form.initial
    context = {
        "form": form,
        "kept": kept,
        "old_address": str(written.get("old_address", "")),
        "suggestions": suggestions(written),
    }
    return render(request, "orders/address.html", context)


def _kept(request: HttpRequest, form: AddressForm) -> HttpResponse:
    messages.success(request, _("The address is kept."))
    if form.phone_is_odd:
        messages.warning(request, _("The phone number looks odd. Please look at it again."))
    return redirect("orders:addresses")


def _rewritten(kept: Address, written: Address) -> Address:
    """The row with what was written; what other doors keep in it stays."""
    for column in (*_SAME, "city", "country_area"):
        setattr(kept, column, getattr(written, column))
    return kept


def _is_same(one: Address, other: Address) -> bool:
    return all(getattr(one, column) == getattr(other, column) for column in _SAME)


def _user(request: HttpRequest) -> User:
    user = user_of(request)
    if user is None:
        raise Http404
    return user


def _found(user: User, address_id: int) -> Address:
    """One of their own; another person's is missing."""
    found = next((each for each in receiver.book_of(user) if each.pk == address_id), None)
    if found is None:
        raise Http404
    return found
