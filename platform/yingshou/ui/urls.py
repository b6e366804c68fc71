"""Addresses of the frame's own switches, of saved views and of the gallery."""

from django.urls import path

from yingshou.ui import views

app_name = "ui"
urlpatterns = [
    path("language/", views.language, name="language"),
    path("text-size/", views.text_size, name="text_size"),
    path("keepalive/", views.keepalive, name="keepalive"),
    path("views/save/", views.save_view, name="save_view"),
    path("views/delete/", views.delete_view, name="delete_view"),
    path("ui/", views.gallery, name="gallery"),
]
