// What Pulumi loads with `--policy-pack policies`. Packs are loaded with `require`, so TypeScript is taught here.
"use strict";

require("tsx/cjs");
require("./pack");
