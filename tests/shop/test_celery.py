import time
import uuid

import pytest
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache

from shop.celery import BEAT_KEY, app, record_beat


def test_every_scheduled_sweep_is_a_known_task() -> None:
    app.loader.import_default_modules()

    unknown = {entry["task"] for entry in app.conf.beat_schedule.values()} - set(app.tasks)

    assert unknown == set()


@pytest.mark.processes
def test_message_reaches_a_worker_through_the_broker() -> None:
    queue = f"only-{uuid.uuid4().hex}"  # not messages that other tests have left
    record_beat.apply_async(queue=queue)
    before = cache.get(BEAT_KEY)

    with start_worker(app, pool="threads", queues=[queue], perform_ping_check=False):
        deadline = time.monotonic() + 30
        while cache.get(BEAT_KEY) is None and time.monotonic() < deadline:
            time.sleep(0.05)

    assert before is None
    assert cache.get(BEAT_KEY) is not None
