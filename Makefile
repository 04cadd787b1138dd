# Makefile: the few commands one needs to remember. Everything else is plain cargo.

.PHONY: demo test soak bench lint

# Carries a sample metastore into local files before your eyes; touches nothing of yours.
demo:
	@command -v cargo >/dev/null || { \
		echo "Rust is missing: install it from https://rustup.rs, then run 'make demo' again." >&2; exit 1; }
	@cargo run --quiet -- demo

# Every test there is, with real servers; the first time, these take a quarter of an hour to install.
# For some of them only: make test ARGS="--test contract vault"
test:
	tests/servers/with.sh cargo test --locked --no-fail-fast --features real-servers $(ARGS)

# The figures of BENCHMARKS.md, as Markdown; leave the machine alone meanwhile. How many secrets, if not the usual:
# make bench SIZES="1000 10000 100000", where the last alone takes a quarter of an hour.
bench:
	SIZES="$(SIZES)" tests/servers/with.sh cargo bench --locked --features real-servers --bench floors --bench migration --bench clouds

# Kills the program, and fails its disk, at every system call of a run: about an hour. `make test` does it at a few of them.
soak:
	SECRETFERRY_SOAK=whole tests/servers/with.sh cargo test --locked --features real-servers --test soak -- --nocapture $(ARGS)

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets --all-features -- -D warnings
	tests/servers/install.sh deny
	bash -c 'source tests/servers/cache.sh && exec "$$tools_home/bin/cargo-deny" --locked check bans licenses sources'
