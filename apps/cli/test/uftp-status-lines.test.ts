import type { CatalogueEntry, FileResult, Outcome, SenderEnd, SenderEvent } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { ReceiverNames } from '../src/uftp/receiver-names.ts';
import { StatusLines, type StatusLinesOptions } from '../src/uftp/status-lines.ts';

const [TWO, THREE, ABSENT] = [0x0a630002, 0x0a630003, 0x123];
const GIVEN = new Map([
	[TWO, '0x0a630002'],
	[THREE, 'three.example'],
	[ABSENT, '0x123'],
]);
const HEADING = 'HSTATS;target;copy;overwrite;skip;totalMB;time;speedKB/s';

function entry(name: string, size: number): CatalogueEntry {
	return { type: 0, name, size, modifiedSeconds: 0, link: '' };
}

function linesOf(events: readonly SenderEvent[], changes: Partial<StatusLinesOptions> = {}): string[] {
	const lines = new StatusLines({
		names: new ReceiverNames(GIVEN),
		entries: [entry('f', 4_000_000), entry('g', 2)],
		quitOnError: false,
		preview: false,
		rateBytesPerSecond: 128_000,
		...changes,
	});
	return events.flatMap((event) => lines.of(event));
}

function result(receiverId: number, outcome: Outcome, elapsedMs = 0, freeSpaceBytes?: number): FileResult {
	return { receiverId, outcome, elapsedMs, ...(freeSpaceBytes === undefined ? {} : { freeSpaceBytes }) };
}

function registered(mute: readonly number[] = []): SenderEvent {
	return { kind: 'registrationEnded', registered: [TWO, THREE].filter((id) => !mute.includes(id)), mute };
}

function started(file: number): SenderEvent {
	return { kind: 'fileStarted', file, fileId: file + 1, entry: entry('', 0) };
}

function ended(file: number, ...results: FileResult[]): SenderEvent {
	return { kind: 'fileEnded', file, results, elapsedMs: 0 };
}

function over(failure?: SenderEnd['failure']): SenderEvent {
	const counts = { elapsedMs: 0, bytesSent: 0, packetsSent: 0, repairBytesSent: 0 };
	return { kind: 'ended', end: { results: [], ...counts, ...(failure === undefined ? {} : { failure }) } };
}

describe('the status lines of uftp', () => {
	it('are those of 4.10.2, byte for byte, for the figures of a session recorded from it', () => {
		const lines = linesOf([
			registered([THREE, ABSENT]),
			started(0),
			ended(0, result(TWO, 'received', 1625.89)),
			started(1),
			ended(1, result(TWO, 'overwritten', 1.244)),
			over(),
		]);
		expect(lines).toEqual([
			'CONNECT;success;0x0a630002',
			'CONNECT;failed;three.example',
			'CONNECT;failed;0x123',
			'RESULT;0x0a630002;f;3906KB;copy;2402.53KB/s',
			'RESULT;three.example;f;3906KB;mute;',
			'RESULT;0x123;f;3906KB;mute;',
			'RESULT;0x0a630002;g;0KB;overwritten;1.57KB/s',
			'RESULT;three.example;g;0KB;mute;',
			'RESULT;0x123;g;0KB;mute;',
			HEADING,
			'STATS;0x0a630002;1;1;0;3MB;1.627;2400.69KB/s',
			'STATS;three.example;0;0;0;0MB;0.000;0.00KB/s',
			'STATS;0x123;0;0;0;0MB;0.000;0.00KB/s',
		]);
	});

	it('list proxies at CONNECT only, after the receivers of -H, as 4.10.2 did in a recorded session', () => {
		const [one, mute, two] = [0x0a61000b, 0x0a610099, 0x0a61000c];
		const given = new Map([one, mute, two].map((id) => [id, `0x${id.toString(16)}`]));
		const proxies = new Map([
			[0x0a610001, 'there'],
			[0x0a630003, 'absent'],
		]);
		const address = { host: '10.99.0.2', port: 1044 };
		const proxy = { kind: 'proxyRegistered', proxyId: 0x0a610001, address, rttMs: 1, isOurs: false } as const;
		const lines = linesOf([proxy, { kind: 'registrationEnded', registered: [one, two], mute: [mute] }], {
			names: new ReceiverNames(given, proxies),
		});
		expect(lines).toEqual([
			'CONNECT;success;0xa61000b',
			'CONNECT;failed;0xa610099',
			'CONNECT;success;0xa61000c',
			'CONNECT;success;there',
			'CONNECT;failed;absent',
		]);
	});

	it('list the proxies of an open group as they came, before the receivers behind them', () => {
		const address = { host: '10.99.0.2', port: 1044 };
		const common = { address, rttMs: 1, isOurs: false };
		const lines = linesOf(
			[
				{ kind: 'proxyRegistered', proxyId: 8, ...common },
				{ kind: 'registered', receiverId: 9, viaProxyId: 8, ...common },
				{ kind: 'registrationEnded', registered: [9], mute: [] },
			],
			{ names: new ReceiverNames(new Map()) },
		);
		expect(lines).toEqual(['CONNECT;success;0x00000008', 'CONNECT;success;0x00000009']);
	});

	it('name skipped, rejected, lost and aborted receivers, the last two under every later file too', () => {
		const lines = linesOf([
			registered([ABSENT]),
			started(0),
			{ kind: 'receiverLost', receiverId: THREE, reason: 'no answer to DONE' },
			ended(0, result(TWO, 'skipped'), result(THREE, 'lost')),
			started(1),
			ended(1, result(TWO, 'rejected')),
			{ kind: 'receiverDropped', receiverId: TWO, reason: 'Max passes exceeded' },
			over({ code: 'allLost', message: '' }),
		]);
		expect(lines.slice(3)).toEqual([
			'RESULT;0x0a630002;f;3906KB;skipped;',
			'RESULT;three.example;f;3906KB;lost;',
			'RESULT;0x123;f;3906KB;mute;',
			'RESULT;0x0a630002;g;0KB;rejected;',
			'RESULT;three.example;g;0KB;lost;',
			'RESULT;0x123;g;0KB;mute;',
		]);
	});

	it('tell the free space behind the result', () => {
		const lines = linesOf(
			[registered([ABSENT, THREE]), started(0), ended(0, result(TWO, 'received', 1, 82_684_325_888))],
			{
				entries: [entry('.', 0)],
			},
		);
		expect(lines.slice(3, 5)).toEqual(['RESULT;0x0a630002;.;0KB;copy;0.00KB/s', 'FREESPACE;.;82684325888']);
	});

	it('tell the result of a receiver that was away when it is back, or at the end', () => {
		const lines = linesOf([
			registered([ABSENT]),
			started(0),
			ended(0, result(TWO, 'received', 1000)),
			started(1),
			ended(1, result(TWO, 'received', 1)),
			started(0),
			ended(0, result(THREE, 'received', 2000)),
			{ kind: 'receiverLost', receiverId: THREE, reason: 'no answer for 30 s' },
			over(),
		]);
		expect(lines.filter((line) => line.includes('three'))).toEqual([
			'CONNECT;success;three.example',
			'RESULT;three.example;f;3906KB;copy;1953.13KB/s',
			'RESULT;three.example;g;0KB;lost;',
			'STATS;three.example;1;0;0;3MB;2.000;1953.13KB/s',
		]);
	});

	it('say with -q that nobody connected when one is missing, and have no STATS when the session ended early', () => {
		const failure = { code: 'quitOnError', message: '' } as const;
		expect(linesOf([registered([ABSENT]), over(failure)], { quitOnError: true })).toEqual([
			'CONNECT;failed;0x0a630002',
			'CONNECT;failed;three.example',
			'CONNECT;failed;0x123',
		]);
	});

	it('reckon a preview from the rate', () => {
		const lines = linesOf([registered([THREE, ABSENT]), started(0), ended(0, result(TWO, 'received', 1)), over()], {
			preview: true,
		});
		expect(lines).toContain('RESULT;0x0a630002;f;3906KB;copy;125.00KB/s');
		expect(lines).toContain('STATS;0x0a630002;1;0;0;3MB;31.250;125.00KB/s');
	});
});
