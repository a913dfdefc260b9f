"""Keep a parcel with one holder: the driver of its delivery run, or a carrier."""

from __future__ import annotations

import datetime

from django.utils.translation import gettext_lazy as _

from orders.models import Parcel, RunParcel
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import record_change


class ParcelInRun(Refused):
    """A carrier cannot get a parcel that a driver carries. `details["driver"]` is the driver's name."""

    code = "parcel_in_run"
    default_message = _(
        "This parcel is in a driver's delivery run. Take it out of the run to hand it to a carrier."
    )


def require_no_driver(
    parcel: Parcel, *, should_leave_run: bool, actor: Actor, now: datetime.datetime
) -> None:
    """On a locked order: take a parcel that a carrier gets out of its open run, or refuse.

    Raises ParcelInRun.
    """
    run_parcel = RunParcel.objects.open().filter(parcel=parcel).select_related("run").first()
    if run_parcel is None:
        return
    run = run_parcel.run
    if not should_leave_run:
        raise ParcelInRun(driver=run.driver_name)
    run_parcel.delete()
    record_change(
        "run.parcel_removed",
        run,
        actor=actor,
        now=now,
        cooperative_id=run.cooperative_id,
        data={"number": f"{parcel.part.order.code}-{parcel.label_code}"},
    )
