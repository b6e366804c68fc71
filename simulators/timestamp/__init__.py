"""
A sample timestamp authority (RFC 3161): a root of its own, a certificate with the usage timeStamping, answers over HTTP.

Its keys are kept in the clear in one folder: good for a sample city and for tests, and for nothing else.
``python -m simulators.timestamp --help`` lists the commands.
"""
