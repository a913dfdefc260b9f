"""Convert between the schema's language codes ("VI", "EN_US"), our tags ("vi", "en-us") and names."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError


def tag_from_code(code: str) -> str:
    """Convert `PT_BR` to `pt-br`, the form stored for translations and users' languages."""
    return code.lower().replace("_", "-")


def code_from_tag(tag: str) -> str:
    return tag.upper().replace("-", "_")


@lru_cache(maxsize=4096)
def language_name(code: str, language: str) -> str:
    """Return the name of a language in another language, or its code if the name is unknown."""
    try:
        display_name = Locale.parse(tag_from_code(code), sep="-").get_display_name(
            Locale.parse(language, sep="-")
        )
    except (ValueError, UnknownLocaleError):
        return code
    return display_name or code


def language_display(code: str, language: str) -> dict[str, str]:
    """Return the schema's `LanguageDisplay`."""
    return {"code": code, "language": language_name(code, language)}
