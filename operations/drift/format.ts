import { DriftReport, Finding, State } from "./judge";

const words: Readonly<Record<State, string>> = { "in-sync": "in sync", drift: "drift", unknown: "cannot tell" };

const count = (report: DriftReport, state: State): number =>
    report.machines.filter((machine) => machine.state === state).length;

function headline(report: DriftReport): string {
    const counts = (["in-sync", "drift", "unknown"] as const).map((state) => `${count(report, state)} ${words[state]}`);
    const applications = report.applications.length;
    return `${report.stack}: ${words[report.state]} (machines: ${counts.join(", ")}; applications: ${applications})`;
}

/** Drift first. */
const sorted = (findings: readonly Finding[]): readonly Finding[] =>
    [...findings].sort((a, b) => Number(a.state === "unknown") - Number(b.state === "unknown"));

/** For a terminal: a line a finding, under it what differs and what to do. */
export function formatText(report: DriftReport): string {
    const cells = (finding: Finding) => [words[finding.state], finding.machine, finding.step] as const;
    const widths = [0, 1].map((column) => Math.max(0, ...report.findings.map((finding) => cells(finding)[column]!.length)));
    const blocks = sorted(report.findings).map((finding) => {
        const [state, machine, step] = cells(finding);
        return [
            `${state.padEnd(widths[0]!)}  ${machine.padEnd(widths[1]!)}  ${step}`,
            ...finding.what.map((line) => `    ${line}`),
            `    what to do: ${finding.todo}`,
        ].join("\n");
    });
    return `${[headline(report), ...blocks].join("\n")}\n`;
}

/** A cell of a Markdown table; what machines say must not become markup. */
function cell(text: string): string {
    return text.replace(/[\\`*_[\]<>|#~!&@]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** For a scheduled job's report. */
export function formatMarkdown(report: DriftReport): string {
    const rows = sorted(report.findings).map(({ state, machine, step, what, todo }) =>
        `| ${[words[state], cell(machine), cell(step), what.map(cell).join("<br>"), cell(todo)].join(" | ")} |`,
    );
    const table = ["| | machine | step | what differs | what to do |", "|---|---|---|---|---|", ...rows];
    const head = [`## Drift of ${cell(report.stack)}`, "", cell(headline(report))];
    return `${[...head, ...(rows.length > 0 ? ["", ...table] : [])].join("\n")}\n`;
}
