#!/bin/sh
# callwright's own role: no superuser and no BYPASSRLS, or PostgreSQL would not keep tenants apart.
set -eu
psql --username postgres --set password="$(cat /run/secrets/callwright_password)" <<'SQL'
CREATE ROLE callwright LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE callwright OWNER callwright ENCODING 'UTF8' TEMPLATE template0;
SQL
