import { describe, expect, it } from 'vitest';
import { importCircles } from '../import-circles.ts';

/** Files of a checkout: their paths, and what they import. */
function circles(imports: Readonly<Record<string, readonly string[]>>): string[] {
	const files = Object.entries(imports).map(([path, lines]) => ({ path, text: `${lines.join('\n')}\n` }));
	return importCircles(files).map(({ path, line, what }) => `${path}:${line} ${what.split(':')[0]}`);
}

describe('circles of imports', () => {
	it('are none where files import one another in one direction', () => {
		expect(
			circles({
				'a.ts': ["import { b } from './b.ts';", "import { c } from './c.ts';"],
				'b.ts': ["import { c } from './c.ts';"],
				'c.ts': [],
			}),
		).toEqual([]);
	});

	it('are found also where only types are imported, or exported again', () => {
		expect(circles({ 'a.ts': ['', "import type { B } from './b.ts';"], 'b.ts': ["export * from './a.ts';"] })).toEqual([
			'a.ts:2 a circle of imports, a.ts -> b.ts -> a.ts',
		]);
	});

	it('are named by the shortest one of a group', () => {
		expect(
			circles({
				'a.ts': ["import './b.ts';"],
				'b.ts': ["import './c.ts';"],
				'c.ts': ["import './a.ts';", "import './d.ts';"],
				'd.ts': ["import './c.ts';"],
			}),
		).toEqual(['c.ts:2 a circle of imports, c.ts -> d.ts -> c.ts']);
	});

	it('are found between packages, through the entry points of their package.json', () => {
		expect(
			circles({
				'packages/x/package.json': ['{ "name": "@uftp/x", "exports": { ".": "./src/index.ts" } }'],
				'packages/y/package.json': ['{ "name": "@uftp/y", "exports": { "./deep": "./src/deep.ts" } }'],
				'packages/x/src/index.ts': ["import { y } from '@uftp/y/deep';"],
				'packages/y/src/deep.ts': ["import { x } from '@uftp/x';"],
			}),
		).toHaveLength(1);
	});

	it('include a file that imports itself', () => {
		expect(circles({ 'a.ts': ["import './a.ts';"] })).toEqual(['a.ts:1 a circle of imports, a.ts -> a.ts']);
	});
});
