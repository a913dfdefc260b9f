from cooperatives.models.arrival import Arrival
from cooperatives.models.cooperative import (
    Certificate,
    CertificateKind,
    Cooperative,
    Membership,
    Producer,
    Role,
)
from cooperatives.models.delivery import (
    PICKUP_KINDS,
    DeliveryKind,
    DeliveryMethod,
    DeliveryRate,
    MarketDay,
    MarketDayKind,
    PickupSlot,
    PickupTime,
    ShippingService,
    ShippingServicePrice,
)
from cooperatives.models.document import (
    ApplicationDocument,
    DocumentContentType,
    DocumentFile,
    DocumentKind,
)
from cooperatives.models.follow import Follow
from cooperatives.models.group import GroupCooperative
from cooperatives.models.invitation import Invitation
from cooperatives.models.join_request import JoinRequest
from cooperatives.models.shared_phone import PhonePin, SharedPhone
from cooperatives.models.warehouse import ClickAndCollect, Warehouse, WarehouseChannel, Zone, ZoneCountry

__all__ = [
    "PICKUP_KINDS",
    "ApplicationDocument",
    "Arrival",
    "Certificate",
    "CertificateKind",
    "ClickAndCollect",
    "Cooperative",
    "DeliveryKind",
    "DeliveryMethod",
    "DeliveryRate",
    "DocumentContentType",
    "DocumentFile",
    "DocumentKind",
    "Follow",
    "GroupCooperative",
    "Invitation",
    "JoinRequest",
    "MarketDay",
    "MarketDayKind",
    "Membership",
    "PhonePin",
    "PickupSlot",
    "PickupTime",
    "Producer",
    "Role",
    "SharedPhone",
    "ShippingService",
    "ShippingServicePrice",
    "Warehouse",
    "WarehouseChannel",
    "Zone",
    "ZoneCountry",
]
