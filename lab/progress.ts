/** A line that says what is being done, how far it is, and how long it has taken. */
export interface ProgressLine {
    update(text: string): void;
    /** Ends the line with a last text; the elapsed time is printed with it. */
    done(text: string): void;
}

/** Seconds as a person reads them: `7 s`, `2 min 05 s`. */
export function formatSeconds(total: number): string {
    const whole = Math.round(total);
    return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** How often a log that is not a terminal gets a line: often enough to see life, seldom enough to read. */
const quietInterval = 15_000;

/** On a terminal one line is rewritten; elsewhere a line is printed at most every 15 s, and the last one always. */
export function progressLine(name: string, stream: NodeJS.WriteStream = process.stderr): ProgressLine {
    const start = Date.now();
    let printed = 0;
    const text = (message: string): string => `${name}: ${message} (${formatSeconds((Date.now() - start) / 1000)})`;
    return {
        update(message) {
            if (stream.isTTY) {
                stream.write(`\r\x1b[2K${text(message).slice(0, (stream.columns ?? 120) - 1)}`);
            } else if (Date.now() - printed >= quietInterval) {
                printed = Date.now();
                stream.write(`${text(message)}\n`);
            }
        },
        done(message) {
            stream.write(`${stream.isTTY ? "\r\x1b[2K" : ""}${text(message)}\n`);
        },
    };
}
