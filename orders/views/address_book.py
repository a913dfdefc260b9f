"""The buyer's address book: delivery addresses, and the default that the checkout proposes."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.forms.addresses import AddressForm
from orders.views import receiver
from orders.views.current_basket import signed_in_user
from shop.accounts.models import Address, User
from shop.accounts.personal.profile import (
    AddressUse,
    add_address,
    change_address,
    remove_address,
    set_default_address,
)
from shop.accounts.views.old_address_fields import (
    find_suggestions,
    keep_marked_errors,
    marked_fields,
    needs_reload,
)
from shop.core.actors import EntryPoint
from shop.core.geography.division_choices import load_communes_of, load_provinces
from shop.core.identifiers.phones import format_phone
from shop.core.web.http_methods import require_safe_or_post

MAX_ADDRESSES_PER_USER = 30
_REMOVED_VALUES = "removed_address"  # session key
_COMPARED_COLUMNS = ("first_name", "phone", "street_address_1", "commune_code", "province_code", "landmark")


@require_safe
@login_required
@never_cache
def list_addresses(request: HttpRequest) -> HttpResponse:
    """List the addresses, the default first."""
    user = _user_or_404(request)
    book = receiver.read_address_book(user)
    context = {
        "book": book,
        "default_id": user.default_shipping_address_id,
        "is_full": len(book) >= MAX_ADDRESSES_PER_USER,
        "removed_values": request.session.pop(_REMOVED_VALUES, None),
    }
    return render(request, "orders/addresses.html", context)


@require_safe_or_post
@login_required
@never_cache
def add_address_view(request: HttpRequest) -> HttpResponse:
    """Add an address. The first one is the buyer's own; later ones may be somebody else's."""
    user = _user_or_404(request)
    book = receiver.read_address_book(user)
    if len(book) >= MAX_ADDRESSES_PER_USER:
        return redirect("orders:addresses")
    initial = {} if book else {"name": user.first_name, "phone": format_phone(user.phone or "")}
    form = _build_form(request, initial)
    if not _is_sent(request) or not form.is_valid():
        return _render_form(request, form)
    _add_to_book(user, form.address, is_default=form.cleaned_data["is_default"])
    return _redirect_with_message(request, form)


@require_safe_or_post
@login_required
@never_cache
def edit_address(request: HttpRequest, address_id: int) -> HttpResponse:
    """Edit an address. Orders keep their own copies."""
    user = _user_or_404(request)
    row = _find_address_or_404(user, address_id)
    is_default = row.pk == user.default_shipping_address_id
    form = _build_form(request, {**_form_values(row), "is_default": is_default})
    if not _is_sent(request) or not form.is_valid():
        return _render_form(request, form, row)
    actor, now = user.as_actor(EntryPoint.MARKET), timezone.now()
    change_address(address=_copy_columns(row, form.address), actor=actor, now=now)
    if form.cleaned_data["is_default"] and not is_default:
        set_default_address(user_id=user.pk, address_id=row.pk, use=AddressUse.SHIPPING, actor=actor, now=now)
    return _redirect_with_message(request, form)


@require_POST
@login_required
def make_address_default(request: HttpRequest, address_id: int) -> HttpResponse:
    """Make an address the default."""
    user = _user_or_404(request)
    row = _find_address_or_404(user, address_id)
    actor = user.as_actor(EntryPoint.MARKET)
    set_default_address(
        user_id=user.pk, address_id=row.pk, use=AddressUse.SHIPPING, actor=actor, now=timezone.now()
    )
    messages.success(request, _("This is now your default address."))
    return redirect("orders:addresses")


@require_POST
@login_required
def delete_address(request: HttpRequest, address_id: int) -> HttpResponse:
    """Delete an address, and offer once to add it again. Orders keep their own copies."""
    user = _user_or_404(request)
    row = _find_address_or_404(user, address_id)
    removed_values = _form_values(row)
    if row.pk == user.default_shipping_address_id:
        removed_values["is_default"] = "on"
    remove_address(address_id=row.pk, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now())
    request.session[_REMOVED_VALUES] = removed_values
    return redirect("orders:addresses")


def save_checkout_address(request: HttpRequest, address: Address) -> None:
    """Add the checkout's address to the signed-in user's address book, unless it is already there."""
    user = signed_in_user(request)
    if user is not None:
        _add_to_book(user, address)


def _add_to_book(user: User, address: Address, *, is_default: bool = False) -> None:
    """Add an address unless the book has it or is full. The first address becomes the default."""
    book = receiver.read_address_book(user)
    if len(book) >= MAX_ADDRESSES_PER_USER or any(
        _are_equal(saved_address, address) for saved_address in book
    ):
        return
    use = AddressUse.SHIPPING if is_default or not user.default_shipping_address_id else None
    add_address(
        user_id=user.pk, address=address, use=use, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now()
    )


def _build_form(request: HttpRequest, initial: Mapping[str, object]) -> AddressForm:
    """Return the form: initial, bound to a submission, or refilled after another province was chosen."""
    submitted = receiver.use_chosen_address(request, request.POST)
    values = {**initial, **{name: submitted[name] for name in submitted}}
    if submitted:
        values["is_default"] = "is_default" in submitted
    form = AddressForm(
        submitted if _is_sent(request) or marked_fields(submitted) else None,
        initial=values,
        provinces=load_provinces(),
        communes=load_communes_of(str(values.get("province", ""))),
    )
    if not _is_sent(request):
        keep_marked_errors(form, submitted)
    return form


def _form_values(row: Address) -> dict[str, str]:
    """Return an address as the form's fields."""
    return {
        "name": row.first_name,
        "phone": format_phone(row.phone),
        "province": row.province_code,
        "commune": row.commune_code,
        "street": row.street_address_1,
        "landmark": row.landmark,
    }


def _is_sent(request: HttpRequest) -> bool:
    """Return whether the form is to be saved, not only shown with other choices."""
    return request.method == "POST" and not needs_reload(request.POST)


def _render_form(request: HttpRequest, form: AddressForm, row: Address | None = None) -> HttpResponse:
    values = form.data if form.is_bound else form.initial
    context = {
        "form": form,
        "saved_address": row,
        "old_address": str(values.get("old_address", "")),
        "suggestions": find_suggestions(values),
    }
    return render(request, "orders/address.html", context)


def _redirect_with_message(request: HttpRequest, form: AddressForm) -> HttpResponse:
    messages.success(request, _("Address saved."))
    if form.is_phone_likely_mistyped:
        messages.warning(request, _("Please check the phone number: it looks unusual."))
    return redirect("orders:addresses")


def _copy_columns(row: Address, source: Address) -> Address:
    """Copy the form's columns to the row. Columns written by other interfaces stay."""
    for column in (*_COMPARED_COLUMNS, "city", "country_area"):
        setattr(row, column, getattr(source, column))
    return row


def _are_equal(first: Address, second: Address) -> bool:
    return all(getattr(first, column) == getattr(second, column) for column in _COMPARED_COLUMNS)


def _user_or_404(request: HttpRequest) -> User:
    user = signed_in_user(request)
    if user is None:
        raise Http404
    return user


def _find_address_or_404(user: User, address_id: int) -> Address:
    """Return one of the user's own addresses. Raises Http404 for any other."""
    address = next(
        (
            saved_address
            for saved_address in receiver.read_address_book(user)
            if saved_address.pk == address_id
        ),
        None,
    )
    if address is None:
        raise Http404
    return address
