#!/bin/bash
# Runs once, when the database container starts on an empty volume: the two roles and the rights on the database.
set -euo pipefail
: "${NCC_OWNER_PASSWORD:?}" "${NCC_APP_PASSWORD:?}"
psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -v owner_password="$NCC_OWNER_PASSWORD" -v app_password="$NCC_APP_PASSWORD" <<'SQL'
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE ROLE ncc_owner LOGIN CREATEDB PASSWORD :'owner_password';
CREATE ROLE ncc_app LOGIN PASSWORD :'app_password';
ALTER DATABASE ncc OWNER TO ncc_owner;
REVOKE ALL ON DATABASE ncc FROM PUBLIC;
GRANT CONNECT ON DATABASE ncc TO ncc_app;
SQL
