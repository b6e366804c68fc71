"""Addresses of messages."""

from django.urls import path

from yingshou.notifications import views

app_name = "notifications"

urlpatterns = [
    path("notifications/", views.inbox, name="inbox"),
    path("notifications/export/", views.export, name="export"),
    path("notifications/read/", views.read_all, name="read_all"),
    path("notifications/settings/", views.settings, name="settings"),
    path("notifications/<int:message_id>/open/", views.open_message, name="open"),
]
