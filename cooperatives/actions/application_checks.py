"""Hard checks before a cooperative is approved to sell."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.application_documents import required_kinds
from cooperatives.models import Cooperative, DocumentKind
from shop.core.errors import Refused, StrOrPromise
from shop.core.identifiers.phones import validate_phone
from shop.core.identifiers.tax_codes import is_tax_code, normalise_tax_code
from shop.core.texts.folding import folded_words

_CHECKS: dict[str, StrOrPromise] = {
    "registration": _("Registration number"),
    "representative": _("Representative"),
    "phone": _("Phone"),
    "tax_code": _("Tax code"),
    "bank_holder": _("Account holder matches the name"),
    **{f"{kind.value}_document": kind.label for kind in DocumentKind},
}


class ApplicationIncomplete(Refused):
    """`details["checks"]` lists the failed checks."""

    code = "application_incomplete"
    default_message = _("Cannot be approved yet. Please check: %(checks)s.")


def failed_checks(cooperative: Cooperative) -> list[str]:
    """Return the names of the checks that the application fails, in a fixed order.

    A required document passes once staff have opened and accepted it. Lists prefetch `documents`.
    """
    passed = {
        "registration": bool(cooperative.registration_number and cooperative.legal_name),
        "representative": bool(cooperative.representative),
        "phone": _is_phone(cooperative.phone),
        # An empty code passes, because new cooperatives have none. An invalid code fails.
        "tax_code": not cooperative.tax_code or is_tax_code(normalise_tax_code(cooperative.tax_code)),
        "bank_holder": is_own_account(cooperative),
    }
    accepted_kinds = {document.kind for document in cooperative.documents.all() if document.is_accepted}
    for kind in required_kinds(cooperative):
        passed[f"{kind.value}_document"] = kind in accepted_kinds
    return [name for name, is_passed in passed.items() if not is_passed]


def require_complete_application(cooperative: Cooperative) -> None:
    """In a transaction: raise ApplicationIncomplete if a check fails."""
    failed_codes = failed_checks(cooperative)
    if failed_codes:
        labels = ", ".join(str(_CHECKS[name]) for name in failed_codes)
        raise ApplicationIncomplete(
            ApplicationIncomplete.default_message % {"checks": labels}, checks=failed_codes
        )


def is_own_account(cooperative: Cooperative) -> bool:
    """Return whether the bank account belongs to the cooperative or its representative.

    Banks write names without accents and shorten "Hợp tác xã" to "HTX".
    """
    holder = _comparable_name(cooperative.bank_holder)
    names = (cooperative.legal_name, cooperative.name, cooperative.representative)
    return bool(holder and cooperative.bank_account) and holder in map(_comparable_name, names)


def labels_of_checks(cooperative: Cooperative) -> dict[str, StrOrPromise]:
    """Return the names of the application's checks for people, without documents that it does not need."""
    required = {f"{kind.value}_document" for kind in required_kinds(cooperative)}
    return {
        name: label for name, label in _CHECKS.items() if name in required or not name.endswith("_document")
    }


def _comparable_name(name: str) -> str:
    return " ".join(folded_words(name)).replace("hop tac xa", "htx")


def _is_phone(phone: str) -> bool:
    try:
        validate_phone(phone, is_business=True)
    except ValidationError:
        return False
    return bool(phone)
