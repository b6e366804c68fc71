#!/bin/sh
# What a container runs: deploy/entrypoint.sh migrate | web | worker | scheduler | check | manage …
#
# Production settings; every server is named by its URL. Only `migrate` is given DATABASE_OWNER_URL.
set -eu

root="$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)"
cd "$root"
bin="${VENV:-$root/.venv}/bin"
DJANGO_SETTINGS_MODULE="${DJANGO_SETTINGS_MODULE:-yingshou.config.settings.prod}"
PYTHONUNBUFFERED=1
export DJANGO_SETTINGS_MODULE PYTHONUNBUFFERED

need() {
    for name in "$@"; do
        eval "value=\${$name:-}"
        if [ -z "$value" ]; then
            echo "$name must be set." >&2
            exit 1
        fi
    done
}

what="${1:-web}"
[ $# -eq 0 ] || shift
case "$what" in
migrate)
    need DATABASE_URL DATABASE_OWNER_URL REDIS_URL
    exec "$bin/python" manage.py migrate --database owner --no-input "$@"
    ;;
collectstatic)
    # Needs no secrets and no server: development settings have the same files and the same storage.
    DJANGO_SETTINGS_MODULE=yingshou.config.settings.dev exec "$bin/python" manage.py collectstatic --no-input --clear --verbosity 0
    ;;
web)
    need DATABASE_URL REDIS_URL YINGSHOU_SECRET_KEY
    PROMETHEUS_MULTIPROC_DIR="${PROMETHEUS_MULTIPROC_DIR:-$(mktemp -d)}"
    export PROMETHEUS_MULTIPROC_DIR
    unset DATABASE_OWNER_URL
    exec "$bin/gunicorn" yingshou.config.wsgi:application --config python:yingshou.config.gunicorn --bind "${HOST:-0.0.0.0}:${PORT:-8000}" \
        --worker-class gthread --workers "${WEB_WORKERS:-2}" --threads "${WEB_THREADS:-4}" --no-control-socket \
        --graceful-timeout 20 --timeout 120 --max-requests 20000 --max-requests-jitter 2000 \
        --worker-tmp-dir "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)" "$@"
    ;;
worker)
    need DATABASE_URL REDIS_URL YINGSHOU_SECRET_KEY
    unset DATABASE_OWNER_URL
    exec "$bin/celery" --quiet -A yingshou.config.celery worker --concurrency "${WORKER_CONCURRENCY:-2}" --loglevel INFO \
        --without-gossip --without-mingle "$@"
    ;;
scheduler)
    need DATABASE_URL REDIS_URL YINGSHOU_SECRET_KEY
    unset DATABASE_OWNER_URL
    exec "$bin/celery" --quiet -A yingshou.config.celery beat --loglevel INFO --pidfile= \
        --schedule "${SCHEDULE_FILE:-$(mktemp -d)/schedule}" "$@"
    ;;
check)
    exec "$bin/python" manage.py check --deploy --fail-level WARNING "$@"
    ;;
healthy)
    # The health check of each container: the web answers for its servers, a worker answers a ping.
    case "${1:-web}" in
    web) exec "$bin/python" -c 'import os, sys, urllib.request as r; sys.exit(r.urlopen("http://127.0.0.1:%s/readyz" % os.environ.get("PORT", "8000"), timeout=8).status != 200)' ;;
    worker) exec "$bin/celery" -A yingshou.config.celery inspect ping --timeout 8 --destination "celery@$(hostname)" ;;
    scheduler) exec "$bin/python" -c 'import sys; sys.exit(b"beat" not in open("/proc/1/cmdline", "rb").read())' ;;
    esac
    ;;
manage)
    exec "$bin/python" manage.py "$@"
    ;;
*)
    echo "deploy/entrypoint.sh knows migrate, collectstatic, web, worker, scheduler, check, healthy and manage, not $what." >&2
    exit 1
    ;;
esac
