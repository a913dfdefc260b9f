"""Staff, roles, invitations, revisions, categories and forbidden words, as rows for pages to show."""

from __future__ import annotations

import datetime
from typing import Any

from catalog.actions.listing_imports.import_files import import_listing_file
from catalog.actions.wording.forbidden_phrases import forbid_phrase
from catalog.models import Category, Product, ProductRevision
from cooperatives.actions.invitations import invitation_token, invite_member, revoke_invitation
from cooperatives.models import Cooperative, Invitation, Membership, Role
from orders.models import OrderPart
from shop.accounts.models import Group, User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from tests.factories import make_member, make_staff

# Each address, its visitor, the expected status and the data sent.
PageVisit = tuple[str, str, int, dict[str, Any] | None]


class PeopleAndCatalogue:
    """Rows for a cooperative with a manager, and for a second one that shares a member with it."""

    def __init__(
        self,
        *,
        cooperative: Cooperative,
        other: Cooperative,
        manager: User,
        product: Product,
        now: datetime.datetime,
    ) -> None:
        context: dict[str, Any] = {"actor": Actor.system(), "now": now}
        self.colleague = make_staff(Permission.MANAGE_ORDERS, first_name="Mai")
        self.role = Group.objects.get(users=self.colleague)
        self.manager_of_two = make_member(cooperative, first_name="Bảy")
        Membership.objects.create(cooperative=other, user=self.manager_of_two, role=Role.MANAGER)
        self.open_invitation, self.revoked_invitation = self._invitations(cooperative, manager, context)
        self.product = product
        ProductRevision.objects.create(
            product=product,
            values={"name": "Gạo nếp Khẩu Nua Lếch vụ mới", "origin": "Chợ Đồn"},
            submitted_at=now,
        )
        forbid_phrase(phrase="chữa bách bệnh", reason="Quảng cáo như thuốc", **context)
        self.listing_import = import_listing_file(
            cooperative=cooperative,
            channel=product.listings.get().channel,
            file_name="hang.csv",
            content="Tên sản phẩm,Đơn vị bán,Giá mỗi đơn vị bán\nMật ong,chai,350.000\nMăng,kg,x\n".encode(),
            user=manager,
            now=now,
        )

    def _invitations(
        self, cooperative: Cooperative, manager: User, context: dict[str, Any]
    ) -> list[Invitation]:
        """Return an open invitation and a revoked one."""
        rows = [
            invite_member(
                cooperative_id=cooperative.pk, role=Role.PACKER, note=note, invited_by=manager, **context
            )
            for note in ("Chị Hoa", "Anh Ba")
        ]
        revoke_invitation(cooperative_id=cooperative.pk, invitation_id=rows[1].pk, **context)
        return rows


def staff_visits(rows: PeopleAndCatalogue, buyer: User, category: Category) -> list[PageVisit]:
    """Return pages of the desk about people, categories and words."""
    staff, roles, categories = "/quan-tri/nhan-vien/", "/quan-tri/vai-tro/", "/quan-tri/danh-muc/"
    pages = [
        *(staff, f"{staff}?q=mai", f"{staff}{rows.colleague.pk}/"),
        *(roles, f"{roles}moi/", f"{roles}{rows.role.pk}/"),
        *("/quan-tri/khach-hang/", "/quan-tri/khach-hang/?q=khong+co", f"/quan-tri/khach-hang/{buyer.pk}/"),
        *(categories, f"{categories}{category.pk}/", "/quan-tri/tu-cam/"),
        *("/quan-tri/hang/thay-doi/", f"/quan-tri/hang/thay-doi/{rows.product.pk}/"),
        *("/quan-tri/nhat-ky/", "/quan-tri/nhat-ky/?ai=khong+co", "/quan-tri/tien-mat/thu-thieu/"),
        "/quan-tri/gia-la/",
    ]
    refused: list[PageVisit] = [
        (staff, "admin", 422, {"name": "", "email": "x"}),
        (f"{roles}moi/", "admin", 422, {"name": ""}),
        (categories, "admin", 422, {"name": ""}),
        (f"{categories}{category.pk}/", "admin", 422, {"name": ""}),
        ("/quan-tri/tu-cam/", "admin", 200, {"phrase": ""}),
        ("/quan-tri/nhat-ky/?tu=khong-phai-ngay", "admin", 422, None),
    ]
    return [*((page, "admin", 200, None) for page in pages), *refused]


def invitation_visits(rows: PeopleAndCatalogue, part: OrderPart) -> list[PageVisit]:
    """Return pages of the members' app about invitations, several cooperatives, a revision and a shortage."""
    creation, shortage = "/xa-vien/thanh-vien/moi/", f"/xa-vien/goi/{part.pk}/thieu/"
    substitute = f"{shortage}{part.lines.order_by('position')[0].pk}/"
    received = f"/xa-vien/loi-moi/{invitation_token(rows.open_invitation)}/"
    listing, files = f"/xa-vien/hang/{rows.product.listings.get().pk}/", "/xa-vien/hang/bang/"
    terms = f"{listing}loai/{rows.product.variants.in_order()[0].pk}/gia-si/"
    many = ("/xa-vien/hang/nhieu/", files, f"{files}{rows.listing_import.pk}/")
    return [
        ("/xa-vien/hop-tac-xa/", "manager of two", 200, None),
        (creation, "manager", 200, None),
        (creation, "manager", 200, {"role": "packer", "recipient": "x"}),
        (f"{creation}{rows.open_invitation.pk}/", "manager", 200, None),
        *((received, visitor, 200, None) for visitor in ("guest", "newcomer")),
        (f"/xa-vien/loi-moi/{invitation_token(rows.revoked_invitation)}/", "guest", 410, None),
        *(
            (page, "manager", 200, None)
            for page in (*many, listing, f"{listing}mo-ta/", terms, shortage, substitute)
        ),
        *((page, "manager", 200, {"available": "x"}) for page in (shortage, substitute)),
        (terms, "manager", 200, {"quantity_1": "x"}),
    ]
