# evsim: `make` lists the targets. Only a Swift toolchain must be there; everything else is installed when it is missing.

SHELL   := /bin/bash
PREFIX  ?= /usr/local
SWIFT   ?= swift
RELEASE := -c release --static-swift-stdlib
EVSIM   := .build/release/evsim
# Debian packages that the build and the tests need: headers, and the outside judges.
PACKAGES := libyaml-dev libsqlite3-dev zlib1g-dev libssl-dev pkg-config
JUDGES   := pngcheck python3-venv man-db tshark can-utils cpio iproute2
SECONDS  ?= 60

.PHONY: help deps judges build run test lint format docs bench install coverage fuzz clean

help:
	@echo "make run       build in release and run the reference scenario"
	@echo "make test      everything that CI runs: unit tests, scenarios, documentation, determinism, outside judges"
	@echo "make build     build .build/release/evsim"
	@echo "make bench     benchmarks with ratios to a C program in the same run"
	@echo "make lint      format and house rules        make format    put the sources into form"
	@echo "make docs      pages and schemas that are made from the tables of the sources"
	@echo "make install   command, plugins, manual pages and completions below PREFIX=$(PREFIX)"
	@echo "make coverage  line coverage of the unit tests    make fuzz SECONDS=600    fuzz YAML, formulas, scenarios, plugins, DBC files and logs"

deps:
	@Tests/install-packages.sh $(PACKAGES)

judges:
	@Tests/install-packages.sh $(JUDGES) || echo "SKIPPED (loud): some outside judges cannot be installed here"

build: deps
	$(SWIFT) build $(RELEASE) --product evsim

run: build
	$(EVSIM) run scenarios/reference/repeated-current-fluctuation.yaml
	@echo "The picture is runs/repeated-current-fluctuation-1/plots/01-charging-current.png"

test: deps judges
	@SWIFT="$(SWIFT)" RELEASE="$(RELEASE)" Tests/run-all.sh

lint:
	@Tests/lint.sh

format:
	swift-format format -i -r Sources Tests Package.swift

docs: deps
	$(SWIFT) build --product evsim
	.build/debug/evsim help --markdown > docs/commands.md
	.build/debug/evsim schema -o docs/schema/evsim-1.schema.json
	.build/debug/evsim schema --for plugin -o docs/schema/evsim-1-plugin.schema.json
	Tests/plugin-pages.sh .build/debug/evsim write
	@for page in $$(grep -l '^<!-- table: ' docs/*.md); do echo $$page; .build/debug/evsim schema --tables $$page || exit 1; done

bench: deps
	$(SWIFT) build $(RELEASE) --product evsim-bench
	.build/release/evsim-bench

install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -s -m 755 $(EVSIM) $(DESTDIR)$(PREFIX)/bin/evsim
	cd plugins && find . -name '*.yaml' -exec install -D -m 644 {} $(DESTDIR)$(PREFIX)/share/evsim/plugins/{} \;
	$(EVSIM) man > $(DESTDIR)$(PREFIX)/share/man/man1/evsim.1
	for command in $$($(EVSIM) __complete -- '' | cut -f 1 | grep -v '^:'); do \
	    $(EVSIM) man $$command > $(DESTDIR)$(PREFIX)/share/man/man1/evsim-$$command.1 || exit 1; done
	$(EVSIM) completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/evsim
	$(EVSIM) completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_evsim
	$(EVSIM) completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/evsim.fish

coverage: deps
	$(SWIFT) test --enable-code-coverage
	@"$$(dirname "$$(readlink -f "$$(command -v $(SWIFT))")")/llvm-cov" report .build/debug/evsimPackageTests.xctest \
	    -instr-profile .build/debug/codecov/default.profdata -ignore-filename-regex 'Tests/|\.build/' | tail -40

fuzz:
	Tests/Fuzz/yaml.sh $(SECONDS)
	Tests/Fuzz/scenario.sh $(SECONDS)
	Tests/Fuzz/dbc.sh $(SECONDS)
	Tests/Fuzz/logs.sh $(SECONDS)

clean:
	rm -rf .build .venv runs
