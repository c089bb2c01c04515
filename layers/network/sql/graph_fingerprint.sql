-- What tells one content of the network from another, beside the versions of its layers.
SELECT current_database(),
       (SELECT count(*) FROM layers_road),
       (SELECT max(id) FROM layers_road),
       (SELECT max(updated_at)::text FROM layers_road),
       (SELECT count(*) FROM layers_turnrestriction),
       (SELECT count(*) FROM layers_roadnode)
