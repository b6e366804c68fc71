"""Addresses of jobs."""

from django.urls import path

from yingshou.jobs import views

app_name = "jobs"

urlpatterns = [path("jobs/<int:job_id>/progress/", views.progress, name="progress")]
