"""A delivery run, and the pages of its members and its driver."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from cooperatives.models import Cooperative
from orders.actions.fulfilment.delivery_runs import driver_link_token
from orders.actions.fulfilment.handovers import issue_handover_code
from orders.models import DeliveryRun, HandoverStep, Parcel, RunParcel


def run_visits(
    cooperative: Cooperative, parcels: Sequence[Parcel], now: datetime.datetime
) -> list[tuple[str, str, int, dict[str, Any] | None]]:
    """Return each address with its visitor, the expected status and the data sent."""
    open_run, ended_run = (
        DeliveryRun.objects.create(
            cooperative=cooperative,
            name="Phường Nghĩa Đô, Hà Nội",
            driver_name="Hoàng Văn Tài",
            driver_phone="+84900000009",
            vehicle="97B-012.34",
            created_at=now,
            ended_at=ended_at,
        )
        for ended_at in (None, now)
    )
    RunParcel.objects.bulk_create([RunParcel(run=open_run, parcel=parcel) for parcel in parcels])
    driver = f"/xa-vien/chuyen-di/{driver_link_token(open_run)}/"
    handed_over = next(parcel for parcel in parcels if parcel.state == "handed_over")
    packed = next(parcel for parcel in parcels if parcel.state == "packed")
    giver = f"/xa-vien/kien/{packed.pk}/ban-giao/"
    issued = issue_handover_code(
        parcel_id=packed.pk,
        step=HandoverStep.TO_DRIVER,
        cooperative=cooperative,
        giver_name="Hoa",
        now=now,
    )
    received = f"/xa-vien/ban-giao/{issued.token}/"
    return [
        *((giver, "manager", 200, sent) for sent in (None, {"step": "to_driver", "giver_name": ""})),
        *((f"{driver}{handed_over.pk}/ban-giao/", "guest", 200, None), (received, "guest", 200, None)),
        *(("/xa-vien/ban-giao/", "guest", 200, sent) for sent in (None, {"parcel": "x"})),
        ("/xa-vien/ban-giao/x/", "guest", 410, None),
        ("/xa-vien/goi/lay-hang/?theo=don", "manager", 200, None),
        ("/xa-vien/chuyen/", "manager", 200, None),
        ("/xa-vien/chuyen/", "manager", 200, {"driver_name": ""}),
        *((f"/xa-vien/chuyen/{run.pk}/", "manager", 200, None) for run in (open_run, ended_run)),
        *(
            (f"/xa-vien/chuyen/{open_run.pk}/{page}/", "manager", 200, None)
            for page in ("phieu-gui", "ket-thuc")
        ),
        *(
            (f"/xa-vien/kien/{packed.pk}/phieu-gui/", "manager", 200, sent)
            for sent in (None, {"vehicle": ""})
        ),
        (driver, "guest", 200, None),
        (f"{driver}{handed_over.pk}/chua-giao-duoc/", "guest", 200, None),
        (f"/xa-vien/chuyen-di/{driver_link_token(ended_run)}/", "guest", 410, None),
    ]
