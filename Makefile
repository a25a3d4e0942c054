# Everything a developer types. Each target says what it does; `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help generate install frameworks demo test test-long unit faults soak hostile fuzz quality bench bench-full bench-formats lint validate up down lock temporal clean

BIN := .venv/bin
ARGS ?=
LONG := tests/hostile tests/loops tests/examples
# By files, as their servers and fixtures are; in the order of their names, which begins the longest ones early,
# where xdist of itself would begin with the files of most tests.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  make %-13s %s\n", $$1, $$2}'

install: ## install what is missing: system packages, .venv from the lock file
	@scripts/install.sh

frameworks: ## install what examples/ and benchmarks/ run beside the service, too: Redis and .venv-frameworks
	@scripts/install.sh frameworks

demo: install ## start private servers, send documents, show the graph
	@$(BIN)/docgraph demo

test: frameworks ## the tests, faults in their short form included, with a private RabbitMQ and Neo4j (or those of RABBITMQ_URL and NEO4J_URI); ARGS goes to pytest
	@$(BIN)/docgraph local run -- $(BIN)/pytest $(PARALLEL) $(LONG:%=--ignore=%) $(ARGS)

test-long: frameworks ## the rest: small hostile documents, ten thousand events, every framework's example
	@$(BIN)/docgraph local run -- $(BIN)/pytest $(PARALLEL) $(LONG) $(ARGS)

unit: install ## the tests that need no servers
	@$(BIN)/pytest tests/unit tests/repo $(ARGS)

faults: install ## the fault harness in its long form: 10,000 messages under each of its faults; takes a quarter of an hour
	@DOCGRAPH_FAULTS=long $(BIN)/pytest tests/faults $(ARGS)

soak: install ## half an hour of steady load, or DOCGRAPH_SOAK_SECONDS: memory, connections, channels and queues stay flat
	@DOCGRAPH_FAULTS=long DOCGRAPH_SOAK_SECONDS=$${DOCGRAPH_SOAK_SECONDS:-1800} $(BIN)/pytest tests/faults/test_soak.py $(ARGS)

hostile: install ## every hostile document through the ingest: right reason, under ten seconds, no harm; takes ten minutes
	@DOCGRAPH_HOSTILE=long $(BIN)/pytest tests/hostile/test_hostile.py $(ARGS)

fuzz: install ## spoiled documents of each format for a minute, or DOCGRAPH_FUZZ_SECONDS: no hang, no crash
	@DOCGRAPH_FUZZ_SECONDS=$${DOCGRAPH_FUZZ_SECONDS:-60} $(BIN)/pytest -s tests/hostile/test_fuzz.py $(ARGS)

quality: install ## keywords and languages against labelled samples: precision and recall
	@$(BIN)/python -m benchmarks.quality

bench-formats: ## documents of each format beside markitdown and kreuzberg, or those of ARGS="docx odt"; installs pandoc and LibreOffice, takes a quarter of an hour
	@scripts/install.sh frameworks corpus
	@$(BIN)/python -m benchmarks.formats $(ARGS)

bench: frameworks ## the benchmark, short: the service beside the raw floor, Celery and others; ten minutes at most
	@.venv-frameworks/bin/python -m benchmarks short $(ARGS)

bench-full: frameworks ## the benchmark, whole: all systems, three rounds, large runs, latency; two hours
	@scripts/temporal.sh || echo "bench-full: WITHOUT TEMPORAL: its server could not be built" >&2
	@.venv-frameworks/bin/python -m benchmarks full $(ARGS)

lint: install ## ruff and mypy
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

validate: install ## Dockerfile, compose.yaml, k8s/ and asyncapi.yaml, each by its own validator
	@scripts/validate.sh

up: install ## start private servers and leave them running
	@$(BIN)/docgraph local up

down: ## stop them; their data stay
	@if [ -x $(BIN)/docgraph ]; then $(BIN)/docgraph local down; fi

generate: install ## write the generated files anew: asyncapi.yaml, schemas/json, docs/settings.md, docs/reasons.md
	@$(BIN)/docgraph asyncapi --out asyncapi.yaml
	@$(BIN)/docgraph schemas schemas/json
	@$(BIN)/docgraph reference docs

lock: install ## write the lock files anew from pyproject.toml
	@$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header -o requirements.lock --all-extras
	@$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header -o requirements-dev.lock --all-extras \
		--group dev -c requirements.lock
	@$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header -o requirements-frameworks.lock \
		--group frameworks

temporal: ## build a Temporal server with Go into .local/bin: with one, the tests run examples/temporal against it
	@scripts/temporal.sh

clean: ## stop all private servers, remove .venv, .venv-frameworks and .local
	@if [ -x $(BIN)/docgraph ]; then $(BIN)/docgraph local down --all; fi
	@rm -rf .venv .venv-frameworks .local
