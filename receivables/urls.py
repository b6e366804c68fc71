"""Addresses of receivables: the creditor's under /receivables/, the debtor's under /payables/."""

from django.urls import path

from receivables.views import book, changes, creditor, debtor, disputes, duplicates, entry, ladder, receivable

app_name = "receivables"

urlpatterns = [
    path("receivables/", creditor.claims, name="claims"),
    path("receivables/export/", creditor.export, name="claims_export"),
    path("receivables/new/", entry.new_claim, name="new"),
    path("receivables/act/<str:name>/", creditor.act, name="act"),
    path("receivables/duplicates/", duplicates.listing, name="duplicates"),
    path("receivables/duplicates/<int:flag_id>/", duplicates.detail, name="duplicate"),
    path("receivables/duplicates/<int:flag_id>/dismiss/", duplicates.dismiss, name="duplicate_dismiss"),
    path("receivables/duplicates/<int:flag_id>/merge/", duplicates.merge, name="duplicate_merge"),
    path("receivables/disputes/", disputes.listing, name="disputes"),
    path("receivables/disputes/export/", disputes.export, name="disputes_export"),
    path("receivables/disputes/<int:dispute_id>/", disputes.detail, name="dispute"),
    path("receivables/disputes/<int:dispute_id>/answer/", disputes.answer, name="dispute_answer"),
    path("receivables/disputes/<int:dispute_id>/resolve/", disputes.resolve, name="dispute_resolve"),
    path("receivables/disputes/<int:dispute_id>/withdraw/", disputes.withdraw, name="dispute_withdraw"),
    path("receivables/changes/", changes.listing, name="changes"),
    path("receivables/changes/<int:change_request_id>/", changes.detail, name="change"),
    path("receivables/changes/<int:change_request_id>/accept/", changes.accept, name="change_accept"),
    path("receivables/changes/<int:change_request_id>/refuse/", changes.refuse, name="change_refuse"),
    path("receivables/changes/<int:change_request_id>/withdraw/", changes.withdraw, name="change_withdraw"),
    path("receivables/asked/<int:approval_id>/", receivable.asked, name="asked"),
    path("receivables/<str:public_no>/", receivable.detail, name="detail"),
    path("receivables/<str:public_no>/edit/", entry.edit, name="edit"),
    path("receivables/<str:public_no>/check/", entry.check, name="check"),
    path("receivables/<str:public_no>/change/", changes.propose, name="propose_change"),
    path("receivables/<str:public_no>/dispute/", disputes.open_dispute, name="open_dispute"),
    path("payables/", debtor.debts, name="debts"),
    path("payables/export/", debtor.debts_export, name="debts_export"),
    path("payables/new/", entry.new_payable, name="new_payable"),
    path("payables/item/<str:public_no>/edit/", entry.edit_payable, name="edit_payable"),
    path("payables/act/<str:name>/", debtor.publish, name="publish"),
    path("payables/confirm/", debtor.confirmations, name="confirmations"),
    path("payables/confirm/export/", debtor.export, name="confirmations_export"),
    path("payables/confirm/item/<str:public_no>/", debtor.answer, name="answer"),
    path("payables/confirm/item/<str:public_no>/pass-on/", ladder.pass_on, name="pass_on"),
    path("payables/confirm/<str:name>/", debtor.act, name="confirm_act"),
    path("payables/reminders/", ladder.overview, name="ladder"),
    path("payables/reminders/rules/", ladder.rules, name="ladder_rules"),
    path("payables/reminders/departments/", ladder.department, name="department"),
    path("payables/reminders/departments/<int:department_id>/close/", ladder.close_department, name="close_department"),
    path("payables/reminders/substitutes/", ladder.substitute, name="substitute"),
    path("payables/reminders/substitutes/<int:substitute_id>/end/", ladder.end_substitute, name="end_substitute"),
    path("payables/book/", book.listing, name="book"),
    path("payables/book/export/", book.export, name="book_export"),
]
