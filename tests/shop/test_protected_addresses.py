"""Addresses that require a recent confirmation. Every new address must be listed here either way."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests.factories import make_admin, make_cooperative, make_member
from tests.shop.accounts.factors import CHECK, give_app, signed_in

pytestmark = pytest.mark.django_db

# Bank accounts, refunds, payouts, permissions and settings; in accounts, changes of how a person signs in.
ASKS = {
    "desk": """
        approval approvals audit card-payout cash-shortfall complaint-acceptance data-request-days
        parcel-return payout payout-account payout-list payout-payment payout-payments
        payout-proposal payouts rate-end rates
        customer-request customer-state role role-creation role-removal roles staff staff-account
        staff-account-roles
        staff-account-state
        refund refund-account refund-by-bank second-factor-reset second-factor-rule second-factors
        second-person-rules settings settings-bank-account settings-deadlines settlement-closure
        settlement-closures settlement-correction transfer-return transfer-return-confirmation withholding-end
        withholding-switch withholdings
    """,
    "members": """
        account account-decision complaint-acceptance invitation invitation-creation invitation-revocation
        membership membership-end memberships
    """,
    "accounts": """
        authenticator-app email passkey-options passkey-removal passkeys phone-confirmation recovery-codes
        second-factor-end second-factor-passkeys
    """,
}
# Cancelling refunds only by the original method. `details` asks only when the phone number changes.
ASKS_NOT = {
    "desk": """
        background-work bank-statement bank-statement-import bank-statements card-check card-dismissal
        card-notice-retry card-retry cards cash cash-parcels cash-problems cash-remittance
        cash-remittance-difference cash-remittance-receipt cash-remittances cash-row cash-statement
        cash-statement-import cash-statements cash-shortfalls certificate-confirmation certificate-return
        certificates complaint complaint-rejection complaints cooperative cooperative-answer cooperative-texts
        customer customer-note customers
        categories category category-merge category-move
        cooperatives data-request data-request-answer data-request-carry-out data-requests discounts draft
        draft-deletion draft-placement drafts failure-acknowledgement failure-retry home ledger listing
        listing-publication listing-return listing-texts listing-withdrawal listings order
        order-cancellation order-contact orders parcel-delivery part-cancellation payment-method promotion
        promotion-end promotion-creation settlement settlement-pdf settlement-print settlement-workbook
        settlements synonym-removal synonym-set synonyms transfer transfer-dismissal
        transfer-replacement-order
        transfer-review transfer-settlement transfers transfers-all voucher voucher-codes voucher-end
        voucher-file voucher-creation weight-answer
        document document-acceptance document-file document-return
        forbidden-phrase-removal forbidden-phrases revision revision-approval revision-return revisions
        parcel-undoing part-acceptance-undoing substitute-answer price-confirmation prices
    """,
    "members": """
        application application-document application-file apply apply-code cash
        certificate certificate-creation certificate-removal complaint
        complaint-rejection complaints cooperative cooperative-texts delivery-method delivery-method-end
        delivery-methods delivery-rates discounts household household-creation household-removal listing
        listing-details listing-creation listing-pause listing-pictures listing-return-to-draft
        listing-resumption
        listing-submission listing-texts listing-withdrawal listings manifest market-days parcel parcel-cash
        parcel-closure parcel-delivery parcel-failed-delivery parcel-handover parcel-label
        parcel-cancellation parcels
        part part-acceptance part-refusal parts pause picture-position picture-removal profile promotion
        promotion-end promotion-creation resumption return-receipt settlement settlement-pdf settlement-print
        settlement-workbook settlements stock stock-receipt today variant variant-creation voucher
        voucher-codes
        voucher-end voucher-file voucher-creation warehouse warehouse-closure warehouses weight weight-preview
        received-invitation revision-withdrawal worker parts-packing parcel-closures parcel-labels pick-list
        kept-picture household-picture household-picture-removal profile-picture profile-picture-removal
        offline parcel-undoing part-acceptance-undoing part-acceptances part-shortage substitute
        substitute-withdrawal sync
    """,
    "accounts": """
        api-client-end code code-name code-request consents details device-code email-confirmation home
        identity-check identity-check-passkey other-sessions-end passkey-sign-in password password-reset
        register register-code second-factor second-step second-step-passkey session-end sessions sign-in
        sign-out
    """,
}


def names_of(space: str) -> set[str]:
    """Return the names of all addresses in a URL namespace."""
    return {str(pattern.name) for path, pattern in _walked(get_resolver()) if path == space}


def _walked(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _walked(pattern, pattern.namespace or space)
        else:
            yield space, pattern


def address_of(name: str) -> str:
    """Return an address with made-up keys: the confirmation is required before any row is looked up."""
    some = uuid.UUID(int=1)
    tried: list[tuple[Any, ...]] = [(), (1,), (some,), (some, some), (some, 1)]
    for arguments in tried:
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(name)


def answers_of(client: Client, name: str) -> list[Any]:
    address = address_of(name)
    return [
        response for response in (client.get(address), client.post(address)) if response.status_code != 405
    ]


@pytest.mark.parametrize("space", ASKS)
def test_every_address_is_listed_as_protected_or_not(space: str) -> None:
    asks, asks_not = set(ASKS[space].split()), set(ASKS_NOT[space].split())

    assert not asks & asks_not
    assert names_of(space) == asks | asks_not


@pytest.mark.parametrize("space", ASKS)
def test_old_session_is_asked_for_a_confirmation(space: str) -> None:
    user = make_member(make_cooperative(), phone="+84987654321") if space == "members" else make_admin()
    client = signed_in(give_app(user), minutes=16)

    for name in ASKS[space].split():
        responses = answers_of(client, f"{space}:{name}")
        assert responses, name
        for response in responses:
            assert response.headers.get("Location", "").startswith(CHECK.removeprefix("/en")), name


def test_all_of_django_admin_asks_for_a_confirmation() -> None:
    client = signed_in(give_app(make_admin()), minutes=16)
    lists = [name for name in names_of("admin") if name.endswith(("_changelist", "_add"))]

    for name in ["index", "password_change", *lists]:
        response = client.get(reverse(f"admin:{name}"))
        assert response.headers.get("Location", "").startswith(CHECK.removeprefix("/en")), name
    assert len(lists) > 20


def test_old_session_can_still_read_the_desk() -> None:
    client = signed_in(give_app(make_admin()), minutes=16)

    for name in ("home", "orders", "settlements", "transfers", "cooperatives"):
        assert client.get(reverse(f"desk:{name}")).status_code == 200, name
