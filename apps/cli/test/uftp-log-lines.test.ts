import type {
	CatalogueEntry,
	FileResult,
	FileType,
	Outcome,
	ReceiverResult,
	SenderEnd,
	SenderEvent,
} from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { Level } from '../src/drop-in/log.ts';
import { missingLines, SenderLines } from '../src/uftp/log-lines.ts';
import { ReceiverNames } from '../src/uftp/receiver-names.ts';
import { recorded, splitStamped, without, withoutMeasurements } from './recorded-lines.ts';

const [TWO, THREE, ABSENT] = [0x0a580002, 0x0a580003, 0x1234];

/** What 4.10.2 prints and sessions of ours do not report, or what is printed elsewhere. */
const UNLIKE = [
	/^$/,
	/^UFTP version/,
	/^Starting at/,
	/^uftp: Finishing at/,
	/^Transfer rate:/,
	/^Wait between packets:/,
	/^Using private multicast address/,
	/^Initializing group/,
	/^Sending (REG_CONF|DONE|DONE_CONF) /,
	/^Late (registers|completions):/,
	/^Received FILEINFO_ACK/,
	/^Sending thread timed out/,
	/^Got signal/,
	/^Select failed/,
];

interface Scene {
	readonly names?: readonly (readonly [number, string])[];
	readonly isClosedGroup?: boolean;
	readonly level?: number;
	readonly groupId?: number;
}

function linesOf(events: readonly SenderEvent[], scene: Scene = {}) {
	const names = new ReceiverNames(new Map(scene.names ?? []));
	const lines = new SenderLines({
		groupId: scene.groupId ?? 0xc2d35086,
		groupInstance: 0,
		isClosedGroup: scene.isClosedGroup ?? true,
		blockBytes: 1300,
		level: scene.level ?? 2,
		names,
		localName: (file) => (events.find((e) => e.kind === 'fileStarted' && e.file === file) as Started).entry.name,
	});
	return events.flatMap((event) => lines.of(event)).filter((line) => line.level <= (scene.level ?? 2));
}

type Started = SenderEvent & { kind: 'fileStarted' };

function started(file: number, name: string, size: number, type: FileType = 0, link = ''): SenderEvent {
	const entry: CatalogueEntry = { type, name, size, modifiedSeconds: 0, link };
	return { kind: 'fileStarted', file, fileId: file + 1, entry };
}

function completed(file: number, receiverId: number, outcome: Outcome, elapsedMs: number): SenderEvent {
	return { kind: 'fileCompletedBy', file, result: { receiverId, outcome, elapsedMs } };
}

function ended(file: number, ...results: readonly (readonly [number, Outcome, number])[]): SenderEvent {
	const all: FileResult[] = results.map(([receiverId, outcome, elapsedMs]) => ({ receiverId, outcome, elapsedMs }));
	return { kind: 'fileEnded', file, results: all, elapsedMs: 5 };
}

function registered(receiverId: number): SenderEvent {
	const address = { host: '10.88.0.2', port: 1044 };
	return { kind: 'registered', receiverId, address, rttMs: 1, isOurs: false, viaProxyId: undefined };
}

function announced(from: number, to: number): SenderEvent[] {
	return Array.from({ length: to - from + 1 }, (_, i) => ({ kind: 'announced', attempt: from + i, grttMs: 10 }));
}

function sessionEnd(failure?: SenderEnd['failure'], results: readonly ReceiverResult[] = []): SenderEvent {
	const end: SenderEnd = {
		...(failure === undefined ? {} : { failure }),
		results,
		elapsedMs: 1,
		bytesSent: 1,
		packetsSent: 1,
		repairBytesSent: 0,
	};
	return { kind: 'ended', end };
}

function texts(lines: readonly { readonly text: string }[]): string[] {
	return lines.map((line) => withoutMeasurements(line.text));
}

const names: Scene['names'] = [
	[TWO, '10.88.0.2'],
	[THREE, '0x0a580003'],
	[ABSENT, '0x1234'],
];

/** The three results of a file in the recorded session. */
function results(file: number, outcome: Outcome): SenderEvent[] {
	const order = file === 0 || file === 1 || file === 3 || file === 4 ? [THREE, TWO] : [TWO, THREE];
	return [
		...order.map((id) => completed(file, id, outcome, 1)),
		// In the order of completion: the table has the order of -H.
		ended(file, ...order.map((id) => [id, outcome, 1] as const)),
	];
}

describe('the sender log beside that of 4.10.2', () => {
	it('says the same of a closed group with files, a directory, a link and an absent receiver', () => {
		const data = (file: number, size: number): SenderEvent[] => [
			{ kind: 'passStarted', file, pass: 1, blocks: 1 },
			...(size > 0 ? [{ kind: 'sectionSent', file, section: 0, pass: 1 } as const] : []),
		];
		const ours = linesOf(
			[
				...announced(1, 1),
				registered(THREE),
				registered(TWO),
				...announced(2, 20),
				{ kind: 'registrationEnded', registered: [TWO, THREE], mute: [ABSENT] },
				started(0, 'd/zero', 0),
				...data(0, 0),
				...results(0, 'received'),
				started(1, 'd/empty', 0, 1),
				...results(1, 'rejected'),
				started(2, 'd/e/f', 3),
				...data(2, 3),
				...results(2, 'received'),
				started(3, 'small.bin', 5000),
				...data(3, 5000),
				...results(3, 'received'),
				started(4, 'link', 0, 2, 'small.bin'),
				...results(4, 'rejected'),
				sessionEnd(),
			],
			{ names },
		);
		const theirs = without(recorded('sender-closed-group.txt'), [
			...UNLIKE,
			// A directory that is not empty is no file of a session; a missing file is reported at the start.
			/^----- (d|d\/e|nosuch) -----$/,
			/^Error getting file status/,
		]);
		const group = theirs.indexOf('Finishing group');
		// C also names who confirms the end of the session.
		const comparable = theirs.filter((line, i) => i < group || !/^Got COMPLETE/.test(line));
		expect(texts(ours)).toEqual(comparable.map(withoutMeasurements));
	});

	it('says the same of NAKs and a second pass', () => {
		const file = 0;
		const ours = linesOf(
			[
				...announced(1, 1),
				registered(THREE),
				registered(TWO),
				{ kind: 'registrationEnded', registered: [TWO, THREE], mute: [] },
				started(file, 'big.bin', 40_000_000),
				{ kind: 'passStarted', file, pass: 1, blocks: 30_770 },
				{ kind: 'sectionSent', file, section: 0, pass: 1 },
				{ kind: 'sectionSent', file, section: 1, pass: 1 },
				{ kind: 'nakReceived', file, receiverId: TWO, section: 0, missing: 1683 },
				{ kind: 'sectionSent', file, section: 2, pass: 1 },
				completed(file, THREE, 'received', 3252),
				{ kind: 'passStarted', file, pass: 2, blocks: 1683 },
				{ kind: 'sectionSent', file, section: 0, pass: 2 },
				completed(file, TWO, 'received', 3459.457),
				ended(file, [THREE, 'received', 3252], [TWO, 'received', 3459.457]),
				sessionEnd(),
			],
			{
				names: [
					[TWO, '10.88.0.2'],
					[THREE, '10.88.0.3'],
				],
			},
		);
		const theirs = without(recorded('sender-naks.txt'), UNLIKE);
		const group = theirs.indexOf('Finishing group');
		const comparable = theirs.filter((line, i) => i < group || !/^Got COMPLETE/.test(line));
		// With the times of the recording every digit is the same.
		expect(ours.map((line) => line.text)).toEqual(comparable);
	});

	it('says the same of an open group, whose announcements have no part number', () => {
		const failure = { code: 'nobodyRegistered', message: 'no receiver answered the announcement' } as const;
		const ours = linesOf([...announced(1, 10), sessionEnd(failure)], { isClosedGroup: false });
		const theirs = without(recorded('sender-nobody.txt'), UNLIKE);
		expect(texts(ours)).toEqual([...theirs, 'No receiver answered the announcement.']);
	});

	it('says the same of a receiver that aborts, and of one that is lost', () => {
		const aborts = recorded('sender-receiver-aborts.txt');
		const ours = linesOf(
			[
				started(0, 'big.bin', 40_000_000),
				{ kind: 'receiverAborted', receiverId: TWO, reason: 'Client shutting down' },
				ended(0, [TWO, 'aborted', 0], [THREE, 'received', 6501]),
			],
			{
				names: [
					[TWO, '10.88.0.2'],
					[THREE, '10.88.0.3'],
				],
			},
		).map((line) => line.text);
		expect(aborts).toEqual(expect.arrayContaining(ours.filter((text) => !text.startsWith('Overall'))));
		const lost = linesOf(
			[
				started(0, 'big.bin', 40_000_000),
				{ kind: 'receiverLost', receiverId: TWO, reason: 'no answer to DONE' },
				ended(0, [TWO, 'lost', 0]),
			],
			{ names: [[TWO, '10.88.0.2']] },
		).map((line) => line.text);
		expect(recorded('sender-all-lost.txt')).toEqual(expect.arrayContaining(lost));
	});

	it('says the same of an interruption', () => {
		const failure = { code: 'interrupted', message: 'Server quit, aborting all' } as const;
		const ours = linesOf([ended(0, [TWO, 'aborted', 0]), sessionEnd(failure)], { names });
		expect(recorded('sender-interrupted.txt')).toEqual(expect.arrayContaining(ours.slice(0, -1).map((l) => l.text)));
	});

	it('below level 2 tells only of the receivers that did not get a file', () => {
		const theirs = recorded('sender-level-1.txt');
		const failures = linesOf(
			[
				started(0, 'f', 1),
				{ kind: 'registrationEnded', registered: [TWO, THREE], mute: [ABSENT] },
				{ kind: 'receiverAborted', receiverId: TWO, reason: 'Client shutting down' },
				ended(0, [TWO, 'aborted', 0], [THREE, 'received', 1]),
			],
			{ names, level: 1 },
		).map((line) => line.text);
		expect(failures).toEqual([
			'Transfer aborted by 10.88.0.2: Client shutting down',
			'10.88.0.2       Aborted',
			'0x1234          Mute',
		]);
		expect(theirs).toEqual(expect.arrayContaining(failures));
		const atZero = linesOf(
			[
				{ kind: 'receiverLost', receiverId: TWO, reason: 'no answer' },
				ended(0, [TWO, 'lost', 0], [THREE, 'rejected', 0]),
			],
			{ names, level: 0 },
		).map((line) => line.text);
		expect(atZero).toEqual(['10.88.0.2       Lost connection']);
		expect(theirs).toEqual(expect.arrayContaining(atZero));
	});

	it('gives each line the scope that 4.10.2 prints: the session, and the file while one is sent', () => {
		const ours = linesOf(
			[
				registered(TWO),
				started(0, 'small.bin', 5000),
				{ kind: 'passStarted', file: 0, pass: 1, blocks: 4 },
				completed(0, TWO, 'received', 1),
				ended(0, [TWO, 'received', 1]),
				sessionEnd(),
			],
			{ names, groupId: 0xfbc2415c },
		);
		const theirs = recorded('sender-log-file.txt').map(splitStamped);
		for (const line of ours.filter(({ text }) => !text.startsWith('Overall'))) {
			expect(theirs).toContainEqual({ scope: line.scope, text: line.text });
		}
	});

	it('names both addresses when two receivers answer with one UID', () => {
		const [line] = linesOf([
			{
				kind: 'duplicateUid',
				receiverId: TWO,
				first: { host: '10.0.0.7', port: 1044 },
				second: { host: 'fd00::8', port: 9 },
			},
		]);
		expect(line.level).toBe(Level.Warning);
		expect(line.text).toContain('0x0A580002, at 10.0.0.7:1044 and at [fd00::8]:9');
	});
});

describe('who has not got everything', () => {
	const base: ReceiverResult = {
		receiverId: TWO,
		outcome: 'received',
		address: undefined,
		isOurs: false,
		rttMs: 1,
		filesReceived: 2,
		filesOverwritten: 0,
		filesSkipped: 0,
		filesRejected: 0,
		filesMissing: 0,
		bytes: 1,
	};
	const named = new ReceiverNames(new Map([[ABSENT, 'the-absent']]));

	it('is told by name and reason', () => {
		const lines = missingLines(
			[
				base,
				{ ...base, receiverId: ABSENT, outcome: 'mute' },
				{ ...base, outcome: 'lost', reason: 'no answer to DONE' },
				{ ...base, filesRejected: 1, filesMissing: 2 },
			],
			named,
		);
		expect(lines).toEqual([
			'the-absent has not got everything: it never registered',
			'0x0A580002 has not got everything: lost connection (no answer to DONE)',
			'0x0A580002 has not got everything: it rejected 1 file, 2 files missing',
		]);
	});

	it('is nobody when all have everything', () => {
		expect(missingLines([base], named)).toEqual([]);
	});
});
