-- The life cycle of incidents, as layers/incidents/lifecycle/table.py states it; raw SQL keeps to it too.
-- An import of another system's history says so (`ncc.import` in its transaction) and is believed.
CREATE OR REPLACE FUNCTION layers_incident_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('ncc.import', true), '') = 'on' THEN RETURN NEW; END IF;
    IF OLD.first_closed_at IS NOT NULL AND NEW.first_closed_at IS DISTINCT FROM OLD.first_closed_at THEN
        RAISE EXCEPTION 'incident %: the first closing time stays', OLD.number USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_first_closing_stays';
    END IF;
    IF NEW.initial_type_id <> OLD.initial_type_id THEN
        RAISE EXCEPTION 'incident %: the first type stays', OLD.number USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_initial_type_stays';
    END IF;
    IF NEW.state = OLD.state THEN RETURN NEW; END IF;
    IF (OLD.state, NEW.state) NOT IN (VALUES /*pairs*/) THEN
        RAISE EXCEPTION 'incident %: % does not lead to %', OLD.number, OLD.state, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_transition';
    END IF;
    IF NEW.state IN (/*followed*/) AND NOT EXISTS (
        SELECT FROM layers_assignment WHERE incident_id = NEW.id
           AND dispatched_at IS NOT NULL AND cleared_at IS NULL AND cancelled_at IS NULL) THEN
        RAISE EXCEPTION 'incident %: % follows from assignments and is not set by hand', OLD.number, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_state_follows';
    END IF;
    IF NEW.state NOT IN (/*open*/) AND EXISTS (
        SELECT FROM layers_assignment WHERE incident_id = NEW.id AND cleared_at IS NULL AND cancelled_at IS NULL) THEN
        RAISE EXCEPTION 'incident %: units are still active', OLD.number USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_closed_without_units';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS keep_life_cycle ON layers_incident;
CREATE TRIGGER keep_life_cycle BEFORE UPDATE ON layers_incident
    FOR EACH ROW EXECUTE FUNCTION layers_incident_state();

-- An active assignment belongs to an open incident and to a unit in service. The rows are read with a
-- lock, so that a closing or an out-of-service at the same moment is seen whichever comes first.
CREATE OR REPLACE FUNCTION layers_assignment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    incident_state text;
    unit_class text;
BEGIN
    IF NEW.cleared_at IS NOT NULL OR NEW.cancelled_at IS NOT NULL THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.cleared_at IS NULL AND OLD.cancelled_at IS NULL AND OLD.incident_id = NEW.incident_id
           AND OLD.unit_id = NEW.unit_id THEN RETURN NEW; END IF;
    END IF;
    SELECT state INTO incident_state FROM layers_incident WHERE id = NEW.incident_id FOR SHARE;
    IF incident_state NOT IN (/*open*/) THEN
        RAISE EXCEPTION 'the incident is %', incident_state USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_incident_open';
    END IF;
    PERFORM FROM layers_unit WHERE id = NEW.unit_id FOR SHARE;
    SELECT status.status_class INTO unit_class FROM layers_unit unit JOIN layers_unitstatus status ON status.id = unit.status_id
     WHERE unit.id = NEW.unit_id;
    IF unit_class = 'unavailable' THEN
        RAISE EXCEPTION 'the unit is out of service' USING ERRCODE = 'check_violation', CONSTRAINT = 'assignment_unit_in_service';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS guard ON layers_assignment;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON layers_assignment
    FOR EACH ROW EXECUTE FUNCTION layers_assignment_guard();

CREATE OR REPLACE FUNCTION layers_unit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status_id = OLD.status_id THEN RETURN NEW; END IF;
    IF (SELECT status_class FROM layers_unitstatus WHERE id = NEW.status_id) = 'unavailable' AND EXISTS (
        SELECT FROM layers_assignment WHERE unit_id = NEW.id AND cleared_at IS NULL AND cancelled_at IS NULL) THEN
        RAISE EXCEPTION 'unit %: it is on an incident', NEW.callsign USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_out_of_service_is_free';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS guard ON layers_unit;
CREATE TRIGGER guard BEFORE UPDATE ON layers_unit FOR EACH ROW EXECUTE FUNCTION layers_unit_guard();
