"""The web server. gunicorn's processes run waitress's buffering HTTP server."""
