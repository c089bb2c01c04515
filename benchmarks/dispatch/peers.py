"""Peers on one turn-expanded graph, each run by a python that has it: a script without our code.

    python peers.py igraph|routingkit_cch|pgrouting|straight PROBLEM.npz ANSWER.npz [DATABASE_URL]

PROBLEM: arcs `tail`, `head` (k,) and `cost_s` (k,) from the incident towards the units, `lonlat`
(n, 2) of the nodes, `source` (q,) nodes of incidents, `target` (u,) nodes of units. ANSWER:
`found_s` (q, u), `spent_s` (q, 2): processor time and wall clock of each query, `built_s`.
pgRouting and `<->` run in the database, where only the wall clock says anything.
"""

from __future__ import annotations

import sys
import time

import numpy as np


def clocks():
    return np.array([time.thread_time(), time.perf_counter()])


def igraph_ready(problem):
    import igraph

    arcs = np.column_stack([problem["tail"], problem["head"]])
    graph = igraph.Graph(len(problem["lonlat"]), arcs, directed=True)
    target = np.unique(problem["target"])
    place = np.searchsorted(target, problem["target"])

    def ask(source):
        found = graph.distances([source], target.tolist(), weights=problem["cost_s"], mode="out")
        return np.array(found[0])[place]

    return ask


def routingkit_cch_ready(problem):
    import routingkit_cch as kit

    lonlat = problem["lonlat"]
    tail, head = problem["tail"].tolist(), problem["head"].tolist()
    order = kit.compute_order_inertial(
        len(lonlat), tail, head, lonlat[:, 1].tolist(), lonlat[:, 0].tolist()
    )
    cch = kit.CCH(order, tail, head, False)
    # Whole milliseconds; a drive is off by at most half of one for each arc.
    metric = kit.CCHMetric(cch, np.round(problem["cost_s"] * 1e3).astype(int).tolist())
    pinned = kit.CCHOneToMany(metric, problem["target"].tolist())

    def ask(source):
        found = pinned.distances_from(int(source))
        return np.array([np.inf if value is None else value / 1e3 for value in found])

    return ask


def database_of(url):
    import psycopg

    return psycopg.connect(url, autocommit=True)


def pgrouting_ready(problem, url):
    connection = database_of(url)
    connection.execute("CREATE EXTENSION IF NOT EXISTS pgrouting CASCADE")
    connection.execute(
        "CREATE TEMP TABLE arcs (id int PRIMARY KEY, source int, target int, cost float8)"
    )
    with connection.cursor().copy("COPY arcs FROM STDIN") as copy:
        rows = zip(problem["tail"], problem["head"], problem["cost_s"], strict=True)
        for number, (tail, head, cost) in enumerate(rows):
            copy.write_row((number, int(tail), int(head), float(cost)))
    connection.execute("ANALYZE arcs")
    target = problem["target"].tolist()

    def ask(source):
        rows = connection.execute(
            "SELECT end_vid, agg_cost FROM pgr_dijkstraCost("
            "'SELECT id, source, target, cost FROM arcs', %s::bigint, %s::bigint[], true)",
            [int(source), target],
        ).fetchall()
        found = dict(rows)
        return np.array([0.0 if t == source else found.get(t, np.inf) for t in target])

    return ask


def straight_ready(problem, url):
    """Ten nearest by `<->`; `found_s` holds their place in the order, and is no time."""
    connection = database_of(url)
    connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    connection.execute("CREATE TEMP TABLE standing (id int, at geography(Point))")
    for number, (lon, lat) in enumerate(problem["unit_lonlat"].tolist()):
        connection.execute(
            "INSERT INTO standing VALUES (%s, ST_MakePoint(%s, %s)::geography)",
            [number, lon, lat],
        )
    connection.execute("CREATE INDEX ON standing USING gist (at)")
    connection.execute("ANALYZE standing")
    place = {int(s): xy for s, xy in zip(problem["source"], problem["point_lonlat"], strict=True)}

    def ask(source):
        lon, lat = place[int(source)].tolist()
        rows = connection.execute(
            "SELECT id FROM standing ORDER BY at <-> ST_MakePoint(%s, %s)::geography LIMIT 10",
            [lon, lat],
        ).fetchall()
        found = np.full(len(problem["target"]), np.inf)
        found[[row[0] for row in rows]] = np.arange(len(rows))
        return found

    return ask


def main():
    name, problem_path, answer_path, *rest = sys.argv[1:]
    problem = dict(np.load(problem_path))
    begun = clocks()
    ask = globals()[f"{name}_ready"](problem, *rest)
    built_s = clocks() - begun
    found, spent = [], []
    for source in problem["source"].tolist()[: 5 if name == "pgrouting" else None]:
        begun = clocks()
        found.append(ask(source))
        spent.append(clocks() - begun)
    np.savez(answer_path, found_s=np.array(found), spent_s=np.array(spent), built_s=built_s)


if __name__ == "__main__":
    main()
