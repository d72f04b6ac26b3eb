/**
 * Rewrites the generated blocks of docs/protocol.md: what stands between `<!-- generated: name -->` and
 * `<!-- end of generated -->`. A test compares the file with what this makes of it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCKS } from './protocol-doc/tables.ts';

export const protocolDocPath = join(import.meta.dirname, '../docs/protocol.md');

const block = /^<!-- generated: (.+) -->\n[\s\S]*?^<!-- end of generated -->$/gm;

/** The document with its generated blocks made anew. Throws for a block of an unknown name, and if one is missing. */
export function withGeneratedBlocks(text: string): string {
	const missing = new Set(Object.keys(BLOCKS));
	const result = text.replace(block, (_whole, name: string) => {
		const lines = BLOCKS[name];
		if (lines === undefined) throw new Error(`docs/protocol.md: there is no generated block "${name}"`);
		missing.delete(name);
		const body = lines().join('\n').trimEnd();
		return `<!-- generated: ${name} -->\n\n${body}\n\n<!-- end of generated -->`;
	});
	if (missing.size > 0) throw new Error(`docs/protocol.md lacks the generated blocks ${[...missing].join(', ')}`);
	return result;
}

if (import.meta.main) {
	const text = readFileSync(protocolDocPath, 'utf8');
	const fresh = withGeneratedBlocks(text);
	if (fresh !== text) writeFileSync(protocolDocPath, fresh);
	console.log(fresh === text ? 'docs/protocol.md is up to date' : 'docs/protocol.md: generated blocks rewritten');
}
