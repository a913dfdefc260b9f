"""Limit password tries, counted before passwords are compared, for pages and API alike.

Tries are counted per account, in any notation of its name, and per source, which is a known device or else
the network. All networks together have `SIGN_INS_PER_ACCOUNT` tries. Beyond that unknown devices first need a
one-time code, while known devices can still sign in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from shop.accounts.registration.accounts import find_user, find_users_by_name
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


def find_account_key(phone_or_email: str) -> str:
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


@dataclass(frozen=True, slots=True)
class PasswordTries:
    """The counted tries of one sign-in. `user_ids` are the accounts whose password it may compare."""

    user_ids: frozenset[int]
    counted: tuple[PasswordTry, ...]

    def succeed(self) -> None:
        for attempt in self.counted:
            attempt.succeed()


def count_password_tries(
    phone_or_email: str,
    *,
    network: str,
    find_device: Callable[[str], str],
    in_network: RateLimit = FAILED_IN_NETWORK,
) -> PasswordTries:
    """Count a try at each account that signs in by this name. Raises TooManyTries, DeviceCodeRequired.

    Several accounts may have the same unconfirmed number. Those that the device knows are counted for the
    device, all others together as a try of an unknown device. If strangers have used up the tries, the
    password of the accounts that the device knows is still compared. `find_device` returns the device's id if
    it knows the account, else "".
    """
    user_ids = {user.pk for user in find_users_by_name(phone_or_email)}
    devices = {pk: device for pk in sorted(user_ids) if (device := find_device(user_key(pk)))}
    counted = [PasswordTry.count(user_key(pk), network=network, device=devices[pk]) for pk in devices]
    if not devices or user_ids - devices.keys():
        try:
            counted.append(
                PasswordTry.count(find_account_key(phone_or_email), network=network, in_network=in_network)
            )
        except (TooManyTries, DeviceCodeRequired):
            if not devices:
                raise
            user_ids &= devices.keys()
    return PasswordTries(frozenset(user_ids), tuple(counted))
