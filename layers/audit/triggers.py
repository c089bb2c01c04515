"""Which tables keep a history, which of their columns stay out of it, and which layers they move."""

from __future__ import annotations

from layers.geo.sql import load_sql

#: Table → columns whose text never enters the history.
TRACKED: dict[str, tuple[str, ...]] = {
    "layers_agency": (),
    "layers_area": (),
    "layers_city": (),
    "layers_user": ("password",),
    "layers_grant": (),
    "layers_opticsstandard": (),
    "layers_cameramodel": (),
    "layers_site": (),
    "layers_camera": ("stream_url",),
    "layers_wifihotspot": (),
    "layers_station": (),
    "layers_place": (),
    "layers_roadclosure": (),
    "layers_incidenttype": (),
    "layers_incident": (),
    "layers_call": ("caller_name", "caller_number", "note", "place_text"),
    "layers_unit": (),
    "layers_unitstatus": (),
    "layers_positiondevice": ("key_hash",),
    "layers_citizenreport": (
        "token",
        "description",
        "address",
        "reporter_name",
        "reporter_number",
        "reporter_email",
        "source_hash",
        "geom",
    ),
    "layers_assignment": (),
    "layers_unitaccount": (),
    "layers_incidentcamera": (),
    "layers_incidentattachment": (),
    "layers_runcard": (),
    "layers_responselimit": (),
    "layers_agencyrule": (),
    "layers_demandprofile": (),
    "layers_plan": ("certificate",),
    "layers_plansite": (),
    "layers_plancamera": (),
    "layers_planturn": (),
    "layers_siterequest": (),
}

#: Base map tables: loaded by the hundred thousand from a source that can be read again. A created
#: row is the import's; what is kept is every change and deletion after it.
TRACKED_AFTER_LOADING: dict[str, tuple[str, ...]] = {
    "layers_building": (),
    "layers_road": (),
    "layers_landcover": (),
}

#: Tables in which a row, once written, stays as it is.
APPEND_ONLY = (
    "layers_change",
    "layers_look",
    "layers_unitstatuschange",
    "layers_assignmentstep",
    "layers_incidentlog",
    "layers_incidentnote",
    "layers_planstep",
    "layers_gaprelease",
)

#: Table → layers whose drawing or computation it feeds.
MOVES: dict[str, tuple[str, ...]] = {
    "layers_agency": ("agencies",),
    "layers_area": ("areas",),
    "layers_building": ("buildings",),
    "layers_landcover": ("landcover",),
    "layers_place": ("places",),
    "layers_road": ("roads",),
    "layers_turnrestriction": ("restrictions",),
    "layers_roadnode": ("restrictions",),
    "layers_roadclosure": ("closures",),
    "layers_site": ("sites",),
    "layers_camera": ("cctv",),
    "layers_cameramodel": ("camera_models",),
    "layers_opticsstandard": ("optics",),
    "layers_wifihotspot": ("wifi",),
    "layers_station": ("stations",),
    "layers_unit": ("units",),
    "layers_incident": ("incidents",),
    "layers_hazard": ("hazards",),
    "layers_camerasight": ("sights",),
    "layers_coveragestreet": ("coverage",),
    "layers_coveragegap": ("coverage",),
    "layers_plan": ("plans",),
    "layers_plansite": ("plans",),
    "layers_plancamera": ("plans",),
    "layers_planturn": ("plans",),
}


def _record_trigger(table: str, secrets: tuple[str, ...], events: str) -> str:
    arguments = ", ".join(f"'{column}'" for column in secrets)
    return (
        f"DROP TRIGGER IF EXISTS record_change ON {table};"
        f"CREATE TRIGGER record_change AFTER {events} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION layers_record_change({arguments});"
        f"DROP TRIGGER IF EXISTS record_truncate ON {table};"
        f"CREATE TRIGGER record_truncate AFTER TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION layers_record_change();"
    )


def trigger_statements() -> list[str]:
    """SQL that (re)creates every trigger of this room; safe to run again."""
    statements = [load_sql("audit", "triggers")]
    for table, secrets in TRACKED.items():
        statements.append(_record_trigger(table, secrets, "INSERT OR UPDATE OR DELETE"))
    for table, secrets in TRACKED_AFTER_LOADING.items():
        statements.append(_record_trigger(table, secrets, "UPDATE OR DELETE"))
    for table in APPEND_ONLY:
        statements.append(
            f"DROP TRIGGER IF EXISTS refuse_rewriting ON {table};"
            f"CREATE TRIGGER refuse_rewriting BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION layers_refuse_rewriting();"
            f"DROP TRIGGER IF EXISTS refuse_truncate ON {table};"
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION layers_refuse_rewriting();"
        )
    for table, layers in MOVES.items():
        for layer in layers:
            statements.append(
                f"DROP TRIGGER IF EXISTS move_{layer} ON {table};"
                f"CREATE TRIGGER move_{layer} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION layers_move_version('{layer}');"
            )
    return statements
