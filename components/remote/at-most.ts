/** Runs what it is given, but never more than `limit` at a time; the others wait, first come, first served. */
export function atMost(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
    const waiting: (() => void)[] = [];
    let running = 0;
    return async (work) => {
        if (running >= limit) {
            // Whoever ends hands its place on, so the count stays.
            await new Promise<void>((resolve) => waiting.push(resolve));
        } else {
            running += 1;
        }
        try {
            return await work();
        } finally {
            const next = waiting.shift();
            if (next) {
                next();
            } else {
                running -= 1;
            }
        }
    };
}
