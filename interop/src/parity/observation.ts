/** What a case left behind, as lines. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { masked } from './masking.ts';

/** Files whose lines are compared one by one instead of as a whole. */
const TEXTS = /\.(status|said|log)(\.\d+)?$|\.pid$/;
const STATUS_LINE = /(^|\]: )(CONNECT|RESULT|STATS|HSTATS|FREESPACE);/;
const DAY_MS = 86_400_000;

/** Everything below the case's folder except what was put there to be sent or read, each with what it is. */
export function filesIn(folder: string, inputs: ReadonlySet<string>): string[] {
	const lines: string[] = [];
	const visit = (below: string): void => {
		for (const name of readdirSync(join(folder, below)).sort()) {
			const path = below === '' ? name : `${below}/${name}`;
			if (inputs.has(path)) continue;
			const stats = lstatSync(join(folder, path));
			if (TEXTS.test(path)) lines.push(...linesOf(folder, path));
			else lines.push(masked(describe(folder, path), folder));
			if (stats.isDirectory()) visit(path);
		}
	};
	visit('');
	return lines;
}

function describe(folder: string, path: string): string {
	const full = join(folder, path);
	const stats = lstatSync(full);
	if (stats.isSymbolicLink()) return `${path} is a link to ${readlinkSync(full)}`;
	const mode = (stats.mode & 0o7777).toString(8);
	if (stats.isDirectory()) return `${path} is a directory, mode ${mode}`;
	const digest = createHash('sha256').update(readFileSync(full)).digest('hex').slice(0, 12);
	const time = Date.now() - stats.mtimeMs < DAY_MS ? 'now' : String(Math.floor(stats.mtimeMs / 1000));
	return `${path} is a file of ${stats.size} bytes (${digest}), mode ${mode}, modified ${time}`;
}

/** Status files and what scripts wrote as they are, of logs the status lines only. */
function linesOf(folder: string, path: string): string[] {
	const lines = readFileSync(join(folder, path), 'utf8').split('\n');
	if (lines.at(-1) === '') lines.pop();
	const isLog = /\.log(\.\d+)?$/.test(path);
	return lines
		.filter((line) => !isLog || STATUS_LINE.test(line))
		.map((line) => masked(`${path}: `, folder) + masked(line, folder));
}

/** What was written to files line by line. */
const WRITTEN = /^\S+\.(status|log|said): /;

/** The same with the order of written lines, unless something else differs anyway. */
export function differenceInOrder(reference: readonly string[], other: readonly string[]): string[] {
	const found = difference(reference, other);
	if (found.length > 0) return found;
	const [one, two] = [reference, other].map((lines) => lines.filter((line) => WRITTEN.test(line)));
	const at = one?.findIndex((line, index) => line !== two?.[index]) ?? -1;
	return at < 0 ? [] : [`~ here the order differs: ${two?.[at]}`];
}

/** Lines that only one of two observations has: "- " the first, "+ " the second. Repeats count. */
export function difference(reference: readonly string[], other: readonly string[]): string[] {
	const left = new Map<string, number>();
	for (const line of reference) left.set(line, (left.get(line) ?? 0) + 1);
	const added: string[] = [];
	for (const line of other) {
		const count = left.get(line) ?? 0;
		if (count > 0) left.set(line, count - 1);
		else added.push(`+ ${line}`);
	}
	const missing = [...left].flatMap(([line, count]) => Array.from({ length: count }, () => `- ${line}`));
	return [...missing, ...added];
}
