"""Limit password tries, counted before passwords are compared, for pages and API alike.

Tries are counted per account, in any notation of its name, and per source: a known device, or else the
network. All networks together have `SIGN_INS_PER_ACCOUNT` tries; beyond that unknown devices first need a
one-time code, while known devices can still sign in.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from shop.accounts.registration.accounts import find_user
from shop.accounts.sign_in.login_limits import FAILED_IN_NETWORK, FAILED_SIGN_INS, SIGN_INS_PER_ACCOUNT
from shop.core.errors import Refused
from shop.core.identifiers.phones import normalise_phone
from shop.core.web.rate_limits import Limit, TooManyTries


class DeviceCodeRequired(Refused):
    """Unknown devices made too many tries for this account; a one-time code is required."""

    code = "device_code_required"
    default_message = _(
        "Too many wrong passwords for this account. Sign in on a device that you have used before, or set a"
        " new password."
    )


def account_key(login_name: str) -> str:
    """Return the limit key of an account, for any notation of its name; an unknown name is its own key."""
    user = find_user(login_name)
    if user is not None:
        return user_key(user.pk)
    name = login_name.strip()
    return f"name:{name if '@' in name else normalise_phone(name) or name}"


def user_key(user_id: int) -> str:
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class PasswordTry:
    """One password try, counted when taken."""

    account: str
    source: str
    network: str
    is_known_device: bool
    in_network: Limit

    @classmethod
    def take(
        cls, account: str, *, network: str, device: str = "", in_network: Limit = FAILED_IN_NETWORK
    ) -> PasswordTry:
        """Count a try. `device` is empty for unknown devices. Raises TooManyTries, DeviceCodeRequired."""
        attempt = cls(account, device or network, network, bool(device), in_network)
        FAILED_SIGN_INS.take(attempt.source, account)
        if not device:
            in_network.take(network)
            try:
                SIGN_INS_PER_ACCOUNT.take(account)
            except TooManyTries as reached:
                raise DeviceCodeRequired() from reached
        return attempt

    def succeed(self) -> None:
        """Reset the failures of this source, and give back the tries that the success took."""
        FAILED_SIGN_INS.forget(self.source, self.account)
        if not self.is_known_device:
            self.in_network.give_back(self.network)
            SIGN_INS_PER_ACCOUNT.give_back(self.account)
