-- What the routing engine is asked with: versions of the layers its graph is made of, in their order,
-- and the shapes of the closures in force (as closures_active).
SELECT ARRAY(SELECT coalesce((SELECT sum(version) FROM layers_layerbase WHERE layer = wanted.layer), 0)::bigint
                    + (SELECT count(*) FROM layers_layermove WHERE layer = wanted.layer)
               FROM unnest(%(layers)s::text[]) WITH ORDINALITY AS wanted(layer, place)
              ORDER BY wanted.place),
       ARRAY(SELECT ST_AsBinary(geom, 'NDR')
               FROM layers_roadclosure
              WHERE starts_at <= %(at)s AND (ends_at IS NULL OR ends_at > %(at)s)
                AND (lifted_at IS NULL OR lifted_at > %(at)s)
              ORDER BY id)
