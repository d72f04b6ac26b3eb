import { rmSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import {
	coveringSessions,
	EncryptionLane,
	everySession,
	makeKeys,
	missingPeers,
	nameOf,
	pairs,
	titleOf,
} from '../src/index.ts';

const complete = process.env['UFTP_TEST_INTEROP'] === 'all';
const withC = process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1' && missingPeers() === undefined;
const sessions = (complete ? everySession() : coveringSessions()).filter(
	({ pair }) => withC || (pair.sender === 'ours' && pair.receiver === 'ours'),
);

const keyFolder = makeKeys();
const lanes = new Map(pairs.map((pair) => [pair, { opened: undefined as Promise<EncryptionLane> | undefined }]));

async function laneOf(pair: (typeof pairs)[number]): Promise<EncryptionLane> {
	const lane = lanes.get(pair)!;
	lane.opened ??= EncryptionLane.open(pair, keyFolder);
	return lane.opened;
}

afterAll(async () => {
	for (const { opened } of lanes.values()) await (await opened)?.close();
	rmSync(keyFolder, { recursive: true });
});

describe('the table of encrypted sessions', () => {
	it('covers every two algorithms with at least sixty sessions', () => {
		expect(coveringSessions().length).toBeGreaterThanOrEqual(60);
		expect(everySession().length).toBe(3 * (3 * 4 * (3 * 3 + 4 * 2) + 14));
	});
});

// Sessions of one pair run one after the other, those of the three pairs side by side.
describe.concurrent('encrypted sessions between our programs and the C ones', () => {
	for (const { pair, suite } of sessions) {
		it(`${nameOf(pair)}: ${titleOf(suite)}`, { timeout: 300_000 }, async ({ expect: expectHere }) => {
			const lane = await laneOf(pair);
			expectHere((await lane.send(suite)).join('\n')).toBe('');
		});
	}
});
