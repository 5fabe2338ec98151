# Each target sets up what it needs on a fresh machine. See scripts/setup.
.DEFAULT_GOAL := help
.PHONY: help run test unit e2e soak bench format lint clean

SWIFT_BUILD := swift build --explicit-target-dependency-import-check error
# What is served: optimised, and one file that needs no Swift on its machine.
RELEASE := -c release --static-swift-stdlib

help: ## List the targets
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: ## Build in release mode and serve policies/quickstart with a simulated upstream
	@scripts/setup build
	@$(SWIFT_BUILD) $(RELEASE) --product sluice
	@exec scripts/run

test: unit e2e ## Build and run every test

unit: ## Unit, golden, property and simulation tests
	@scripts/setup test
	$(SWIFT_BUILD) --build-tests
	swift test --skip-build --no-parallel

e2e: ## End-to-end tests: the built binary, driven by the openai SDK
	@scripts/setup test
	$(SWIFT_BUILD) --product sluice
	@scripts/e2e

soak: ## A minute of load over 64 connections, with memory and descriptors watched
	@scripts/setup test
	$(SWIFT_BUILD) $(RELEASE) --product sluice
	@scripts/e2e --soak

bench: ## Benchmarks: CPU time a request, in release mode
	@scripts/setup bench
	$(SWIFT_BUILD) $(RELEASE)
	@scripts/bench

format: ## Format the sources
	swift format --in-place --recursive Sources Tests Package.swift

lint: ## Check the format
	swift format lint --strict --recursive Sources Tests Package.swift

clean: ## Remove what was built
	rm -rf .build .venv
