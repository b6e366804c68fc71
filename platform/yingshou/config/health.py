"""
`/healthz` says that the process answers; `/readyz` says that what it needs answers too; `/metrics` is guarded.

All three are read by machines: they need no session and set no cookie.
"""

import dataclasses
import hmac

import redis
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable, ServiceWarning
from health_check.views import HealthCheckView

from yingshou.kernel import clock
from yingshou.tenancy import clocks
from yingshou.tenancy.actor import Actor, acting_as

_METRICS_DUTY = "system_administrator"


@dataclasses.dataclass(repr=False)
class Database(HealthCheck):
    """PostgreSQL answers a query on the application's own connection settings."""

    def __repr__(self) -> str:
        return "database"

    def run(self) -> None:
        """
        Ask for one row on a connection of its own.

        :raises ServiceUnavailable: if the database does not answer
        """
        connection = connections["default"].copy()
        try:
            with acting_as(Actor.system("readyz")), connection.cursor() as cursor:
                cursor.execute("select 1")
                cursor.fetchone()
        except DatabaseError as error:
            raise ServiceUnavailable("the database does not answer") from error
        finally:
            connection.close()


@dataclasses.dataclass(repr=False)
class Clock(HealthCheck):
    """The clocks of this machine and of the database agree; where not, pages go on and binding acts are refused."""

    def __repr__(self) -> str:
        return "clock"

    def run(self) -> None:
        """
        Read the database's clock.

        :raises ServiceWarning: if it differs by more than two seconds
        """
        connection = connections["default"].copy()
        try:
            with acting_as(Actor.system("readyz")), connection.cursor() as cursor:
                before = clock.real_now()
                cursor.execute("select clock_timestamp()")
                difference = clocks.note(before, cursor.fetchone()[0], clock.real_now())
        except DatabaseError:
            # The check of the database says so.
            return
        finally:
            connection.close()
        if clocks.too_large(difference):
            seconds = round(difference.total_seconds())
            raise ServiceWarning(f"the database's clock differs by {seconds} s; nothing binding is done meanwhile")


@dataclasses.dataclass(repr=False)
class Redis(HealthCheck):
    """Redis, broker and cache, answers a ping."""

    def __repr__(self) -> str:
        return "redis"

    def run(self) -> None:
        """
        Ping the server.

        :raises ServiceUnavailable: if Redis does not answer
        """
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3)
        try:
            client.ping()
        except redis.RedisError as error:
            raise ServiceUnavailable("Redis does not answer") from error
        finally:
            client.close()


class ReadyView(HealthCheckView):
    """The named checks as one JSON object; status 200, or 500 when one of them fails. A warning fails nothing: pages can be read."""

    http_method_names = ["get", "head"]
    checks = (Database, Redis, Clock)

    def render_to_response(self, context: object, **kwargs: int) -> HttpResponse:
        """Answer as JSON whatever the Accept header says: the readers are machines."""
        return self.render_to_response_json(kwargs.get("status", 200))

    def render_to_response_json(self, status: int) -> HttpResponse:
        """The status counts failures only."""
        failed = any(result.error and not isinstance(result.error, ServiceWarning) for result in self.results)
        response: HttpResponse = super().render_to_response_json(500 if failed else 200)
        return response


readyz = ReadyView.as_view()


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that the process answers; asks nothing of the database or of Redis."""
    return JsonResponse({"status": "OK"})


def _may_read_metrics(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "")
    if settings.METRICS_TOKEN and hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        return True
    actor = getattr(request, "actor", None)
    return bool(actor and actor.is_staff_organisation and _METRICS_DUTY in {str(duty) for duty in actor.duties})


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponseBase:
    """
    Show the counters to a collector that holds the token, or to the operator's system administrator.

    :raises PermissionDenied: for everyone else
    """
    if not _may_read_metrics(request):
        raise PermissionDenied
    response: HttpResponseBase = ExportToDjangoView(request)
    return response
