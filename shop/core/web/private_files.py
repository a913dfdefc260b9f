"""Answer with a file that only one person may see."""

from __future__ import annotations

from django.http import HttpResponse


def private_file_response(content: bytes, content_type: str, *, name: str) -> HttpResponse:
    """Return a file for the browser to show. Neither browser nor proxy keeps a copy."""
    extension = content_type.rpartition("/")[2]
    return HttpResponse(
        content,
        content_type=content_type,
        headers={
            "Content-Disposition": f'inline; filename="{name}.{extension}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
