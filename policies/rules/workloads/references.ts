import { Reference } from "../core/rule";

/** Short for the sources that rules about Kubernetes objects name most. */
export const cis = (id: string): Reference => ({ of: "CIS Kubernetes 1.12", id });
export const kubescape = (id: string): Reference => ({ of: "Kubescape", id });
export const checkov = (id: string): Reference => ({ of: "Checkov", id });
export const upstream = (url: string): Reference => ({ of: "upstream", id: url });

/** A control of the Pod Security Standards, with its level: `Baseline: HostPath Volumes`. */
export const podSecurity = (id: string): Reference => ({ of: "Pod Security Standards", id });

/** A chapter of the guide. */
export const nsa = (id: string): Reference => ({ of: "NSA/CISA Kubernetes Hardening Guide 1.2", id });
