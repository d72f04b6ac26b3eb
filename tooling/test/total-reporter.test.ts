import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countTests, totalLine } from '../total-reporter.ts';

const root = join(import.meta.dirname, '../..');

/** Stands in for a vitest module with tests in the given states. */
function moduleOf(states: readonly string[], moduleErrors = 0, suiteErrors: readonly number[] = []) {
	return {
		errors: () => Array.from({ length: moduleErrors }, () => ({ message: 'broken' })),
		children: {
			allTests: () => states.map((state) => ({ result: () => ({ state }) })),
			allSuites: () => suiteErrors.map((count) => ({ errors: () => Array.from({ length: count }) })),
		},
	};
}

describe('the total', () => {
	it('names the skipped only where there are some', () => {
		expect(totalLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
		expect(totalLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
	});

	it('counts tests that never ran, broken files, broken suites and unhandled errors as failed', () => {
		const modules = [
			moduleOf(['passed', 'pending', 'failed', 'skipped']),
			moduleOf([], 1),
			moduleOf(['passed'], 0, [0, 2]),
		];
		expect(countTests(modules, [{ message: 'unhandled' }])).toEqual({ passed: 2, failed: 5, skipped: 1 });
	});
});

describe('a run of its own', () => {
	let folder: string;

	beforeAll(() => {
		folder = mkdtempSync(join(root, 'node_modules/.total-'));
		const reporter = JSON.stringify(join(root, 'tooling/total-reporter.ts'));
		writeFileSync(
			join(folder, 'vitest.config.ts'),
			`import { TotalReporter } from ${reporter};\n` +
				"export default { test: { pool: 'threads', include: [process.env.WHICH], exclude: [], reporters: ['default', new TotalReporter('7')] } };\n",
		);
		const head = "import { it, expect, beforeAll } from 'vitest';\n";
		writeFileSync(join(folder, 'good.ts'), `${head}it('a', () => {}); it('b', () => {});`);
		writeFileSync(join(folder, 'bad.ts'), `${head}it('a', () => {}); it('b', () => { expect(1).toBe(2); });`);
		writeFileSync(join(folder, 'broken.ts'), "import './nowhere.ts';");
		writeFileSync(
			join(folder, 'unhandled.ts'),
			`${head}it('a', () => { setTimeout(() => { throw new Error('late'); }, 0); });`,
		);
		writeFileSync(join(folder, 'hook.ts'), `${head}beforeAll(() => { throw new Error('no'); }); it('a', () => {});`);
	});

	afterAll(() => rmSync(folder, { recursive: true }));

	function run(which: string, extra: Record<string, string> = {}) {
		const done = spawnSync(
			join(root, 'bin/bun'),
			['--bun', join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder],
			{ cwd: folder, encoding: 'utf8', env: { ...process.env, UFTP_TEST_TOTAL_FILE: '', WHICH: which, ...extra } },
		);
		return { status: done.status, lines: done.stdout.trimEnd().split('\n') };
	}

	it('ends with its total and the seed of its properties', () => {
		const { status, lines } = run('good.ts');
		expect(lines.at(-1)).toBe('2 passed, 0 failed');
		expect(lines.at(-2)).toContain('UFTP_TEST_SEED=7');
		expect(status).toBe(0);
	});

	it.each([
		['bad.ts', /^1 passed, 1 failed$/],
		['broken.ts', /^0 passed, 1 failed$/],
		['unhandled.ts', /^1 passed, 1 failed$/],
		['hook.ts', /^0 passed, [1-9] failed(, 1 skipped)?$/],
		['missing.ts', /^0 passed, 1 failed$/],
	])('fails with %s and counts it', (which, total) => {
		const { status, lines } = run(which);
		expect(lines.at(-1)).toMatch(total);
		expect(status).not.toBe(0);
	});

	it('leaves the line to whoever names a file for it', () => {
		const file = join(folder, 'total');
		const { lines } = run('good.ts', { UFTP_TEST_TOTAL_FILE: file });
		expect(lines.at(-1)).toContain('UFTP_TEST_SEED=7');
		expect(readFileSync(file, 'utf8')).toBe('2 passed, 0 failed\n');
	});
});
