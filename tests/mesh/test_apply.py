"""What apply and delete say: per object, per proxy, and when something is refused."""

from __future__ import annotations

import pytest

from meshtutor.errors import ManifestError, MeshtutorError
from meshtutor.mesh import Mesh
from meshtutor.mesh.changes import ApplyError
from meshtutor.providers.base import ProxyAck
from tests.support.kubernetes import refusal

RULE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts:
    - reviews
  http:
    - route:
        - destination:
            host: reviews
"""
SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: reviews
spec:
  host: reviews
"""
BOTH = RULE + "---\n" + SUBSETS


def test_created_then_unchanged_then_configured(mesh):
    assert [c.action for c in mesh.apply(RULE)] == ["created"]
    assert [c.action for c in mesh.apply(RULE)] == ["unchanged"]
    assert [c.action for c in mesh.apply(RULE.replace("- reviews", "- ratings"))] == ["configured"]


def test_it_returns_when_the_newest_object_has_reached_the_proxies(mesh, provider, kubernetes):
    result = mesh.apply(BOTH)
    assert provider.waited_for == [str(kubernetes.revision)]
    assert result
    assert (len(result.acks), result.milliseconds) == (1, 2.5)
    assert "1 proxy acknowledged (ACK) in 2.50 ms" in repr(result)
    assert "client-1.default" in result._repr_html_()


def test_what_is_referred_to_is_applied_first(mesh):
    assert [c.object["kind"] for c in mesh.apply(BOTH)] == ["DestinationRule", "VirtualService"]
    assert [c.object["kind"] for c in mesh.delete(BOTH)] == ["VirtualService", "DestinationRule"]


def test_objects_without_a_namespace_go_to_the_learners(mesh, kubernetes):
    mesh.apply(RULE)
    assert "/apis/networking.istio.io/v1/namespaces/default/virtualservices/reviews" in kubernetes.objects


def test_paths_folders_dicts_and_lists_are_alike(mesh, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(RULE)
    as_dict = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    assert [c.name for c in mesh.apply([tmp_path / "rules", as_dict])] == [
        "ConfigMap default/x", "VirtualService default/reviews",
    ]  # fmt: skip


def test_a_rejection_by_a_proxy_is_shown_in_its_own_words(mesh, provider):
    provider.acks = (
        ProxyAck("reviews-v1-x.default", "NACK", 4.0, ("RDS",), "route: unknown cluster 'nowhere'"),
    )
    result = mesh.apply(RULE)
    assert not result
    assert "1 proxy of 1 rejected it (NACK)" in repr(result)
    assert "reviews-v1-x.default: route: unknown cluster 'nowhere'" in repr(result)
    assert "unknown cluster &#x27;nowhere&#x27;" in result._repr_html_()


def test_a_proxy_that_does_not_answer_is_named(mesh, provider):
    provider.acks = (ProxyAck("slow-1.default", "PENDING", 0.0),)
    result = mesh.apply(RULE)
    assert not result
    assert "not every proxy has acknowledged it: slow-1.default" in repr(result)


def test_warnings_of_the_api_server_are_shown(mesh, kubernetes):
    kubernetes.warn = lambda obj: ['unknown field "spec.htpp"']
    kubernetes.warn = lambda obj: ["weights sum to 90"]
    result = mesh.apply(RULE)
    assert result.warnings == ("VirtualService default/reviews: weights sum to 90",)
    assert "weights sum to 90" in repr(result)
    assert "weights sum to 90" in result._repr_html_()


def test_a_refusal_says_where_and_what_became_of_the_others(mesh, kubernetes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(BOTH)
    no = refusal("spec.http[0].route", "total destination weight 90 != 100")
    kubernetes.refuse = lambda obj: no if obj["kind"] == "VirtualService" else None
    with pytest.raises(ApplyError) as caught:
        mesh.apply("rules.yaml")
    error = caught.value
    assert error.message == (
        "VirtualService default/reviews (rules.yaml:9) was refused: total destination weight 90 != 100"
    )
    assert "of the others: created DestinationRule default/reviews" in error.hint
    assert [c.action for c in error.applied] == ["created", "refused"]


def test_all_refused_nothing_was_changed(mesh, kubernetes, provider):
    kubernetes.refuse = lambda obj: refusal("spec", "no")
    with pytest.raises(ApplyError) as caught:
        mesh.apply(BOTH)
    assert "nothing was changed" in caught.value.hint
    assert "refused VirtualService default/reviews: no" in caught.value.hint
    assert provider.waited_for == []


def test_broken_yaml_names_its_line(mesh):
    with pytest.raises(ManifestError, match="line 2"):
        mesh.apply("kind: A\n  name: b\n")


def test_deleting_what_is_not_there_is_no_error_but_is_told(mesh):
    assert [c.action for c in mesh.delete(RULE)] == ["absent"]
    mesh.apply(RULE)
    assert [c.action for c in mesh.delete("vs", "reviews")] == ["deleted"]


def test_after_a_deletion_it_waits_for_the_stores_revision(mesh, provider, kubernetes):
    mesh.apply(RULE)
    mesh.delete(RULE)
    assert provider.waited_for[-1] == str(kubernetes.revision)


def test_get_knows_kinds_by_every_name(mesh):
    mesh.apply(RULE)
    for name in ("VirtualService", "virtualservices", "vs", "virtualservices.networking.istio.io"):
        assert mesh.get(name, "reviews")["metadata"]["name"] == "reviews"
    assert mesh.get("vs").names == ["reviews"]
    with pytest.raises(MeshtutorError, match="No kind 'VirtualServise'") as caught:
        mesh.get("VirtualServise")
    assert caught.value.hint == "Did you mean VirtualService?"


# --- where other people have objects, too

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
STRICT = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
          "metadata": {"name": "default", "namespace": "istio-system"}, "spec": {}}  # fmt: skip


def test_what_a_lesson_makes_outside_says_whose_it_is_and_can_be_applied_again(mesh, kubernetes):
    mesh.apply([SHOP, STRICT, RULE])
    labels = {"app.kubernetes.io/managed-by": "meshtutor", "meshtutor.lesson-of": "default"}
    for path in ("/api/v1/namespaces/shop",
                 "/apis/security.istio.io/v1/namespaces/istio-system/peerauthentications/default"):  # fmt: skip
        assert kubernetes.objects[path]["metadata"]["labels"] == labels
    own = kubernetes.objects["/apis/networking.istio.io/v1/namespaces/default/virtualservices/reviews"]
    assert "labels" not in own["metadata"]
    assert [c.action for c in mesh.apply([SHOP, STRICT])] == ["unchanged", "unchanged"]
    assert [c.action for c in mesh.delete([SHOP, STRICT])] == ["deleted", "deleted"]


@pytest.mark.parametrize("theirs", [SHOP, STRICT], ids=["Namespace", "PeerAuthentication"])
def test_what_somebody_else_has_made_is_neither_changed_nor_deleted(mesh, kubernetes, theirs):
    kubernetes.put(theirs)
    before = dict(kubernetes.objects)
    for verb in (mesh.apply, mesh.delete):
        with pytest.raises(
            ApplyError, match="exists, and no lesson of yours made it; it was not touched"
        ) as caught:
            verb(theirs)
        assert "another name" in caught.value.hint
    assert kubernetes.objects == before


def test_two_learners_do_not_take_each_others_objects(mesh, provider, kubernetes):
    mesh.apply(SHOP)
    with Mesh(provider, "student-07") as other:
        with pytest.raises(ApplyError, match="Namespace shop exists, and the lessons of default made it"):
            other.apply(SHOP)
        with pytest.raises(ApplyError, match="the lessons of default made it"):
            other.delete(SHOP)
    assert "/api/v1/namespaces/shop" in kubernetes.objects


def test_what_lies_in_a_namespace_of_ones_own_lesson_is_ones_own(mesh, kubernetes):
    mesh.apply(SHOP)
    inside = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": "shop"},
    }
    kubernetes.put(inside)  # the cluster makes one in each namespace
    assert [c.action for c in mesh.apply({**inside, "automountServiceAccountToken": False})] == ["configured"]


def test_the_own_namespace_is_nothing_outside(mesh, kubernetes):
    own = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "default"},
        "spec": {"finalizers": []},
    }
    assert [c.action for c in mesh.apply(own)] == ["configured"]


def test_the_names_beside_a_learner_are_theirs_in_a_cluster_that_others_use(provider, kubernetes):
    outside = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "outside"}}
    with Mesh(provider, "student-07") as one, Mesh(provider, "student-08") as other:
        assert [c.name for c in one.apply(outside)] == ["Namespace student-07-outside"]
        assert [c.name for c in other.apply(outside)] == ["Namespace student-08-outside"]
        assert one.own_name("outside") == "student-07-outside"
        assert [c.action for c in one.delete(outside)] == ["deleted"]
    assert "/api/v1/namespaces/student-08-outside" in kubernetes.objects
