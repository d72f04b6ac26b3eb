import { describe, expect, it } from 'vitest';
import { brokenReferences } from '../document-rules.ts';

const document = { path: 'docs/protocol.md', text: '# P\n\n## 8 Transfer\n\n### 8.4 Reports\n\n### 8.5 Bitmaps\n' };

/** What is wrong with one file beside docs/protocol.md. */
function about(path: string, text: string): string[] {
	return brokenReferences([document, { path, text }]).map(({ line, what }) => `${line} ${what}`);
}

const source = 'packages/protocol/src/a.ts';

describe('references between code and documents', () => {
	it.each([
		'/** When to report (docs/protocol.md, section 8.4). */',
		'/**\n * Reports (docs/protocol.md,\n * sections 8.4 and 8.5).\n */',
		'// As docs/protocol.md, section 8, has it.',
		'/** The equation of RFC 4654, section 2.2. */',
	])('accepts %j', (comment) => {
		expect(about(source, comment)).toEqual([]);
	});

	it('refuses a section that the document does not have, also the second of two on the next line', () => {
		expect(about(source, `/** (docs/protocol.md, section 8.${9}) */`)).toEqual([
			'1 docs/protocol.md has no section 8.9',
		]);
		expect(about(source, '/**\n * (docs/protocol.md, sections 8.4 and\n * 9.1)\n */')).toEqual([
			'2 docs/protocol.md has no section 9.1',
		]);
	});

	it('refuses a section of no document', () => {
		expect(about(source, '\n/** It registers (section 8). */')[0]).toContain('2 `(section 8`: of which document?');
	});

	it.each([`wire ${'facts'}, section 3`, `protocol.${'txt'}, section 5`])(
		'refuses to cite %s, which is not in the repository',
		(text) => {
			expect(about(source, `/** As ${text}. */`)[0]).toContain('is not in the repository');
		},
	);

	it('refuses a document that names a file that is not there, or something that the file does not have', () => {
		expect(about('STYLE.md', 'see `packages/wire/src/none.ts`')).toEqual([
			'1 `packages/wire/src/none.ts`: there is no such file',
		]);
		const guide = { path: 'docs/guide.md', text: '\n`packages/a/src/b.ts` (`here`, `gone`)' };
		const named = { path: 'packages/a/src/b.ts', text: 'const here = 1;' };
		expect(brokenReferences([guide, named]).map(({ line, what }) => `${line} ${what}`)).toEqual([
			'2 `packages/a/src/b.ts` has no `gone`',
		]);
	});
});
