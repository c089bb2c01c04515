"""The one transition table of incidents; services, the database's trigger and the API read it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from layers.incidents.models import IncidentState as State


class Action(StrEnum):
    """What moves an incident. `FOLLOW` is no person's: the state follows from its assignments."""

    ACCEPT = "accept"
    HOLD = "hold"
    RESUME = "resume"
    UNDER_CONTROL = "under_control"
    CANCEL = "cancel"
    CLOSE = "close"
    REOPEN = "reopen"
    MERGE = "merge"
    FOLLOW = "follow"

    @property
    def label(self) -> Any:
        """What a person reads."""
        return _ACTION_LABELS[self]


_ACTION_LABELS = {
    Action.ACCEPT: _("accept"), Action.HOLD: _("put on hold"), Action.RESUME: _("resume"),
    Action.UNDER_CONTROL: _("under control"), Action.CANCEL: _("cancel"), Action.CLOSE: _("close"),
    Action.REOPEN: _("reopen"), Action.MERGE: _("merge"), Action.FOLLOW: _("state follows from the units"),
}  # fmt: skip


#: States in which an incident still needs somebody.
OPEN_STATES = (
    State.NEW, State.PENDING, State.DISPATCHED, State.ON_SCENE, State.UNDER_CONTROL, State.ON_HOLD,
)  # fmt: skip
#: States that only assignments bring about.
FOLLOWED_STATES = (State.DISPATCHED, State.ON_SCENE)

#: Action → state → the states it may lead to. What is not here is refused, by raw SQL too.
TRANSITIONS: dict[Action, dict[State, tuple[State, ...]]] = {
    Action.ACCEPT: {State.NEW: (State.PENDING,)},
    Action.HOLD: {State.NEW: (State.ON_HOLD,), State.PENDING: (State.ON_HOLD,)},
    Action.RESUME: {State.ON_HOLD: (State.PENDING,)},
    Action.UNDER_CONTROL: {State.ON_SCENE: (State.UNDER_CONTROL,)},
    Action.CANCEL: {
        State.NEW: (State.CANCELLED,),
        State.PENDING: (State.CANCELLED,),
        State.ON_HOLD: (State.CANCELLED,),
        State.DISPATCHED: (State.CANCELLED,),
    },
    Action.CLOSE: dict.fromkeys(OPEN_STATES, (State.CLOSED,)),
    Action.REOPEN: {State.CLOSED: (State.PENDING,), State.CANCELLED: (State.PENDING,)},
    Action.MERGE: dict.fromkeys(OPEN_STATES, (State.MERGED,)),
    Action.FOLLOW: {
        State.NEW: (State.DISPATCHED, State.ON_SCENE),
        State.PENDING: (State.DISPATCHED, State.ON_SCENE),
        State.ON_HOLD: (State.DISPATCHED, State.ON_SCENE),
        State.DISPATCHED: (State.PENDING, State.ON_SCENE),
        State.ON_SCENE: (State.PENDING, State.DISPATCHED),
    },
}


def transition_pairs() -> set[tuple[str, str]]:
    """Every (from, to) that some action allows."""
    return {
        (str(before), str(after))
        for moves in TRANSITIONS.values()
        for before, targets in moves.items()
        for after in targets
    }


def action_allowed(state: str, action: Action) -> bool:
    """Whether an action may be taken in a state."""
    return State(state) in TRANSITIONS[action]


def actions_in(state: str) -> list[str]:
    """Actions a person may take in a state."""
    return [
        str(action)
        for action in Action
        if action != Action.FOLLOW and action_allowed(state, action)
    ]


def followed_state(state: str, *, committed: bool, at_scene: bool) -> State:
    """The state that active assignments give an incident that is in `state`.

    `committed`: some unit is on its way or there; `at_scene`: some unit is there, or left with a
    patient. Under control, and every state that is not open, is left by persons alone.
    """
    now = State(state)
    if now not in OPEN_STATES or now == State.UNDER_CONTROL:
        return now
    if at_scene:
        return State.ON_SCENE
    if committed:
        return State.DISPATCHED
    return State.PENDING if now in FOLLOWED_STATES else now
