"""The platform's desk."""

from django.urls import path

from shop.desk import (
    cash,
    cash_statements,
    contact,
    cooperatives,
    drafts,
    home,
    listings,
    offers,
    orders,
    parcels,
)

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
    path("don-hang/<uuid:token>/nguoi-nhan/", contact.order_contact, name="order-contact"),
    path("don-hang/<uuid:token>/huy/", orders.order_cancellation, name="order-cancellation"),
    path("don-hang/<uuid:token>/goi/<int:number>/huy/", orders.part_cancellation, name="part-cancellation"),
    path(
        "don-hang/<uuid:token>/kien/<int:parcel_id>/da-giao/",
        parcels.parcel_delivery,
        name="parcel-delivery",
    ),
    path("uu-dai/", offers.offers, name="offers"),
    path("uu-dai/ma/moi/", offers.voucher_new, name="voucher-new"),
    path("uu-dai/ma/<int:pk>/", offers.voucher, name="voucher"),
    path("uu-dai/ma/<int:pk>/ngung/", offers.voucher_end, name="voucher-end"),
    path("uu-dai/ma/<int:pk>/them/", offers.voucher_codes, name="voucher-codes"),
    path("uu-dai/ma/<int:pk>/ma.csv", offers.voucher_file, name="voucher-file"),
    path("uu-dai/gia/moi/", offers.promotion_new, name="promotion-new"),
    path("uu-dai/gia/<uuid:pk>/", offers.promotion, name="promotion"),
    path("uu-dai/gia/<uuid:pk>/ngung/", offers.promotion_end, name="promotion-end"),
    path("tien-mat/", cash.cash, name="cash"),
    path("tien-mat/kien/", cash.cash_parcels, name="cash-parcels"),
    path("tien-mat/ban-giao/", cash.remittances, name="cash-remittances"),
    path("tien-mat/ban-giao/<int:pk>/", cash.remittance, name="cash-remittance"),
    path("tien-mat/ban-giao/<int:pk>/da-nhan/", cash.remittance_receipt, name="cash-remittance-receipt"),
    path("tien-mat/bang-ke/", cash_statements.statements, name="cash-statements"),
    path("tien-mat/bang-ke/<int:pk>/", cash_statements.statement, name="cash-statement"),
    path("tien-mat/bang-ke/<int:pk>/nhan/", cash_statements.statement_taking, name="cash-statement-taking"),
    path("tien-mat/can-xem/", cash_statements.problems, name="cash-problems"),
    path("tien-mat/dong/<int:pk>/", cash_statements.row_answer, name="cash-row"),
    path("don-hang/<uuid:token>/can/<uuid:question_id>/", orders.weight_answer, name="weight-answer"),
    path("don-nhap/", drafts.drafts, name="drafts"),
    path("don-nhap/<uuid:token>/", drafts.draft, name="draft"),
    path("don-nhap/<uuid:token>/dat/", drafts.draft_placement, name="draft-placement"),
    path("don-nhap/<uuid:token>/xoa/", drafts.draft_deletion, name="draft-deletion"),
]
