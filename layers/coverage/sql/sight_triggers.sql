-- What may make stored camera views stale is written down in the transaction that changes it, and
-- the refresher is woken at its commit. Inserting never waits for another writer.

-- Buildings added or taken away: their extent in cells of about 500 m, so that an import of a city
-- writes hundreds of rows and one building writes its own box.
CREATE OR REPLACE FUNCTION layers_sight_places() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layers_sightchange (cause, place)
    SELECT 'place', ST_SetSRID(ST_Extent(geom)::geometry, 4326)
      FROM changed
     GROUP BY floor(ST_XMin(geom) / 0.005), floor(ST_YMin(geom) / 0.005);
    IF FOUND THEN PERFORM pg_notify('ncc_sights', ''); END IF;
    RETURN NULL;
END $$;

-- Buildings changed: where they stood and where they stand, if outline or height are others.
CREATE OR REPLACE FUNCTION layers_sight_places_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layers_sightchange (cause, place)
    SELECT 'place', ST_SetSRID(ST_Extent(box)::geometry, 4326)
      FROM (SELECT unnest(ARRAY[gone.geom, come.geom]) AS box
              FROM gone FULL JOIN come ON come.id = gone.id
             WHERE gone.geom IS DISTINCT FROM come.geom
                OR gone.height_m IS DISTINCT FROM come.height_m
                OR gone.levels IS DISTINCT FROM come.levels) AS moved
     WHERE box IS NOT NULL
     GROUP BY floor(ST_XMin(box) / 0.005), floor(ST_YMin(box) / 0.005);
    IF FOUND THEN PERFORM pg_notify('ncc_sights', ''); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION layers_sight_cameras() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM layers_camerasight WHERE camera_id IN (SELECT id FROM changed);
    END IF;
    INSERT INTO layers_sightchange (cause, reference) SELECT 'camera', id FROM changed;
    IF FOUND THEN PERFORM pg_notify('ncc_sights', ''); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION layers_sight_cameras_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layers_sightchange (cause, reference)
    SELECT 'camera', come.id
      FROM gone JOIN come ON come.id = gone.id
     WHERE (gone.geom, gone.kind, gone.status, gone.model_id, gone.heading_deg, gone.fov_deg,
            gone.mount_height_m, gone.tilt_deg, gone.max_range_m)
           IS DISTINCT FROM
           (come.geom, come.kind, come.status, come.model_id, come.heading_deg, come.fov_deg,
            come.mount_height_m, come.tilt_deg, come.max_range_m);
    IF FOUND THEN PERFORM pg_notify('ncc_sights', ''); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION layers_sight_models_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layers_sightchange (cause, reference)
    SELECT 'model', come.id FROM gone JOIN come ON come.id = gone.id
     WHERE (gone.image_width_px, gone.image_height_px, gone.sensor_width_mm, gone.sensor_height_mm,
            gone.focal_min_mm, gone.focal_max_mm)
           IS DISTINCT FROM
           (come.image_width_px, come.image_height_px, come.sensor_width_mm, come.sensor_height_mm,
            come.focal_min_mm, come.focal_max_mm);
    IF FOUND THEN PERFORM pg_notify('ncc_sights', ''); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION layers_sight_everything() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO layers_sightchange (cause) VALUES ('all');
    PERFORM pg_notify('ncc_sights', '');
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS sight_added ON layers_building;
CREATE TRIGGER sight_added AFTER INSERT ON layers_building REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_places();
DROP TRIGGER IF EXISTS sight_removed ON layers_building;
CREATE TRIGGER sight_removed AFTER DELETE ON layers_building REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_places();
DROP TRIGGER IF EXISTS sight_changed ON layers_building;
CREATE TRIGGER sight_changed AFTER UPDATE ON layers_building
    REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_places_changed();

DROP TRIGGER IF EXISTS sight_added ON layers_camera;
CREATE TRIGGER sight_added AFTER INSERT ON layers_camera REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_cameras();
DROP TRIGGER IF EXISTS sight_removed ON layers_camera;
CREATE TRIGGER sight_removed AFTER DELETE ON layers_camera REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_cameras();
DROP TRIGGER IF EXISTS sight_changed ON layers_camera;
CREATE TRIGGER sight_changed AFTER UPDATE ON layers_camera
    REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_cameras_changed();

DROP TRIGGER IF EXISTS sight_changed ON layers_cameramodel;
CREATE TRIGGER sight_changed AFTER UPDATE ON layers_cameramodel
    REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_models_changed();

-- What concerns every view, and what no row trigger sees. The digests tell which views it changed.
DROP TRIGGER IF EXISTS sight_everything ON layers_opticsstandard;
CREATE TRIGGER sight_everything AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON layers_opticsstandard
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_everything();
DROP TRIGGER IF EXISTS sight_everything ON layers_city;
CREATE TRIGGER sight_everything AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON layers_city
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_everything();
DROP TRIGGER IF EXISTS sight_emptied ON layers_building;
CREATE TRIGGER sight_emptied AFTER TRUNCATE ON layers_building
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_everything();
DROP TRIGGER IF EXISTS sight_emptied ON layers_camera;
CREATE TRIGGER sight_emptied AFTER TRUNCATE ON layers_camera
    FOR EACH STATEMENT EXECUTE FUNCTION layers_sight_everything();
