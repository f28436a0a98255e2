EXTENSION   = junction
MODULE_big  = junction
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

OBJS        = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
DATA        = $(sort $(wildcard sql/$(EXTENSION)--*.sql))
ifeq ($(shell grep -c '"version": "$(EXTVERSION)"' META.json),0)
$(error META.json has not the version of $(EXTENSION).control, $(EXTVERSION))
endif
PG_CPPFLAGS = -I$(srcdir)/src -DJUNCTION_VERSION='"$(EXTVERSION)"'
# only what is PGDLLEXPORT is exported; PostgreSQL 16 and later say so themselves, and src/base/compat.h does its part on 15
PG_CFLAGS   = $(if $(GCC),-fvisibility=hidden)

# sql/junction--*.sql ships; every other sql/*.sql is a regression test
REGRESS        = $(filter-out $(EXTENSION)--%,$(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql))))
REGRESS_OPTS   = --load-extension=$(EXTENSION) $(DATABASE_OPTS)
ISOLATION      = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --load-extension=$(EXTENSION) $(DATABASE_OPTS)
# one expected output, whatever the encoding and the locale of the cluster
DATABASE_OPTS  = --encoding=UTF8 --no-locale
EXTRA_CLEAN    = output_iso results

# the client program, one file of all in its folder, each module in a block of its own
SCRIPTS_built  = src/client/pg_junction

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
SERVER_INCLUDE := $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)
# PGXS may come with PostgreSQL's client: that it is there says nothing of the headers
ifneq ($(and $(wildcard $(PGXS)),$(wildcard $(SERVER_INCLUDE)/postgres.h)),)
include $(PGXS)
else
all install installcheck clean:
	@echo '$(PG_CONFIG) $(if $(SERVER_INCLUDE),leads to no $(SERVER_INCLUDE)/postgres.h,is not there).' >&2
	@echo 'On Debian, test/setup.sh installs the headers, run as root; elsewhere, set PG_CONFIG to the pg_config of a server.' >&2
	@exit 1
endif

# LLVM's bitcode of a file depends on the headers too
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*/*.h)

# the modules, then the program
CLIENT = $(sort $(wildcard src/client/*.pm)) src/client/pg_junction.pl
$(SCRIPTS_built): $(CLIENT) $(EXTENSION).control Makefile
	{ echo '#!/usr/bin/env perl'; for part in $(CLIENT); do echo '{'; sed 's/EXTENSION_VERSION/$(EXTVERSION)/' $$part; echo '}'; done; } > $@.tmp
	chmod +x $@.tmp
	mv $@.tmp $@

.PHONY: all install installcheck clean pgtap test test-analysis test-sanitize test-valgrind test-long test-matrix
.PHONY: dist bench test-upgrade test-minor test-injection demo

# The programs have servers or databases of their own; pgTAP runs in the database that installcheck leaves behind. One at a
# time, as some look at how long something takes. pg_prove closes with a count of the tests.
pgtap:
	psql --no-psqlrc --quiet --dbname $(CONTRIB_TESTDB) --command 'CREATE EXTENSION IF NOT EXISTS pgtap'
	pg_prove --dbname $(CONTRIB_TESTDB) $(sort $(wildcard test/t/*)) $(sort $(wildcard test/pgtap/*.sql))

# the zip that PGXN takes, of the last commit
DISTRIBUTION = $(EXTENSION)-$(EXTVERSION).zip
dist:
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ --output='$(DISTRIBUTION)' HEAD
	@! grep --quiet '\.example' META.json || echo 'META.json still has addresses of .example, which are nobody'\''s' >&2

# every benchmark beside what it is compared with, in one table: for an hour or so on a machine that does nothing else
bench:
	test/setup.sh
	test/bench.sh

# these install what is missing, and start a server of their own
test:
	test/setup.sh
	test/run.sh

# looks at the source, and runs nothing of it
test-analysis:
	test/setup.sh clang cppcheck shellcheck perl
	test/analyse.sh

# undefined behaviour, on any server
test-sanitize:
	test/setup.sh
	test/sanitize.sh undefined

# errors of memory: for hours, and on a server that test/sanitize.sh says how to build
test-valgrind:
	test/setup.sh valgrind
	test/sanitize.sh valgrind

# for hours: random calls, sessions that race, clients whose answers are judged, stops of the server, and all on a server with
# assertions and injection points; the seeds are printed
test-long: test-sanitize
	test/setup.sh
	$(MAKE) all
	test/with-server.sh sh -c 'make --silent install && test/t/fuzz.pl 100000 random && \
		RACES_SEED=random RACES_SECONDS=3600 RACES_ROUNDS=1000 test/t/races.sh && test/t/history.sh 200 random && test/t/crash.sh 200 random && test/t/memory.sh 100000'
	test/injection.sh
	test/injection.sh test/run.sh
	test/minor.sh

test-matrix:
	test/matrix.sh

# with what test-matrix has made
test-upgrade:
	test/upgrade.sh

# built against the headers of an older minor version
test-minor:
	test/setup.sh
	test/minor.sh

# on a server that is built from source, with injection points
test-injection:
	test/injection.sh

demo:
	test/setup.sh
	test/demo/demo.sh
