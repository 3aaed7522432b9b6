import { auditPolicy, encryptionConfiguration } from "./apiserver-files";
import { toYaml } from "./kubeadm";
import { paths } from "./paths";

/** A file that must lie on a node. */
export interface NodeFile {
    readonly path: string;
    /** `0600` */
    readonly mode: string;
    readonly content: string;
}

/** What the API server reads and kubeadm does not write. */
export function apiServerFiles(encryptionKey: string): NodeFile[] {
    return [
        { path: paths.encryption, mode: "0600", content: toYaml([encryptionConfiguration(encryptionKey)]) },
        { path: paths.auditPolicy, mode: "0600", content: toYaml([auditPolicy()]) },
    ];
}

/** Files as the parallel lists that a script takes. */
export function fileParams(files: readonly NodeFile[]): {
    FILE_PATHS: string[];
    FILE_MODES: string[];
    FILE_CONTENTS: string[];
} {
    return {
        FILE_PATHS: files.map(({ path }) => path),
        FILE_MODES: files.map(({ mode }) => mode),
        FILE_CONTENTS: files.map(({ content }) => content),
    };
}
