"""The one table of steps: what may follow what, and which status each step gives the unit."""

from __future__ import annotations

from enum import StrEnum

from layers.dispatch.models import Step


class StatusCode(StrEnum):
    """Codes of the statuses that the product itself sets. Names may change, codes and classes drive."""

    AVAILABLE = "available"
    PATROL = "patrol"
    RETURNING = "returning"
    RESERVED = "reserved"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    STAGED = "staged"
    ON_SCENE = "on_scene"
    TRANSPORTING = "transporting"
    AT_FACILITY = "at_facility"
    OUT_OF_SERVICE = "out_of_service"
    UNKNOWN = "unknown"


#: Step → steps that may follow it. Anything else needs an override with a reason.
NEXT_STEPS: dict[Step, tuple[Step, ...]] = {
    Step.RESERVED: (Step.DISPATCHED, Step.CANCEL),
    Step.DISPATCHED: (
        Step.ACKNOWLEDGED, Step.EN_ROUTE, Step.STAGED, Step.ON_SCENE, Step.CANCEL,
    ),
    Step.ACKNOWLEDGED: (Step.EN_ROUTE, Step.STAGED, Step.ON_SCENE, Step.CANCEL),
    Step.EN_ROUTE: (Step.STAGED, Step.ON_SCENE, Step.CANCEL),
    Step.STAGED: (Step.ON_SCENE, Step.CANCEL),
    Step.ON_SCENE: (Step.TRANSPORT, Step.CLEAR),
    Step.TRANSPORT: (Step.AT_FACILITY,),
    Step.AT_FACILITY: (Step.CLEAR,),
    Step.CLEAR: (),
    Step.CANCEL: (),
}  # fmt: skip

#: Step → status of the unit while it is the last one.
STEP_STATUS: dict[Step, StatusCode] = {
    Step.RESERVED: StatusCode.RESERVED,
    Step.DISPATCHED: StatusCode.DISPATCHED,
    Step.ACKNOWLEDGED: StatusCode.ACKNOWLEDGED,
    Step.EN_ROUTE: StatusCode.EN_ROUTE,
    Step.STAGED: StatusCode.STAGED,
    Step.ON_SCENE: StatusCode.ON_SCENE,
    Step.TRANSPORT: StatusCode.TRANSPORTING,
    Step.AT_FACILITY: StatusCode.AT_FACILITY,
}
#: Statuses that steps alone bring about; nobody sets them by hand while the unit has a job.
STEP_OF_STATUS: dict[str, Step] = {str(status): step for step, status in STEP_STATUS.items()}
#: Steps with which a unit is at the scene, or has been and is not done.
AT_SCENE = (Step.ON_SCENE, Step.TRANSPORT, Step.AT_FACILITY)
#: Steps that end an assignment.
FINAL = (Step.CLEAR, Step.CANCEL)
