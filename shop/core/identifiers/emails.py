"""Find likely mistakes in email addresses."""

from __future__ import annotations

# Mail providers that buyers in Vietnam use. Real domains that are near one another are all listed, so that
# none is taken for a mistyped other one.
_PROVIDERS = (
    *("gmail.com", "googlemail.com", "ymail.com", "mail.com", "email.com"),
    *("yahoo.com", "yahoo.com.vn", "yahoo.co.uk", "rocketmail.com"),
    *("outlook.com", "outlook.com.vn", "hotmail.com", "live.com", "msn.com"),
    *("icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "gmx.com", "zoho.com"),
)
_MIN_COMPARED_DOMAIN_LENGTH = 8  # shorter domains resemble too many others


def suggest_email(entered: str) -> str:
    """Return the address that was probably meant by one with a mistyped provider, or an empty text.

    One letter is missing, superfluous, wrong, or swapped with its neighbour: "lan@gmial.com".
    """
    name, at_sign, domain = entered.strip().rpartition("@")
    domain = domain.lower()
    if not name or not at_sign or domain in _PROVIDERS:
        return ""
    for provider in _PROVIDERS:
        if len(provider) >= _MIN_COMPARED_DOMAIN_LENGTH and _differs_by_one_slip(domain, provider):
            return f"{name}@{provider}"
    return ""


def _differs_by_one_slip(text: str, other: str) -> bool:
    start = 0
    while start < min(len(text), len(other)) and text[start] == other[start]:
        start += 1
    rest, other_rest = text[start:], other[start:]
    return (
        rest[1:] == other_rest
        or rest == other_rest[1:]
        or rest[1:] == other_rest[1:]
        or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    )
