"""
A sample certificate authority: root, issuing authority, revocation lists, and one key file for each sample signer; and the
same again with SM2 keys.

Its certificates are real X.509, its keys are kept in the clear in one folder: good for a sample city and for tests,
and for nothing else. ``python -m simulators.authority --help`` lists the commands; the folder is ``.data/authority``
unless ``--folder`` says otherwise.
"""
