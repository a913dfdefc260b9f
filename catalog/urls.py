"""URLs of the catalogue."""

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("san-pham/", views.products, name="products"),
    path("san-pham/<slug:slug>/", views.product, name="product"),
    path("danh-muc/<slug:slug>/", views.category, name="category"),
    path("hop-tac-xa/", views.cooperatives, name="cooperatives"),
    path("hop-tac-xa/<slug:slug>/", views.cooperative, name="cooperative"),
    path("yeu-thich/", views.wish_list_page, name="wish-list"),
    path("vua-xem/", views.recently_seen, name="recently-seen"),
    path("tim/", views.search, name="search"),
    path("tim/goi-y/", views.suggestions, name="suggestions"),
    path("mua-vu/", views.seasons, name="seasons"),
    path("ocop/", views.ocop, name="ocop"),
    path("vung/", views.regions, name="regions"),
    path("vung/<slug:slug>/", views.region, name="region"),
    path("san-pham/<slug:slug>/bao-lai/", views.back_in_stock_page, name="back-in-stock"),
    path("bao-lai/<str:token>/", views.back_in_stock_request, name="back-in-stock-request"),
    path("hop-tac-xa/<slug:slug>/theo-doi/", views.follow, name="follow"),
    path("theo-doi/", views.follow, name="follow-market"),
    path("theo-doi/cua-toi/", views.own_follows, name="follows"),
    path("theo-doi/<str:token>/", views.follow_settings, name="follow-settings"),
    path("theo-doi/<str:token>/dong-y/", views.follow_confirmation, name="follow-confirmation"),
    path("ban-tin/", views.bulletins, name="bulletins"),
    path("ban-tin/<str:week>/", views.bulletin, name="bulletin"),
    path("ban-tin/<str:week>/ban-tin.txt", views.bulletin_text, name="bulletin-text"),
    path("ban-tin/<str:week>/doc-loa.txt", views.bulletin_spoken_text, name="bulletin-spoken"),
    path("ban-tin/<str:week>/<slug:slug>/", views.bulletin, name="bulletin"),
    path("ban-tin/<str:week>/<slug:slug>/ban-tin.txt", views.bulletin_text, name="bulletin-text"),
    path("ban-tin/<str:week>/<slug:slug>/doc-loa.txt", views.bulletin_spoken_text, name="bulletin-spoken"),
]
