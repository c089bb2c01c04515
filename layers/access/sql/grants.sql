-- Rights of the role that serves the pages: it owns nothing, and history is out of its reach.
DO $$
DECLARE
    serving text := current_setting('ncc.serving_role');
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = serving) THEN RETURN; END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', serving);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', serving);
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %I', serving);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON layers_change FROM %I', serving);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON layers_unitstatuschange, layers_assignmentstep, layers_look,'
                   ' layers_incidentlog, layers_incidentnote, layers_planstep FROM %I', serving);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON django_migrations, spatial_ref_sys FROM %I', serving);
    EXECUTE format('REVOKE CREATE ON SCHEMA public FROM %I', serving);
END $$;
