import { describe, expect, it } from 'vitest';
import { missingPeers } from '../src/index.ts';
import { cases } from '../src/parity/cases.ts';
import { compareCase, reportLines } from '../src/parity/compare-case.ts';
import { masked } from '../src/parity/masking.ts';
import { difference, differenceInOrder } from '../src/parity/observation.ts';

const leftOut = process.env['UFTP_TEST_WITHOUT_PEERS'] === '1';
const withC = !leftOut && missingPeers() === undefined;

// A part of `npm run test:parity`; most of a session is waiting, so several run side by side.
describe.concurrent('beside the C programs', () => {
	for (const parity of cases.filter(({ quick }) => withC && quick === true)) {
		it(`ours differ only where it is meant: ${parity.name}`, { timeout: 120_000 }, async ({ expect: expectHere }) => {
			const report = await compareCase(parity);
			const bad = reportLines(report).filter((line) => /^\s+! |^OUT OF DATE/.test(line));
			expectHere(bad.join('\n')).toBe('');
		});
	}
});

describe('the parity table', () => {
	it('has at least 40 scenarios, each with a name of its own, and a quarter of them here', () => {
		const names = cases.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		expect(names.length).toBeGreaterThanOrEqual(40);
		expect(cases.filter(({ quick }) => quick === true).length).toBeGreaterThanOrEqual(names.length / 4);
	});

	it('finds a missing line, a changed one, one that is there once too often, and another order', () => {
		expect(difference(['a', 'b', 'b'], ['a', 'b', 'c'])).toEqual(['- b', '+ c']);
		expect(difference(['a'], ['a', 'a'])).toEqual(['+ a']);
		const [one, two] = ['r1.status: CONNECT', 'r1.status: RESULT'];
		expect(differenceInOrder([one, two, 'file'], ['file', one, two])).toEqual([]);
		expect(differenceInOrder([one, two], [two, one])).toEqual([`~ here the order differs: ${two}`]);
	});

	it('masks times, ids and speeds and nothing else', () => {
		const lines = [
			'RESULT;0x0a630002;f;3906KB;copy;2402.55KB/s',
			'STATS;0x0a630002;2;0;0;3MB;1.627;2400.71KB/s',
			'CONNECT;2026/11/21-09:03:17;0A630001;73ED185C;10.99.0.1;10.99.0.1',
			'/tmp/x/backup/20261121/092932/tmp/x/dest/f is a file',
		];
		expect(lines.map((line) => masked(line, '/tmp/x'))).toEqual([
			'RESULT;0x0a630002;f;3906KB;copy;#KB/s',
			'STATS;0x0a630002;2;0;0;3MB;#;#KB/s',
			'CONNECT;DATE-TIME;0A630001;GROUP;10.99.0.1;10.99.0.1',
			'{dir}/backup/DATE/TIME{dir}/dest/f is a file',
		]);
	});
});
