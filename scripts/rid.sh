#!/bin/sh
# The .NET runtime identifier of this machine.
case $(uname -m) in
  x86_64) echo linux-x64 ;;
  aarch64) echo linux-arm64 ;;
  *) echo "no native build for $(uname -m)" >&2; exit 1 ;;
esac
