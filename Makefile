# The front door.  CMake does the work; `make help` lists what there is.
SHELL := /bin/bash
JOBS  ?= $(shell nproc)

.PHONY: help deps build demo check check-long bench fuzz lint install clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

deps: ## install the Debian packages that the build and the tests need
	@scripts/deps.sh build

build: deps ## build/rigor
	@scripts/build.sh release rigor

demo: build ## run the digits study and print its verdicts
	@scripts/demo.sh

check: ## every test of the short tier, with sanitizers, fuzzers and the style checks
	@scripts/deps.sh check
	@scripts/check.sh short

check-long: ## the rest: simulations, storms, comparisons with R, SciPy, PyTorch and Optuna, AArch64
	@scripts/deps.sh long
	@scripts/deps.sh arm64
	@scripts/check.sh long

bench: ## ours and the peers side by side; ratios in build/bench.json
	@scripts/deps.sh bench
	@scripts/build.sh release
	@scripts/bench.sh

fuzz: ## every fuzz target for FUZZ_SECONDS (default 60) each
	@scripts/deps.sh check
	@scripts/build.sh fuzz
	@scripts/fuzz.sh

lint: ## clang-format, clang-tidy, the order of includes
	@scripts/lint.sh

install: build ## install below PREFIX (default /usr/local)
	@cmake --install build --prefix "$${PREFIX:-/usr/local}" --strip >build/install.log
	@echo "install: $${PREFIX:-/usr/local}/bin/rigor"

clean: ## remove all build trees
	rm -rf build
