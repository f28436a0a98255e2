# ruby dump.rb [SCHEMA]: prints the schema.rb of the database of the PG* variables; with SCHEMA it loads that first.
require 'active_record'

ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: ENV['PGHOST'], port: ENV['PGPORT'],
                                        username: ENV['PGUSER'], database: ENV['PGDATABASE'])
ActiveRecord::Schema.verbose = false
load(ARGV[0]) if ARGV[0]
ActiveRecord::SchemaDumper.ignore_tables = %w[schema_migrations ar_internal_metadata]
# from 7.2 on it takes the pool
source = ActiveRecord.version >= Gem::Version.new('7.2') ? :connection_pool : :connection
ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.public_send(source), $stdout)
