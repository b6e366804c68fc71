# The two commands: `make run` starts the platform, `make check test` proves it. `make help` lists the others.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV ?= .venv
PY := $(VENV)/bin/python
PORT ?= 8000
NAME ?=
TEST_ARGS ?=
export PORT VENV

.PHONY: help run reset install install-run check format test test-deep bench messages

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile

run: install-run ## start everything on PORT (8000) with a sample city; Ctrl-C stops it
	@exec $(PY) -m yingshou.runtime run

reset: ## remove the embedded database, files and keys of this folder
	@if [ -x $(PY) ]; then $(PY) -m yingshou.runtime reset; else rm -rf .data; fi

install-run:
	@deploy/install.sh run

install: ## virtual environment, pinned packages, system libraries, browser
	@deploy/install.sh dev

check: install ## format, lint, types, import contracts, migrations, templates, translations
	@$(PY) tools/check.py

format: install ## write the format that `check` asks for
	@$(VENV)/bin/ruff check --fix-only --quiet . && $(VENV)/bin/ruff format --quiet .

test: install ## all tests but the deep ones; real data where YINGSHOU_REAL_DATA names the folder
	@if [ -n "$$YINGSHOU_REAL_DATA" ]; then \
		$(PY) -m pytest -n auto -m "not deep" $(TEST_ARGS); \
	else \
		$(PY) -m pytest -n auto -m "not deep and not realdata" $(TEST_ARGS); \
	fi

test-deep: install ## the deep tests and those on real data
	@$(PY) -m pytest -n auto -m "deep or realdata" $(TEST_ARGS)

bench: install ## figures, one JSON object a line; one of them by NAME=x
	@$(PY) -m benchmarks $(NAME)

messages: install ## collect new texts into locale/ and compile the translations
	@$(PY) tools/messages.py collect
	@$(PY) tools/messages.py compile
