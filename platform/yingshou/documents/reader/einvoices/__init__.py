"""
Electronic invoices as the reader process sees them: 数电票 as XML, PDF and OFD, EN 16931 as UBL and CII, alone or in a ZIP.

Everything here runs in the limited child only. A file is recognised by its content; what is not known exactly is refused with a
key that names the sentence, never guessed.
"""
