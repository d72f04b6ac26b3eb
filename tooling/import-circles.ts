import { dirname, join } from 'node:path';
import { importsOf } from './code-text.ts';
import type { Finding, TidyFile } from './finding.ts';

/** An import as it stands in a file: where, and which file of the checkout it leads to. */
interface Import {
	readonly to: string;
	readonly line: number;
}

type Imports = ReadonlyMap<string, readonly Import[]>;

const advice =
	'move what both sides need (often a type) into a file of its own that imports neither, or hand it in as an argument';

/**
 * Circles of imports, those of types included: who reads one file of a circle has to read all of them. Of each group of
 * files that reach one another the shortest circle is named; once it is dissolved, the next one is.
 */
export function importCircles(files: readonly TidyFile[]): Finding[] {
	const imports = importsBetween(files);
	return connectedGroups(imports).map((group) => {
		const circle = shortestCircle(imports, group);
		const [path = '', next] = circle;
		const line = imports.get(path)?.find(({ to }) => to === (next ?? path))?.line ?? 0;
		return { path, line, what: `a circle of imports, ${[...circle, path].join(' -> ')}: ${advice}` };
	});
}

function importsBetween(files: readonly TidyFile[]): Imports {
	const paths = new Set(files.map(({ path }) => path));
	const entries = entryPoints(files);
	const imports = new Map<string, Import[]>();
	for (const { path, text } of files) {
		if (!path.endsWith('.ts')) continue;
		const found: Import[] = [];
		for (const { module, line } of importsOf(text)) {
			const to = module.startsWith('.') ? join(dirname(path), module) : entries.get(module);
			if (to !== undefined && paths.has(to)) found.push({ to, line });
		}
		imports.set(path, found);
	}
	return imports;
}

/** Which file stands behind the name under which other packages import it. */
function entryPoints(files: readonly TidyFile[]): ReadonlyMap<string, string> {
	const entries = new Map<string, string>();
	for (const { path, text } of files) {
		if (!/(?:^|\/)package\.json$/.test(path)) continue;
		const { name, exports }: { name?: string; exports?: unknown } = JSON.parse(text);
		if (name === undefined || typeof exports !== 'object' || exports === null) continue;
		for (const [subpath, target] of Object.entries(exports)) {
			if (typeof target === 'string') entries.set(join(name, subpath), join(dirname(path), target));
		}
	}
	return entries;
}

/** Tarjan's strongly connected components: those of several files, and files that import themselves. */
function connectedGroups(imports: Imports): ReadonlySet<string>[] {
	const groups: Set<string>[] = [];
	const order = new Map<string, number>();
	const open: string[] = [];
	const isOpen = new Set<string>();
	/** Returns the smallest number that can be reached from a file. */
	const visit = (path: string): number => {
		const number = order.size;
		order.set(path, number);
		open.push(path);
		isOpen.add(path);
		let lowest = number;
		for (const { to } of imports.get(path) ?? []) {
			const known = order.get(to);
			if (known === undefined) lowest = Math.min(lowest, visit(to));
			else if (isOpen.has(to)) lowest = Math.min(lowest, known);
		}
		if (lowest < number) return lowest;
		const group = new Set(open.splice(open.indexOf(path)));
		for (const member of group) isOpen.delete(member);
		if (group.size > 1 || imports.get(path)?.some(({ to }) => to === path)) groups.push(group);
		return lowest;
	};
	for (const path of imports.keys()) if (!order.has(path)) visit(path);
	return groups;
}

/** The files of the shortest circle within a group, in the order in which they import each other. */
function shortestCircle(imports: Imports, group: ReadonlySet<string>): string[] {
	let shortest: string[] = [];
	for (const start of [...group].sort()) {
		const circle = circleThrough(imports, group, start);
		if (shortest.length === 0 || circle.length < shortest.length) shortest = circle;
	}
	return shortest;
}

function circleThrough(imports: Imports, group: ReadonlySet<string>, start: string): string[] {
	const cameFrom = new Map<string, string>();
	const waiting = [start];
	for (const path of waiting) {
		for (const { to } of imports.get(path) ?? []) {
			if (to === start) {
				const circle = [path];
				for (let at = cameFrom.get(path); at !== undefined; at = cameFrom.get(at)) circle.unshift(at);
				return circle;
			}
			if (!group.has(to) || cameFrom.has(to)) continue;
			cameFrom.set(to, path);
			waiting.push(to);
		}
	}
	return [];
}
