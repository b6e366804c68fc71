"""
The front of the platform: public pages (F001, F002), the to-do page of whoever is signed in, and the search box.

Everything shown is assembled from what the apps registered: to-dos, figures, pictures, search providers.
"""
