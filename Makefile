# `make demo` and `make test` do everything on a fresh machine with Python 3.11, Node 20 and make.
PYTHON ?= python3
UV_VERSION = 0.13.8
BIN = .venv/bin
# A run starts Python some eighty times: compiled once, a start takes half.
unexport PYTHONDONTWRITEBYTECODE
# What the checks and Django's commands need to load the settings; nothing is stored with it.
SETTINGS_ENV = SECRET_KEY=for-checks-only DEBUG=1 DATA_DIR=var/checks

.PHONY: install demo check test test-unit test-browser test-postgres test-sqlite test-frontend test-newest bench-launch bench-upload bench-grading bench-delivery chaos messages clean

install: .venv/.installed node_modules/.installed frontend/dist/manifest.json

.venv/bin/uv:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed (PYTHON=python3.11 make …)" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.installed: .venv/bin/uv uv.lock pyproject.toml
	$(BIN)/uv sync --frozen --quiet --inexact
	touch $@

node_modules/.installed: package.json package-lock.json
	# Not `npm ci`: it refuses a lock made where the registry lacks the optional builds for other systems. The
	# pins are the same, and nothing is written back.
	npm install --no-save --no-audit --no-fund --loglevel=error
	touch $@

FRONTEND = $(shell find frontend -type f -not -path 'frontend/dist/*' 2>/dev/null)
frontend/dist/manifest.json: node_modules/.installed $(FRONTEND)
	npm run --silent build
	touch $@

demo: install
	$(BIN)/python manage.py demo

check: install
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(SETTINGS_ENV) $(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(SETTINGS_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	npm run --silent check

# Open edX's side of LTI, a second platform to be launched from. AGPL: for tests alone, in an environment of its own.
.venv-openedx/.installed: tests/openedx/requirements.txt .venv/bin/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(PYTHON) .venv-openedx
	$(BIN)/uv pip install --quiet --python .venv-openedx/bin/python -r tests/openedx/requirements.txt
	touch $@

test: install
	tests/system-packages.sh
	$(MAKE) check
	$(MAKE) test-frontend
	$(MAKE) test-browser
	$(MAKE) test-postgres
	$(MAKE) test-sqlite
	$(MAKE) chaos CHAOS_SEEDS=1 CHAOS_ARGS="--students 40 --seconds 8"

# For work in between: no browser, no PostgreSQL, no second platform, no S3 server.
test-unit: check test-frontend
	$(BIN)/pytest -n 2 --dist loadfile -q tests/config tests/lti_tool tests/test_house.py -m "not browser and not property"

test-frontend: install
	npm run --silent test

# Real browsers on the embedded default: SQLite, and a queue in files.
test-browser: install
	# On a busy machine a browser can starve: what failed is run once more, alone, and both runs are shown. So below.
	$(BIN)/pytest -n 3 --dist loadfile -m browser || $(BIN)/pytest --last-failed --last-failed-no-failures none -m browser

# All else, where production keeps its data; with the second platform.
test-postgres: install .venv-openedx/.installed
	$(BIN)/python -m tests.services $(BIN)/pytest -n 2 --dist loadfile -m "not browser" || \
		$(BIN)/python -m tests.services $(BIN)/pytest --last-failed --last-failed-no-failures none -m "not browser"

# Where the databases could differ (counting, sorting, locks, text in SQL), on SQLite as well.
SQLITE = lti_tool/gradebook/test_outbox lti_tool/gradebook/test_rate_limiting video/test_at_once \
	video/roster/test_bulk_at_once video/test_rate_limits video/test_locks video/roster/test_filters video/test_statements
test-sqlite: install
	$(BIN)/pytest -n 2 --dist loadfile $(SQLITE:%=tests/%.py)

# All outside browsers once more, on the newest Python of this machine, with packages of its own.
test-newest: install .venv-openedx/.installed
	@newest=$$(tests/newest-python.sh $(BIN)/python) && \
	if [ -z "$$newest" ]; then echo "Nothing more to run: no Python here is newer than $$($(BIN)/python --version)."; exit 0; fi && \
	echo "Everything outside browsers on $$newest" && \
	UV_PROJECT_ENVIRONMENT=.venv-newest $(BIN)/uv sync --frozen --quiet --python "$$newest" && \
	{ .venv-newest/bin/python -m tests.services .venv-newest/bin/pytest -n 2 --dist loadfile -m "not browser" || \
		.venv-newest/bin/python -m tests.services .venv-newest/bin/pytest --last-failed --last-failed-no-failures none -m "not browser"; }

# Figures last, as key=value. Ratios are of one run; nothing in `make test` depends on them.
bench-launch: install .venv-peers/pylti1p3/.installed .venv-peers/django_lti/.installed bench/peers/ltijs/node_modules/.installed
	$(BIN)/python -m tests.services $(BIN)/python -m bench.launch $(ARGS)

# Others' tools that a launch is compared with: for the benchmark alone, in environments of their own.
.venv-peers/%/.installed: bench/peers/%/requirements.txt .venv/bin/uv
	$(BIN)/uv venv --quiet --allow-existing --python $(PYTHON) .venv-peers/$*
	$(BIN)/uv pip install --quiet --python .venv-peers/$*/bin/python -r $<
	touch $@

bench/peers/ltijs/node_modules/.installed: bench/peers/ltijs/package-lock.json
	cd bench/peers/ltijs && npm install --no-save --no-audit --no-fund --loglevel=error
	touch $@

# Takes minutes and 6 GB of disk; ARGS="--size-mb 200 --rounds 1" tries it small.
bench-upload: install
	$(BIN)/python -m tests.services $(BIN)/python -m bench.upload $(ARGS)

bench-grading: install
	$(BIN)/python -m tests.services $(BIN)/python -m bench.grading
	$(BIN)/python -m bench.next_student

bench-delivery: install
	$(BIN)/python -m tests.services $(BIN)/python -m bench.delivery

# What `make test` tries with one seed and few students, in full. Figures last.
CHAOS_SEEDS = 20
chaos: install
	$(BIN)/python -m tests.chaos --seeds $(CHAOS_SEEDS) $(CHAOS_ARGS)

# What is to be translated, from the code; then the files that a start reads. Needs GNU gettext, which nothing else does.
messages: install
	$(SETTINGS_ENV) $(BIN)/python manage.py makemessages --locale de --locale fr --locale es --no-obsolete \
		--add-location file --ignore node_modules --ignore '.venv*' --ignore demo --ignore tests --extension html,txt,py
	$(SETTINGS_ENV) $(BIN)/python manage.py compilemessages --locale de --locale fr --locale es --ignore '.venv*'

clean:
	rm -rf .venv .venv-newest .venv-openedx .venv-peers bench/peers/ltijs/node_modules node_modules frontend/dist var
