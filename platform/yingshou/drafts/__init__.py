"""
Forms that save themselves: what a person has begun to fill in, kept until she sends it, discards it or forgets it for 90 days.

A draft is a form before it is sent: its key is the key the form will be sent under (`yingshou.jobs.idempotency`), so that a form that was
sent can never become a draft again, and two windows with the same draft send it once. What stands in a draft is what was typed, unread and
untrusted; every check happens when the form is sent. The package stands above `documents`, because a draft holds the files that were
chosen, and below everything that has forms.
"""
