import { Draft, entriesOf } from "../draft";
import { RegionInput } from "../schema/region";
import { Problem } from "../types";
import { repetitions } from "./machines";

export function uniqueRegistries(region: Draft<RegionInput>): Problem[] {
    return repetitions(
        entriesOf(region.mirrors?.images).flatMap(([i, { registry }]) =>
            registry === undefined ? [] : [{ path: ["mirrors", "images", i, "registry"], key: registry }],
        ),
        (key, first) => `"${key}" is also ${first}`,
        "give every registry one mirror",
    );
}
