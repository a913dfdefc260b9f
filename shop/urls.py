"""Root URL configuration. Vietnamese has no prefix. The same paths are English under /en/."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from catalog.views.product_feed import serve_google_feed
from catalog.views.sitemaps import sitemaps
from orders import webhooks
from orders.views import order_list
from shop import app_shell, health, views
from shop.accounts.urls import account_urls as accounts
from shop.api import endpoint
from shop.api.thumbnails import redirect_to_thumbnail
from shop.core.web.sitemaps import NamedPages
from shop.desk.overview.home import redirect_admin_login
from shop.sitemaps import serve_sitemap, serve_sitemap_index

_NAMED = [
    ("home",),
    ("catalog:products",),
    ("catalog:cooperatives",),
    ("catalog:seasons",),
    ("catalog:regions",),
    ("catalog:ocop",),
    ("catalog:bulletins",),
    *(("page", word) for word in views.PAGES),
]
_SITEMAPS = {
    **{f"pages-{language}": NamedPages(language, _NAMED) for language, _name in settings.LANGUAGES},
    **sitemaps(),
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/", health.check_health, name="health"),
    path("robots.txt", views.serve_robots, name="robots"),
    path("worker.js", app_shell.serve_worker, name="worker"),
    path("sitemap.xml", serve_sitemap_index, {"sitemaps": _SITEMAPS}, name="sitemaps"),
    path("sitemap-<section>.xml", serve_sitemap, {"sitemaps": _SITEMAPS}, name="sitemap"),
    path("feeds/google-<str:language>.xml", serve_google_feed, name="google-feed"),
    path("graphql/", endpoint.serve_graphql, name="graphql"),
    path("graphql", endpoint.path_without_slash),
    path(".well-known/jwks.json", endpoint.serve_jwks, name="jwks"),
    path("thumbnail/<str:id_>/<str:size>/", redirect_to_thumbnail, name="thumbnail"),
    path("thumbnail/<str:id_>/<str:size>/<str:format_>/", redirect_to_thumbnail, name="thumbnail"),
    path("webhooks/sepay/", webhooks.receive_sepay, name="webhook-sepay"),
    path("webhooks/casso/", webhooks.receive_casso, name="webhook-casso"),
    path("webhooks/payos/", webhooks.receive_payos, name="webhook-payos"),
    path("webhooks/stripe/", webhooks.receive_stripe, name="webhook-stripe"),
    *i18n_patterns(
        path("", views.show_home, name="home"),
        path("cho-phien.webmanifest", app_shell.serve_manifest, name="manifest"),
        path("co-chu/", views.set_text_size, name="text-size"),
        path("offline/", views.show_offline_page, name="offline"),
        path("trang/<slug:slug>/", views.show_page, name="page"),
        path("xa-vien/", include("shop.members.urls")),
        path("", include("catalog.urls")),
        path("", include("orders.urls")),
        path(
            "tai-khoan/",
            include(accounts(home=order_list.account_home, after_sign_in=order_list.take_over_guest_data)),
        ),
        path("quan-tri/du-lieu/login/", redirect_admin_login),
        path("quan-tri/du-lieu/", admin.site.urls),
        path("quan-tri/bao-cao/", include("shop.reports.urls")),
        path("quan-tri/", include("shop.desk.urls")),
        prefix_default_language=False,
    ),
]
handler500 = views.show_server_error
if settings.MEDIA_URL == "/media/":
    urlpatterns.append(path("media/<path:path>", views.serve_media))
