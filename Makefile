# The targets of README.md. Each installs what it needs (Debian packages) and works from a fresh clone.

.PHONY: demo test publish install bench fmt clean

PREFIX ?= /usr/local

demo: ; @scripts/demo.sh

test: ; @scripts/test.sh

publish:
	@scripts/install-dependencies.sh build
	@scripts/publish.sh

install: publish
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin out/bin/berthd out/bin/berth out/bin/berth-runtime
	install -D -m 644 -t $(DESTDIR)/etc/systemd/system deploy/systemd/berthd.service deploy/systemd/berth.socket

bench: ; @bench/run.sh

fmt: ; dotnet format whitespace --folder src && dotnet format whitespace --folder tests

clean: ; rm -rf out src/*/obj src/*/bin tests/*/obj tests/*/bin
