"""The site: the innermost kernel and the outward faces. The Celery application must exist before any task does."""

from shop.celery import app as celery_app

__all__ = ["celery_app"]
