import { Path } from "../core/opaque";
import { containersOf, Pods } from "../core/pods";
import { fieldsOf, isFields, listOf, textOf } from "../values";

/** An image as a manifest names it, taken apart. */
export interface ImageReference {
    /** `docker.io` where the name has none. */
    readonly registry: string;
    /** With registry, without tag and digest. */
    readonly name: string;
    readonly tag?: string;
    readonly digest?: string;
}

/** `registry:5000/name:tag@sha256:...`, as containerd reads it. */
export function parseImage(reference: string): ImageReference {
    const [rest = "", digest] = reference.split("@", 2);
    const [, bare = rest, tag] = /^(.*?)(?::([\w.-]+))?$/s.exec(rest.replace(/^.*\//, "")) ?? [];
    const folder = rest.slice(0, rest.length - rest.replace(/^.*\//, "").length);
    const first = folder.split("/")[0] ?? "";
    const hasRegistry = first !== "" && (/[.:]/.test(first) || first === "localhost");
    return {
        registry: hasRegistry ? first.toLowerCase() : "docker.io",
        name: hasRegistry ? `${folder}${bare}` : `docker.io/${folder}${bare}`,
        ...(tag !== undefined && { tag }),
        ...(digest !== undefined && { digest }),
    };
}

export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text);

/** An image that a pod uses: of a container, or of a volume that is one. */
export interface UsedImage {
    readonly at: Path;
    readonly image: string;
}

export function imagesOf(pod: Pods): readonly UsedImage[] {
    const containers = containersOf(pod).map(({ at, spec }) => ({ at: [...at, "image"], image: textOf(spec.image) ?? "" }));
    const volumes = listOf(pod.spec.volumes).flatMap((volume, index) => {
        const { image } = fieldsOf(volume);
        return isFields(image)
            ? [{ at: [...pod.at, "volumes", index, "image", "reference"], image: textOf(image["reference"]) ?? "" }]
            : [];
    });
    return [...containers, ...volumes];
}
