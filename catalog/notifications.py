"""Emails and SMS about products: listing and certificate decisions, back in stock, weekly bulletin."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from catalog.models import BackInStockRequest, Bulletin, Listing, Product, ProductRevision
from cooperatives.models import Certificate, Follow
from shop.core.models import market_channel, shop_settings, show_in_language
from shop.core.web.public_urls import page_url
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification


def send_listing_decision(listing: Listing, *, now: datetime.datetime) -> None:
    """Tell the cooperative that its listing was published, or must be corrected first."""
    cooperative = listing.product.cooperative
    if not cooperative.email:
        return
    with translation.override("vi"):
        queue_notification(
            key=f"listing-answered:{listing.pk}:{now:%Y%m%d%H%M%S}",
            contact_method=ContactMethod.EMAIL,
            recipient=cooperative.email,
            subject=_("%(product)s on Chợ Phiên") % {"product": listing.product.name},
            text=render_to_string(
                "emails/listing_answered.txt",
                {"listing": listing, "product": listing.product, "url": f"{settings.PUBLIC_URL}/xa-vien/"},
            ),
            now=now,
        )


def send_revision_decision(revision: ProductRevision, *, is_approved: bool, now: datetime.datetime) -> None:
    """Tell the cooperative that its changes are on sale, or must be corrected first."""
    product = revision.product
    if not product.cooperative.email:
        return
    with translation.override("vi"):
        context = {
            "product": product,
            "revision": revision,
            "is_approved": is_approved,
            "url": page_url("/xa-vien/", "vi"),
        }
        queue_notification(
            key=f"revision-answered:{product.pk}:{now:%Y%m%d%H%M%S}",
            contact_method=ContactMethod.EMAIL,
            recipient=product.cooperative.email,
            subject=_("Changes to %(product)s on Chợ Phiên") % {"product": product.name},
            text=render_to_string("emails/revision_answered.txt", context),
            now=now,
        )


def send_certificate_decision(certificate: Certificate, *, now: datetime.datetime) -> None:
    """Tell the cooperative that its certificate was confirmed, or must be corrected first."""
    cooperative = certificate.cooperative
    if not cooperative.email:
        return
    with translation.override("vi"):
        url = page_url("/xa-vien/gian-hang/", "vi")
        queue_notification(
            key=f"certificate-answered:{certificate.pk}:{certificate.state}:{now:%Y%m%d%H%M%S}",
            contact_method=ContactMethod.EMAIL,
            recipient=cooperative.email,
            subject=_("Certificate of %(name)s on Chợ Phiên") % {"name": cooperative.name},
            text=render_to_string(
                "emails/certificate_answered.txt", {"certificate": certificate, "url": url}
            ),
            now=now,
        )


def send_back_in_stock(request: BackInStockRequest, *, now: datetime.datetime) -> None:
    """Tell the requester once, by email or SMS, that the product can be ordered again."""
    product, language = request.product, request.language
    with translation.override(language):
        show_in_language([product], "name")
        show_in_language([product.cooperative], "name")
        if request.variant is not None:
            show_in_language([request.variant], "name")
        variant_name = request.variant.name if request.variant else ""
        product_name = f"{product.name}, {variant_name}" if variant_name else product.name
        subject = _("%(goods)s: back in stock") % {"goods": product_name}
        url = page_url(f"/san-pham/{product.slug}/", language)
        unsubscribe_url = page_url(f"/bao-lai/{request.token}/", language)
        is_mail = request.contact_method == ContactMethod.EMAIL
        context = {
            "goods": product_name,
            "product": product,
            "subject": subject,
            "shop": shop_settings(),
            "url": url,
            "unsubscribe_url": unsubscribe_url,
        }
        sms_text = _(
            "%(goods)s from %(seller)s is back in stock: %(url)s This is the only message about it."
        ) % {
            "goods": product_name,
            "seller": product.cooperative.name,
            "url": url,
        }
        queue_notification(
            key=f"back:{request.pk}:{request.created_at:%Y%m%d%H%M%S%f}",
            contact_method=ContactMethod(request.contact_method),
            recipient=request.contact,
            subject=subject if is_mail else "",
            text=render_to_string("emails/back_in_stock.txt", context) if is_mail else sms_text,
            html=render_to_string("emails/back_in_stock.html", context) if is_mail else "",
            unsubscribe_url=unsubscribe_url if is_mail else "",
            language=language,
            user_id=request.user_id,
            now=now,
        )


def bulletin_path(bulletin: Bulletin) -> str:
    """Return the bulletin's path without the language prefix."""
    suffix = f"{bulletin.cooperative.slug}/" if bulletin.cooperative else ""
    return f"/ban-tin/{bulletin.week.isoformat()}/{suffix}"


def load_bulletin_products(bulletin: Bulletin) -> list[Product]:
    """Return the products that the bulletin mentions and that are still listed, named in its language."""
    channel = market_channel()
    if channel is None:
        return []
    keys = list(bulletin.mentions.order_by("sort_order").values_list("product", flat=True))
    products_by_id = Product.objects.visible_in(channel.pk).in_bulk(keys)
    products = [products_by_id[key] for key in keys if key in products_by_id]
    with translation.override(bulletin.language):
        show_in_language(products, "name")
    return products


def mail_bulletin(
    bulletin: Bulletin, follow: Follow, *, products: Sequence[Product], now: datetime.datetime
) -> None:
    """Send a follower the week's bulletin, once, with links to the products that it mentions."""
    language = bulletin.language
    with translation.override(language):
        name = bulletin.cooperative.name if bulletin.cooperative else shop_settings().name
        subject = _("%(name)s: this week's bulletin") % {"name": name}
        unsubscribe_url = page_url(f"/theo-doi/{follow.token}/", language)
        context = {
            "bulletin": bulletin,
            "subject": subject,
            "shop": shop_settings(),
            "url": page_url(bulletin_path(bulletin), language),
            "mentions": [
                {"name": product.name, "url": page_url(f"/san-pham/{product.slug}/", language)}
                for product in products
            ],
            "unsubscribe_url": unsubscribe_url,
        }
        queue_notification(
            key=f"bulletin:{bulletin.pk}:{follow.pk}",
            contact_method=ContactMethod.EMAIL,
            recipient=follow.email,
            subject=subject,
            text=render_to_string("emails/bulletin.txt", context),
            html=render_to_string("emails/bulletin.html", context),
            unsubscribe_url=unsubscribe_url,
            language=language,
            user_id=follow.user_id,
            now=now,
        )
