# Thin: what the verbs do lives in dev/.
.DEFAULT_GOAL := help
.PHONY: help try test lint deny fuzz chaos fmt db bench stop sqlx-prepare

# Queries are checked against .sqlx/, not against whatever database happens to be up.
export SQLX_OFFLINE = true

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

try: ## chat with Pedro on this machine, no account needed (SCRIPT=demo: watch a short conversation)
	@dev/try $(SCRIPT)

test: ## every check: tests against real services, lint, the demo
	@dev/test

lint: ## formatting, clippy and documentation, warnings are errors
	cargo fmt --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features

deny: ## licences, second versions and origins of what Pedro is made of, against deny.toml
	@dev/deny

fuzz: ## random input, far more of it than in the tests (CASES=20000 of each kind)
	PROPTEST_CASES=$(or $(CASES),20000) cargo test --workspace --all-features --lib --bins -- properties:: any_request

fmt: ## format the code
	cargo fmt

db: ## start only the database; then: . .local/env
	@dev/bootstrap db
	@dev/up db

bench: ## measure how fast Pedro is, into docs/benchmarks.md (PROFILE=dev: without a long build)
	@dev/bench

chaos: ## the bots in a town where everything goes wrong (SECONDS=600, SEED=n to have the same faults again)
	@dev/chaos $(or $(SECONDS),60) $(SEED)

stop: ## stop the services this checkout started (their data stays)
	@dev/down

sqlx-prepare: ## write .sqlx/ anew after a change of a query or a migration
	@dev/sqlx-prepare
