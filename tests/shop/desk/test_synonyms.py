"""Search synonyms at the desk: adding, changing, removing, and refusing invalid sets."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.actions.search_terms.synonyms import save_synonyms
from catalog.models import Synonym, SynonymSet
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from tests.factories import NOW, make_admin, make_staff
from tests.markup import html_of

pytestmark = pytest.mark.django_db
PAGE = "/quan-tri/tu-dong-nghia/"


def saved_words() -> list[str]:
    return list(Synonym.objects.order_by("set", "sort_order").values_list("text", flat=True))


def test_synonyms_need_the_products_permission(client: Client) -> None:
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS))

    assert client.get(PAGE).status_code == client.post(PAGE, {"words": "lạc, đậu phộng"}).status_code == 404
    assert saved_words() == []
    client.force_login(make_staff(Permission.MANAGE_PRODUCTS))
    assert client.get(PAGE).status_code == 200


def test_synonym_set_is_added_changed_and_removed(client: Client) -> None:
    client.force_login(make_admin())

    assert client.post(PAGE, {"words": "lạc, đậu phộng ;  "})["Location"] == PAGE
    synonym_set = SynonymSet.objects.get()
    assert 'value="lạc, đậu phộng"' in html_of(client.get(f"{PAGE}{synonym_set.pk}/"))
    assert client.post(f"{PAGE}{synonym_set.pk}/", {"words": "lạc, đậu phụng"})["Location"] == PAGE

    assert saved_words() == ["lạc", "đậu phụng"]
    assert "lạc, đậu phụng" in html_of(client.get(PAGE))
    assert client.post(f"{PAGE}{synonym_set.pk}/bo/")["Location"] == PAGE
    assert saved_words() == []
    for path in (f"{PAGE}{synonym_set.pk}/", f"{PAGE}{synonym_set.pk}/bo/"):
        assert client.post(path, {"words": "ngô, bắp"}).status_code == 404


@pytest.mark.parametrize("malformed", ["", " , ", "lạc", "lạc, LAC", "🍊, quýt", "a" * 61 + ", b", "x" * 900])
def test_invalid_synonyms_are_refused_and_change_nothing(client: Client, malformed: str) -> None:
    client.force_login(make_admin())
    synonym_set = save_synonyms(set_id=None, words=["ngô", "bắp"], actor=Actor.system(), now=NOW)

    for address in (PAGE, f"{PAGE}{synonym_set.pk}/"):
        response = client.post(address, {"words": malformed})

        assert response.status_code == 422
        assert 'aria-invalid="true"' in html_of(response)
    assert saved_words() == ["ngô", "bắp"]
