"""
Files and spreadsheet imports: originals kept by content hash, untrusted sheets read in a limited child process, and the engine
that brings rows in by chunk, checks them in SQL, shows a dry run and accepts what is good.

Words: file, import kind (what a sheet means), batch (one upload), row, layout (a remembered mapping of headers to columns),
finding (what is wrong, where, and how to cure it).
"""
