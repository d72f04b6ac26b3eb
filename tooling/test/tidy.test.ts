import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOnly, importsOf } from '../code-text.ts';
import { checkoutFiles, tidy } from '../tidy.ts';

/** What tidy says about one file, without the path. */
function about(path: string, text: string): string[] {
	return tidy([{ path, text }]).map((finding) => `${finding.line} ${finding.what}`);
}

const core = 'packages/protocol/src/timers.ts';
const note = `TO${'DO'}`;

describe('tidy', () => {
	it('finds nothing out of place in this checkout', () => {
		const findings = tidy(checkoutFiles(join(import.meta.dirname, '../..')));
		expect(findings.map(({ path, line, what }) => `${path}:${line}: ${what}`)).toEqual([]);
	});

	it.each([
		['const roll = Math.random();', 'Math.random'],
		['const now = Date.now();', 'Date'],
		['const born = new Date();', 'Date'],
		['const now = performance.now();', 'performance'],
		['setTimeout(() => undefined, 1);', 'setTimeout'],
		['const file = Bun.file(name);', 'Bun.'],
		['const text = `at ${Date.now()}`;', 'Date'],
	])('refuses %s in the core and says what to do', (line, word) => {
		const findings = about(core, `\n${line}\n`);
		expect(findings).toHaveLength(1);
		expect(findings[0]).toContain(`2 \`${word}\`: `);
		expect(about('packages/transport/src/clock.ts', line)).toEqual([]);
	});

	it('lets the command line of the simulator read a clock', () => {
		expect(about('packages/sim/src/main.ts', 'const seed = Date.now();')).toEqual([]);
	});

	it.each([
		["const why = 'give it another UID (-U)';", '-U'],
		['/** Sync mode (-Z). */', '-Z'],
		['// As with `-D name`.', '-D'],
		["throw new Error('Set UFTP_STATE_DIR.');", 'UFTP_STATE_DIR'],
		["const cure = 'run uftpctl keys';", 'uftpctl'],
	])('refuses the words of one program in packages that all programs share: %s', (line, word) => {
		for (const path of [core, 'packages/storage/src/failure.ts']) {
			expect(about(path, line)).toEqual([expect.stringContaining(`1 \`${word}\`: `)]);
		}
		expect(about('apps/cli/src/uftp/main.ts', line)).toEqual([]);
	});

	it('lets those packages name commands of the system, and subtract', () => {
		expect(about(core, "const cure = 'sysctl -w net.core.rmem_max=1';\nconst b = (a | -a) * -c;\n")).toEqual([]);
	});

	it('lets comments and strings speak of what code may not do', () => {
		expect(about(core, "// Math.random would not do\n/* nor Date.now() */\nconst why = 'performance';\n")).toEqual([]);
	});

	it('refuses an import of a deep path into a package', () => {
		expect(about('services/sender/src/main.ts', "import { a } from '@uftp/wire/src/header.ts';")[0]).toContain(
			'deep path into a package',
		);
		expect(about('services/sender/src/main.ts', "import { a } from '@uftp/bus/contract';")).toEqual([]);
	});

	it('refuses a relative import that leaves its package, and nothing less', () => {
		expect(about('packages/sim/src/link.ts', "export { a } from '../../wire/src/index.ts';")[0]).toContain(
			'leaves its package',
		);
		expect(about('packages/sim/test/link.test.ts', "const a = await import('../../wire/src/index.ts');")).toHaveLength(
			1,
		);
		expect(about('packages/sim/test/link.test.ts', "import { a } from '../src/link.ts';")).toEqual([]);
		expect(about('tooling/tidy.ts', "import '../packages/wire/src/index.ts';")).toHaveLength(1);
	});

	it('refuses a service that imports another', () => {
		expect(about('services/sender/src/main.ts', "import '@uftp/service-receiver';")[0]).toContain('over the bus');
		expect(about('services/sender/src/main.ts', "import '@uftp/service-kit';")).toEqual([]);
		expect(about('apps/cli/src/up.ts', "import '@uftp/service-receiver';")).toEqual([]);
	});

	it.each(['let a: any;', 'const b = c as any;', 'type D = Record<string, any>;', 'function e(f: any[]) {}'])(
		'refuses the type of %s',
		(line) => {
			expect(about('apps/cli/src/up.ts', line)[0]).toContain('switches the compiler off');
		},
	);

	it('takes any as the name of something else', () => {
		expect(about('apps/cli/src/up.ts', "const any = Promise.any(all);\nconst why = 'as any';\n")).toEqual([]);
	});

	it.each(['it.only', 'describe.skip', 'test.todo', 'it.concurrent.only'])('refuses %s in a test', (call) => {
		expect(about('packages/wire/test/header.test.ts', `${call}('a', () => {});`)).toHaveLength(1);
	});

	it('accepts a test that names the condition under which it is left out', () => {
		expect(about('interop/test/send.test.ts', "it.skipIf(withoutPeers)('sends', () => {});")).toEqual([]);
	});

	it('refuses files of more than 400 lines', () => {
		expect(about('apps/cli/src/up.ts', '\n'.repeat(400))).toEqual([]);
		expect(about('apps/cli/src/up.ts', '\n'.repeat(401))[0]).toContain('0 401 lines');
	});

	it('refuses folders of more than 20 source files', () => {
		const files = Array.from({ length: 21 }, (_, i) => ({ path: `packages/bus/src/part-${i}.ts`, text: '' }));
		expect(tidy(files).map((finding) => finding.path)).toEqual(['packages/bus/src']);
		expect(tidy(files.slice(1))).toEqual([]);
	});

	it('refuses notes of work left undone, in any file', () => {
		expect(about('docs/guide.md', `line\n${note}: later\n`)).toEqual([
			`2 \`${note}\`: do it now, or open an issue and leave no note`,
		]);
	});

	it('refuses paths of one machine and hosts of registries', () => {
		expect(about('docs/guide.md', `see /${'home'}/ann/notes`)).toHaveLength(1);
		expect(about('Makefile', `cd /${'root'}/x`)).toHaveLength(1);
		expect(about('.npmrc', `registry=https://registry.${'example'}.org`)).toHaveLength(1);
		expect(about('docs/guide.md', 'apps/work/list and ~/root/x are nobody’s machine')).toEqual([]);
	});

	it('refuses registry addresses in the lockfile', () => {
		expect(about('package-lock.json', '{\n"resolved": "https://example.org/a.tgz" }')[0]).toContain(
			'2 an address of a registry',
		);
		expect(about('package-lock.json', '{\n"resolved": "packages/wire", "link": true }')).toEqual([]);
	});

	it('refuses dependencies that the lockfile does not have', () => {
		const manifest = { path: 'apps/cli/package.json', text: '{ "dependencies": { "zod": "4.6.7" } }' };
		const lockfile = (zod: string) => ({
			path: 'package-lock.json',
			text: JSON.stringify({ packages: { 'apps/cli': { dependencies: { zod } } } }),
		});
		expect(tidy([manifest, lockfile('4.6.7')])).toEqual([]);
		expect(tidy([manifest, lockfile('4.6.6')]).map((finding) => finding.path)).toEqual(['apps/cli/package.json']);
	});

	it('keeps foreign functions out of the sessions', () => {
		const text = '{ "dependencies": { "@uftp/native": "*" } }';
		expect(about('packages/protocol/package.json', text)[0]).toContain('use a port');
		expect(about('packages/transport/package.json', text)).toEqual([]);
	});

	it('refuses what npm cannot install or would not run', () => {
		expect(about('apps/cli/package.json', '{ "dependencies": { "@uftp/wire": "workspace:*" } }')).toHaveLength(1);
		expect(about('apps/cli/package.json', '{ "scripts": { "postinstall": "node x.js" } }')).toHaveLength(1);
	});
});

describe('the code of a source', () => {
	it('keeps lines and columns and loses comments, strings, templates and expressions', () => {
		const source = "a('it\\'s', `x\n${y({ z: `${1}` })} w`); // no\nb = c / d / e; f(/[/'\"]/); /* g\nh */ i";
		const code = codeOnly(source);
		expect(code).toHaveLength(source.length);
		const expected = "a(' ', ` \n {y({ z: ` {1}` })} `); \nb = c / d / e; f( ); \n i";
		expect(code.replaceAll(/ +/g, ' ')).toBe(expected);
	});

	it('names every import with its line', () => {
		const source =
			"import type { A } from './a.ts';\nexport * from \"./b.ts\";\n// from './c.ts'\nimport './d.ts';\nawait import('./e.ts');";
		expect(importsOf(source)).toEqual([
			{ module: './a.ts', line: 1 },
			{ module: './b.ts', line: 2 },
			{ module: './d.ts', line: 4 },
			{ module: './e.ts', line: 5 },
		]);
	});
});
