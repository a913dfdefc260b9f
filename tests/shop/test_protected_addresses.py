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
        accept-complaint add-withholding approvals audit change-payout-account
        close-settlements confirm-transfer-return create-role data-request-days decide-approval
        delete-role due-payouts end-rate end-recall end-withholding file-customer-request mark-payout-paid
        mark-payouts-paid pay-failed-refund-by-bank
        payout payouts post-correction propose-payout rates record-parcel-return
        refund-account refund-by-bank refund-order reset-second-factor
        return-transfer role roles second-factor-rule second-factors second-person-rules
        set-customer-state set-staff-state settings settings-bank-account settings-deadlines staff
        staff-account staff-account-roles start-recall switch-withholding undo-payout-paid
        waive-cash-shortfall
    """,
    "members": """
        accept-complaint decide-account-change invitation invite-member membership payout-account recall-lot
        register-shared-phone remove-member revoke-invitation set-pin
    """,
    "accounts": """
        change-email confirm-phone passkey-options passkeys remove-passkey renew-recovery-codes
        require-passkey set-up-authenticator-app turn-off-second-factor
    """,
}
# Cancelling refunds only by the original method. `details` asks only when the phone number changes.
ASKS_NOT = {
    "desk": """
        accept-document acknowledge-failure add-voucher-codes all-transfers answer-data-request
        approve-revision background-work bank-statement bank-statements cancel-order cancel-part
        card-calls fulfil-data-request cash cash-differences cash-parcels cash-remittance
        cash-remittances cash-shortfalls cash-statement cash-statements categories category certificates
        change-payment-method check-card-call complaint complaints confirm-certificate confirm-price
        cooperative cooperative-texts cooperatives create-promotion create-voucher customer customers
        data-request data-requests decide-cooperative delete-draft discounts dismiss-card-call
        dismiss-transfer document document-file download-voucher-codes draft drafts end-promotion
        end-voucher forbidden-phrases guest-buyers home import-bank-statement import-cash-statement
        ledger listing listing-texts listings match-transfer merge-category move-category order
        order-contact orders place-draft prices print-settlement promotion publish-listing
        recall-lot recalls
        record-delivery record-remittance-receipt record-substitute-answer record-weight-answer
        reject-complaint remove-forbidden-phrase remove-synonym-set reopen-transfer replace-order
        resolve-cash-row resolve-remittance-difference retry-card-call retry-failure
        retry-stripe-webhook return-certificate return-document return-listing return-revision revision
        revisions save-customer-note settlement settlement-pdf settlement-workbook settlements
        synonym-set synonyms transfer transfers undo-acceptance undo-parcel-step
        undo-transfer-assignment voucher withdraw-listing
    """,
    "members": """
        copy-listing hand-over-as-driver hand-over-by-code receive-by-digits receive-by-scan
        accept-part accept-parts activity add-alert-device add-certificate add-household
        add-customer correct-debt customer customer-debt customers debt-book debt-statement delete-customer
        sell-on-account take-debt-payment
        add-lot-photos add-lot-stage
        add-pictures add-variant add-voucher-codes alert alert-devices alert-rules alerts application
        application-document application-file apply cash certificate choose-cooperative
        close-parcel close-parcels close-warehouse collect-parcel-cash complaint complaints
        close-till counter counter-sale edit-till receipt record-shift-cash review-shift shift till
        confirm-application-code confirm-delivery confirm-join-request confirm-encoding confirm-listing-import
        cooperative-texts create-listing create-lot create-promotion create-voucher
        deliver-run-parcel delivery-method delivery-methods describe-picture delivery-rates delivery-run
        delivery-runs discard-listing-import discounts download-listings-csv
        download-listings-xlsx download-template-csv download-template-xlsx
        undo-run-delivery undo-run-failure
        download-voucher-codes driver-page edit-many-products edit-purchase-terms end-delivery-method
        end-promotion
        end-run end-shared-phone end-voucher fail-run-parcel hand-over-parcel hand-over-run household
        household-picture kept-picture listing listing-details listing-hints
        listing-import listing-imports listing-texts listings lock-phone lot lot-labels lots manifest
        market-days memberships move-lot move-picture offer-substitute offline pack-parcel
        livestream-orders paste-message received-order review-received-order
        pack-parts parcel parcel-label
        parcel-label-pdf parcel-labels parcel-labels-pdf parcel-slip part parts pause-listing
        pause-selling pick-list preview-weight print-settlement product-codes profile profile-picture
        promotion receive-photo receive-return receive-stock received-invitation record-weight
        refuse-part reject-complaint remove-alert-device remove-certificate remove-household
        remove-household-picture remove-lot-photo remove-picture remove-pin
        remove-profile-picture reopen-listing reopen-run
        report reports
        report-failed-delivery report-part-shortage roles resume-listing resume-member resume-selling run-slip
        settlement settlement-pdf settlement-workbook settlements shared-phones stock stocktake submit-listing
        switch-member synchronise synchronise-run tick-picks today undo-parcel-step
        undo-part-acceptance undo-part-acceptances
        undo-part-shortage variant void-parcel voucher warehouse warehouses withdraw-listing
        withdraw-revision withdraw-substitute worker
    """,
    "accounts": """
        check-identity check-identity-by-passkey confirm-email consents create-account-by-code details
        end-api-client end-other-sign-ins end-sign-in enter-code enter-device-code
        enter-registration-code enter-second-step enter-second-step-by-passkey home register
        request-code request-password-link second-factor set-password sign-in sign-in-by-passkey
        sign-ins sign-out
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
            assert is_confirmation_asked(response), name


def is_confirmation_asked(response: Any) -> bool:
    """Return whether the answer leads to the page that asks for a confirmation, or is that page."""
    location = response.headers.get("Location", "")
    return location.startswith(CHECK.removeprefix("/en")) or b'name="identity-code"' in response.content


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
