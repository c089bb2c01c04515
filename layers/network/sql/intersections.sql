-- Where two streets meet, by parts of their names. Streets that cross without touching, as imported
-- lines do, count when they come within 25 m. Crossings of one pair within about 60 m are one.
WITH first_street AS (
    SELECT name, geom FROM layers_road WHERE upper(name) LIKE %(first)s LIMIT 400
), second_street AS (
    SELECT name, geom FROM layers_road WHERE upper(name) LIKE %(second)s LIMIT 400
), met AS (
    SELECT first_street.name AS first_name, second_street.name AS second_name,
           ST_ClosestPoint(first_street.geom, second_street.geom) AS point,
           ST_Intersects(first_street.geom, second_street.geom) AS touches
    FROM first_street
    JOIN second_street
      ON first_street.geom && ST_Expand(second_street.geom, 0.0003)
     AND upper(first_street.name) <> upper(second_street.name)
     AND ST_DWithin(first_street.geom::geography, second_street.geom::geography, 25)
)
SELECT DISTINCT ON (first_name, second_name, ST_SnapToGrid(point, 0.0006))
       first_name, second_name, ST_X(point), ST_Y(point), touches
FROM met
ORDER BY first_name, second_name, ST_SnapToGrid(point, 0.0006), touches DESC
LIMIT 40
