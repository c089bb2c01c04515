-- Roads that vehicles may use, for the routing graph: one row a road, in the order of their keys.
-- Pedestrian streets and paths are not for everybody's vehicles, but blue lights may enter those
-- whose access says so.
SELECT id,
       coalesce(osm_id, -id) AS way_id,
       road_class,
       oneway,
       maxspeed_kph,
       access,
       node_ids,
       ST_AsBinary(ST_Force2D(geom), 'NDR') AS line
FROM layers_road
WHERE access <> 'no' AND (drivable OR road_class IN ('pedestrian', 'path'))
ORDER BY id
