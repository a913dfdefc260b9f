"""Count tries of passwords before they are compared, by account and place, for pages and API alike.

Tries are counted for the account, however its e-mail address or phone number is written. A place is a device
that the account has signed in from before, or else the visitor's network. All networks together have
`SIGN_INS_OF_ACCOUNT` tries; beyond that unknown devices need a code first, and known ones still sign in.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from shop.accounts.registration.accounts import person_named
from shop.accounts.sign_in.login_limits import FAILED_IN_NETWORK, FAILED_SIGN_INS, SIGN_INS_OF_ACCOUNT
from shop.core.errors import Refused
from shop.core.identifiers.phones import normalise
from shop.core.web.rate_limits import Limit, TooManyTries


class DeviceCodeNeeded(Refused):
    """Too many tries were made for the account from unknown devices: show by a code that you own it."""

    code = "device_code_needed"
    default_words = _(
        "Too many passwords were tried for this account. Sign in on a device that you used before, or set a"
        " new password."
    )


def account_key(written: str) -> str:
    """One name for each account, however it is written. What names no account is its own name."""
    user = person_named(written)
    if user is not None:
        return user_key(user.pk)
    return f"name:{written.strip() if '@' in written else normalise(written) or written.strip()}"


def user_key(user_id: int) -> str:
    return f"user:{user_id}"


@dataclass(frozen=True, slots=True)
class SignInTry:
    """One try of a password, counted when it is taken."""

    account: str
    place: str
    network: str
    is_known_device: bool
    in_network: Limit

    @classmethod
    def take(
        cls, account: str, *, network: str, device: str = "", in_network: Limit = FAILED_IN_NETWORK
    ) -> SignInTry:
        """Count a try. `device` is empty for devices that the account has never signed in from.

        Raises TooManyTries, DeviceCodeNeeded.
        """
        attempt = cls(account, device or network, network, bool(device), in_network)
        FAILED_SIGN_INS.take(attempt.place, account)
        if not device:
            in_network.take(network)
            try:
                SIGN_INS_OF_ACCOUNT.take(account)
            except TooManyTries as reached:
                raise DeviceCodeNeeded() from reached
        return attempt

    def succeed(self) -> None:
        """Forget the failures of this place, and give back what the success itself took."""
        FAILED_SIGN_INS.forget(self.place, self.account)
        if not self.is_known_device:
            self.in_network.give_back(self.network)
            SIGN_INS_OF_ACCOUNT.give_back(self.account)
