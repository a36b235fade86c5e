# tallyd: `make` builds it and serves the sample site, `make test` runs every test, `make help` names the rest.

# Debian packages that the tests, and the comparisons with others, need beside Rust and gcc.
TEST_PACKAGES = wget curl chromium strace nginx lighttpd $(PYTHON_PACKAGES)
PYTHON_PACKAGES = python3 python3-venv
BENCH_PACKAGES = python3 wrk

# Checks bans, licences and sources. Unoptimised it is built in a minute; a check takes a second either way.
CARGO_DENY_VERSION = 0.20.2

PREFIX = /usr/local
PORT = 8080
FUZZ_SECONDS = 60

CARGO_TARGET_DIR ?= target
TALLYD = $(CARGO_TARGET_DIR)/release/tallyd
SAMPLE = www/downloads/sample.bin

# Debian's Python, whatever else is called so here; where there is none, any.
PYTHON = $(firstword $(wildcard /usr/bin/python3) python3)
VENV = $(CARGO_TARGET_DIR)/browser-venv

.DEFAULT_GOAL = serve
.PHONY: serve build test lint audit bench bench-client fuzz install uninstall clean help

serve: build $(SAMPLE) ## build the release binary and serve the sample site (PORT=8080)
	@echo "Serving the sample site in www on port $(PORT), with lists of directories. Ctrl+C stops it."
	$(TALLYD) www --listing --port $(PORT)

build: ## build the release binary
	cargo build --release --locked

# 4 MiB of numbered lines, always the same bytes: 16 for each line, so a range can be checked by eye.
$(SAMPLE):
	@mkdir -p $(@D)
	LC_ALL=C seq -f '%015.0f' 0 262143 > $@.part && mv $@.part $@

test: ## run every test; installs the programs they need, on Debian
	@$(call need,$(TEST_PACKAGES))
	@$(python_packages)
	@# Not the examples in comments: there are none, and an empty run must not be the last word.
	cargo test --workspace --locked --no-fail-fast --lib --bins --tests
	cargo build --locked --bin tallyd
	TALLYD=$(CARGO_TARGET_DIR)/debug/tallyd SCREENSHOTS=$(CARGO_TARGET_DIR)/screenshots \
	  $(VENV)/bin/python -B -m pytest --basetemp=$(CARGO_TARGET_DIR)/browser-tests browser

lint: ## check format, clippy, bans, licences and sources
	@$(call need,$(PYTHON_PACKAGES))
	@$(python_packages)
	$(VENV)/bin/ruff format --no-cache --check browser
	$(VENV)/bin/ruff check --no-cache browser
	cargo fmt --all --check
	rustfmt --edition 2024 --check $(wildcard fuzz/fuzz_targets/*.rs) < /dev/null
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@$(cargo_deny)
	cargo deny --locked check bans licenses sources

audit: ## check the dependencies for known advisories (fetches the RustSec database)
	@$(cargo_deny)
	cargo deny --locked check advisories

bench: ## compare with nginx, lighttpd, h2o, Caddy, Apache, static-web-server and a bare loop: 40 minutes
	@$(call need,$(BENCH_PACKAGES))
	@mkdir -p bench/results
	bench/run --all --json bench/results/results.json --markdown bench/results/results.md --chart bench/results/chart.svg

bench-client: ## compare load generators: CPU time for each request of tallyd load, wrk and oha
	@$(call need,$(BENCH_PACKAGES) nginx)
	bench/client

fuzz: ## run each fuzz target for FUZZ_SECONDS (cargo-fuzz; see fuzz/README.md)
	@cargo fuzz --version > /dev/null 2>&1 || cargo install cargo-fuzz --locked --debug
	cargo run --manifest-path fuzz/Cargo.toml --example seeds
	for target in $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs))); do \
	  RUSTC_BOOTSTRAP=1 cargo fuzz run $$target -- -dict=fuzz/dict/$$target.dict -timeout=20 \
	    -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

install: build ## install binary, man page, completions and units (PREFIX=/usr/local, DESTDIR)
	install -D -m 755 $(TALLYD) $(to)/bin/tallyd
	install -d $(to)/share/man/man1 $(to)/share/bash-completion/completions
	install -d $(to)/share/zsh/site-functions $(to)/share/fish/vendor_completions.d
	$(TALLYD) generate man > $(to)/share/man/man1/tallyd.1
	$(TALLYD) generate completions bash > $(to)/share/bash-completion/completions/tallyd
	$(TALLYD) generate completions zsh > $(to)/share/zsh/site-functions/_tallyd
	$(TALLYD) generate completions fish > $(to)/share/fish/vendor_completions.d/tallyd.fish
	install -d $(to)/lib/systemd/system
	sed 's|/usr/bin/tallyd|$(PREFIX)/bin/tallyd|' examples/tallyd.service > $(to)/lib/systemd/system/tallyd.service
	install -m 644 examples/tallyd.socket $(to)/lib/systemd/system/tallyd.socket
	install -D -m 644 -t $(to)/share/doc/tallyd examples/production.toml examples/classic.toml

uninstall: ## take away what install put there
	rm -f $(to)/bin/tallyd $(to)/share/man/man1/tallyd.1 $(to)/share/bash-completion/completions/tallyd \
	  $(to)/share/zsh/site-functions/_tallyd $(to)/share/fish/vendor_completions.d/tallyd.fish \
	  $(to)/lib/systemd/system/tallyd.service $(to)/lib/systemd/system/tallyd.socket
	rm -rf $(to)/share/doc/tallyd

clean: ## take away what was built
	cargo clean
	rm -f $(SAMPLE)

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 14

to = $(DESTDIR)$(PREFIX)

cargo_deny = cargo deny --version > /dev/null 2>&1 || cargo install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug

# What the browser tests need of Python, when that has changed: exactly these, from PyPI.
define python_packages
cmp -s browser/requirements.txt $(VENV)/requirements.txt && exit 0; \
echo "Installing what browser/requirements.txt names in $(VENV)"; \
rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && \
$(VENV)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: \
  -r browser/requirements.txt && \
cp browser/requirements.txt $(VENV)/
endef

# Installs the packages in $(1) that are missing: as root, or through sudo; else it says which they are.
define need
missing=; for package in $(1); do \
  [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2> /dev/null)" = installed ] || missing="$$missing $$package"; \
done; \
[ -n "$$missing" ] || exit 0; \
if ! command -v apt-get > /dev/null; then \
  echo "This is no Debian machine; please see to it that there is:$$missing" >&2; exit 0; \
fi; \
if [ "$$(id -u)" = 0 ]; then as_root=; elif command -v sudo > /dev/null; then as_root=sudo; else \
  echo "Missing packages:$$missing. Install them as root: apt-get install$$missing" >&2; exit 1; \
fi; \
echo "Installing$$missing"; \
$$as_root apt-get update -q && \
$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing
endef
