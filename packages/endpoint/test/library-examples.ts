/** The programs of docs/library.md, as they stand there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCUMENT = join(import.meta.dirname, '../../../docs/library.md');

/** Text by file name. */
export function libraryExamples(): ReadonlyMap<string, string> {
	const blocks = readFileSync(DOCUMENT, 'utf8').matchAll(/^```ts (\S+)\n(.*?)^```$/gms);
	return new Map([...blocks].map(([, name, text]) => [name, text]));
}
