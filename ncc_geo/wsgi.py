"""WSGI entry point, for servers without event streams."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ncc_geo.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
