/**
 * Counts source lines and assertions of every folder of `src`: `bin/bun tooling/source-counts.ts [CHECKOUT]`. A line of
 * code is one that has more than white space and comments. The simulator and tests do not count in the last row.
 */
import { join } from 'node:path';
import { codeOnly } from './code-text.ts';
import { checkoutFiles } from './tidy.ts';

interface Count {
	code: number;
	assertions: number;
}

const assertion = /\b(?:assert|fail)\(/g;

/** Folders of one package or service, with what its deeper folders hold. */
function folderOf(path: string): string | undefined {
	return /^((?:packages|services|apps)\/[^/]+\/src(?:\/[^/]+)?)\//.exec(path)?.[1];
}

/** Lines of code and assertions by folder, sorted by name. */
export function sourceCounts(files: readonly { readonly path: string; readonly text: string }[]): Map<string, Count> {
	const counts = new Map<string, Count>();
	for (const { path, text } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
		const folder = folderOf(path);
		if (folder === undefined || !path.endsWith('.ts')) continue;
		const lines = codeOnly(text)
			.split('\n')
			.filter((line) => line.trim() !== '');
		const count = counts.get(folder) ?? { code: 0, assertions: 0 };
		count.code += lines.length;
		count.assertions +=
			lines
				.filter((line) => !line.includes('function '))
				.join('\n')
				.match(assertion)?.length ?? 0;
		counts.set(folder, count);
	}
	return counts;
}

if (import.meta.main) {
	const root = process.argv[2] ?? join(import.meta.dir, '..');
	const total: Count = { code: 0, assertions: 0 };
	for (const [folder, { code, assertions }] of sourceCounts(checkoutFiles(root))) {
		console.log(
			`${folder.padEnd(44)} ${String(code).padStart(6)} ${String(assertions).padStart(5)} ${((100 * assertions) / code).toFixed(1).padStart(5)}`,
		);
		if (folder.startsWith('packages/sim/')) continue;
		total.code += code;
		total.assertions += assertions;
	}
	console.log(
		`${'without the simulator'.padEnd(44)} ${String(total.code).padStart(6)} ${String(total.assertions).padStart(5)}`,
	);
}
