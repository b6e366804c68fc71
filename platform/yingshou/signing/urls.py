"""Addresses of signing."""

from django.urls import path

from yingshou.signing import views

app_name = "signing"

urlpatterns = [
    path("signing/approvals/<int:approval_id>/", views.sign, name="sign"),
    path("signing/approvals/<int:approval_id>/manifest/", views.manifest, name="manifest"),
    path("signing/approvals/<int:approval_id>/result/", views.result, name="result"),
    path("signing/prepare/", views.prepare, name="prepare"),
    path("signing/complete/", views.complete, name="complete"),
    path("signing/certificates/", views.certificates, name="certificates"),
    path("signing/certificates/register/", views.register, name="register"),
    path("signing/certificates/<int:certificate_id>/withdraw/", views.withdraw, name="withdraw"),
    path("signing/evidence/<int:evidence_id>/", views.evidence, name="evidence"),
    path("signing/evidence/<int:evidence_id>/<str:part>/", views.evidence_file, name="evidence_file"),
    path("signing/lines/<int:line_id>/<str:part>/", views.line_file, name="line_file"),
]
