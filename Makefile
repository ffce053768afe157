# Every target works on a machine that has only Python 3.11 or newer and make.
UV := $(shell command -v uv 2>/dev/null || echo .venv/bin/uv)
RUN := .venv/bin

.PHONY: setup check test test-fast demo serve bench audit sbom clean

setup: .venv/ready

.venv/ready: pyproject.toml uv.lock
	@command -v $(UV) >/dev/null 2>&1 || (python3 -m venv .venv && .venv/bin/python -m pip install --quiet "uv>=0.5")
	$(UV) sync --frozen --compile-bytecode --quiet --inexact
	@touch .venv/ready

check: setup  ## style, types, and that imports go one way
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports --no-logo
	$(RUN)/pytest -q tests/test_layout.py

test: setup  ## the whole suite
	$(RUN)/pytest -n auto --dist loadfile --no-loadscope-reorder --durations=25

test-fast: setup  ## all but what starts servers, runs notebooks or takes long: under three minutes
	$(RUN)/pytest -n auto --dist loadfile -m "not slow"

demo: setup  ## a simulated market, from nothing to the hottest leads
	$(RUN)/leadlight demo

serve: setup
	$(RUN)/leadlight serve

bench: setup  ## a short form of each benchmark
	$(UV) sync --frozen --compile-bytecode --quiet --inexact --group bench
	@for file in benchmarks/*.py; do echo "== $$file"; $(RUN)/python $$file --short --out $${file%.py}.json || exit 1; done

# Advisories without a fix, each with why it does not reach us in SECURITY.md; once there is a fix, the audit fails.
NO_FIX := CVE-2024-37052 CVE-2024-37053 CVE-2024-37054 CVE-2024-37055 CVE-2024-37056 CVE-2024-37057 \
	CVE-2024-37058 CVE-2024-37059 CVE-2024-37060 CVE-2024-37061

audit: setup  ## known weaknesses of the locked packages, asked of osv.dev; needs uv 0.10.12 or newer and the network
	$(UV) audit --frozen --preview-features audit-command $(NO_FIX:%=--ignore-until-fixed %)

sbom: setup  ## every package that the product runs on, with its version and origin, as CycloneDX
	$(UV) export --frozen --no-dev --format cyclonedx1.5 --preview-features sbom-export --quiet --output-file leadlight.cdx.json

clean:  ## what can be made again; a home and its models stay
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis benchmarks/*.json benchmarks/*.jsonl leadlight.cdx.json
