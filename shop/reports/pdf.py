"""Render pages as PDF with WeasyPrint, if its Pango libraries are installed."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from PIL import ImageFile

logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)  # or it logs every page
logging.getLogger("weasyprint").setLevel(logging.ERROR)  # or it logs every media query that it does not know


class PdfUnavailable(Exception):
    """Pango is not installed."""


@cache
def can_make_pdf() -> bool:
    """Return whether WeasyPrint finds its libraries. The result is cached for the process."""
    try:
        import weasyprint  # noqa: F401  # loads Pango at once, or fails if it is not installed
    except OSError:
        return False
    finally:
        # WeasyPrint enables this globally. Reset it, so that truncated photos are still refused.
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return True


def render_pdf(html: str, *, stylesheet: str) -> bytes:
    """Render HTML with one of our stylesheets, a path below `static/`. No URLs are fetched.

    Its fonts must be whole files, because WeasyPrint garbles Vietnamese with fonts split for the web. Raises
    PdfUnavailable.
    """
    if not can_make_pdf():
        raise PdfUnavailable
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    stylesheet_path = finders.find(stylesheet)
    if not stylesheet_path:
        raise FileNotFoundError(stylesheet)
    fonts = FontConfiguration()
    fetcher = URLFetcher(allowed_protocols=("file",))
    css = CSS(filename=Path(str(stylesheet_path)), font_config=fonts, url_fetcher=fetcher)
    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=()))
    return bytes(document.write_pdf(stylesheets=[css], font_config=fonts))
