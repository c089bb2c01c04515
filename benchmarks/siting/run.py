"""Siting beside spopt (CBC, HiGHS) and plain HiGHS, each in its own process, same matrices.

python -m benchmarks.siting.run [--candidates N] [--points N] [--sites P] [--headings]
                                [--dense] [--peers ours,highs,spopt-highs,spopt-cbc] [--limit-s S]
python -m benchmarks.siting.run --scaling [--peers …] [--limit-s S]

A line of JSON for each peer: objective, bound, status, seconds on the clock and of the processor,
peak memory of the process and what the instance alone took. `--scaling` goes over 10³ … 2·10⁴
candidates and 10⁴ … 10⁶ demand points; a peer that found no optimum is not asked anything larger.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

PEERS = ("ours", "highs", "spopt-highs", "spopt-cbc")
#: Candidates and demand points of the scaling table.
SCALING = (
    (1_000, 10_000), (3_000, 10_000), (1_000, 100_000), (5_000, 50_000), (10_000, 100_000),
    (20_000, 500_000), (20_000, 1_000_000),
)  # fmt: skip


def solve_ours(problem: Any, limit_s: float) -> dict[str, float | str]:
    """This product, to proven optimality."""
    from layers.coverage.siting import solve_coverage

    phases: list[str] = []
    solution = solve_coverage(
        problem,
        gap=0.0,
        time_limit_s=limit_s,
        on_progress=lambda p: phases.append(f"{p.gap:.4%} at {p.seconds:.2f} s"),
    )
    return {
        "objective": solution.objective,
        "bound": solution.bound,
        "certified": solution.certificate.bound,
        "status": solution.status,
        "phases": "; ".join(phases),
    }


def solve_highs(problem: Any, limit_s: float) -> dict[str, float | str]:
    """The textbook programme, a row for each point, straight into HiGHS."""
    import highspy
    from scipy import sparse

    options, points = problem.covers.shape
    top = sparse.hstack([sparse.identity(points), -problem.covers.T.astype(float)])
    count = sparse.csr_matrix(np.concatenate([np.zeros(points), np.ones(options)]))
    matrix = sparse.csr_matrix(sparse.vstack([top, count]))
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = points + options, points + 1
    model.col_cost_ = np.concatenate([-problem.weights, np.zeros(options)])
    model.col_lower_, model.col_upper_ = np.zeros(points + options), np.ones(points + options)
    model.row_lower_ = np.full(points + 1, -np.inf)
    model.row_upper_ = np.concatenate([np.zeros(points), [float(problem.max_sites)]])
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    kinds = [highspy.HighsVarType.kContinuous] * points + [highspy.HighsVarType.kInteger] * options
    model.integrality_ = kinds
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", limit_s)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.passModel(model)
    solver.run()
    info = solver.getInfo()
    return {
        "objective": -info.objective_function_value,
        "bound": -info.mip_dual_bound,
        "status": solver.modelStatusToString(solver.getModelStatus()),
    }


def solve_spopt(problem: Any, limit_s: float, solver: str) -> dict[str, float | str]:
    """spopt's MCLP on the same cover sets, given as distances 0 and 2 with radius 1."""
    import pulp
    from spopt.locate import MCLP

    far = np.where(problem.covers.toarray().T, 0.0, 2.0)
    model = MCLP.from_cost_matrix(far, problem.weights, 1.0, problem.max_sites)
    peer = (
        pulp.HiGHS(msg=False, timeLimit=limit_s, gapRel=0.0)
        if solver == "highs"
        else pulp.PULP_CBC_CMD(msg=False, timeLimit=limit_s, gapRel=0.0)
    )
    model.solve(peer, results=False)
    return {
        "objective": float(model.problem.objective.value() or 0.0),
        "status": pulp.LpStatus[model.problem.status],
    }


def run_peer(peer: str, args: argparse.Namespace) -> dict[str, Any]:
    """One peer on the instance, in this process."""
    from benchmarks.siting.instances import instance
    from layers.coverage.siting import solve_coverage

    if args.headings and peer != "ours":
        return {"status": "poles with several cameras are not in its model"}
    if peer == "ours":
        # Compiled kernels are kept on disk; load them before the clock starts.
        solve_coverage(instance(candidates=90, points=1000, max_sites=4), gap=0.0)
    problem = instance(
        candidates=args.candidates,
        points=args.points,
        seed=args.seed,
        headings=args.headings,
        dense=args.dense,
        models=3 if args.headings else 1,
        max_sites=args.sites,
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, spent = time.perf_counter(), time.process_time()
    if peer == "ours":
        answer: dict[str, Any] = solve_ours(problem, args.limit_s)
    elif peer == "highs":
        answer = solve_highs(problem, args.limit_s)
    else:
        answer = solve_spopt(problem, args.limit_s, peer.split("-")[1])
    answer["seconds"] = round(time.perf_counter() - start, 2)
    answer["cpu_seconds"] = round(time.process_time() - spent, 2)
    answer["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    answer["instance_mb"] = round(before / 1024)
    answer["non_zeros"] = int(problem.covers.nnz)
    return answer


def main() -> None:
    """Run the peers one after the other and print a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=1000)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--sites", type=int, default=101)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--headings", action="store_true")
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--limit-s", type=float, default=120.0)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--only", choices=PEERS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(run_peer(args.only, args)))
        return
    sizes = SCALING if args.scaling else ((args.candidates, args.points),)
    given_up: set[str] = set()
    for candidates, points in sizes:
        for peer in args.peers.split(","):
            if peer in given_up:
                continue
            answer = in_own_process(peer, args, candidates, points)
            print(
                json.dumps({"peer": peer, "candidates": candidates, "points": points, **answer}),
                flush=True,
            )
            if answer.get("status") not in ("optimal", "Optimal"):
                given_up.add(peer)


def in_own_process(
    peer: str, args: argparse.Namespace, candidates: int, points: int
) -> dict[str, Any]:
    """What a peer answers on an instance, or why it does not."""
    command = [
        sys.executable, "-m", "benchmarks.siting.run", "--only", peer, "--candidates", str(candidates),
        "--points", str(points), "--sites", str(args.sites), "--seed", str(args.seed),
        "--limit-s", str(args.limit_s), *(["--headings"] if args.headings else []),
        *(["--dense"] if args.dense else []),
    ]  # fmt: skip
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=args.limit_s * 2 + 60, check=True
        )
        answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        answer = {"status": f"no answer in {args.limit_s * 2 + 60:.0f} s"}
    except subprocess.CalledProcessError as error:
        answer = {"status": f"failed: {error.stderr.strip().splitlines()[-1:]}"}
    return answer


if __name__ == "__main__":
    main()
