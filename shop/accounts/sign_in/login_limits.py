"""Rate limits for sign-in and for outgoing mail and SMS, shared by pages and API."""

from __future__ import annotations

from shop.core.web.rate_limits import RateLimit, count_tries

# Counted per account and known device, or per account and network for unknown devices.
FAILED_SIGN_INS = RateLimit("sign-in", max_tries=8, seconds=15 * 60)
FAILED_IN_NETWORK = RateLimit("sign-in-network", max_tries=60, seconds=15 * 60)
# Counted per account over all networks, without known devices.
SIGN_INS_PER_ACCOUNT = RateLimit("sign-in-account", max_tries=30, seconds=60 * 60)
PASSWORD_LINKS = RateLimit("password-link", max_tries=3, seconds=60 * 60)
PASSWORD_LINKS_IN_NETWORK = RateLimit("password-link-network", max_tries=20, seconds=60 * 60)
CONFIRMATIONS = RateLimit("confirmation", max_tries=3, seconds=60 * 60)
REGISTRATIONS = RateLimit("register", max_tries=20, seconds=60 * 60)

# Over the API, one IP address may be a storefront's server acting for all its buyers.
API_FAILED_IN_NETWORK = RateLimit("api-sign-in-network", max_tries=600, seconds=15 * 60)
API_PASSWORD_LINKS_IN_NETWORK = RateLimit("api-password-link-network", max_tries=400, seconds=60 * 60)
API_REGISTRATIONS = RateLimit("api-register", max_tries=400, seconds=60 * 60)


def count_password_link(
    network: str, email: str, *, in_network: RateLimit = PASSWORD_LINKS_IN_NETWORK
) -> None:
    """Count a password link that is about to be sent. Raises TooManyTries."""
    count_tries([(PASSWORD_LINKS, email), (in_network, network)])


# A known device has its own limit per number, so that neither a flood of requests for a number nor one from a
# shared network locks its owner out.
CODES_PER_DEVICE = RateLimit("code", max_tries=4, seconds=15 * 60)
CODES_PER_NUMBER = RateLimit("code-number", max_tries=10, seconds=60 * 60)
CODES_IN_NETWORK = RateLimit("code-network", max_tries=60, seconds=60 * 60)
DATA_COPIES = RateLimit("data-copies", max_tries=3, seconds=24 * 60 * 60)
PASSKEYS_IN_NETWORK = RateLimit("passkey-network", max_tries=120, seconds=15 * 60)


def count_code(network: str, recipient: str, device: str) -> None:
    """Count a code that is about to be sent. `device` is empty for unknown devices.

    Raises TooManyTries.
    """
    CODES_PER_DEVICE.count_try(device or network, recipient)
    if not device:
        count_tries([(CODES_PER_NUMBER, recipient), (CODES_IN_NETWORK, network)])


# Trying a second factor requires the password or the session.
SECOND_FACTORS = RateLimit("second-factor", max_tries=6, seconds=15 * 60)
SECOND_FACTORS_IN_A_DAY = RateLimit("second-factor-day", max_tries=60, seconds=24 * 60 * 60)
