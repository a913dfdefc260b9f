import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from shop.core.images.image_files import NotAPicture
from shop.core.images.renditions import make_renditions_task, store_picture, sweep_pictures_task
from shop.core.models import Picture, PictureState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def upload(name="IMG_0001.JPG"):
    file = io.BytesIO()
    Image.new("RGB", (800, 600), "orange").save(file, "JPEG")
    return ContentFile(file.getvalue(), name=name)


def test_new_photo_waits_until_its_renditions_are_made() -> None:
    picture = store_picture(upload(), alt="Quýt chín")

    make_renditions_task(picture_id=picture.pk)

    assert picture.state == PictureState.WAITING
    picture.refresh_from_db()
    assert (picture.state, picture.width, picture.height) == (PictureState.READY, 800, 600)
    assert {width: rendition["height"] for width, rendition in picture.renditions.items()} == {
        "96": 72,
        "160": 120,
        "320": 240,
        "640": 480,
        "800": 600,
    }
    for rendition in picture.renditions.values():
        assert default_storage.exists(rendition["webp"])
        assert default_storage.exists(rendition["jpeg"])


def test_making_renditions_twice_leaves_the_same_files(tmp_path) -> None:
    picture = store_picture(upload())
    make_renditions_task(picture_id=picture.pk)
    files_before = sorted(path.name for path in tmp_path.rglob("*"))
    Picture.objects.update(state=PictureState.WAITING)

    make_renditions_task(picture_id=picture.pk)
    make_renditions_task(picture_id=picture.pk)

    assert sorted(path.name for path in tmp_path.rglob("*")) == files_before


def test_sweep_finds_a_photo_whose_message_was_lost() -> None:
    picture = store_picture(upload())

    sweep_pictures_task()

    picture.refresh_from_db()
    assert picture.state == PictureState.READY


def test_other_file_stores_nothing(tmp_path) -> None:
    with pytest.raises(NotAPicture):
        store_picture(ContentFile(b"not a photo", name="quyt.jpg"))

    assert not Picture.objects.exists()
    assert not list(tmp_path.iterdir())


def test_missing_original_is_marked_as_refused() -> None:
    picture = store_picture(upload())
    picture.original.delete(save=False)

    make_renditions_task(picture_id=picture.pk)

    picture.refresh_from_db()
    assert picture.state == PictureState.REFUSED


def test_original_file_name_is_not_kept() -> None:
    picture = store_picture(upload("Nhà chị Lan.jpg"))

    assert "Lan" not in picture.original.name
    assert picture.original.name.endswith(".jpg")


def test_renditions_are_served_and_originals_are_not(client) -> None:
    picture = store_picture(upload())
    make_renditions_task(picture_id=picture.pk)
    picture.refresh_from_db()
    original = picture.original.name

    assert client.get(f"/media/{picture.renditions['320']['webp']}").status_code == 200
    for path in (original, original.replace("/", "//"), original.replace("original/", "./original/")):
        assert client.get(f"/media/{path}").status_code == 404
        assert client.get(f"/media/{path.replace('original/', 'original%2F')}").status_code == 404


def test_name_of_the_original_cannot_be_derived_from_renditions() -> None:
    first, second = store_picture(upload()), store_picture(upload())

    names = [picture.original.name.rpartition("/")[2] for picture in (first, second)]

    assert first.digest == second.digest
    assert names[0] != names[1]
    assert not any(name[:8] in first.digest for name in names)
