"""WebAuthn ceremonies: options for the browser, and verification of its response."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from shop.accounts.models import Passkey, User
from shop.core.errors import Refused
from shop.core.models import shop_settings

Options = dict[str, object]

# Errors the library raises, besides its own, for malformed responses.
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


class InvalidPasskey(Refused):
    code = "invalid_passkey"
    default_message = _("No account uses this passkey.")


@dataclass(frozen=True, slots=True)
class Site:
    """The site of a ceremony, with the relying party id that passkeys are bound to, and the page's origin."""

    relying_party_id: str
    origin: str

    @classmethod
    def from_request(cls, *, scheme: str, host: str) -> Site:
        """Use the shop's own domain if the host is that or a subdomain, else the host."""
        name = urlsplit(f"//{host}").hostname or ""
        public_host = urlsplit(settings.PUBLIC_URL).hostname or ""
        is_own = name == public_host or name.endswith(f".{public_host}")
        return cls(public_host if is_own else name, f"{scheme}://{host}")


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential whose registration was verified."""

    credential_id: str
    public_key: bytes
    sign_count: int


def registration_options(user: User, *, site: Site) -> tuple[Options, str]:
    """Return options to create a passkey with user verification, and the challenge to store."""
    options = generate_registration_options(
        rp_id=site.relying_party_id,
        rp_name=shop_settings().name,
        user_id=str(user.pk).encode(),
        user_name=user.email or user.phone or user.name,
        user_display_name=user.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(base64url_to_bytes(credential_id))
            for credential_id in user.passkeys.order_by("pk").values_list("credential_id", flat=True)
        ],
    )
    return {"publicKey": json.loads(options_to_json(options))}, bytes_to_base64url(options.challenge)


def verify_registration(response: str, *, challenge: str, site: Site) -> NewCredential:
    """Verify a browser's response to `registration_options`. Raises InvalidPasskey."""
    try:
        verified = verify_registration_response(
            credential=response,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.relying_party_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, *_MALFORMED) as error:
        raise InvalidPasskey() from error
    return NewCredential(
        bytes_to_base64url(verified.credential_id), verified.credential_public_key, verified.sign_count
    )


def authentication_options(*, site: Site, user: User | None = None) -> tuple[Options, str]:
    """Return options to sign with a passkey (of this user, if given), and the challenge to store."""
    existing_credential_ids = (
        user.passkeys.order_by("pk").values_list("credential_id", flat=True) if user else []
    )
    options = generate_authentication_options(
        rp_id=site.relying_party_id,
        allow_credentials=[
            PublicKeyCredentialDescriptor(base64url_to_bytes(credential_id))
            for credential_id in existing_credential_ids
        ],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return {"publicKey": json.loads(options_to_json(options))}, bytes_to_base64url(options.challenge)


def verify_authentication(response: str, *, challenge: str, site: Site) -> tuple[Passkey, int]:
    """Return the passkey that signed the response, and its new signature count. Raises InvalidPasskey."""
    try:
        credential = json.loads(response)
        passkey = Passkey.objects.select_related("user").filter(credential_id=str(credential["id"])).first()
        if passkey is None:
            raise InvalidPasskey()
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.relying_party_id,
            expected_origin=site.origin,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, *_MALFORMED) as error:
        raise InvalidPasskey() from error
    return passkey, verified.new_sign_count
