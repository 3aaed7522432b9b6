"use strict";

const fs = require("node:fs");
const path = require("node:path");

/**
 * The provider packages that a program can use: those of the node_modules folders that it can import from whose
 * package.json says that they belong to a provider.
 *
 * @param {string} programDirectory
 * @returns {{ name: string, version: string, server: string }[]} plugin names, versions with a leading `v`, and where
 *     to download the plugin from if not from the default place
 */
function requiredPackages(programDirectory) {
    const found = new Map();
    for (const folder of ancestors(programDirectory)) {
        for (const file of manifests(path.join(folder, "node_modules"))) {
            const provider = providerOf(JSON.parse(fs.readFileSync(file, "utf8")));
            if (provider !== undefined && !found.has(provider.name)) {
                found.set(provider.name, provider);
            }
        }
    }
    return [...found.values()];
}

function ancestors(folder) {
    const parent = path.dirname(folder);
    return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

function manifests(modules) {
    return list(modules)
        .flatMap((name) =>
            name.startsWith("@") ? list(path.join(modules, name)).map((sub) => `${name}/${sub}`) : [name],
        )
        .map((name) => path.join(modules, name, "package.json"))
        .filter((file) => fs.existsSync(file));
}

function list(folder) {
    try {
        return fs.readdirSync(folder);
    } catch {
        return [];
    }
}

function providerOf({ name = "", version = "", pulumi = {} }) {
    if (pulumi.resource !== true) {
        return undefined;
    }
    const plugin = pulumi.name ?? (name.startsWith("@pulumi/") ? name.slice("@pulumi/".length) : undefined);
    const number = pulumi.version ?? version;
    if (plugin === undefined || number === "") {
        return undefined;
    }
    return { name: plugin, version: number.startsWith("v") ? number : `v${number}`, server: pulumi.server ?? "" };
}

module.exports = { requiredPackages };
