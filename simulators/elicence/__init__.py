"""
A sample electronic business licence service (电子营业执照): it asks the holder on the phone and answers with SM2 signatures.

A platform with an application id and a secret opens a request; the holder scans its code, chooses the licence, reads what
is asked, types the PIN, and confirms or refuses; the platform polls, or is called back. Licences, PINs and keys lie in one
folder in the clear: good for a sample city and for tests, and for nothing else. ``python -m simulators.elicence --help``
lists the commands.
"""
