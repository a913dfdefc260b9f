"""Limit password tries, counted before passwords are compared, for pages and API alike.

Tries are counted per account, in any notation of its name, and per source, which is a known device or else
the network. All networks together have `SIGN_INS_PER_ACCOUNT` tries. Beyond that unknown devices first need a
one-time code, while known devices can still sign in.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from shop.accounts.registration.accounts import find_user
from shop.accounts.sign_in.login_limits import FAILED_IN_NETWORK, FAILED_SIGN_INS, SIGN_INS_PER_ACCOUNT
from shop.core.errors import Refused
from shop.core.identifiers.phones import normalise_phone
from shop.core.web.rate_limits import RateLimit, TooManyTries


class DeviceCodeRequired(Refused):
    """Unknown devices made too many tries for this account. A one-time code is required."""

    code = "device_code_required"
    default_message = _(
        "Too many wrong passwords for this account. Sign in on a device that you have used before, or set a"
        " new password."
    )


def account_key(phone_or_email: str) -> str:
    """Return the limit key of an account, for any notation of its name. An unknown name is its own key."""
    user = find_user(phone_or_email)
    if user is not None:
        return user_key(user.pk)
    name = phone_or_email.strip()
    return f"name:{name if '@' in name else normalise_phone(name) or name}"


def user_key(user_id: int) -> str:
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class PasswordTry:
    """One counted password try."""

    account: str
    source: str
    network: str
    is_known_device: bool
    in_network: RateLimit

    @classmethod
    def count(
        cls, account: str, *, network: str, device: str = "", in_network: RateLimit = FAILED_IN_NETWORK
    ) -> PasswordTry:
        """Count a try. `device` is empty for unknown devices. Raises TooManyTries, DeviceCodeRequired."""
        attempt = cls(account, device or network, network, bool(device), in_network)
        FAILED_SIGN_INS.count_try(attempt.source, account)
        if not device:
            in_network.count_try(network)
            try:
                SIGN_INS_PER_ACCOUNT.count_try(account)
            except TooManyTries as reached:
                raise DeviceCodeRequired() from reached
        return attempt

    def succeed(self) -> None:
        """Reset the failures of this source, and subtract the tries that the successful sign-in counted."""
        FAILED_SIGN_INS.reset(self.source, self.account)
        if not self.is_known_device:
            self.in_network.uncount_try(self.network)
            SIGN_INS_PER_ACCOUNT.uncount_try(self.account)
