"""Prints what Alembic's autogenerate would change in the database of the PG* variables, a line each; none if all is as the models
of SQLAlchemy say."""
import os

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (Column, DateTime, ForeignKey, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text,
                        UniqueConstraint, create_engine, text)
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData()
Table('invoices', metadata, Column('id', Integer, primary_key=True, autoincrement=False))
Table('tags', metadata, Column('id', Integer, primary_key=True, autoincrement=False))
Table('users', metadata, Column('id', UUID, primary_key=True))
Table('orgs', metadata, Column('id', UUID, primary_key=True))
Table('invoice_tags', metadata,
      Column('invoice_id', Integer, ForeignKey('invoices.id', ondelete='CASCADE'), nullable=False),
      Column('tag_id', Integer, ForeignKey('tags.id', ondelete='CASCADE'), nullable=False),
      PrimaryKeyConstraint('invoice_id', 'tag_id'),
      Index('invoice_tags_tag_id_idx', 'tag_id'))
Table('memberships', metadata,
      Column('user_id', UUID, ForeignKey('users.id', ondelete='CASCADE'), nullable=False),
      Column('org_id', UUID, ForeignKey('orgs.id', ondelete='CASCADE'), nullable=False),
      Column('id', UUID, primary_key=True, server_default=text(os.environ['JUNCTION_UUID'])),
      Column('role', Text, nullable=False, server_default='member'),
      Column('created_at', DateTime(timezone=True), nullable=False, server_default=text('now()')),
      Column('updated_at', DateTime(timezone=True), nullable=False, server_default=text('now()')),
      UniqueConstraint('user_id', 'org_id', name='memberships_user_id_org_id_unique'),
      Index('memberships_org_id_idx', 'org_id'))

with create_engine('postgresql+psycopg2://').connect() as connection:
    context = MigrationContext.configure(connection, opts={'compare_type': True, 'compare_server_default': True})
    for difference in compare_metadata(context, metadata):
        print(difference)
