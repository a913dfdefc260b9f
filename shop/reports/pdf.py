"""A page as PDF, where the libraries for it are there: WeasyPrint stands on Debian's Pango."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from PIL import ImageFile

logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)  # else each page is told of


class NoPdf(Exception):
    """Pango is not on this machine."""


@cache
def can_make_pdf() -> bool:
    """Whether WeasyPrint finds its libraries; asked once, since they do not come while we run."""
    try:
        import weasyprint  # noqa: F401  # loads Pango at once, or says that it is not there
    except OSError:
        return False
    finally:
        # It switches this on for the whole process; photos that are cut short are to be refused all the same.
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return True


def as_pdf(html: str, *, stylesheet: str) -> bytes:
    """The page set in a stylesheet of ours, named below `static/`. Nothing is fetched from anywhere.

    Its fonts are whole files: of fonts that come in pieces for the web, WeasyPrint garbles Vietnamese.
    Raises NoPdf.
    """
    if not can_make_pdf():
        raise NoPdf
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    found = finders.find(stylesheet)
    if not found:
        raise FileNotFoundError(stylesheet)
    fonts = FontConfiguration()
    fetcher = URLFetcher(allowed_protocols=("file",))
    css = CSS(filename=Path(str(found)), font_config=fonts, url_fetcher=fetcher)
    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=()))
    return bytes(document.write_pdf(stylesheets=[css], font_config=fonts))
