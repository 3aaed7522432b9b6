import * as os from "node:os";

/** Replaces a leading `~` by the home directory. Apart from the Pulumi SDK, so that what starts often can use it. */
export const expandHome = (file: string): string => file.replace(/^~(?=\/|$)/, os.homedir());
