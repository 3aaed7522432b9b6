/** Number of single-character edits between two words. */
export function editDistance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (const [i, left] of [...a].entries()) {
        const next = [i + 1];
        for (const [j, right] of [...b].entries()) {
            next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (left === right ? 0 : 1)));
        }
        row = next;
    }
    return row[b.length]!;
}

/**
 * The known word that was probably meant: at most a third of it mistyped, or differing only in case and punctuation.
 */
export function suggest(word: string, known: readonly string[]): string | undefined {
    const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
    const ranked = known
        .map((candidate) => ({
            candidate,
            distance: plain(word) === plain(candidate) ? 0 : editDistance(word, candidate),
        }))
        .sort((a, b) => a.distance - b.distance);
    const best = ranked[0];
    return best && best.distance <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** What would be right instead of an unknown word: all known ones, and the one that was probably meant. */
export function oneOf(word: string, known: readonly string[]): string {
    const meant = suggest(word, known);
    return `write one of ${known.join(", ")}${meant ? ` (did you mean ${meant}?)` : ""}`;
}
