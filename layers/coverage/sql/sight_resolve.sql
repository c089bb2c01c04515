-- Turns changes of places, models and everything into the cameras they concern. Takes what nobody
-- else has taken; a camera that comes or moves meanwhile brings a change of its own.
WITH taken AS (
    DELETE FROM layers_sightchange
     WHERE id IN (SELECT id FROM layers_sightchange WHERE cause <> 'camera'
                   ORDER BY id LIMIT 5000 FOR UPDATE SKIP LOCKED)
    RETURNING cause, reference, place
), longest AS (
    SELECT (greatest(coalesce(max(max_range_m), 0), %(default_range_m)s) + %(margin_m)s)
           / %(m_per_degree)s AS pad
      FROM layers_camera
), hit AS (
    SELECT camera.id
      FROM taken, longest, layers_camera AS camera
     WHERE taken.cause = 'place'
       AND camera.geom && ST_Expand(
               taken.place,
               pad / greatest(0.05, cos(radians(least(85, greatest(abs(ST_YMin(taken.place)), abs(ST_YMax(taken.place))) + pad)))),
               pad)
       AND taken.place && ST_Expand(
               camera.geom,
               (coalesce(camera.max_range_m, %(default_range_m)s) + %(margin_m)s) / %(m_per_degree)s
                   / greatest(0.05, cos(radians(ST_Y(camera.geom)))),
               (coalesce(camera.max_range_m, %(default_range_m)s) + %(margin_m)s) / %(m_per_degree)s)
    UNION
    SELECT camera.id FROM taken JOIN layers_camera AS camera ON camera.model_id = taken.reference
     WHERE taken.cause = 'model'
    UNION
    SELECT id FROM layers_camera WHERE EXISTS (SELECT FROM taken WHERE cause = 'all')
)
INSERT INTO layers_sightchange (cause, reference) SELECT 'camera', id FROM hit
