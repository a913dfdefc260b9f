"""Where a WSGI server (gunicorn, by `manage.py run`) enters.

Workers are forked from a process that has loaded everything, and share what none of them changes. Looking for
rubbish would write to all of it, and copy it: what is there by then is no rubbish, and is left alone.
"""

import gc
import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template
from django.urls import get_resolver
from django.utils import translation


def _load_for_all() -> None:
    """Every address's view, the API's schema, every page's template and every language's words; no row."""
    get_resolver().check()
    # Only now: models can be imported once Django is set up.
    from shop.api import endpoint

    endpoint.contract()
    endpoint.limits()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("")
    templates = Path(settings.BASE_DIR) / "templates"
    for path in templates.rglob("*.html"):
        get_template(str(path.relative_to(templates)))


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = get_wsgi_application()
_load_for_all()
gc.collect()
gc.freeze()
