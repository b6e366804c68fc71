"""Addresses of files and imports."""

from django.urls import path

from yingshou.documents import views

app_name = "documents"

urlpatterns = [
    path("files/<int:file_id>/", views.download, name="download"),
    path("imports/", views.imports, name="imports"),
    path("imports/<str:kind>/new/", views.upload, name="upload"),
    path("imports/<str:kind>/template.<slug:form>", views.template, name="template"),
    path("imports/<int:batch_id>/", views.batch, name="batch"),
    path("imports/<int:batch_id>/progress/", views.progress, name="progress"),
    path("imports/<int:batch_id>/mapping/", views.mapping, name="mapping"),
    path("imports/<int:batch_id>/accept/", views.accept, name="accept"),
    path("imports/<int:batch_id>/cancel/", views.cancel, name="cancel"),
    path("imports/<int:batch_id>/undo/", views.undo, name="undo"),
    path("imports/<int:batch_id>/annotated/", views.annotated, name="annotated"),
]
