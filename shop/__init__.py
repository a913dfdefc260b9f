"""The site: the innermost kernel and the outward faces. Celery's application must exist before any task."""

from shop.celery import app as celery_app

__all__ = ["celery_app"]
