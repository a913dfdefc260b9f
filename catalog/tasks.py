"""Tasks of the catalogue, where Celery looks for them."""

from catalog.actions.back import tell_back_task
from catalog.actions.bulletin import send_bulletin_task, weekly_bulletin_task
from catalog.actions.feed import write_feeds_task
from catalog.actions.promotions import refresh_promotion_task, refresh_promotions_task
from catalog.actions.share_pictures import draw_share_pictures_task
from catalog.actions.words import learn_words_task

__all__ = [
    "draw_share_pictures_task",
    "learn_words_task",
    "refresh_promotion_task",
    "refresh_promotions_task",
    "send_bulletin_task",
    "tell_back_task",
    "weekly_bulletin_task",
    "write_feeds_task",
]
