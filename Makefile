# `make demo` and `make test` set up all they need, on Debian with Python 3.11 or newer and root or sudo.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.PHONY: help setup demo demo-train demo-web demo-desktop test checks screens system browser desktop calc clock

PYTHON ?= python3
BIN := .venv/bin
TORCH := 2.13.0
# Trainers whose own code reads what is written for them; without them those tests are skipped.
READERS := llamafactory==0.9.5 axolotl==0.19.0 addict==2.4.0 colorama==0.4.6
DEMO_MODEL := qwen2.5-coder-1.5b

help:
	@echo "make demo    set up, fetch a local model, learn sqlite-utils from its help pages, print the table"
	@echo "make demo-web  the same for a web application, Trac, and the wiki pages of its manual"
	@echo "make demo-desktop  the same for LibreOffice Calc on a desktop, and the pages of its help"
	@echo "make demo-train  tune a small model on what the demo learned, and compare"
	@echo "make test    set up, check format, lint and types, run all tests"
	@echo "make setup   only set up: system packages, and .venv with the command $(BIN)/lbi"

setup: system .venv/.stamp-demo

demo:
	@echo "This takes 12 to 30 minutes on 2 cores, 4 GB of memory and 3 GB of disk. It"
	echo "  1. installs bubblewrap, taskwarrior and manual pages (apt) and a virtual environment in .venv"
	echo "  2. fetches a language model, 1.1 GB, into \$${LBI_CACHE:-~/.cache/learn-by-interact}"
	echo "  3. lets it learn sqlite-utils from 12 help pages, and solve 10 tasks without and with what it learnt."
	echo "Stop it at any time (Ctrl-C): the same command goes on from there."
	$(MAKE) --no-print-directory setup
	$(BIN)/lbi models pull $(DEMO_MODEL)
	$(BIN)/lbi doctor
	$(BIN)/lbi install environments/sqlite-utils
	$(BIN)/lbi run recipes/demo.toml

demo-web:
	@echo "This takes about an hour on 2 cores, 4 GB of memory and 4 GB of disk. It installs Chromium (apt) and Trac (in a"
	@echo "virtual environment), fetches the language model of the demo, and lets it learn Trac from pages of its manual."
	$(MAKE) --no-print-directory system browser .venv/.stamp-web
	$(BIN)/lbi models pull $(DEMO_MODEL)
	$(BIN)/lbi install environments/trac
	$(BIN)/lbi run recipes/demo-web.toml

demo-desktop:
	@echo "This takes about 40 minutes on 2 cores, 4 GB of memory and 4 GB of disk. It installs a screen and LibreOffice Calc (apt), fetches"
	@echo "the language model of the demo, lets it learn Calc from pages of its help, and makes a sheet of what was on the screen."
	$(MAKE) --no-print-directory system desktop calc .venv/.stamp-desktop
	$(BIN)/lbi models pull $(DEMO_MODEL)
	$(BIN)/lbi install environments/calc
	$(BIN)/lbi run recipes/demo-desktop.toml
	$(BIN)/lbi show runs/demo-desktop --contact-sheet runs/demo-desktop/screens.png

demo-train:
	@if [[ ! -f runs/demo/run.sqlite ]]; then echo "There is no runs/demo yet: make demo makes it." >&2; exit 1; fi
	echo "This takes about 45 minutes on 2 cores, 10 GB of memory and 5 GB of disk: it tunes a model of 0.5B on examples of"
	echo "runs/demo, and on as much of data distill, and compares both with the model as it was, on all held-out tasks."
	$(MAKE) --no-print-directory .venv-train/.stamp
	.venv-train/bin/lbi models pull qwen2.5-coder-0.5b
	if [[ ! -d runs/demo-train ]]; then cp -r runs/demo runs/demo-train; fi
	.venv-train/bin/lbi models pull $(DEMO_MODEL)
	.venv-train/bin/lbi reword recipes/demo-train.toml --model local/$(DEMO_MODEL)
	.venv-train/bin/lbi train recipes/demo-train.toml
	.venv-train/bin/lbi train recipes/demo-train.toml --set train.name=distill --set 'train.kinds=["task"]'
	.venv-train/bin/lbi evaluate recipes/demo-train.toml

# What installs packages of the system goes one after the other, and beside it what fills the virtual environments.
test: system
	@$(MAKE) --no-print-directory -j3 screens checks .venv-train/.stamp
	$(BIN)/pytest -n 4 --dist worksteal
	-.venv-train/bin/pip install --quiet --disable-pip-version-check --no-deps $(READERS)
	.venv-train/bin/python -m pytest tests/test_training_tune.py tests/test_training_readers.py

screens:
	@$(MAKE) --no-print-directory browser
	$(MAKE) --no-print-directory desktop
	$(MAKE) --no-print-directory clock

checks: .venv/.stamp-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Slim images drop manual pages when packages are installed; the environment taskwarrior reads `man task`.
system:
	@missing=()
	command -v bwrap >/dev/null || missing+=(bubblewrap)
	command -v git >/dev/null || missing+=(git)
	command -v task >/dev/null || missing+=(taskwarrior)
	command -v man >/dev/null || missing+=(man-db)
	command -v info >/dev/null || missing+=(info)
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
	if [[ -z "$${missing[*]}" ]] && ! man -w task >/dev/null 2>&1; then missing+=(taskwarrior); fi
	if [[ -z "$${missing[*]}" ]]; then exit 0; fi
	root=(); if [[ $$(id -u) != 0 ]]; then root=(sudo); fi
	if ! command -v apt-get >/dev/null || ! command -v "$${root[0]:-true}" >/dev/null; then
		echo "Please install: $${missing[*]} (apt-get and root or sudo are needed to do it here)." >&2; exit 1
	fi
	apt=("$${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
	"$${apt[@]}" update
	"$${apt[@]}" -o Dpkg::Options::=--path-include='/usr/share/man/*' \
		install -y --reinstall --no-install-recommends "$${missing[@]}"

# What a screen needs, and the editor of the tests.
DESKTOP := xvfb openbox xdotool at-spi2-core dbus python3-gi mousepad
CALC := libreoffice-calc libreoffice-gtk3 libreoffice-help-en-us fonts-dejavu-core

desktop: ; @$(call apt_install,$(DESKTOP))
calc: ; @$(call apt_install,$(CALC))
# The tests of Trac's tasks stop its clock with it.
clock: ; @$(call apt_install,faketime)

define apt_install
missing=(); for name in $(1); do
	if [[ $$(dpkg-query -W -f '$${db:Status-Status}' $$name 2>/dev/null) != installed ]]; then missing+=($$name); fi
done
if [[ -z "$${missing[*]}" ]]; then exit 0; fi
root=(); if [[ $$(id -u) != 0 ]]; then root=(sudo); fi
apt=("$${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
"$${apt[@]}" update
"$${apt[@]}" install -y --no-install-recommends "$${missing[@]}"
endef

browser:
	@for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
		if command -v $$name >/dev/null; then exit 0; fi
	done
	root=(); if [[ $$(id -u) != 0 ]]; then root=(sudo); fi
	apt=("$${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
	"$${apt[@]}" update
	"$${apt[@]}" install -y --no-install-recommends chromium

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
		echo "$(PYTHON) is older than Python 3.11: name another, as in make demo PYTHON=python3.12" >&2; exit 1
	}
	$(PYTHON) -m venv .venv

.venv/.stamp-demo: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local]'
	touch $@

.venv/.stamp-web: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local,web]'
	touch $@

.venv/.stamp-desktop: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local,desktop]'
	touch $@

.venv/.stamp-test: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,local,anthropic]'
	touch $@

# An environment of its own: a benchmark's package asks for an older transformers. The build of torch for processors is
# far smaller than others; where an index has none, this takes what it has.
.venv-train/.stamp: .venv/bin/python pyproject.toml
	$(PYTHON) -m venv .venv-train
	.venv-train/bin/pip install --quiet --disable-pip-version-check torch==$(TORCH)
	.venv-train/bin/pip install --quiet --disable-pip-version-check -e '.[local,train]' pytest pytest-timeout
	touch $@
