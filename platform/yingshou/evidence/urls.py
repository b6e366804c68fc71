"""Addresses of the sealed history."""

from django.urls import path

from yingshou.evidence import views

app_name = "evidence"

urlpatterns = [
    path("history/", views.log, name="log"),
    path("history/checkpoint.txt", views.checkpoint, name="checkpoint"),
    path("history/consistency.json", views.consistency, name="consistency"),
    path("history/books/", views.books, name="books"),
    path("history/events/<int:event_id>/", views.event, name="event"),
    path("history/events/<int:event_id>/receipt.json", views.receipt, name="receipt"),
]
