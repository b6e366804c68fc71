"""Addresses of the front pages."""

from django.urls import path

from yingshou.home import views

app_name = "home"

urlpatterns = [
    path("", views.front, name="front"),
    path("introduction/", views.introduction, name="introduction"),
    path("introduction/<slug:slug>/", views.mode, name="mode"),
    path("help/", views.help_page, name="help"),
    path("help/keys/", views.keys, name="keys"),
    path("search/", views.search_page, name="search"),
]
