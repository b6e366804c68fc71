"""The project: settings, the URL tree, Celery and the web server entry point."""
