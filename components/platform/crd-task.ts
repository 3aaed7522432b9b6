import { LockedFile } from "../../infra/config/lock";
import { ControlPlane } from "./kubectl";
import { KubernetesObject } from "./manifest";

/** What `apply-crds.ts` is told, in the environment variable `FJORD_CRDS`; the private key comes on its stdin. */
export interface CrdTask {
    /** Tried in this order until one answers. */
    readonly controlPlanes: readonly ControlPlane[];
    /** Manifests whose CRDs are applied; other objects in them are not touched. */
    readonly manifests: readonly LockedFile[];
    /** Base URL of the region's file mirror. */
    readonly mirror?: string;
    /** PEM of the CA of that mirror. */
    readonly ca?: string;
}

/**
 * The CustomResourceDefinitions of some manifests.
 * @throws if there is none: the lock then names the wrong files.
 */
export function selectCrds(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
    const crds = objects.filter(({ kind }) => kind === "CustomResourceDefinition");
    if (crds.length === 0) {
        throw new Error("the manifests hold no CustomResourceDefinition: check the files that the lock names");
    }
    return crds;
}
