import tempfile
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from shop.celery import BEAT_KEY, record_beat

pytestmark = pytest.mark.django_db


def test_shop_with_a_recent_beat_is_healthy(client) -> None:
    record_beat()

    response = client.get("/health/")

    assert response.status_code == 200
    report = response.json()
    assert report["database"] == {"ok": True, "kind": connection.vendor}
    assert report["jobs"]["ok"] is True
    assert report["jobs"]["age_seconds"] < 60
    assert report["storage"]["ok"] is True


def test_pages_are_served_before_the_first_beat(client) -> None:
    response = client.get("/health/")

    assert response.status_code == 200
    assert response.json()["jobs"] == {"ok": False, "last_beat": None, "age_seconds": None}


def test_old_beat_is_reported_but_stops_no_page(client) -> None:
    cache.set(BEAT_KEY, (timezone.now() - timedelta(hours=1)).isoformat())

    response = client.get("/health/")

    assert response.status_code == 200
    assert response.json()["jobs"]["ok"] is False
    assert response.json()["jobs"]["age_seconds"] >= 3600


def test_health_is_never_cached(client) -> None:
    assert "no-store" in client.get("/health/").headers["Cache-Control"]


def test_probe_may_use_the_machines_address(client) -> None:
    assert client.get("/health/", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"host": "10.0.0.7:8000"}).status_code == 400


def test_storage_is_reported_before_its_folder_exists(client, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media" / "of-the-shop"

    storage = client.get("/health/").json()["storage"]

    assert storage["ok"] is True
    assert not settings.MEDIA_ROOT.exists()


def test_media_files_are_immutable_for_caches(client, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "quyt.webp").write_bytes(b"a picture")

    response = client.get("/media/quyt.webp")

    assert b"".join(response.streaming_content) == b"a picture"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/media/mang.webp").status_code == 404


def test_nearly_full_disk_is_reported_while_the_shop_sells(client, settings) -> None:
    settings.LOW_DISK_MEGABYTES = 10**9

    response = client.get("/health/")

    assert response.status_code == 200
    assert {"data", "storage"} <= set(response.json()["failing"])
    assert response.json()["data"]["is_writable"] is True


def test_embedded_shop_without_a_writable_folder_does_not_sell(client, settings, tmp_path) -> None:
    settings.SERVER = False
    settings.DATA_DIR = tmp_path / "gone"

    response = client.get("/health/")

    assert response.status_code == 503
    assert response.json()["data"] == {"ok": False, "is_writable": False, "free_megabytes": 0}


def test_server_sells_without_a_writable_data_folder(client, settings, tmp_path) -> None:
    settings.SERVER = True
    settings.DATA_DIR = tmp_path / "gone"

    response = client.get("/health/")

    assert response.status_code == 200
    assert "data" in response.json()["failing"]


def test_read_only_database_is_reported(client) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL transaction_read_only = on")
        else:
            cursor.execute("PRAGMA query_only = ON")
    try:
        response = client.get("/health/")
    finally:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA query_only = OFF")

    assert response.status_code == 503
    assert response.json()["database"] == {"ok": False, "kind": connection.vendor}


def test_folder_that_takes_no_spooled_bodies_is_failing(client, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    response = client.get("/health/")

    assert response.json()["temporary"] == {"ok": False, "is_writable": False, "free_megabytes": 0}
    assert "temporary" in response.json()["failing"]
