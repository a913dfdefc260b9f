"""Addresses from basket to doorstep."""

from django.urls import path

from orders.views import addresses, basket, card, checkout, complaints, order, paying, refunds, reorder

app_name = "orders"
urlpatterns = [
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
