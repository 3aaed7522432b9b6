import { codeQualityReport } from "./code-quality";
import { junitReport } from "./junit";
import { markdownReport } from "./markdown";
import { ReviewResult } from "./result";
import { sarifReport } from "./sarif";
import { textReport } from "./text";

/** Every form of report, by the name that it is asked for. The text has no colours: it is for files. */
export const reports = {
    text: (result: ReviewResult) => textReport(result),
    markdown: (result: ReviewResult) => markdownReport(result),
    "code-quality": codeQualityReport,
    junit: junitReport,
    sarif: sarifReport,
    json: (result: ReviewResult) => `${JSON.stringify(result, null, 2)}\n`,
} as const satisfies Readonly<Record<string, (result: ReviewResult) => string>>;

export type ReportFormat = keyof typeof reports;
