"""URLs of the catalogue."""

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("san-pham/", views.list_products, name="products"),
    path("san-pham/<slug:slug>/", views.show_product, name="product"),
    path("danh-muc/<slug:slug>/", views.show_category, name="category"),
    path("hop-tac-xa/", views.list_cooperatives, name="cooperatives"),
    path("hop-tac-xa/<slug:slug>/", views.show_cooperative, name="cooperative"),
    path("yeu-thich/", views.show_wish_list, name="wish-list"),
    path("vua-xem/", views.list_recently_seen, name="recently-seen"),
    path("tim/", views.search_products_page, name="search"),
    path("tim/goi-y/", views.suggest_searches, name="suggest-searches"),
    path("mua-vu/", views.show_seasons, name="seasons"),
    path("ocop/", views.list_ocop_products, name="ocop"),
    path("vung/", views.list_regions, name="regions"),
    path("vung/<slug:slug>/", views.show_region, name="region"),
    path("san-pham/<slug:slug>/bao-lai/", views.request_back_in_stock_view, name="request-back-in-stock"),
    path("bao-lai/<str:token>/", views.manage_back_in_stock, name="back-in-stock-request"),
    path("hop-tac-xa/<slug:slug>/theo-doi/", views.follow, name="follow"),
    path("theo-doi/", views.follow, name="follow-market"),
    path("theo-doi/cua-toi/", views.list_own_follows, name="follows"),
    path("theo-doi/<str:token>/", views.edit_follow, name="edit-follow"),
    path("theo-doi/<str:token>/dong-y/", views.confirm_follow_view, name="confirm-follow"),
    path("ban-tin/", views.list_bulletins, name="bulletins"),
    path("ban-tin/<str:week>/", views.show_bulletin, name="bulletin"),
    path("ban-tin/<str:week>/ban-tin.txt", views.download_bulletin_text, name="bulletin-text"),
    path("ban-tin/<str:week>/doc-loa.txt", views.download_spoken_text, name="bulletin-spoken-text"),
    path("ban-tin/<str:week>/<slug:slug>/", views.show_bulletin, name="bulletin"),
    path("ban-tin/<str:week>/<slug:slug>/ban-tin.txt", views.download_bulletin_text, name="bulletin-text"),
    path(
        "ban-tin/<str:week>/<slug:slug>/doc-loa.txt", views.download_spoken_text, name="bulletin-spoken-text"
    ),
]
