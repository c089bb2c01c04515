"""Checks a siting certificate (.npz) against the unmerged matrix; needs numpy, nothing else."""

import json
import sys

import numpy as np

with np.load(sys.argv[1]) as archive:
    z = dict(archive)  # each array read once: an archive reads it anew whenever it is named
limits, w, site = json.loads(str(z["limits"])), z["weights"], z["option_site"]
budget, p, m, w2 = limits["budget_idr"], limits["max_sites"], z["site_cameras"], z["second_weights"]
sees = [z["indices"][a:b] for a, b in zip(z["indptr"], z["indptr"][1:], strict=False)]
built = {s: [c for c in z["options"] if site[c] == s] for s in set(site[z["options"]].tolist())}
times = sum(
    (np.isin(np.arange(len(w)), np.concatenate([sees[c] for c in cs])) for cs in built.values()),
    np.zeros(len(w), int),
)
objective = w[times >= 1].sum() + w2[times >= 2].sum()
cost = sum(
    int(z["site_cost_idr"][s]) + sum(int(z["option_cost_idr"][c]) for c in cs)
    for s, cs in built.items()
)
required, forbidden = set(z["required_sites"].tolist()), set(z["forbidden_sites"].tolist())
feasible = (
    (budget is None or cost <= budget) and (p is None or len(built) <= p) and required <= set(built)
)
feasible &= not forbidden & set(built) and all(len(set(cs)) <= m[s] for s, cs in built.items())
lam, mu = (
    np.clip(np.nan_to_num(z["point_prices"]), 0, w),
    max(0.0, float(np.nan_to_num(z["rupiah_price"]))) * (budget is not None),
)


def pole(rows, taken, left):
    """Most that up to `left` of these cameras earn, each point paid once."""
    free = sorted(
        ((float(lam[r[~taken[r]]].sum()) - k, r, k) for r, k in rows), key=lambda e: -e[0]
    )
    best = 0.0
    for i, (gain, r, _) in enumerate(free[: len(free) if left else 0]):
        if sum(e[0] for e in free[i : i + left] if e[0] > 0) <= best:
            break
        now = taken.copy()
        now[r] = True
        best = max(best, gain + pole([e[1:] for e in free[i + 1 :]], now, left - 1))
    return best


cameras = {}
for c, row in enumerate(sees):
    if budget is None or int(z["site_cost_idr"][site[c]]) + int(z["option_cost_idr"][c]) <= budget:
        cameras.setdefault(int(site[c]), []).append((row, mu * int(z["option_cost_idr"][c])))
value = {}
for s, rows in cameras.items():
    points, at = np.unique(np.concatenate([r for r, _ in rows]), return_inverse=True)
    whole, lam = lam, lam[points]
    cuts = np.split(at, np.cumsum([len(r) for r, _ in rows])[:-1])
    rows = [(a, k) for a, (_, k) in zip(cuts, rows, strict=True)]
    most = pole(rows, np.zeros(len(points), bool), int(m[s]))
    value[s] = (most if most > 0 else max(lam[r].sum() - k for r, k in rows)) - mu * int(
        z["site_cost_idr"][s]
    )
    lam = whole
best = sorted(
    (max(0.0, v) for s, v in value.items() if s not in required | forbidden), reverse=True
)
best = sum(best[: None if p is None else max(0, p - len(required))]) + sum(
    value[s] for s in required
)
bound = (w - lam).sum() + np.maximum(w2 - lam, 0).sum() + best + mu * (budget or 0)
ok = bool(
    feasible
    and objective <= bound * (1 + 1e-9)
    and abs(objective - limits["objective"]) <= 1e-9 * max(1, objective)
    and bound <= limits["bound"] * (1 + 1e-9)
)
print(
    json.dumps(
        {
            "ok": ok,
            "feasible": bool(feasible),
            "objective": float(objective),
            "bound": float(bound),
            "gap": float((bound - objective) / bound) if bound else 0.0,
        }
    )
)
sys.exit(not ok)
