"""Roads, turn restrictions and road points as flat arrays: what the graph is built from."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layers.errors import InvalidInput
from layers.network.osm_tags import ROAD_CLASSES, ROAD_NODE_KINDS

#: Code of an access word is its place here; `no` never enters the graph.
ACCESS_WORDS = ("yes", "destination", "private", "emergency", "no")
_ONEWAY_SIGN = {"no": 0, "forward": 1, "backward": -1}
#: Node id of a vertex that has none (roads that were not drawn on shared nodes).
NO_NODE = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Restriction:
    """A turn restriction by way and node ids; exactly one of `via_node` and `via_ways` is given."""

    kind: str
    from_way: int
    to_way: int
    via_node: int | None = None
    via_ways: tuple[int, ...] = ()
    except_modes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoadArrays:
    """Roads with V vertices in all, as flat arrays.

    road_id (n,) int64 keys of the roads, as the database has them; way_id (n,) int64 keys that
    restrictions refer to; road_class (n,) uint8 place in `ROAD_CLASSES`; oneway (n,) int8: 1 as
    drawn, -1 against, 0 both; maxspeed_kph (n,) float32, NaN where none; access (n,) uint8 place in
    `ACCESS_WORDS`; offset (n + 1,) int64: vertices of road i are offset[i]:offset[i + 1];
    node_id (V,) int64, `NO_NODE` where none; lonlat (V, 2) degrees, WGS 84;
    point_node_id (k,) int64 and point_kind (k,) uint8 place in `ROAD_NODE_KINDS`.
    """

    road_id: NDArray[np.int64]
    way_id: NDArray[np.int64]
    road_class: NDArray[np.uint8]
    oneway: NDArray[np.int8]
    maxspeed_kph: NDArray[np.float32]
    access: NDArray[np.uint8]
    offset: NDArray[np.int64]
    node_id: NDArray[np.int64]
    lonlat: NDArray[np.float64]
    point_node_id: NDArray[np.int64]
    point_kind: NDArray[np.uint8]
    restrictions: tuple[Restriction, ...] = ()


class RoadArraysBuilder:
    """Collects roads one by one, in bounded memory, and makes `RoadArrays` of them."""

    def __init__(self) -> None:
        self._road_id = array("q")
        self._way_id = array("q")
        self._road_class = array("B")
        self._oneway = array("b")
        self._maxspeed_kph = array("f")
        self._access = array("B")
        self._offset = array("q", [0])
        self._node_id = array("q")
        self._lonlat = array("d")
        self._points: dict[int, int] = {}
        self._restrictions: list[Restriction] = []
        self._class_code = {name: code for code, name in enumerate(ROAD_CLASSES)}
        self.unusable = 0

    def add_road(
        self,
        road_id: int,
        lonlat: Sequence[Sequence[float]] | NDArray[np.float64],
        *,
        road_class: str,
        node_ids: Sequence[int] | None = None,
        way_id: int | None = None,
        oneway: str = "no",
        maxspeed_kph: float | None = None,
        access: str = "yes",
    ) -> bool:
        """Add a line of (n, 2) degrees; False (and counted) where no vehicle may use it at all.

        An unknown class counts as `road`. Raises `InvalidInput` where `node_ids` do not match the
        vertices one to one.
        """
        flat = np.asarray(lonlat, dtype=np.float64).reshape(len(lonlat), -1)[:, :2]
        if node_ids is not None and len(node_ids) != len(flat):
            raise InvalidInput(
                f"road has {len(flat)} vertices and {len(node_ids)} node ids",
                value=road_id,
                where=f"road {road_id}",
                remedy="import the road again",
            )
        if access == "no" or len(flat) < 2:
            self.unusable += 1
            return False
        self._road_id.append(road_id)
        self._way_id.append(road_id if way_id is None else way_id)
        self._road_class.append(self._class_code.get(road_class, self._class_code["road"]))
        self._oneway.append(_ONEWAY_SIGN[oneway])
        self._maxspeed_kph.append(float("nan") if maxspeed_kph is None else maxspeed_kph)
        self._access.append(ACCESS_WORDS.index(access))
        self._lonlat.frombytes(np.ascontiguousarray(flat).tobytes())
        self._node_id.extend(node_ids if node_ids is not None else [NO_NODE] * len(flat))
        self._offset.append(len(self._node_id))
        return True

    def add_point(self, node_id: int, kind: str) -> None:
        """Say what stands on a node (`ROAD_NODE_KINDS`); other kinds are of no matter here."""
        if kind in ROAD_NODE_KINDS:
            self._points[node_id] = ROAD_NODE_KINDS.index(kind)

    def add_restriction(self, restriction: Restriction) -> None:
        """Add a turn restriction; what it refers to may come before or after it."""
        self._restrictions.append(restriction)

    def keep_restrictions(self, restrictions: Iterable[Restriction]) -> None:
        """Add those restrictions whose first way is among the roads added so far."""
        ways = set(self._way_id)
        self._restrictions.extend(r for r in restrictions if r.from_way in ways)

    @property
    def share_with_nodes(self) -> float:
        """Share of the vertices that carry node ids: 0 for a network that is not joined by any."""
        if not self._node_id:
            return 0.0
        return 1.0 - self._node_id.count(NO_NODE) / len(self._node_id)

    def build(self) -> RoadArrays:
        """The arrays; raises `InvalidInput` where there is not one usable road."""
        if not self._road_id:
            raise InvalidInput(
                "there is no road that vehicles may use",
                value=self.unusable,
                remedy="import roads first (import_osm, or import_layer roads)",
            )
        return RoadArrays(
            road_id=np.array(self._road_id, dtype=np.int64),
            way_id=np.array(self._way_id, dtype=np.int64),
            road_class=np.array(self._road_class, dtype=np.uint8),
            oneway=np.array(self._oneway, dtype=np.int8),
            maxspeed_kph=np.array(self._maxspeed_kph, dtype=np.float32),
            access=np.array(self._access, dtype=np.uint8),
            offset=np.array(self._offset, dtype=np.int64),
            node_id=np.array(self._node_id, dtype=np.int64),
            lonlat=np.array(self._lonlat, dtype=np.float64).reshape(-1, 2),
            point_node_id=np.array(list(self._points), dtype=np.int64),
            point_kind=np.array(list(self._points.values()), dtype=np.uint8),
            restrictions=tuple(self._restrictions),
        )
