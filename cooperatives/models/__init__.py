from cooperatives.models.cooperative import (
    Certificate,
    CertificateKind,
    Cooperative,
    Membership,
    Producer,
    Role,
)
from cooperatives.models.delivery import (
    COLLECTED,
    DeliveryRate,
    DeliveryWay,
    MarketDay,
    MarketDayKind,
    PickupSlot,
    PickupTime,
    Service,
    ServicePrice,
    WayKind,
)
from cooperatives.models.follow import Follow
from cooperatives.models.group import GroupCooperative
from cooperatives.models.warehouse import Collecting, Warehouse, WarehouseChannel, Zone, ZoneCountry

__all__ = [
    "COLLECTED",
    "Certificate",
    "CertificateKind",
    "Collecting",
    "Cooperative",
    "DeliveryRate",
    "DeliveryWay",
    "Follow",
    "GroupCooperative",
    "MarketDay",
    "MarketDayKind",
    "Membership",
    "PickupSlot",
    "PickupTime",
    "Producer",
    "Role",
    "Service",
    "ServicePrice",
    "Warehouse",
    "WarehouseChannel",
    "WayKind",
    "Zone",
    "ZoneCountry",
]
