"""URLs of the members' app, under /xa-vien/. A state change is a POST to the noun that names it."""

from django.urls import path

from shop.members import app_shell, kept_pictures, today
from shop.members.catalogue import (
    discounts,
    listings,
    pictures,
    products,
    stock,
    submission,
    translations,
    warehouses,
)
from shop.members.cooperative import (
    application,
    choice,
    delivery,
    documents,
    invitations,
    people,
    profile,
    profile_pictures,
)
from shop.members.fulfilment import (
    bulk_steps,
    complaints,
    labels,
    parcels,
    parts,
    picking,
    substitutes,
    weights,
)
from shop.members.money import cash, settlements
from shop.members.sync import views as sync

app_name = "members"

urlpatterns = [
    path("", today.show_today, name="today"),
    path("hop-tac-xa/", choice.choose_cooperative, name="cooperative"),
    path("dang-ky/", application.apply, name="apply"),
    path("dang-ky/ma/", application.confirm_application_code, name="apply-code"),
    path("ho-so/", application.edit_application, name="application"),
    path("ho-so/giay/<str:kind>/", application.send_application_document, name="application-document"),
    path("ho-so/tep/<uuid:file_id>/", documents.show_document_file, name="application-file"),
    path("goi/", parts.list_parts, name="parts"),
    path("goi/nhan/", bulk_steps.accept_chosen_parts, name="part-acceptances"),
    path("goi/lay-hang/", picking.show_pick_list, name="pick-list"),
    path("goi/dong/", bulk_steps.pack_chosen_parts, name="parts-packing"),
    path("goi/<int:part_id>/", parts.show_part, name="part"),
    path("goi/<int:part_id>/nhan/", parts.accept_part_view, name="part-acceptance"),
    path("goi/<int:part_id>/hoan-tac/", parts.undo_part_acceptance, name="part-acceptance-undoing"),
    path("goi/<int:part_id>/tu-choi/", parts.refuse_part, name="part-refusal"),
    path("goi/<int:part_id>/thieu/", parts.report_part_shortage, name="part-shortage"),
    path("goi/<int:part_id>/thieu/<uuid:line_id>/", substitutes.offer_substitute_view, name="substitute"),
    path(
        "goi/<int:part_id>/thay/<uuid:substitute_id>/rut/",
        substitutes.withdraw_substitute_view,
        name="substitute-withdrawal",
    ),
    path("goi/<int:part_id>/can/<uuid:line_id>/", weights.record_line_weight, name="weight"),
    path("goi/<int:part_id>/can/<uuid:line_id>/thu/", weights.preview_weight, name="weight-preview"),
    path("goi/<int:part_id>/kien/", parts.pack_parcel_view, name="parcels"),
    path("kien/tem/", labels.show_labels, name="parcel-labels"),
    path("kien/dong-goi/", bulk_steps.close_chosen_parcels, name="parcel-closures"),
    path("kien/<int:parcel_id>/", parcels.redirect_to_part, name="parcel"),
    path("kien/<int:parcel_id>/tem/", labels.show_label, name="parcel-label"),
    path("kien/<int:parcel_id>/dong-goi/", parcels.close_parcel_view, name="parcel-closure"),
    path("kien/<int:parcel_id>/ra-xe/", parcels.hand_over_parcel_view, name="parcel-handover"),
    path("kien/<int:parcel_id>/da-giao/", parcels.confirm_delivery, name="parcel-delivery"),
    path("kien/<int:parcel_id>/tien-mat/", parcels.collect_parcel_cash, name="parcel-cash"),
    path(
        "kien/<int:parcel_id>/chua-giao-duoc/", parcels.report_failed_delivery, name="parcel-failed-delivery"
    ),
    path("kien/<int:parcel_id>/huy/", parcels.void_parcel_view, name="parcel-cancellation"),
    path("kien/<int:parcel_id>/hoan-tac/<str:step>/", parcels.undo_parcel_step_view, name="parcel-undoing"),
    path("hang/", listings.list_listings, name="listings"),
    path("hang/moi/", products.create_listing, name="listing-creation"),
    path("hang/<int:listing_id>/", listings.show_listing, name="listing"),
    path("hang/<int:listing_id>/gui-duyet/", submission.submit_listing_view, name="listing-submission"),
    path("hang/<int:listing_id>/tam-ngung/", listings.pause_listing_view, name="listing-pause"),
    path("hang/<int:listing_id>/ban-tiep/", listings.resume_listing_view, name="listing-resumption"),
    path("hang/<int:listing_id>/rut/", listings.withdraw_listing_view, name="listing-withdrawal"),
    path("hang/<int:listing_id>/mo-ta/", products.edit_listing_details, name="listing-details"),
    path("hang/<int:listing_id>/loi/<str:language>/", translations.translate_listing, name="listing-texts"),
    path("loi/<str:language>/", translations.translate_cooperative, name="cooperative-texts"),
    path("hang/<int:listing_id>/mo-lai/", listings.reopen_listing_view, name="listing-return-to-draft"),
    path(
        "hang/<int:listing_id>/thay-doi/huy/", listings.withdraw_proposed_changes, name="revision-withdrawal"
    ),
    path("hang/<int:listing_id>/anh/", pictures.add_pictures, name="listing-pictures"),
    path(
        "hang/<int:listing_id>/anh/<str:media_id>/cho/", pictures.move_picture_view, name="picture-position"
    ),
    path(
        "hang/<int:listing_id>/anh/<str:media_id>/bo/", pictures.remove_picture_view, name="picture-removal"
    ),
    path("hang/<int:listing_id>/loai/", products.add_variant, name="variant-creation"),
    path("hang/<int:listing_id>/loai/<int:variant_id>/", products.edit_variant, name="variant"),
    path("phan-anh/", complaints.list_complaints, name="complaints"),
    path("phan-anh/<uuid:complaint_id>/", complaints.show_complaint, name="complaint"),
    path(
        "phan-anh/<uuid:complaint_id>/dong-y/", complaints.accept_complaint_view, name="complaint-acceptance"
    ),
    path(
        "phan-anh/<uuid:complaint_id>/tu-choi/", complaints.reject_complaint_view, name="complaint-rejection"
    ),
    path("kien/<int:parcel_id>/hang-ve/", complaints.receive_return_view, name="return-receipt"),
    path("tien-mat/", cash.list_outstanding_cash, name="cash"),
    path("quyet-toan/", settlements.list_settlements, name="settlements"),
    path("quyet-toan/<int:pk>/", settlements.show_settlement, name="settlement"),
    path("quyet-toan/<int:pk>/ban-in/", settlements.print_settlement, name="settlement-print"),
    path("quyet-toan/<int:pk>/quyet-toan.pdf", settlements.download_settlement_pdf, name="settlement-pdf"),
    path(
        "quyet-toan/<int:pk>/quyet-toan.xlsx",
        settlements.download_settlement_workbook,
        name="settlement-workbook",
    ),
    path("tai-khoan-ngan-hang/", settlements.edit_payout_account, name="account"),
    path("tai-khoan-ngan-hang/<uuid:pk>/", settlements.decide_account_change, name="account-decision"),
    path("kho/", stock.count_stock, name="stock"),
    path("kho/<int:variant_id>/nhap/", stock.receive_variant_stock, name="stock-receipt"),
    path("cach-giao/", delivery.list_delivery_methods, name="delivery-methods"),
    path("cach-giao/<int:delivery_method_id>/", delivery.edit_delivery_method, name="delivery-method"),
    path("cach-giao/<int:delivery_method_id>/gia/", delivery.edit_delivery_rates, name="delivery-rates"),
    path("cach-giao/<int:delivery_method_id>/ngay-nhan/", delivery.edit_market_days, name="market-days"),
    path(
        "cach-giao/<int:delivery_method_id>/ngung/", delivery.end_delivery_method, name="delivery-method-end"
    ),
    path("nha-kho/", warehouses.list_warehouses, name="warehouses"),
    path("nha-kho/<uuid:warehouse_id>/", warehouses.edit_warehouse, name="warehouse"),
    path("nha-kho/<uuid:warehouse_id>/dong/", warehouses.close_warehouse_view, name="warehouse-closure"),
    path("thanh-vien/", people.list_members, name="memberships"),
    path("thanh-vien/<int:membership_id>/", people.change_role, name="membership"),
    path("thanh-vien/<int:membership_id>/thoi/", people.remove_member_view, name="membership-end"),
    path("thanh-vien/moi/", invitations.invite_member_view, name="invitation-creation"),
    path("thanh-vien/moi/<int:invitation_id>/", invitations.show_invitation, name="invitation"),
    path(
        "thanh-vien/moi/<int:invitation_id>/huy/",
        invitations.revoke_invitation_view,
        name="invitation-revocation",
    ),
    path("loi-moi/<str:token>/", invitations.answer_invitation, name="received-invitation"),
    path("gian-hang/", profile.edit_profile, name="profile"),
    path("gian-hang/ho/", profile.add_household, name="household-creation"),
    path("gian-hang/ho/<int:household_id>/", profile.edit_household, name="household"),
    path("gian-hang/ho/<int:household_id>/bo/", profile.remove_household_view, name="household-removal"),
    path(
        "gian-hang/ho/<int:household_id>/anh/",
        profile_pictures.edit_profile_picture,
        {"kind": "ho"},
        name="household-picture",
    ),
    path(
        "gian-hang/ho/<int:household_id>/anh/bo/",
        profile_pictures.remove_profile_picture_view,
        {"kind": "ho"},
        name="household-picture-removal",
    ),
    path("gian-hang/anh/<str:kind>/", profile_pictures.edit_profile_picture, name="profile-picture"),
    path(
        "gian-hang/anh/<str:kind>/bo/",
        profile_pictures.remove_profile_picture_view,
        name="profile-picture-removal",
    ),
    path("gian-hang/giay/", profile.add_certificate, name="certificate-creation"),
    path("gian-hang/giay/<int:certificate_id>/", profile.edit_certificate, name="certificate"),
    path(
        "gian-hang/giay/<int:certificate_id>/bo/", profile.remove_certificate_view, name="certificate-removal"
    ),
    path("uu-dai/", discounts.list_discounts, name="discounts"),
    path("uu-dai/ma/moi/", discounts.create_voucher, name="voucher-creation"),
    path("uu-dai/ma/<int:pk>/", discounts.show_voucher, name="voucher"),
    path("uu-dai/ma/<int:pk>/ngung/", discounts.end_voucher, name="voucher-end"),
    path("uu-dai/ma/<int:pk>/them/", discounts.add_codes, name="voucher-codes"),
    path("uu-dai/ma/<int:pk>/ma.csv", discounts.download_voucher_codes, name="voucher-file"),
    path("uu-dai/gia/moi/", discounts.create_promotion, name="promotion-creation"),
    path("uu-dai/gia/<uuid:pk>/", discounts.show_promotion, name="promotion"),
    path("uu-dai/gia/<uuid:pk>/ngung/", discounts.end_promotion, name="promotion-end"),
    path("tam-nghi/", stock.pause_selling, name="pause"),
    path("ban-lai/", stock.resume_selling, name="resumption"),
    path("anh-giu/<str:key>/", kept_pictures.show_kept_picture, name="kept-picture"),
    path("dong-bo/", sync.synchronise, name="sync"),
    path("app.webmanifest", app_shell.serve_manifest, name="manifest"),
    path("worker.js", app_shell.serve_worker, name="worker"),
    path("offline/", app_shell.show_offline_page, name="offline"),
]
