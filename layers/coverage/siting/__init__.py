"""Where the next cameras go: maximal coverage under a budget, with a proven bound."""

from layers.coverage.siting.certificate import (
    Certificate,
    certificate_export,
    certify,
    covered_weight,
    proven_bound,
    sites_seeing,
)
from layers.coverage.siting.problem import CoverageProblem, check_feasible
from layers.coverage.siting.solve import Progress, Solution, solve_coverage

__all__ = [
    "Certificate",
    "CoverageProblem",
    "Progress",
    "Solution",
    "certificate_export",
    "certify",
    "check_feasible",
    "covered_weight",
    "proven_bound",
    "sites_seeing",
    "solve_coverage",
]
