"""Rate limits for sign-in and for outgoing mail and SMS, shared by pages and API."""

from __future__ import annotations

from shop.core.web.rate_limits import Limit, take_all_limits

# Counted per account and known device, or per account and network for unknown devices.
FAILED_SIGN_INS = Limit("sign-in", tries=8, seconds=15 * 60)
FAILED_IN_NETWORK = Limit("sign-in-network", tries=60, seconds=15 * 60)
# Counted per account over all networks, without known devices.
SIGN_INS_PER_ACCOUNT = Limit("sign-in-account", tries=30, seconds=60 * 60)
PASSWORD_LINKS = Limit("password-link", tries=3, seconds=60 * 60)
PASSWORD_LINKS_IN_NETWORK = Limit("password-link-network", tries=20, seconds=60 * 60)
CONFIRMATIONS = Limit("confirmation", tries=3, seconds=60 * 60)
REGISTRATIONS = Limit("register", tries=20, seconds=60 * 60)

# Over the API, one IP address may be a storefront's server acting for all its buyers.
API_FAILED_IN_NETWORK = Limit("api-sign-in-network", tries=600, seconds=15 * 60)
API_PASSWORD_LINKS_IN_NETWORK = Limit("api-password-link-network", tries=400, seconds=60 * 60)
API_REGISTRATIONS = Limit("api-register", tries=400, seconds=60 * 60)


def take_password_link(network: str, email: str, *, in_network: Limit = PASSWORD_LINKS_IN_NETWORK) -> None:
    """Count a password link that is about to be sent. Raises TooManyTries."""
    take_all_limits([(PASSWORD_LINKS, email), (in_network, network)])


# A known device has its own limit per number, so that neither a flood of requests for a number nor one from a
# shared network locks its owner out.
CODES_PER_DEVICE = Limit("code", tries=4, seconds=15 * 60)
CODES_PER_NUMBER = Limit("code-number", tries=10, seconds=60 * 60)
CODES_IN_NETWORK = Limit("code-network", tries=60, seconds=60 * 60)
DATA_COPIES = Limit("data-copies", tries=3, seconds=24 * 60 * 60)
PASSKEYS_IN_NETWORK = Limit("passkey-network", tries=120, seconds=15 * 60)


def take_code(network: str, recipient: str, device: str) -> None:
    """Count a code that is about to be sent; `device` is empty for unknown devices.

    Raises TooManyTries.
    """
    CODES_PER_DEVICE.take(device or network, recipient)
    if not device:
        take_all_limits([(CODES_PER_NUMBER, recipient), (CODES_IN_NETWORK, network)])


# Trying a second factor requires the password or the session.
SECOND_FACTORS = Limit("second-factor", tries=6, seconds=15 * 60)
SECOND_FACTORS_IN_A_DAY = Limit("second-factor-day", tries=60, seconds=24 * 60 * 60)
