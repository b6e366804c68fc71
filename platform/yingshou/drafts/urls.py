"""Addresses of drafts."""

from django.urls import path

from yingshou.drafts import views

app_name = "drafts"
urlpatterns = [
    path("drafts/", views.begun, name="begun"),
    path("drafts/save/", views.save, name="save"),
    path("drafts/discard/", views.discard, name="discard"),
]
