"""The web server: gunicorn's processes around waitress's buffering HTTP server."""
