import * as fs from "node:fs";
import { gitServer, type GitAccess } from "./git";
import { serve, staticFiles, type Listen } from "./http";
import { registry } from "./registry";

/** One server of a region service. */
export type ServiceConfig =
    | { readonly kind: "files"; readonly listen: Listen; readonly root: string }
    | {
          readonly kind: "registry";
          readonly listen: Listen;
          readonly blobs: string;
          readonly index: string;
          readonly ownName: string;
      }
    | {
          readonly kind: "git";
          readonly listen: { readonly address: string; readonly port: number };
          readonly hostKeyFile: string;
          readonly root: string;
          readonly access: GitAccess;
      };

async function start(config: ServiceConfig): Promise<void> {
    switch (config.kind) {
        case "files":
            await serve(config.listen, staticFiles(config.root));
            return;
        case "registry":
            await serve(config.listen, registry(config.blobs, config.index, config.ownName));
            return;
        case "git":
            await gitServer(config.listen, fs.readFileSync(config.hostKeyFile, "utf8"), config.root, config.access);
    }
}

/** Runs the servers of one configuration file until it is ended by a signal. */
async function main(file: string): Promise<void> {
    await Promise.all((JSON.parse(fs.readFileSync(file, "utf8")) as ServiceConfig[]).map(start));
}

main(process.argv[2] ?? "").catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
