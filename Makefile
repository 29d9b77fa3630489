# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BINARY  := bin/vestnik
PACKAGES ?= ./...
ARGS    ?=

# No cgo in the product: one static binary. The race detector of the tests does need it.
BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)"
# Two packages at a time: many of them run a database of their own, and the machine has perhaps two cores.
TEST  := CGO_ENABLED=1 go test -race -p 2 -timeout 20m

.DEFAULT_GOAL := help
.PHONY: help build demo test chdb tools check lint bench example clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

build: ## build bin/vestnik
	$(BUILD) -o $(BINARY) ./cmd/vestnik

demo: chdb build ## the whole product in one process, with simulated providers and residents; ARGS="--once --json" passes arguments on
	./$(BINARY) demo $(ARGS)

test: tools chdb check ## install what is missing, run every test, clean up; PACKAGES=./engine/... for some
	$(TEST) $(ARGS) $(PACKAGES)

chdb: ## fetch the embedded ClickHouse engine (once, checksum verified)
	@analytics/chdb/fetch.sh bin

tools: ## install what the tests need: redis-server, postfix, chromium, a C compiler (Debian; root or sudo)
	@.ci/install

check: ## formatting and go vet
	@bad=$$(gofmt -l $$(git ls-files -co --exclude-standard -- '*.go' 2>/dev/null || find . -name '*.go')); \
	  if [ -n "$$bad" ]; then echo "gofmt -w these files:" >&2; echo "$$bad" >&2; exit 1; fi
	go vet $(PACKAGES)

lint: check ## check, and golangci-lint if it is installed
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: only gofmt and go vet were run" >&2; fi

bench: chdb build ## measure this machine; ARGS="intake --json" chooses
	./$(BINARY) bench $(ARGS)

example: build ## write the example config anew
	./$(BINARY) --lang ru config > deploy/vestnik.example.yaml

clean: ## remove what was built and what the demo left behind
	rm -rf $(BINARY) demo-data
	go clean -testcache
