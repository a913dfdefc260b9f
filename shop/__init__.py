"""The site package. Imports the Celery application, which must exist before any task is defined."""

from shop.celery import app as celery_app

__all__ = ["celery_app"]
