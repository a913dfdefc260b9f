"""WSGI entry point (gunicorn, started by `manage.py run`).

Workers are forked from a process that has loaded everything, and share its unchanged memory. Garbage
collection would write to that memory, which would then be copied, so existing objects are frozen.
"""

import gc
import os
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template
from django.urls import get_resolver
from django.utils import translation


def _preload() -> None:
    """Load all views, the API's schema, all templates and all languages. No database rows."""
    get_resolver().check()
    # Import late, because models need Django to be set up.
    from shop.api import endpoint

    endpoint.built_schema()
    endpoint.limits()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("")
    templates = Path(settings.BASE_DIR) / "templates"
    for path in templates.rglob("*.html"):
        get_template(str(path.relative_to(templates)))


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = get_wsgi_application()
_preload()
gc.collect()
gc.freeze()
