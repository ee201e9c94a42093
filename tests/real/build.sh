#!/usr/bin/env bash
# Builds the real tools that tests/real run against, from the modules pinned in tests/real/tools/*/go.mod, into a cache.
# What is in the cache already, of the same pins, is not built again. Prints the folder with the programs as its last line.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cache="${MESHTUTOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/meshtutor}/real"

command -v go >/dev/null || { echo "Go is not on PATH. Next: https://go.dev/doc/install, then make real" >&2; exit 1; }

build() { # module folder, program, package, linker flags
  local pins bin began
  pins="$(sha256sum "$here/tools/$1/go.mod" "$here/tools/$1/go.sum" | sha256sum | cut -c1-12)"
  bin="$cache/built/$1-$pins/$2"
  mkdir -p "$cache/bin" "$(dirname "$bin")"
  if [ ! -x "$bin" ]; then
    began=$SECONDS
    echo "· building $2 (pinned in tests/real/tools/$1/go.mod) ..." >&2
    (cd "$here/tools/$1" && go build -mod=readonly -ldflags "-s -w $4" -o "$bin.new" "$3") >&2
    mv "$bin.new" "$bin"
    echo "  built in $((SECONDS - began)) s" >&2
  fi
  ln -sf "$bin" "$cache/bin/$2"
}

version() { awk -v module="$2" '$1 == module || $2 == module {print ($1 == module) ? $2 : $3; exit}' "$here/tools/$1/go.mod"; }

kubernetes="$(version kubernetes k8s.io/kubernetes)"
minor="$(cut -d. -f2 <<<"$kubernetes")"
component=k8s.io/component-base/version
reported="-X $component.gitVersion=$kubernetes -X $component.gitMajor=1 -X $component.gitMinor=$minor"
echo "· the real tools: etcd comes from your system; kube-apiserver, kubectl, istiod, istioctl and k3d are built here." >&2
echo "  The first time takes 15 to 25 minutes on two cores and 4 GB of disk; afterwards a second." >&2
build kubernetes kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$reported"
build kubernetes kubectl k8s.io/kubernetes/cmd/kubectl "$reported"
build istio istioctl istio.io/istio/istioctl/cmd/istioctl ""
build istio pilot-discovery istio.io/istio/pilot/cmd/pilot-discovery ""
build k3d k3d github.com/k3d-io/k3d/v5 "-X github.com/k3d-io/k3d/v5/version.Version=$(version k3d github.com/k3d-io/k3d/v5)"
command -v etcd >/dev/null || echo "  etcd is not on PATH. Next, on Debian or Ubuntu: sudo apt install etcd-server" >&2
echo "$cache/bin"
