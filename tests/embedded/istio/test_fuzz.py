"""Random objects against real Envoys: never a traceback, never a NACK of what validation let through.

`MESHTUTOR_FUZZ=5000` in the environment tries that many (default 300), `MESHTUTOR_FUZZ_SEED` others than by default.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from meshtutor.embedded.apiserver.schema.checking import check as check_shape
from meshtutor.embedded.apiserver.schema.reading import Reader
from meshtutor.embedded.crds import crd
from meshtutor.embedded.istio.hosts import LOOKED_UP
from meshtutor.embedded.istio.validation import kinds as validation
from meshtutor.embedded.istio.validation import names, unsupported
from meshtutor.kube import kinds

from .cases import machines
from .support import objects as make
from .support.mesh import Mesh, running
from .support.mutation import mutant
from .test_cases import CASES, rules_of, services, world

Object = dict[str, Any]
SELECTING = "".join(
    "---\n" + machines.selecting(how=how).replace("api", f"{how.lower()}-api") for how in ("STATIC", "DNS")
)
"""Two ServiceEntries that pick whatever WorkloadEntry comes along."""
TRIED = int(os.environ.get("MESHTUTOR_FUZZ", "300"))
SEED = int(os.environ.get("MESHTUTOR_FUZZ_SEED", "1"))
SCHEMAS = {kind.kind: crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for kind in kinds.ISTIO}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    async with running(tmp_path_factory.mktemp("fuzz")) as mesh:
        pods = {version: await mesh.pod("reviews", version) for version in ("v1", "v2", "v3")}
        pods["v9"] = await mesh.pod("reviews", "v9", namespace="other")
        pods["ratings"] = await mesh.pod("ratings")
        pods["client"] = await mesh.pod("client")
        gateway = await mesh.pod(
            "istio-ingressgateway", namespace="istio-system", router=True, istio="ingressgateway"
        )
        pods["gateway"] = gateway
        await mesh.apply(*services(pods))
        await mesh.until_ready(*pods.values())
        yield mesh


@pytest.mark.timeout(1800)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_validation_lets_through_no_envoy_refuses(mesh: Mesh, caplog: pytest.LogCaptureFixture):
    rng, tally, refused = random.Random(SEED), Counter(), []
    seeds: dict[str, list[Object]] = {}
    for obj in (
        one for case in CASES for one in rules_of(case, world()[1]) if kinds.kind_of(one, kinds.ISTIO)
    ):
        seeds.setdefault(obj["kind"], []).append(obj)
    standard = make.parse(yaml.safe_dump_all(rules_of(CASES[0], {})[:2]) + SELECTING)
    await mesh.apply(*standard)
    while sum(tally.values()) < TRIED:
        found = [_at_home(one) for one in _mutants(seeds, rng)]
        sound = [kept for one in found if (kept := let_through(one))]
        tally["refused by validation"] += len(found) - len(sound)
        tally.update(one["kind"] for one in sound)
        if not sound:
            continue
        nacks = await _tried(mesh, sound, standard)
        nacks += [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
        caplog.clear()
        if nacks:
            refused.append(f"{nacks[0]}\n{yaml.safe_dump_all(sound)}")
    print(dict(tally))
    Path(os.environ.get("MESHTUTOR_FUZZ_OUT", os.devnull)).write_text("\n=====\n".join(refused))
    assert not refused, "\n\n".join(refused[:5]) + f"\n\n{len(refused)} in all"


def let_through(found: Object) -> Object | None:
    """The object as the API server would keep it, or None if it refused it."""
    schema = SCHEMAS[found["kind"]]
    kept = {**found, **Reader(defaults=False, custom=True).read(found, schema)}
    if check_shape(kept, schema):
        return None
    problems = [*validation.check(kept), *unsupported.check(kept)]
    return None if any(problem.severity == "error" for problem in problems) else kept


def _at_home(found: Object) -> Object:
    """The object with no name in it that a proxy would look up outside of this machine."""
    spec = found.get("spec") or {}
    for one in (*(spec.get("endpoints") or ()), spec):
        if isinstance(one, dict) and not names.fqdn(str(one.get("address") or "")) and "address" in one:
            one["address"] = one["address"] if names.is_address(str(one["address"])) else "localhost"
    if spec.get("resolution") in LOOKED_UP and not spec.get("endpoints") and "workloadSelector" not in spec:
        spec["hosts"] = ["localhost" for host in spec.get("hosts") or ()]
    return found


def _mutants(seeds: dict[str, list[Object]], rng: random.Random) -> list[Object]:
    """One object, or several that have to live with one another."""
    count = 1 if rng.random() < 0.7 else 4
    found = [mutant(rng.choice(seeds[rng.choice(sorted(seeds))]), rng) for _ in range(count)]
    for number, one in enumerate(found if count > 1 else ()):
        one["metadata"] = {**one["metadata"], "name": f"mutant-{number}"}
    return found


async def _tried(mesh: Mesh, found: list[Object], standard: list[Object]) -> list[str]:
    """What the proxies say against objects; afterwards the mesh is as before."""
    report = await mesh.apply(*found)
    nacks = [proxy["error"] for proxy in report["proxies"] if proxy["state"] != "ACK"]
    for one in found:
        same = [rule for rule in standard if _key(rule) == _key(one)]
        await (mesh.apply(*same) if same else mesh.delete(one))
    return nacks


def _key(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace", "default"), obj["metadata"]["name"]
