"""The answer to somebody who tried too often."""

import math
from datetime import timedelta
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def too_many(request: HttpRequest, retry_after: timedelta) -> HttpResponse:
    """429 with the time to wait, in the header and in words."""
    seconds = max(1, math.ceil(retry_after.total_seconds()))
    response = render(
        request,
        "account/too_many.html",
        {"minutes": math.ceil(seconds / 60)},
        status=HTTPStatus.TOO_MANY_REQUESTS,
    )
    response.headers["Retry-After"] = str(seconds)
    return response
