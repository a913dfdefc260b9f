"""Addresses of the market's shelves."""

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("san-pham/", views.products, name="products"),
    path("san-pham/<slug:slug>/", views.product, name="product"),
    path("danh-muc/<slug:slug>/", views.category, name="category"),
    path("hop-tac-xa/", views.cooperatives, name="cooperatives"),
    path("hop-tac-xa/<slug:slug>/", views.cooperative, name="cooperative"),
    path("tim/", views.search, name="search"),
    path("tim/goi-y/", views.suggestions, name="suggestions"),
]
