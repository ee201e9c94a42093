"""docker, k3d, kubectl and istioctl in one script, which does as its name says and records how it was called.

It keeps a small world in PRETEND/world.json (a cluster, its nodes, namespaces, Deployments), so that what one command
makes the next one finds. PRETEND/failures.json is a list of [words in the command line, status, output, how often];
the first that fits fails that command. Every call is a line in PRETEND/calls.jsonl.
"""

import fcntl
import json
import os
import sys
from pathlib import Path

HOME = Path(os.environ["PRETEND"])
TOOL, ARGS = Path(sys.argv[0]).name, sys.argv[1:]
APP = ["productpage-v1", "details-v1", "reviews-v1", "reviews-v2", "reviews-v3", "ratings-v1", "client"]


def main() -> None:
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stdin = "" if sys.stdin.isatty() else sys.stdin.read()
        with (HOME / "calls.jsonl").open("a") as calls:
            calls.write(json.dumps({"tool": TOOL, "args": ARGS, "stdin": stdin}) + "\n")
        fail_if_told_to()
        world = json.loads((HOME / "world.json").read_text())
        answer = globals()[TOOL](world, stdin)
        (HOME / "world.json").write_text(json.dumps(world))
    if answer is not None:
        print(answer if isinstance(answer, str) else json.dumps(answer))


def fail_if_told_to() -> None:
    failures = json.loads((HOME / "failures.json").read_text())
    for failure in failures:
        words, status, output, times = failure
        if times and words in " ".join([TOOL, *ARGS]):
            failure[3] -= 1
            (HOME / "failures.json").write_text(json.dumps(failures))
            print(output, file=sys.stderr)
            sys.exit(status)


def docker(world, stdin):
    if ARGS[0] == "version":
        return world["versions"]["docker"]
    if ARGS[0] in ("network", "volume"):
        return docker_leftovers(world)
    cluster = world["cluster"]
    wanted = [word.split("=", 1) for word in ARGS if word.startswith(("label=", "status="))]
    labels = {"k3d.cluster": cluster.get("name"), "k3d.role": "server", **cluster.get("labels", {})}
    fits = bool(cluster) and all(
        labels.get(value.split("=")[0]) == value.split("=")[1] if kind == "label" else cluster["running"]
        for kind, value in wanted
    )
    return "c0ffee" if fits else ""


def docker_leftovers(world):
    kind, verb, left = ARGS[0], ARGS[1], world.setdefault("left", {})
    if verb == "rm":
        assert left.pop(kind) == ARGS[2]
        return ARGS[2]
    assert any(left.get(kind, "k3d-k3s-default") in word or "k3s-default" in word for word in ARGS)
    return left.get(kind, "")


def k3d(world, stdin):
    if ARGS[0] == "version":
        return f"k3d version {world['versions']['k3d']}\nk3s version v1.33.4-k3s1 (default)"
    verb = " ".join(ARGS[:2])
    if verb == "cluster create":
        name = ARGS[2] if not ARGS[2].startswith("-") else "k3s-default"
        key, _, value = ARGS[ARGS.index("--runtime-label") + 1].partition("@")[0].partition("=")
        world["cluster"] = {"name": name, "running": True, "labels": {key: value}}
        agents = [f"k3d-{name}-agent-{i}" for i in range(int(ARGS[ARGS.index("--agents") + 1]))]
        world["nodes"] = {node: {} for node in [f"k3d-{name}-server-0", *agents]}
        world["namespaces"] = {"default": {}, "kube-system": {}}
        write_context(name)
    elif verb == "cluster start":
        world["cluster"]["running"] = True
    elif verb == "cluster delete":
        world.update(cluster={}, nodes={}, namespaces={}, deployments={}, gateway=False, scrape="15s")
    elif verb == "kubeconfig merge":
        write_context(ARGS[2])
    return f"INFO {verb} done"


def write_context(name):
    path = Path(os.environ["KUBECONFIG"])
    config = json.loads(path.read_text()) if path.exists() else {"clusters": [], "users": [], "contexts": []}
    context = f"k3d-{name}"
    real = HOME / "cluster.json"  # {"cluster", "user"} of an API server that a test runs
    known = (
        json.loads(real.read_text())
        if real.exists()
        else {"cluster": {"server": "https://127.0.0.1:1"}, "user": {"token": "t"}}
    )
    config["clusters"].append({"name": context, "cluster": known["cluster"]})
    config["users"].append({"name": context, "user": known["user"]})
    config["contexts"].append({"name": context, "context": {"cluster": context, "user": context}})
    path.write_text(json.dumps(config))


def istioctl(world, stdin):
    if ARGS[0] == "version":
        client = {"clientVersion": {"version": world["versions"]["istioctl"]}}
        if "--remote=false" in ARGS or "istiod" not in world["deployments"].get("istio-system", []):
            return client
        return {**client, "meshVersion": [{"Component": "pilot", "Info": {"version": world["installed"]}}]}
    if ARGS[0] == "install":
        world["istio"] = Path(ARGS[ARGS.index("-f") + 1]).read_text()
        others = [d for d in world["deployments"].get("istio-system", []) if not d.startswith("istio")]
        world["deployments"]["istio-system"] = ["istiod", "istio-ingressgateway", *others]
        world["installed"] = world["versions"]["istioctl"]
        world["namespaces"]["istio-system"] = {}
    return "✔ Istio core installed\n✔ Istiod installed\n✔ Ingress gateways installed"


def kubectl(world, stdin):
    if "version" in ARGS[:1]:
        return {"clientVersion": {"gitVersion": world["versions"]["kubectl"]}}
    if ARGS[:2] == ["config", "use-context"]:
        path = Path(os.environ["KUBECONFIG"])
        path.write_text(json.dumps({**json.loads(path.read_text()), "current-context": ARGS[2]}))
        return None
    assert ARGS[0] == "--context", "kubectl without a context would go wherever the user's own points"
    return globals()[f"kubectl_{ARGS[2]}"](world, ARGS[3:], stdin)


def kubectl_get(world, words, stdin):
    kind, namespace = words[0].split(".")[0], words[words.index("-n") + 1] if "-n" in words else ""
    if kind == "configmap":
        if "prometheus" not in world["deployments"].get("istio-system", []):
            not_found()
        text = f"global:\n  scrape_interval: {world['scrape']}\n  scrape_timeout: 10s\n"
        return {"kind": "ConfigMap", "metadata": {"name": "prometheus"}, "data": {"prometheus.yml": text}}
    if kind == "service":
        return {"spec": {"ports": [{"nodePort": 30000}] if "nodePort: 30000" in world["istio"] else []}}
    if kind == "gateways":
        return items("Gateway", {"bookinfo-gateway": {}} if world["gateway"] else {})
    if kind == "nodes":
        return items("Node", world["nodes"])
    if kind == "namespaces":
        return items("Namespace", world["namespaces"])
    if kind == "deployments":
        return {"items": [deployment(world, name) for name in world["deployments"].get(namespace, [])]}
    return {"items": [pod(world, name) for name in world["deployments"].get(namespace, [])]}


def kubectl_label(world, words, stdin):
    kind = "nodes" if words[0] == "node" else "namespaces"
    if words[1] not in world[kind]:
        not_found()
    world[kind][words[1]] |= dict(word.split("=") for word in words[2:] if "=" in word)


def kubectl_create(world, words, stdin):
    world["namespaces"][words[1]] = {}


def kubectl_apply(world, words, stdin):
    if stdin:
        world["scrape"] = (
            "1s" if "scrape_interval: 1s" in stdin and "scrape_timeout: 1s" in stdin else "broken"
        )
        return "configmap/prometheus configured"
    files = [Path(words[i + 1]) for i, word in enumerate(words) if word == "-f"]
    for file in files:
        if file.name == "gateway":
            world["gateway"] = True
        elif file.name == "bookinfo":
            world["deployments"][words[words.index("-n") + 1]] = APP
        else:
            there = world["deployments"]["istio-system"]
            there += [file.stem] * (file.stem not in there)
    return "applied"


def items(kind, named):
    return {
        "items": [
            {"kind": kind, "metadata": {"name": name, "labels": labels}} for name, labels in named.items()
        ]
    }


def deployment(world, name):
    wanted = 0 if name in world["stuck"] else 1
    return {
        "metadata": {"name": name, "generation": 1},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "availableReplicas": wanted},
    }


def pod(world, name):
    reason = world["stuck"].get(name)
    waiting = {"state": {"waiting": {"reason": reason[0], "message": reason[1]}}} if reason else {}
    return {
        "metadata": {"name": f"{name}-5d-x", "namespace": "default"},
        "spec": {"containers": [{"name": "app"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", **waiting}]},
    }


def not_found():
    print('Error from server (NotFound): "it" not found', file=sys.stderr)
    sys.exit(1)


main()
