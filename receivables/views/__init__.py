"""One module per audience; every view parses, calls one action, and says what came of it."""
