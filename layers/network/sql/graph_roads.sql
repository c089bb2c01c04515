-- Roads that vehicles may use, for the routing graph: one row a road, in the order of their keys.
SELECT id,
       coalesce(osm_id, -id) AS way_id,
       road_class,
       oneway,
       maxspeed_kph,
       access,
       node_ids,
       ST_AsBinary(ST_Force2D(geom), 'NDR') AS line
FROM layers_road
WHERE drivable AND access <> 'no'
ORDER BY id
