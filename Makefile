# Rooms live in src/<room>/: C, headers and SQL declarations side by side.
#
#   make && sudo make install && make installcheck    the plain PGXS way, any PG_CONFIG
#   make demo | make test                             do all of their own set-up
#
#   make demo KEEP=1             leave the server of the demo running
#   make demo ORDERS=orders.csv  your own orders: customer, date, amount
#   make test ONLY=rating        one room's tests: make rooms lists the rooms
#   make lint | make bench       style | measurements; CONTRIBUTING.md has the rest

EXTENSION  = customer_lifecycle
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

# The order in which the install script declares the rooms: a room comes after
# those it uses.
ROOMS = common stage rating churn value health journey ledger views

PG_CONFIG ?= pg_config

MODULE_big  = $(EXTENSION)
OBJS        = $(patsubst %.c,%.o,$(sort $(wildcard src/*/*.c)))
# The server's headers count as the system's: their warnings are not ours to mend.
PG_CPPFLAGS = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CFLAGS   = -Wextra -fvisibility=hidden

# releases/ holds the install scripts of past versions, as they were, and finished update scripts.
# What leads from the last release to here is made by comparing the two.
LAST_RELEASE = $(shell ls releases | sed -n 's/^$(EXTENSION)--\([0-9.]*\)\.sql$$/\1/p' | \
                 sort -t. -k1,1n -k2,2n -k3,3n | tail -1)
INSTALL_SQL  = $(EXTENSION)--$(EXTVERSION).sql
UPDATE_SQL   = $(EXTENSION)--$(LAST_RELEASE)--$(EXTVERSION).sql
DATA         = $(wildcard releases/$(EXTENSION)--*.sql)
DATA_built   = $(INSTALL_SQL) $(UPDATE_SQL)
ROOM_SQL    = $(foreach room,$(ROOMS),$(sort $(wildcard src/$(room)/*.sql)))

REGRESS        = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*/*.sql)))
REGRESS_OPTS   = --encoding=UTF8 --load-extension=$(EXTENSION)
REGRESS_PREP   = results-folders
ISOLATION      = $(sort $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --encoding=UTF8 --load-extension=$(EXTENSION)

EXTRA_CLEAN = $(EXTENSION)--*.sql results output_iso regression.diffs regression.out

# These must work on a machine that has no PostgreSQL yet.
SELF_CONTAINED = demo test test-matrix memcheck fuzz lint bench dist reference rooms help
.PHONY: $(SELF_CONTAINED) results-folders


ifneq (,$(filter-out $(SELF_CONTAINED),$(or $(MAKECMDGOALS),all)))
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq (,$(PGXS))
$(error "$(PG_CONFIG)" does not run; name the PostgreSQL to build for: make PG_CONFIG=/path/to/pg_config)
endif
include $(PGXS)
endif

$(OBJS): $(wildcard src/*/*.h)

# What SQL makes us say once a type (@use) or an overload (@for), tools/expand.awk says for us.
$(INSTALL_SQL): $(ROOM_SQL) $(wildcard src/common/*.sql.in) tools/expand.awk $(EXTENSION).control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; \
	  $(AWK) -f tools/expand.awk $(ROOM_SQL); } > $@

BY_HAND = $(wildcard releases/by_hand--$(LAST_RELEASE)--$(EXTVERSION).sql)
$(UPDATE_SQL): $(INSTALL_SQL) releases/$(EXTENSION)--$(LAST_RELEASE).sql $(BY_HAND) tools/update_script.awk
	$(AWK) -v from=$(LAST_RELEASE) -v to=$(EXTVERSION) -f tools/update_script.awk \
	  releases/$(EXTENSION)--$(LAST_RELEASE).sql $(BY_HAND) $(INSTALL_SQL) > $@ || { rm -f $@; exit 1; }

# pg_regress accepts a test named room/test once results/room exists.
results-folders:
	mkdir -p results $(sort $(dir $(addprefix results/,$(REGRESS))))

# ONLY=room runs one room's tests. ACCEPT=1 takes what the tests print as what they should print:
# read the difference (git diff) before committing it. SANITIZE=1 builds with the sanitizer of
# undefined behaviour. CLIENTS=1 first installs what the tests of client libraries need, as far as it
# can be had; without, those whose packages are here are run. A node from elsewhere gets pg by npm.
CLIENT_PACKAGES = libpostgresql-jdbc-java default-jdk-headless odbc-postgresql python3-pyodbc \
                  python3-sqlalchemy python3-psycopg2 python3-psycopg ruby-activerecord ruby-pg \
                  $(if $(shell command -v node),,node-pg)
# libFuzzer, for a short run of make fuzz
FUZZ_PACKAGES = clang libclang-rt-dev
test:
	@CLIENTS='$(CLIENTS)' OPTIONAL_PACKAGES='$(if $(CLIENTS),$(CLIENT_PACKAGES)) $(if $(filter-out common,$(ONLY)),,$(FUZZ_PACKAGES))' tools/throwaway test/run $(ONLY)

# Every PostgreSQL that suites of Debian have, in chroots: tools/test_matrix says more. As root.
test-matrix:
	@ROWS='$(ROWS)' ONLY='$(ONLY)' tools/test_matrix

# The regression tests (ONLY='room/test …') with the server under valgrind, or CHECKER=address:
# tools/memcheck says more.
memcheck:
	@tools/memcheck $(ONLY)

# libFuzzer on every type's text and binary input (ONLY='type …'), ITERATIONS (10 million) each: hours.
fuzz:
	@ITERATIONS='$(ITERATIONS)' OPTIONAL_PACKAGES='$(FUZZ_PACKAGES)' tools/throwaway test/fuzz/types $(ONLY)

# KEEP=1 leaves the server running; ORDERS=file.csv runs on your own orders
# (customer, date, amount).
demo:
	@KEEP='$(KEEP)' INPUT='$(ORDERS)' tools/throwaway examples/demo

bench:
	@tools/throwaway bench/run $(ONLY)

lint:
	@TIDY='$(TIDY)' EXTRA_PACKAGES='clang-format cppcheck $(if $(TIDY),clang-tidy)' tools/throwaway tools/lint

# What PGXN takes: the committed tree.
dist:
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ -o $(EXTENSION)-$(EXTVERSION).zip HEAD

# Write docs/reference*.md anew, from the comments of the catalogue.
reference:
	@tools/throwaway tools/reference

rooms:
	@echo $(ROOMS)

help:
	@sed -n 's/^# \{0,1\}//p;/^EXTENSION/q' Makefile
