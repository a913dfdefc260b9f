"""Re-exports the app's Celery tasks for autodiscovery."""

from catalog.actions.listing_imports.import_files import (
    check_listing_import_task,
    resume_listing_imports_task,
)
from catalog.actions.listing_imports.write_rows import write_listing_import_task
from catalog.actions.listings.promotion_prices import refresh_promotion_task, refresh_promotions_task
from catalog.actions.marketing.back_in_stock import send_back_in_stock_task
from catalog.actions.marketing.product_feed import write_feeds_task
from catalog.actions.marketing.share_pictures import draw_share_pictures_task
from catalog.actions.marketing.weekly_bulletin import send_bulletin_task, weekly_bulletin_task
from catalog.actions.search_terms.known_words import count_words_task

__all__ = [
    "check_listing_import_task",
    "count_words_task",
    "draw_share_pictures_task",
    "refresh_promotion_task",
    "refresh_promotions_task",
    "resume_listing_imports_task",
    "send_back_in_stock_task",
    "send_bulletin_task",
    "weekly_bulletin_task",
    "write_feeds_task",
    "write_listing_import_task",
]
