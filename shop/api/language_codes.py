"""Languages: the contract's codes (`VI`, `EN_US`), our tags (`vi`, `en-us`), and their names."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError


def tag_of(code: str) -> str:
    """`PT_BR` is `pt-br`, as translations and people's languages are kept."""
    return code.lower().replace("_", "-")


def code_of(tag: str) -> str:
    return tag.upper().replace("-", "_")


@lru_cache(maxsize=4096)
def language_name(code: str, language: str) -> str:
    """What a language is called in another; its code where nobody knows."""
    try:
        named = Locale.parse(tag_of(code), sep="-").get_display_name(Locale.parse(language, sep="-"))
    except (ValueError, UnknownLocaleError):
        return code
    return named or code


def displayed(code: str, language: str) -> dict[str, str]:
    """The contract's `LanguageDisplay`."""
    return {"code": code, "language": language_name(code, language)}
