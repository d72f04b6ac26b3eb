export async function lab(_words: readonly string[]): Promise<number> { return 1; }
