#!/bin/sh
# Runs once, on the first start of the database container: roles with their passwords, the database, what each may do.
# The statements are those of `manage.py database_roles`; a test compares the two.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" \
    --set seal_password="$SEAL_PASSWORD" --set report_password="$REPORT_PASSWORD" \
    --file /docker-entrypoint-initdb.d/roles.psql
