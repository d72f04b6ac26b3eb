import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EncryptionLane, makeKeys } from './encryption-lane.ts';
import { coveringSessions, everySession, impossible, nameOf, pairs, titleOf } from './encryption-table.ts';

/**
 * Runs encrypted sessions from a shell, for whoever looks into one of them:
 * `bun interop/src/encryption-run.ts [WORDS OF THE TITLE ...] [--pair ours:C] [--cover] [--times N] [--list]`.
 */
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		pair: { type: 'string' },
		cover: { type: 'boolean' },
		times: { type: 'string', default: '1' },
		list: { type: 'boolean' },
	},
});

const all = values.cover === true ? coveringSessions() : everySession();
const sessions = all.filter(
	({ pair, suite }) =>
		positionals.every((word) => titleOf(suite).includes(word)) &&
		(values.pair === undefined || values.pair === `${pair.sender}:${pair.receiver}`),
);

if (values.list === true) {
	for (const { pair, suite } of sessions) console.log(`${nameOf(pair)}: ${titleOf(suite)}`);
	for (const { what, why } of impossible) console.log(`not: ${what}: ${why}`);
	process.exit(0);
}

const keyFolder = makeKeys();
let passed = 0;
let failed = 0;
const startedMs = performance.now();
await Promise.all(
	pairs.map(async (lanePair) => {
		const ofLane = sessions.filter(({ pair }) => pair === lanePair);
		if (ofLane.length === 0) return;
		const lane = await EncryptionLane.open(lanePair, keyFolder);
		for (const { pair, suite } of ofLane) {
			for (let time = 0; time < Number(values.times); time++) {
				const beganMs = performance.now();
				const problems = await lane.send(suite);
				const seconds = ((performance.now() - beganMs) / 1000).toFixed(2).padStart(6);
				const title = `${nameOf(pair)}: ${titleOf(suite)}`;
				console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${seconds} s  ${title}`);
				for (const problem of problems) console.log(problem.replace(/^/gm, '       '));
				if (problems.length === 0) passed++;
				else failed++;
			}
		}
		await lane.close();
	}),
);
rmSync(keyFolder, { recursive: true });
console.log(`${passed} passed, ${failed} failed in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
process.exit(failed === 0 ? 0 : 1);
