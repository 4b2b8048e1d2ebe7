#!/bin/sh
# The address of the database holds a password, so it comes as a file: it stands in no environment that `docker inspect` shows.
set -eu
if [ -r /run/secrets/database_url ]; then
  CALLWRIGHT_DATABASE_URL="$(cat /run/secrets/database_url)"
  export CALLWRIGHT_DATABASE_URL
fi
exec "$@"
