"""The members' addresses, under /xa-vien/. A change of state is sent to the noun that names it."""

from django.urls import path

from shop.members import app_shell, application, delivery, goods, listings, parcels, parts, stock, today

app_name = "members"

urlpatterns = [
    path("", today.today, name="today"),
    path("hop-tac-xa/", today.chosen_cooperative, name="cooperative"),
    path("dang-ky/", application.apply, name="apply"),
    path("ho-so/", application.application, name="application"),
    path("goi/", parts.parts, name="parts"),
    path("goi/<int:part_id>/", parts.part, name="part"),
    path("goi/<int:part_id>/nhan/", parts.acceptance, name="part-acceptance"),
    path("goi/<int:part_id>/tu-choi/", parts.refusal, name="part-refusal"),
    path("goi/<int:part_id>/kien/", parts.parcels, name="parcels"),
    path("kien/<int:parcel_id>/", parcels.parcel, name="parcel"),
    path("kien/<int:parcel_id>/tem/", parcels.label, name="parcel-label"),
    path("kien/<int:parcel_id>/dong-goi/", parcels.closing, name="parcel-closing"),
    path("kien/<int:parcel_id>/ra-xe/", parcels.handover, name="parcel-handover"),
    path("kien/<int:parcel_id>/da-giao/", parcels.delivery, name="parcel-delivery"),
    path("kien/<int:parcel_id>/tien-mat/", parcels.cash, name="parcel-cash"),
    path("kien/<int:parcel_id>/chua-giao-duoc/", parcels.failure, name="parcel-failure"),
    path("kien/<int:parcel_id>/huy/", parcels.voiding, name="parcel-voiding"),
    path("hang/", listings.listings, name="listings"),
    path("hang/moi/", goods.listing_new, name="listing-new"),
    path("hang/<int:listing_id>/", listings.listing, name="listing"),
    path("hang/<int:listing_id>/gui-duyet/", listings.submission, name="listing-submission"),
    path("hang/<int:listing_id>/tam-ngung/", listings.rest, name="listing-pause"),
    path("hang/<int:listing_id>/ban-tiep/", listings.return_to_sale, name="listing-resumption"),
    path("hang/<int:listing_id>/rut/", listings.withdrawal, name="listing-withdrawal"),
    path("hang/<int:listing_id>/mo-ta/", goods.details, name="listing-details"),
    path("hang/<int:listing_id>/anh/", goods.pictures, name="listing-pictures"),
    path("hang/<int:listing_id>/loai/", goods.variant_new, name="variant-new"),
    path("hang/<int:listing_id>/loai/<int:variant_id>/", goods.variant, name="variant"),
    path("kho/", stock.stock, name="stock"),
    path("kho/<int:variant_id>/nhap/", stock.receipt, name="stock-receipt"),
    path("cach-giao/", delivery.ways, name="ways"),
    path("cach-giao/<int:way_id>/ngung/", delivery.way_end, name="way-end"),
    path("tam-nghi/", stock.pause, name="pause"),
    path("ban-lai/", stock.resumption, name="resumption"),
    path("app.webmanifest", app_shell.manifest, name="manifest"),
    path("worker.js", app_shell.worker, name="worker"),
]
