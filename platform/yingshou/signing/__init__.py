"""
Signatures: certificates, what was signed, the proof that it was, and the list of authorities we trust.

The private key never reaches the server: the browser opens the key file, signs, and posts a signature. The server
prepares what is signed (canonical JSON, RFC 8785), checks the signature (a detached CMS, RFC 5652, that
``openssl cms -verify`` accepts as well) and keeps the evidence a court would ask for: who, when, with which
certificate, by which chain, with which revocation list. A batch is signed once over a manifest (a Merkle root, RFC
6962); each of its lines keeps its own inclusion proof. Rule book: domain 6, failure codes SIG-001 to SIG-012;
Electronic Signature Law art. 5, 8, 13 and 14; features F023 to F029.
"""
