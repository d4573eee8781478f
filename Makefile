# make run | test | lint | bench | soak: each makes .venv and installs what it needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test lint bench soak chromium clean

run: .venv/run
	$(BIN)/python app.py

test: lint chromium .venv/compiled
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not soak"

# Gradio writes stubs beside components of our own, which mypy would read instead of them.
lint: .venv/dev
	rm -f ui/*.pyi
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/biome check
	$(BIN)/mypy

bench: .venv/dev
	$(BIN)/python -m benchmarks.scenes
	$(BIN)/python -m benchmarks.faces

soak: .venv/ray chromium
	$(BIN)/pytest -q -m soak
	$(BIN)/python -m benchmarks.soak --minutes 30
	$(BIN)/python -m benchmarks.kills --kills 25

# torch first and by itself: some indexes hold its CPU build under this very version.
.venv/run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q "$$(grep ^torch requirements.txt)"
	$(BIN)/pip install -q -r requirements.txt
	touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(BIN)/pip install -q -r requirements-dev.txt
	touch $@

# 260 MB, which only a cluster's tests need.
.venv/ray: .venv/dev requirements-ray.txt
	$(BIN)/pip install -q -r requirements-ray.txt
	touch $@

# Numba's code, once: else each of the tests' processes would compile it.
.venv/compiled: .venv/dev $(wildcard singan/*.py)
	$(BIN)/python -c "from singan.patches import compiled; compiled()"
	touch $@

# The browser of the browser tests, Debian's; as root, or with sudo.
chromium:
	test -x /usr/bin/chromium || { SUDO=$$(command -v sudo || true); \
	  $$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq chromium >/dev/null; }

clean:
	rm -rf .venv
