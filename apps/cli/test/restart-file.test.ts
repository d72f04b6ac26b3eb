import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ReceiverResult, SenderEnd } from '@uftp/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandError } from '../src/drop-in/command-error.ts';
import { FailedReceivers } from '../src/uftp/failed-receivers.ts';
import { ReceiverNames } from '../src/uftp/receiver-names.ts';
import { type RestartFile, readRestartFile, writeRestartFile } from '../src/uftp/restart-file.ts';

const PRINT = Uint8Array.from({ length: 20 }, (_, i) => i);
const RESTART: RestartFile = {
	groupId: 0x00c0ffee,
	groupInstance: 3,
	files: ['a file', '@DELETE:old', '../b'],
	directory: '/srv/out',
	receivers: {
		names: new Map([
			[0x0a000002, 'ten'],
			[7, '0x7'],
		]),
		fingerprints: new Map([[7, PRINT]]),
	},
	proxies: { names: new Map([[9, '0x9']]), fingerprints: new Map() },
};
const NAME = '_group_00C0FFEE_restart';

let directory: string;
beforeEach(() => {
	directory = fs.mkdtempSync(path.join(os.tmpdir(), 'uftp-restart-file-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

function written(): string {
	writeRestartFile(RESTART, directory);
	return path.join(directory, NAME);
}

/** What is said about a restart file with this content; it always exits 1. */
function refusal(content: string | Uint8Array): string {
	const file = path.join(directory, 'given');
	fs.writeFileSync(file, content);
	try {
		readRestartFile(file);
	} catch (error) {
		if (!(error instanceof CommandError)) throw error;
		expect(error.exitCode).toBe(1);
		return error.message;
	}
	throw new Error('it was accepted');
}

describe('the restart file of uftp', () => {
	it('is called as C calls it, and read as it was written', () => {
		expect(readRestartFile(written())).toEqual(RESTART);
		expect(fs.readdirSync(directory)).toEqual([NAME]);
	});

	it('is refused with a sentence when it is missing, of the C program, or of another version', () => {
		expect(() => readRestartFile(path.join(directory, 'none'))).toThrow(/^Failed to open restart file: no such file/);
		expect(refusal(new Uint8Array(468))).toContain('those of the C uftp only it can read');
		expect(refusal('')).toContain('it is none of this program');
		expect(refusal('[]')).toContain('no restart file');
		const content = JSON.parse(fs.readFileSync(written(), 'utf8'));
		expect(refusal(JSON.stringify({ ...content, version: 2 }))).toContain('version 2');
		expect(refusal(JSON.stringify({ ...content, instance: 255 }))).toContain('restarted 255 times');
	});

	it.each<[string, object]>([
		['group', { group: '00000000' }],
		['instance', { instance: -1 }],
		['directory', { directory: 1 }],
		['files', { files: [] }],
		['files', { files: [1] }],
		['receivers', { receivers: [] }],
		['receivers', { receivers: [{}] }],
		['receivers', { receivers: 'all' }],
		['fingerprint', { receivers: [{ uid: '0x00000007', fingerprint: 'zz' }] }],
		['proxies', { proxies: [null] }],
	])('is refused with a sentence when its %s cannot be used (%o)', (word, change) => {
		const content = JSON.parse(fs.readFileSync(written(), 'utf8'));
		expect(refusal(JSON.stringify({ ...content, ...change }))).toContain(word);
	});

	it('never makes the command crash, whatever has become of it', () => {
		const text = fs.readFileSync(written(), 'utf8');
		const file = path.join(directory, 'given');
		fc.assert(
			fc.property(fc.nat(text.length - 1), fc.nat(text.length), fc.string({ maxLength: 3 }), (at, cut, put) => {
				fs.writeFileSync(file, text.slice(0, Math.min(at, cut)) + put + text.slice(at));
				try {
					expect(readRestartFile(file).receivers.names.size).toBeGreaterThan(0);
				} catch (error) {
					expect(error).toBeInstanceOf(CommandError);
				}
			}),
			{ numRuns: 300 },
		);
	});
});

describe('who is in the restart file', () => {
	const result = (receiverId: number, outcome: ReceiverResult['outcome'], filesMissing = 0): ReceiverResult => ({
		receiverId,
		outcome,
		address: undefined,
		isOurs: true,
		rttMs: 1,
		filesReceived: 0,
		filesOverwritten: 0,
		filesSkipped: 0,
		filesRejected: 0,
		filesMissing,
		bytes: 0,
	});

	it('is whoever never came, was lost, aborted or lacks a file, with the key that it showed', () => {
		const results = [
			result(1, 'received'),
			result(2, 'mute'),
			result(3, 'lost'),
			result(4, 'aborted'),
			result(5, 'rejected'),
			result(6, 'skipped'),
			result(7, 'received', 1),
		];
		const end: SenderEnd = { results, elapsedMs: 1, bytesSent: 1, packetsSent: 1, repairBytesSent: 0 };
		const failed = new FailedReceivers();
		const address = { host: '10.0.0.3', port: 1 };
		const shown = { kind: 'registered', address, rttMs: 1, isOurs: true, viaProxyId: undefined } as const;
		failed.see({ ...shown, receiverId: 3, fingerprint: PRINT });
		failed.see({ ...shown, receiverId: 4 });
		const names = new ReceiverNames(new Map([[2, 'two']]));
		const listed = new Map([[2, PRINT]]);
		const { names: inFile, fingerprints } = failed.list(end, names, listed);
		expect([...inFile]).toEqual([
			[2, 'two'],
			[3, '0x00000003'],
			[4, '0x00000004'],
			[7, '0x00000007'],
		]);
		expect([...fingerprints.keys()]).toEqual([2, 3]);
	});

	it('comes with the proxies of -j and with those that they were behind, once each, with the key that these showed', () => {
		const behind = (viaProxyId: number) => ({ viaProxyId });
		const results = [
			{ ...result(2, 'lost'), ...behind(8) },
			{ ...result(3, 'lost'), ...behind(8) },
			{ ...result(4, 'received'), ...behind(9) },
		];
		const end: SenderEnd = { results, elapsedMs: 1, bytesSent: 1, packetsSent: 1, repairBytesSent: 0 };
		const failed = new FailedReceivers();
		const address = { host: '10.0.0.8', port: 1044 };
		failed.see({ kind: 'proxyRegistered', proxyId: 8, address, rttMs: 1, isOurs: false, fingerprint: PRINT });
		const listed = { names: new Map([[7, 'seven']]), fingerprints: new Map() };
		const proxies = failed.proxies(end, new ReceiverNames(new Map(), listed.names), listed);
		expect([...proxies.names]).toEqual([
			[7, 'seven'],
			[8, '0x00000008'],
		]);
		expect([...proxies.fingerprints]).toEqual([[8, PRINT]]);
	});
});
