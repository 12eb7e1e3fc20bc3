# The two commands of the README, and what developers use beside them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
DEMO_OUT ?= runs/demo
SAMPLE ?= samples/two-room-flat/video.mp4

.PHONY: help setup build demo test lint bench finetune viewer viewer-setup clean

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## install system packages and the ONNX Runtime library (quick when they are there)
	@scripts/setup.sh

build: setup ## build in release mode
	@cargo build --release --locked

demo: build ## run the sample clip and say where the scene is
	@./target/release/roomwright run $(SAMPLE) -o $(DEMO_OUT)
	@echo
	@echo "Open $(DEMO_OUT)/view.html in a browser to look at the scene, or $(DEMO_OUT)/scene.glb in any glTF viewer;"
	@echo "the numbers are in $(DEMO_OUT)/scene.json, and how far they can be trusted in $(DEMO_OUT)/report.json."

test: setup ## all tests, with and without the native libraries
	@cargo test --release --locked
	@cargo test --release --locked --no-default-features

lint: setup ## formatting, lints, licences
	@cargo fmt --check
	@cargo clippy --release --locked --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check licenses bans sources; \
	 else echo "lint: cargo-deny is not installed, licences not checked"; fi

bench: setup ## time the stages
	@cargo bench

finetune: build ## train the layout network on DATA=dir of labelled scenes (see docs/finetuning.md)
	@scripts/finetune.sh "$(DATA)" "$(or $(OUT),runs/finetune)" $(FINETUNE_OPTIONS)

viewer: ## bundle the pages anew (needs npm; a Rust build does not)
	@cd viewer && { [ -d node_modules ] || npm ci --no-audit --no-fund; } && node build.mjs

viewer-setup: ## what the browser tests need beside npm: Debian's Chromium
	@dpkg-query -W -f='$${Status}' chromium 2>/dev/null | grep -q 'install ok installed' || \
	 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
	@cd viewer && { [ -d node_modules ] || npm ci --no-audit --no-fund; }

clean: ## remove what was built and run
	@rm -rf target runs
