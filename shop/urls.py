"""Where every address of the site begins. Vietnamese has no prefix; the same paths are English under /en/."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.static import serve

from shop import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/", views.health, name="health"),
    *i18n_patterns(
        path("", views.home, name="home"),
        path("offline/", views.offline, name="offline"),
        path("trang/<slug:slug>/", views.page, name="page"),
        path("", include("catalog.urls")),
        path("quan-tri/du-lieu/", admin.site.urls),
        path("quan-tri/bao-cao/", include("shop.reports.urls")),
        prefix_default_language=False,
    ),
]
if settings.MEDIA_URL == "/media/":
    urlpatterns.append(path("media/<path:path>", serve, {"document_root": settings.MEDIA_ROOT}))
