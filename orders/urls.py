"""Addresses from basket to doorstep."""

from django.urls import path

from orders.views import (
    addresses,
    basket,
    card,
    checkout,
    complaints,
    order,
    own_data,
    paying,
    refunds,
    reorder,
)

app_name = "orders"
urlpatterns = [
    path("tai-khoan/dong-y/<str:purpose>/", own_data.consent, name="consent"),
    path("tai-khoan/du-lieu/", own_data.my_data, name="my-data"),
    path("tai-khoan/du-lieu/ban-sao/", own_data.copies, name="data-copies"),
    path("tai-khoan/du-lieu/ban-sao/<uuid:pk>/", own_data.copy, name="data-copy"),
    path("tai-khoan/du-lieu/ban-sao/<uuid:pk>/<str:kind>/", own_data.copy_file, name="data-copy-file"),
    path("tai-khoan/du-lieu/xoa/", own_data.deletion, name="data-deletion"),
    path("tai-khoan/du-lieu/yeu-cau/", own_data.request_form, name="data-request"),
    path("tai-khoan/du-lieu/yeu-cau/ma/", own_data.request_code, name="data-request-code"),
    path("tai-khoan/du-lieu/yeu-cau/<uuid:pk>/rut/", own_data.taking_back, name="data-request-end"),
    path("gio-hang/", basket.basket, name="basket"),
    path("gio-hang/dong/", basket.lines, name="basket-lines"),
    path("gio-hang/dong/<uuid:line_id>/", basket.line, name="basket-line"),
    path("gio-hang/noi-nhan/", basket.place, name="basket-place"),
    path("gio-hang/cach-giao/", basket.deliveries, name="basket-deliveries"),
    path("gio-hang/ma-uu-dai/", basket.voucher, name="basket-voucher"),
    path("dat-hang/", checkout.checkout, name="checkout"),
    path("dia-chi/xa/", checkout.communes, name="communes"),
    path("tai-khoan/dia-chi/", addresses.addresses, name="addresses"),
    path("tai-khoan/dia-chi/moi/", addresses.address_new, name="address-new"),
    path("tai-khoan/dia-chi/<int:address_id>/", addresses.address, name="address"),
    path("tai-khoan/dia-chi/<int:address_id>/mac-dinh/", addresses.address_usual, name="address-usual"),
    path("tai-khoan/dia-chi/<int:address_id>/xoa/", addresses.address_removal, name="address-removal"),
    path("don-hang/", order.find, name="find"),
    path("don-hang/<uuid:token>/", order.order, name="order"),
    path("don-hang/<uuid:token>/dat-lai/", reorder.again, name="reorder"),
    path("don-hang/<uuid:token>/tien/", order.news, name="payment-news"),
    path("don-hang/<uuid:token>/vietqr.png", paying.picture, name="payment-picture"),
    path("don-hang/<uuid:token>/the/", card.fields, name="card-fields"),
    path("don-hang/<uuid:token>/the/stripe/", card.their_page, name="card-page"),
    path("don-hang/<uuid:token>/cach-tra/", paying.way, name="payment-way"),
    path(
        "don-hang/<uuid:token>/goi/<int:number>/huy/",
        order.cancellation,
        name="part-cancellation",
    ),
    path("don-hang/<uuid:token>/can/<uuid:question_id>/", order.weight_answer, name="weight-answer"),
    path("don-hang/<uuid:token>/goi/<int:number>/nhan/", order.receipt, name="part-receipt"),
    path("don-hang/<uuid:token>/goi/<int:number>/phan-anh/", complaints.complaint, name="complaint"),
    path(
        "don-hang/<uuid:token>/phan-anh/<uuid:complaint_id>/rut/",
        complaints.withdrawal,
        name="complaint-withdrawal",
    ),
    path("don-hang/<uuid:token>/tai-khoan-nhan-tien/", refunds.account, name="refund-account"),
]
