"""Versions of layers: what caches compare, and the folding that keeps the count short."""

from __future__ import annotations

from django.db import connection, transaction

from layers.places.models import LayerVersion


def layer_versions() -> dict[str, int]:
    """Committed version of every layer that ever changed; a layer not listed is at 0."""
    return dict(LayerVersion.objects.values_list("layer", "version"))


def layers_moved_here() -> set[str]:
    """Layers that the transaction in progress changed: it may change them again unseen, for its
    first change counts for all, and its versions are gone if it is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT layer FROM layers_layermove WHERE transaction = txid_current_if_assigned()"
        )
        return {str(row[0]) for row in cursor.fetchall()}


def layer_moves_fold() -> int:
    """Count finished moves into the base; versions stay what they were. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM layers_layermove RETURNING layer),"
            " counted AS (SELECT layer, count(*) AS moves FROM gone GROUP BY layer),"
            " kept AS (INSERT INTO layers_layerbase AS base (layer, version)"
            "   SELECT layer, moves FROM counted"
            "   ON CONFLICT (layer) DO UPDATE SET version = base.version + excluded.version"
            "   RETURNING 1)"
            " SELECT coalesce(sum(moves), 0) FROM counted"
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
