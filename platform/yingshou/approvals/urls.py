"""Addresses of maker-checker."""

from django.urls import path

from yingshou.approvals import views

app_name = "approvals"

urlpatterns = [
    path("approvals/", views.inbox, name="inbox"),
    path("approvals/export/", views.export, name="export"),
    path("approvals/policies/", views.policies, name="policies"),
    path("approvals/policies/<str:action>/", views.policy, name="policy"),
    path("approvals/<int:approval_id>/", views.detail, name="detail"),
    path("approvals/<int:approval_id>/approve/", views.approve, name="approve"),
    path("approvals/<int:approval_id>/reject/", views.reject, name="reject"),
    path("approvals/<int:approval_id>/withdraw/", views.withdraw, name="withdraw"),
]
