"""Prints the models that Django's inspectdb makes of the tables in the database of the PG* variables."""
import os

import django
from django.conf import settings
from django.core.management import call_command

settings.configure(DATABASES={'default': {
    'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'HOST': os.environ['PGHOST'],
    'PORT': os.environ['PGPORT'], 'USER': os.environ['PGUSER']}})
django.setup()
call_command('inspectdb')
