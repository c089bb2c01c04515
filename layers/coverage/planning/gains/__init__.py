"""What sites of a stored plan, and a pin anywhere, gain by the sight lines the plan was made with."""

from layers.coverage.planning.gains.pin import site_gain_at
from layers.coverage.planning.gains.plan import plan_gains

__all__ = ["plan_gains", "site_gain_at"]
