import * as path from "node:path";
import * as defaults from "../defaults";
import { Draft, fieldOr, sectionOf } from "../draft";
import { lockedKubernetes, LockError, readLock } from "../lock-file";
import { RegionInput } from "../schema/region";
import { Problem } from "../types";

type Region = Draft<RegionInput>;

function wantedVersion(region: Region): string | undefined {
    return fieldOr(sectionOf(region, "kubernetes"), "version", defaults.kubernetes.version);
}

export function supportedVersion(region: Region): Problem[] {
    const version = wantedVersion(region);
    return version === undefined || version.startsWith(`${defaults.supportedMinor}.`)
        ? []
        : [
              {
                  path: "fjord:kubernetes.version",
                  message: `${version} is not of minor version ${defaults.supportedMinor}, the one that configuration, add-ons and tests are made for; there is no path to another minor yet`,
                  fix: `write ${defaults.supportedMinor}.<patch>, such as ${defaults.kubernetes.version}`,
              },
          ];
}

/** The lock is there, complete, and of the wanted version. `directory` is the project's. */
export function lockFits(region: Region, directory: string): Problem[] {
    const file = fieldOr(region, "lock", defaults.lock);
    if (file === undefined) {
        return [];
    }
    try {
        const lock = readLock(path.resolve(directory, file));
        const locked = lockedKubernetes(lock);
        const wanted = wantedVersion(region);
        const packages = (["kubelet", "kubeadm", "kubectl"] as const).filter(
            (name) => !lock.packages[name].startsWith(`${locked}-`),
        );
        return [
            ...(wanted === undefined || wanted === locked
                ? []
                : [
                      {
                          path: "fjord:kubernetes.version",
                          message: `${wanted} is wanted, ${file} pins ${locked}`,
                          fix: `write ${locked}, or run \`npm run lock -- --kubernetes ${wanted}\``,
                      },
                  ]),
            ...packages.map((name) => ({
                path: "fjord:lock",
                message: `${file} pins ${name} ${lock.packages[name]} beside Kubernetes ${locked}`,
                fix: "run `npm run lock`; packages and images are of one version",
            })),
        ];
    } catch (error) {
        if (error instanceof LockError) {
            return [
                {
                    path: "fjord:lock",
                    message: `${file}: ${error.reasons.join("; ")}`,
                    fix: "run `npm run lock` where the registries can be reached",
                },
            ];
        }
        throw error;
    }
}

/** The API's name is no machine's name: a node would resolve its own load balancer instead of that machine. */
export function apiName(region: Region): Problem[] {
    const name = region.kubernetes?.apiName;
    const taken = region.machines?.some(
        (machine) => machine?.name !== undefined && `${machine.name}.${region.domain}` === name,
    );
    return name !== undefined && taken
        ? [
              {
                  path: "fjord:kubernetes.apiName",
                  message: `"${name}" is the name of a machine`,
                  fix: `choose a name that nothing has, such as api.${region.domain}`,
              },
          ]
        : [];
}
