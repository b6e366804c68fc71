"""
Organisations, people, memberships and duties: who acts, for whom, and what that allows.

An organisation is registered by its administrator and verified by two members of the platform's staff. A person may belong to several
organisations; what the person may do follows from the duties of the membership in use and from the capabilities of that organisation.
Implements features F007 to F011 and domain 1.5 and 16.
"""
