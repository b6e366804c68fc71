"""
The reader process: the only code that opens an untrusted sheet.

Started as ``python -m yingshou.documents.reader`` with limits on memory and processor time, without Django, secrets or database;
it gets a plan on standard input and answers on standard output, one line a row, ready for COPY.
"""
