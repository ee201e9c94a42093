"""Write the application into the ConfigMaps that carry it: run this after a change in bookinfo/app/.

    python manifests/generate.py            write
    python manifests/generate.py --check    only say what would change, and exit with 1 if anything would

The program in bookinfo/app/ is the one source. `kubectl apply -f manifests/bookinfo/` must work on any cluster, so
the YAML has to contain it; and a ConfigMap belongs to one namespace, so the pod outside the mesh has its own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
SOURCE: Final = HERE / "bookinfo" / "app"
MARK: Final = "# Below: made by manifests/generate.py from manifests/bookinfo/app/; edit it there."
CARRIERS: Final = {
    "bookinfo/app-configmap.yaml": "",
    "02_inject_sidecars/outsider.yaml": "outside",
    "13_reach_outside/partner.yaml": "partner",
}


def config_map(namespace: str) -> str:
    """The ConfigMap as YAML, each file as a literal block."""
    place = f"\n  namespace: {namespace}" if namespace else ""
    files = sorted(file for file in SOURCE.iterdir() if file.suffix in (".py", ".html"))
    data = "".join(f"  {file.name}: |\n{_indented(file.read_text(encoding='utf-8'))}" for file in files)
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bookinfo-app{place}\ndata:\n{data}"


def generated(text: str, namespace: str) -> str:
    """A carrier's text with everything below the mark made anew."""
    above, mark, _ = text.partition(MARK)
    if not mark:
        raise SystemExit(f"expected the line {MARK!r}")
    return f"{above}{MARK}\n{config_map(namespace)}"


def main(arguments: list[str]) -> int:
    """Write, or check, every carrier."""
    stale = False
    for name, namespace in CARRIERS.items():
        carrier = HERE / name
        before = carrier.read_text(encoding="utf-8")
        after = generated(before, namespace)
        if after == before:
            continue
        stale = True
        if "--check" not in arguments:
            carrier.write_text(after, encoding="utf-8")
        sys.stdout.write(f"{'stale' if '--check' in arguments else 'written'}: {carrier}\n")
    return int(stale and "--check" in arguments)


def _indented(text: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in text.splitlines(keepends=True))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
