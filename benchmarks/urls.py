"""The product's addresses and the bare page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from yingshou.config.urls import *  # noqa: F403
from yingshou.config.urls import urlpatterns as product
from yingshou.tenancy.guards import AppRequest, page


@page(signed_in=True)
def bare(request: AppRequest) -> HttpResponse:
    """A page with a frame and nothing in it, behind the same middleware, session and actor."""
    return render(request, "bare.html")


urlpatterns = [path("bare/", bare), *product]
