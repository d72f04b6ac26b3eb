/** Finds files that a program on the same host names by absolute paths in the roots, as jobs have to name them. */
import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { LocateAnswer, LocateRequest } from '@uftp/bus';
import { shortened } from '@uftp/service-kit';
import type { SourceRoot } from '@uftp/storage';

interface Base {
	readonly label: string;
	/** Real path of the root's folder. */
	readonly path: string;
}

/** The answer to a question; `host` is the sender's own. */
export function locateInRoots(request: LocateRequest, roots: readonly SourceRoot[], host: string): LocateAnswer {
	if (request.host !== host) {
		return refused('other-host', `The paths are of ${request.host}, and this sender runs on ${host}.`);
	}
	if (roots.length === 0) {
		return refused('no-roots', 'The sender on this host has declared no folder that jobs may send from.');
	}
	const bases = roots.flatMap((root) => baseOf(root));
	const files: { root: string; path: string }[] = [];
	for (const path of request.paths) {
		const found = locate(path, bases);
		if (found === undefined) {
			const labels = roots.map(({ label }) => label).join(', ');
			return refused(
				'not-in-a-root',
				`${JSON.stringify(path)} is not in a folder that the sender on this host may send from (its roots: ${labels}).`,
			);
		}
		files.push(found);
	}
	return { ok: true, files };
}

/** The root that holds the path, the innermost if several do. */
function locate(path: string, bases: readonly Base[]): { root: string; path: string } | undefined {
	const real = realPathOf(path);
	if (real === undefined) return undefined;
	let best: Base | undefined;
	for (const base of bases) {
		const isInside = real === base.path || real.startsWith(base.path === '/' ? '/' : `${base.path}/`);
		if (isInside && (best === undefined || base.path.length > best.path.length)) best = base;
	}
	if (best === undefined) return undefined;
	const inside = real.slice(best.path.length).replace(/^\//, '');
	return { root: best.label, path: inside === '' ? '.' : inside };
}

/** Links above the last component are resolved, the last one is not: it may be what is to be sent. */
function realPathOf(path: string): string | undefined {
	try {
		if (path === '/') return path;
		const real = join(realpathSync(dirname(path)), basename(path));
		lstatSync(real);
		return real;
	} catch {
		// Not there or not ours to see: which of both is nobody's business who asks over the bus.
		return undefined;
	}
}

function baseOf({ label, directory }: SourceRoot): Base[] {
	try {
		return [{ label, path: realpathSync(directory) }];
	} catch {
		return [];
	}
}

function refused(code: string, message: string): LocateAnswer {
	return { ok: false, error: { code, message: shortened(message) } };
}
