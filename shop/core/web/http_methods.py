"""HTTP methods that views accept, beside Django's own decorators."""

from django.views.decorators.http import require_http_methods

# Pages with a form need Django's `require_safe` and `require_POST` in one view.
require_safe_or_post = require_http_methods(["GET", "HEAD", "POST"])
