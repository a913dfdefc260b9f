"""The platform's desk."""

from django.urls import path

from shop.desk import cooperatives, drafts, home, listings, orders, parcels

app_name = "desk"

urlpatterns = [
    path("", home.home, name="home"),
    path("hop-tac-xa/", cooperatives.cooperatives, name="cooperatives"),
    path("hop-tac-xa/<int:pk>/", cooperatives.cooperative, name="cooperative"),
    path("hop-tac-xa/<int:pk>/tra-loi/", cooperatives.cooperative_answer, name="cooperative-answer"),
    path("hang/", listings.listings, name="listings"),
    path("hang/<int:pk>/", listings.listing, name="listing"),
    path("hang/<int:pk>/dang-ban/", listings.listing_publication, name="listing-publication"),
    path("hang/<int:pk>/tra-lai/", listings.listing_return, name="listing-return"),
    path("hang/<int:pk>/go-xuong/", listings.listing_withdrawal, name="listing-withdrawal"),
    path("don-hang/", orders.orders, name="orders"),
    path("don-hang/<uuid:token>/", orders.order, name="order"),
    path("don-hang/<uuid:token>/huy/", orders.order_cancellation, name="order-cancellation"),
    path("don-hang/<uuid:token>/goi/<int:number>/huy/", orders.part_cancellation, name="part-cancellation"),
    path(
        "don-hang/<uuid:token>/kien/<int:parcel_id>/da-giao/",
        parcels.parcel_delivery,
        name="parcel-delivery",
    ),
    path("don-nhap/", drafts.drafts, name="drafts"),
    path("don-nhap/<uuid:token>/", drafts.draft, name="draft"),
    path("don-nhap/<uuid:token>/dat/", drafts.draft_placement, name="draft-placement"),
    path("don-nhap/<uuid:token>/xoa/", drafts.draft_deletion, name="draft-deletion"),
]
