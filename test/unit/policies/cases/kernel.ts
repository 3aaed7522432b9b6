import type { PublishedNode } from "../../../../components/nodes/published";
import { compliant } from "../../../fixtures/policies/region";
import { absent, Case } from "../case";

/** Index of what listens in the ports of a control plane, as the program publishes them. */
const port = (listener: string): number =>
    (compliant.controlPlane.inputs as unknown as PublishedNode).ports.findIndex((one) => one.listener === listener);

const kernel = (key: string): readonly string[] => ["inputs", "kernel", key];

export const cases: readonly Case[] = [
    {
        rule: "FJ-KRN-001",
        compliant: compliant.worker,
        change: { at: kernel("vm.overcommit_memory"), to: "0" },
        says: /is 0, not 1/,
    },
    {
        rule: "FJ-KRN-001",
        what: "a setting is missing",
        compliant: compliant.controlPlane,
        change: { at: kernel("kernel.panic"), to: absent },
        says: /is not set, not 10/,
    },
    {
        rule: "FJ-KRN-002",
        compliant: compliant.worker,
        change: { at: kernel("net.ipv4.ip_forward"), to: "0" },
        says: /is 0, not 1/,
    },
    {
        rule: "FJ-KRN-003",
        compliant: compliant.worker,
        change: {
            at: kernel("net.ipv4.ip_local_reserved_ports"),
            to: "2379-2381,6443,7443,8080-8081,8443,8472,8475,9113,10248-10250,10256-10257,10259,30000-32000",
        },
        says: /without 30000-32767/,
    },
    {
        rule: "FJ-KRN-004",
        compliant: compliant.controlPlane,
        change: {
            at: kernel("net.ipv4.ip_local_reserved_ports"),
            to: "2379-2381,6443,8080-8081,8443,8472-8475,10248-10249,10256-10259,30000-32767",
        },
        says: /without the port of kubelet \(10250\)/,
    },
    {
        rule: "FJ-KRN-005",
        what: "the system's ports",
        compliant: compliant.worker,
        change: { at: kernel("net.ipv4.ip_local_port_range"), to: "22 65000" },
        says: /begins below 1024/,
    },
    {
        rule: "FJ-KRN-005",
        what: "too few",
        compliant: compliant.worker,
        change: { at: kernel("net.ipv4.ip_local_port_range"), to: "60000 65000" },
        says: /fewer than 10000 ports/,
    },
    {
        rule: "FJ-KRN-006",
        compliant: compliant.worker,
        change: { at: kernel("net.core.somaxconn"), to: ">= 4096" },
        says: /is >= 4096, the backlog 32768/,
    },
    {
        rule: "FJ-KRN-007",
        compliant: compliant.worker,
        change: { at: kernel("fs.inotify.max_user_instances"), to: absent },
        says: /is not set, less than 512/,
    },
    {
        rule: "FJ-KRN-008",
        compliant: compliant.worker,
        change: { at: kernel("fs.file-max"), to: "2097152" },
        says: /is exactly 2097152/,
    },
    {
        rule: "FJ-KRN-009",
        compliant: compliant.worker,
        change: { at: ["inputs", "cgroupDriver"], to: "cgroupfs" },
        says: /is cgroupfs/,
    },
    {
        rule: "FJ-KRN-010",
        compliant: compliant.controlPlane,
        change: { at: ["inputs", "ports", port("etcd"), "from"], to: "nodes" },
        says: /is nodes/,
    },
    {
        rule: "FJ-KRN-011",
        compliant: compliant.controlPlane,
        change: { at: ["inputs", "ports", port("kube-scheduler"), "from"], to: "nodes" },
        says: /is nodes \(kube-scheduler\)/,
    },
    {
        rule: "FJ-KRN-012",
        compliant: compliant.controlPlane,
        change: { at: ["inputs", "ports", port("kube-apiserver"), "from"], to: "anyone" },
        says: /lets anyone in to kube-apiserver \(6443\)/,
    },
];
