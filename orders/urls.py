"""URLs of the basket, the checkout, orders, addresses and personal data requests."""

from django.urls import path

from orders.views import (
    address_book,
    basket_additions,
    basket_page,
    card_payment,
    checkout_page,
    complaint_page,
    find_order,
    my_data,
    order_code,
    order_decisions,
    order_page,
    payment_page,
    recall_page,
    refund_page,
    reorder,
)
from orders.views.order_access import order_path

app_name = "orders"
urlpatterns = [
    path("tai-khoan/dong-y/<str:purpose>/", my_data.set_consent, name="set-consent"),
    path("tai-khoan/du-lieu/", my_data.show_my_data, name="my-data"),
    path("tai-khoan/du-lieu/ban-sao/", my_data.request_export, name="request-data-copy"),
    path("tai-khoan/du-lieu/ban-sao/<uuid:pk>/", my_data.show_export, name="data-copy"),
    path(
        "tai-khoan/du-lieu/ban-sao/<uuid:pk>/<str:extension>/", my_data.download_export, name="data-copy-file"
    ),
    path("tai-khoan/du-lieu/xoa/", my_data.request_deletion_view, name="request-deletion"),
    path("tai-khoan/du-lieu/yeu-cau/", my_data.file_request_view, name="file-data-request"),
    path("tai-khoan/du-lieu/yeu-cau/ma/", my_data.confirm_guest_request, name="confirm-guest-request"),
    path(
        "tai-khoan/du-lieu/yeu-cau/<uuid:pk>/rut/",
        my_data.withdraw_data_request,
        name="withdraw-data-request",
    ),
    path("gio-hang/", basket_page.show_basket, name="basket"),
    path("gio-hang/dong/", basket_additions.add_line, name="add-basket-line"),
    path("gio-hang/dong/<uuid:line_id>/", basket_page.change_line, name="change-basket-line"),
    path("gio-hang/noi-nhan/", basket_page.set_delivery_province, name="set-basket-province"),
    path("gio-hang/cach-giao/", basket_page.choose_deliveries_view, name="choose-basket-deliveries"),
    path("gio-hang/ma-uu-dai/", basket_page.change_voucher, name="change-basket-voucher"),
    path("dat-hang/", checkout_page.show_checkout, name="checkout"),
    path("dat-hang/kiem-tra/", checkout_page.check_contact, name="check-contact"),
    path("dat-hang/giu-hang/", checkout_page.start_checkout, name="start-checkout"),
    path("dia-chi/xa/", checkout_page.list_communes, name="communes"),
    path("dia-chi/tim/", checkout_page.find_communes_view, name="find-communes"),
    path("tai-khoan/dia-chi/", address_book.list_addresses, name="addresses"),
    path("tai-khoan/dia-chi/moi/", address_book.add_address_view, name="add-address"),
    path("tai-khoan/dia-chi/<int:address_id>/", address_book.edit_address, name="address"),
    path(
        "tai-khoan/dia-chi/<int:address_id>/mac-dinh/",
        address_book.make_address_default,
        name="make-address-default",
    ),
    path("tai-khoan/dia-chi/<int:address_id>/xoa/", address_book.delete_address, name="delete-address"),
    path("thu-hoi/<uuid:notice_id>/", recall_page.show_recall_notice, name="recall-notice"),
    path("don-hang/", find_order.find_order, name="find-order"),
    order_path("", order_page.show_order, name="order"),
    order_path("ma/", order_code.verify_order_code, name="order-code"),
    order_path("dat-lai/", reorder.reorder_past_order, name="reorder"),
    order_path("tien/", order_page.poll_payment_status, name="payment-status"),
    order_path("vietqr.png", payment_page.serve_qr_code, name="payment-qr-code"),
    order_path("the/", card_payment.start_stripe_fields, name="card-fields"),
    order_path("the/stripe/", card_payment.redirect_to_stripe, name="card-page"),
    order_path("cach-tra/", payment_page.change_payment_method_view, name="change-payment-method"),
    order_path("goi/<int:number>/huy/", order_decisions.cancel_part, name="cancel-part"),
    order_path("can/<uuid:question_id>/", order_decisions.record_weight_answer, name="record-weight-answer"),
    order_path(
        "thay/<uuid:substitute_id>/",
        order_decisions.record_substitute_answer,
        name="record-substitute-answer",
    ),
    order_path("goi/<int:number>/nhan/", order_decisions.confirm_receipt, name="confirm-receipt"),
    order_path("goi/<int:number>/phan-anh/", complaint_page.file_complaint, name="file-complaint"),
    order_path(
        "phan-anh/<uuid:complaint_id>/rut/",
        complaint_page.withdraw_complaint_view,
        name="withdraw-complaint",
    ),
    order_path("tai-khoan-nhan-tien/", refund_page.edit_refund_account, name="refund-account"),
]
