import { ImageMirror } from "../../infra/config/types";
import { LockedImage } from "../../infra/config/lock";

/** Folder of the registries' hosts.toml files. */
export const certsDir = "/etc/containerd/certs.d";

/** What containerd's configuration depends on. */
export interface ContainerdSettings {
    /** Package version, e.g. `2.3.7-1~debian.12~bookworm`. */
    readonly version: string;
    readonly cgroupDriver: "systemd" | "cgroupfs";
    readonly restrictOomScoreAdj: boolean;
    readonly pause: LockedImage;
}

/**
 * Version of the configuration's own format: 4 since containerd 2.3, 3 for 2.0 to 2.2 (containerd's RELEASES.md). A
 * newer containerd would migrate an older format at every start.
 * @throws for containerd 1.x, whose configuration has other sections.
 */
export function configVersion(packageVersion: string): 3 | 4 {
    const [, major, minor] = /^(?:\d+:)?(\d+)\.(\d+)\./.exec(packageVersion) ?? [];
    if (major !== "2" || minor === undefined) {
        throw new Error(`containerd.io ${packageVersion} is not supported: lock a 2.x version (npm run lock)`);
    }
    return Number(minor) >= 3 ? 4 : 3;
}

/**
 * A basic string of TOML. JSON's escapes are all TOML's too.
 */
function toml(value: string): string {
    return JSON.stringify(value);
}

/**
 * The pause image by digest, without its tag: containerd protects from image collection what is named exactly as it
 * names it itself, and it drops the tag of a reference that has both.
 */
export function sandboxImage(pause: LockedImage): string {
    return `${pause.name}@${pause.digest}`;
}

/** config.toml. Everything that is not here is containerd's default. */
export function renderContainerdConfig(settings: ContainerdSettings): string {
    return `# Written by fjord; changes are overwritten.
version = ${configVersion(settings.version)}

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = ${toml(sandboxImage(settings.pause))}

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = ${toml(certsDir)}

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = ${settings.restrictOomScoreAdj}

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = ${settings.cgroupDriver === "systemd"}
`;
}

/**
 * Drop-in of containerd's unit. containerd 2 sets no limit of open files, so its containers would inherit systemd's
 * 1024, which is what NGINX would be left with. The hard limit is systemd's own maximum for services.
 */
export function renderContainerdUnit(restrictOomScoreAdj: boolean): string {
    // Lowering the score needs CAP_SYS_RESOURCE, which is missing exactly where restrict_oom_score_adj is set.
    const oom = restrictOomScoreAdj ? "OOMScoreAdjust=0\n" : "";
    return `# Written by fjord; changes are overwritten.
[Service]
LimitNOFILE=65536:524288
${oom}`;
}

/** Where the mirrors' CA lies on a node. */
export const mirrorCaFile = "/etc/fjord/mirror-ca.crt";

/**
 * hosts.toml of one registry. Only the mirror is asked: a region that has one does not fall back to the registry
 * itself, which would be a source that nobody declared. `server` is therefore the mirror as well.
 */
export function renderHosts(mirror: ImageMirror, privateCa: boolean): string {
    const url = toml(mirror.url);
    return `# Written by fjord; changes are overwritten.
server = ${url}

[host.${url}]
  capabilities = ["pull", "resolve"]
${privateCa ? `  ca = ${toml(mirrorCaFile)}\n` : ""}`;
}

/** The files of the mirrors: registry and content, sorted by registry. */
export function registryHosts(
    mirrors: readonly ImageMirror[],
    privateCa: boolean,
): readonly { registry: string; content: string }[] {
    return [...mirrors]
        .sort((a, b) => (a.registry < b.registry ? -1 : 1))
        .map((mirror) => ({ registry: mirror.registry, content: renderHosts(mirror, privateCa) }));
}

/** crictl's configuration: without it every call asks several sockets in turn. */
export const crictlConfig = `# Written by fjord; changes are overwritten.
runtime-endpoint: unix:///run/containerd/containerd.sock
image-endpoint: unix:///run/containerd/containerd.sock
timeout: 30
`;
