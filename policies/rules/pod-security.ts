/** The label of a Namespace that has the API server hold its pods to a Pod Security Standard. */
export const enforce = "pod-security.kubernetes.io/enforce";

/** The standards that keep anything out. */
export const heldLevels: readonly string[] = ["baseline", "restricted"];
