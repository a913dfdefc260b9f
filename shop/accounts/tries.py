"""How often somebody may try to come in, or to have letters sent: the same for pages and the API."""

from __future__ import annotations

from shop.core.limits import Limit

# A stranger elsewhere cannot lock a person out: failures count for the account from one network alone.
FAILED_SIGN_INS = Limit("sign-in", tries=8, seconds=15 * 60)
FAILED_IN_NETWORK = Limit("sign-in-network", tries=60, seconds=15 * 60)
PASSWORD_LINKS = Limit("password-link", tries=3, seconds=60 * 60)
PASSWORD_LINKS_IN_NETWORK = Limit("password-link-network", tries=20, seconds=60 * 60)
CONFIRMATIONS = Limit("confirmation", tries=3, seconds=60 * 60)
REGISTRATIONS = Limit("register", tries=20, seconds=60 * 60)


def check_sign_in(network: str, name: str) -> None:
    """Raises TooManyTries."""
    FAILED_SIGN_INS.check(network, name)
    FAILED_IN_NETWORK.check(network)


def count_sign_in(network: str, name: str, *, succeeded: bool) -> None:
    """A failure counts; a success makes the account's own failures forgotten."""
    if succeeded:
        FAILED_SIGN_INS.forget(network, name)
        return
    FAILED_SIGN_INS.spend(network, name)
    FAILED_IN_NETWORK.spend(network)


def check_password_link(network: str, email: str) -> None:
    """Raises TooManyTries."""
    PASSWORD_LINKS.check(email)
    PASSWORD_LINKS_IN_NETWORK.check(network)


def count_password_link(network: str, email: str) -> None:
    PASSWORD_LINKS.spend(email)
    PASSWORD_LINKS_IN_NETWORK.spend(network)
