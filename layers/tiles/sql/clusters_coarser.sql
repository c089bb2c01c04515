-- The clusters of zoom z out of those of zoom z + 1: four cells make one, so that counts add up.
INSERT INTO layers_tilecluster (layer, audience, z, cx, cy, n, x, y, feature_id, props)
SELECT layer, audience, %(z)s, cx >> 1, cy >> 1,
       sum(n), sum(x * n) / sum(n), sum(y * n) / sum(n),
       CASE WHEN sum(n) = 1 THEN min(feature_id) END,
       CASE WHEN sum(n) = 1 THEN (array_agg(props))[1] END
FROM layers_tilecluster
WHERE layer = %(layer)s AND audience = %(audience)s AND z = %(z)s + 1
GROUP BY layer, audience, cx >> 1, cy >> 1
