"""Where the next cameras go: maximal coverage under a budget, with a proven bound."""

from layers.coverage.siting.certificate import (
    Certificate,
    Solution,
    certificate_export,
    certify,
    covered_weight,
    proven_bound,
    sites_seeing,
)
from layers.coverage.siting.clock import Progress
from layers.coverage.siting.dual import best_cameras
from layers.coverage.siting.problem import CoverageProblem, check_feasible
from layers.coverage.siting.solve import FewestSites, solve_coverage, solve_fewest_sites, warm_up

__all__ = [
    "Certificate",
    "CoverageProblem",
    "FewestSites",
    "Progress",
    "Solution",
    "best_cameras",
    "certificate_export",
    "certify",
    "check_feasible",
    "covered_weight",
    "proven_bound",
    "sites_seeing",
    "solve_coverage",
    "solve_fewest_sites",
    "warm_up",
]
