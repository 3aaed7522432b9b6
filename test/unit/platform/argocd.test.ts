import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { imageReference } from "../../../infra/config/lock";
import { seconds } from "../../../infra/config/types";
import { argocdObjects } from "../../../components/platform/argocd";
import { KubernetesObject, objectKey, parseManifest } from "../../../components/platform/manifest";
import { installManifest } from "../../fixtures/platform/manifest";
import { lock, platform } from "../../fixtures/platform/region";
import { containersOf } from "../../fixtures/platform/pods";

const upstream = parseManifest(installManifest, "install.yaml");
const objects = argocdObjects(upstream, platform, lock);

function byKey(key: string): KubernetesObject {
    const found = objects.find((object) => objectKey(object) === key);
    assert.ok(found, `no ${key}`);
    return found;
}

function data(name: string): Record<string, string> {
    return byKey(`ConfigMap/${name}`)["data"] as Record<string, string>;
}

describe("Argo CD's objects", () => {
    it("leave out dex, notifications, Redis's own password and CRDs, and nothing else", () => {
        const kept = new Set(objects.map(objectKey));
        const lost = upstream.map(objectKey).filter((key) => !kept.has(key));
        assert.deepEqual(lost, [
            "CustomResourceDefinition/applications.argoproj.io",
            "ServiceAccount/argocd-dex-server",
            "Role/argocd-redis",
            "RoleBinding/argocd-redis",
            "ConfigMap/argocd-notifications-cm",
            "Deployment/argocd-dex-server",
            "Deployment/argocd-notifications-controller",
        ]);
    });

    it("have images by digest from the lock, pulled once", () => {
        const allowed = [imageReference(lock.images.argocd), imageReference(lock.images.redis)];
        const containers = containersOf(objects);
        assert.deepEqual(
            containers.map(({ name }) => name),
            ["redis", "argocd-repo-server", "copyutil", "argocd-server", "argocd-application-controller"],
        );
        for (const container of containers) {
            assert.ok(allowed.includes(container.image), `${container.name}: ${container.image}`);
            assert.match(container.image, /@sha256:[0-9a-f]{64}$/);
            assert.equal(container.imagePullPolicy, "IfNotPresent");
        }
    });

    it("give Redis its password in its input, where no list of processes shows it", () => {
        const redis = containersOf(objects).find(({ name }) => name === "redis") as { readonly args?: unknown; readonly command?: readonly string[] } | undefined;
        assert.equal(redis?.args, undefined);
        assert.deepEqual(redis?.command?.slice(0, 2), ["sh", "-c"]);
        assert.match(redis?.command?.[2] ?? "", /^exec redis-server - <<SETTINGS\n[^]*^requirepass "\$REDIS_PASSWORD"\nSETTINGS\n$/m);
    });

    it("have requests and a memory limit on every container, and GOMEMLIMIT below it on Go programs", () => {
        for (const { name, resources, env } of containersOf(objects)) {
            assert.match(resources?.requests?.["cpu"] ?? "", /^\d+m$/, name);
            assert.match(resources?.requests?.["memory"] ?? "", /^\d+Mi$/, name);
            const limit = parseInt(resources?.limits?.["memory"] ?? "", 10);
            const goLimit = env?.find((variable) => variable.name === "GOMEMLIMIT")?.value;
            assert.equal(goLimit, name === "redis" ? undefined : `${Math.floor(limit * 0.85)}MiB`, name);
        }
        const repoServer = containersOf(objects).find(({ name }) => name === "argocd-repo-server");
        assert.equal(repoServer?.env?.[0]?.name, "KEPT");
    });

    it("run once each, in the namespace argocd", () => {
        for (const key of ["Deployment/argocd-server", "StatefulSet/argocd-application-controller"]) {
            assert.equal((byKey(key)["spec"] as { replicas: number }).replicas, 1);
        }
        for (const object of objects) {
            const expected = object.kind === "ClusterRole" ? undefined : "argocd";
            assert.equal(object.metadata.namespace, expected, objectKey(object));
        }
    });

    it("know the stack's Git hosts and no other", () => {
        assert.deepEqual(data("argocd-ssh-known-hosts-cm"), {
            ssh_known_hosts: "gitlab.com ssh-ed25519 AAAAgitlab\ngitlab.com ecdsa-sha2-nistp256 AAAAother\n",
        });
    });

    it("have no local account, and look at Git as often as the stack says", () => {
        assert.deepEqual(data("argocd-cm"), {
            "resource.exclusions": "kept",
            "admin.enabled": "false",
            "exec.enabled": "false",
            "timeout.reconciliation": "120s",
            "timeout.reconciliation.jitter": "60s",
        });
        const often = argocdObjects(upstream, { ...platform, reconciliation: seconds(15) }, lock);
        const config = often.find((object) => objectKey(object) === "ConfigMap/argocd-cm")?.["data"];
        assert.equal((config as Record<string, string>)["timeout.reconciliation.jitter"], "7s");
        assert.equal(data("argocd-rbac-cm")["policy.default"], "");
    });

    it("refuse an image that the platform does not know", () => {
        const text = installManifest.replaceAll("public.ecr.aws/docker/library/redis:8.2.3-alpine", "docker.io/valkey:9");
        assert.throws(
            () => argocdObjects(parseManifest(text, "x"), platform, lock),
            /image "docker\.io\/valkey:9", which the platform does not know/,
        );
    });

    it("refuse a container without figures", () => {
        const text = installManifest.replaceAll("name: copyutil", "name: newcomer");
        assert.throws(() => argocdObjects(parseManifest(text, "x"), platform, lock), /container "newcomer" without resource/);
    });

    it("refuse a manifest without a ConfigMap that the stack sets", () => {
        const some = upstream.filter((object) => objectKey(object) !== "ConfigMap/argocd-rbac-cm");
        assert.throws(() => argocdObjects(some, platform, lock), /has no ConfigMap argocd-rbac-cm/);
    });
});
