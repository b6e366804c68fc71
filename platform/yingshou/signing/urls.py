"""Addresses of signing."""

from django.urls import path

from yingshou.signing import elicence_views, views

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
    path("licence/", elicence_views.sign_in, name="licence_sign_in"),
    path("licence/links/", elicence_views.links, name="licence_links"),
    path("licence/link/", elicence_views.link, name="licence_link"),
    path("licence/link/shown/", elicence_views.use_identified, name="licence_use_identified"),
    path("licence/links/<int:holder_id>/", elicence_views.decide, name="licence_decide"),
    path("licence/sign/<int:approval_id>/", elicence_views.sign, name="licence_sign"),
    path("licence/call/<str:provider>/", elicence_views.call, name="licence_call"),
    path("licence/wait/<str:reference>/", elicence_views.wait, name="licence_wait"),
    path("signing/lines/<int:line_id>/<str:part>/", views.line_file, name="line_file"),
]
