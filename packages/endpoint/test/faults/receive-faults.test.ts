/** Whatever a receiver is given throws at some moment: that ends one session, or one receiver, and no other. */
import { CompleteStatus, type IncomingFile, type ReceiverEvent } from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { afterEach, describe, expect, it } from 'vitest';
import {
	type ClosableSink,
	type Fault,
	type FileWriter,
	type OpenWriter,
	openReceiver,
	type ReceiverHooks,
	type ReceiverSettings,
	type RunningReceiver,
	type SendSettings,
} from '../../src/index.ts';
import { loopbackSettings, sendOne } from '../loopback-sender.ts';

const HOOK_MS = 300;
const never = new Promise<never>(() => {});
const boom = new Error('boom');
const explode = (): never => {
	throw boom;
};
const isBad = ({ name }: { readonly name: string }): boolean => name === 'bad.bin';

const open: RunningReceiver[] = [];
afterEach(async () => {
	for (const receiver of open.splice(0)) await receiver.stop();
});

/** A receiver and everything that it says. */
async function watched(settings: ReceiverSettings, onEvent?: ReceiverHooks['onEvent']) {
	const faults: Fault[] = [];
	const events: ReceiverEvent[] = [];
	const receiver = await openReceiver(
		{ ...loopbackSettings(), hookMsMax: HOOK_MS, ...settings },
		{
			onEvent: (event, family) => {
				events.push(event);
				return onEvent?.(event, family);
			},
			onFault: (fault) => faults.push(fault),
		},
	);
	open.push(receiver);
	const endOf = (groupId: number | undefined) =>
		events.filter((event) => event.kind === 'sessionEnded' && event.groupId === groupId);
	return { receiver, faults, events, endOf };
}

const ignoring: FileWriter = { write: () => {} };

/** A sink of the plain kind that takes everything, but for what `more` does otherwise. */
function plainSink(more: Partial<ClosableSink>): ClosableSink {
	return {
		offer: () => ({ kind: 'accept', status: CompleteStatus.Normal }),
		write: () => undefined,
		finish: () => undefined,
		discard: () => {},
		...more,
	};
}

/** The handle of the bad file, for sinks that see handles only. */
function withHandle(make: (isBadHandle: (handle: number) => boolean) => Partial<ClosableSink>): ClosableSink {
	let bad: number | undefined;
	return plainSink({
		offer: (file) => {
			if (isBad(file)) bad = file.handle;
			return { kind: 'accept', status: CompleteStatus.Normal };
		},
		...make((handle) => handle === bad),
	});
}

function onBad(writer: Partial<FileWriter>): OpenWriter {
	return (file) => (isBad(file) ? { ...ignoring, ...writer } : ignoring);
}

function later(count: number, act: () => void | Promise<void>): () => void | Promise<void> {
	let calls = 0;
	return () => (++calls > count ? act() : undefined);
}

const inSinks: readonly (readonly [string, ReceiverSettings])[] = [
	[
		'a plain sink throws when it is offered a file',
		{
			blockSink: () =>
				plainSink({ offer: (file) => (isBad(file) ? explode() : { kind: 'accept', status: CompleteStatus.Normal }) }),
		},
	],
	[
		'a plain sink throws when it writes',
		{ blockSink: () => withHandle((bad) => ({ write: (handle) => (bad(handle) ? explode() : undefined) })) },
	],
	[
		'a plain sink throws when it finishes',
		{ blockSink: () => withHandle((bad) => ({ finish: (handle) => (bad(handle) ? explode() : undefined) })) },
	],
	['a function throws when it is offered a file', { sink: (file) => (isBad(file) ? explode() : ignoring) }],
	['a function rejects when it is offered a file', { sink: async (file) => (isBad(file) ? explode() : ignoring) }],
	['a function never says whether it wants a file', { sink: (file) => (isBad(file) ? never : ignoring) }],
	['a writer throws at once', { sink: onBad({ write: explode }) }],
	['a writer throws later', { sink: onBad({ write: later(2, explode) }) }],
	['a writer rejects', { sink: onBad({ write: later(1, async () => explode()) }) }],
	['a writer never returns', { sink: onBad({ write: later(1, () => never) }) }],
	['a writer throws at the end', { sink: onBad({ end: explode }) }],
	['a writer rejects at the end', { sink: onBad({ end: async () => explode() }) }],
	['a writer never returns from the end', { sink: onBad({ end: () => never }) }],
];

const eventKinds = ['sessionStarted', 'registered', 'fileOffered', 'fileStarted', 'fileComplete', 'fileEnded'] as const;

/** For a hook: whether an event is of the session that brings the bad file, which is told by its sender's UID. */
const BAD_SENDER = 0x7f00bad0;
function badEvents(
	kind: ReceiverEvent['kind'],
	act: () => void | Promise<void>,
): NonNullable<ReceiverHooks['onEvent']> {
	let bad: number | undefined;
	return (event) => {
		if (event.kind === 'sessionStarted' && event.senderId === BAD_SENDER) bad = event.groupId;
		const groupId = 'groupId' in event ? event.groupId : 'file' in event ? event.file.groupId : undefined;
		return event.kind === kind && groupId === bad && bad !== undefined ? act() : undefined;
	};
}

/** Both files are sent at the same time; the session of the bad one ends, and the good one arrives. */
async function expectOneToFail(
	{ receiver, faults, endOf }: Awaited<ReturnType<typeof watched>>,
	error: unknown,
	more: SendSettings = {},
) {
	const bad = sendOne('bad.bin', [receiver], 200_001, { uid: BAD_SENDER, graceMs: 1000, ...more });
	const good = sendOne('good.bin', [receiver], 200_001);
	expect((await good.ended).results).toMatchObject([{ outcome: 'received' }]);
	const end = await bad.ended;
	expect(end.results[0].outcome).not.toBe('received');
	expect(faults).toHaveLength(1);
	expect(faults[0].error).toEqual(error);
	expect(endOf(faults[0].groupId)).toMatchObject([{ outcome: 'internal' }]);
	expect(receiver.sessionCount).toBe(0);
	const next = await sendOne('next.bin', [receiver], 1000).ended;
	expect(next.results).toMatchObject([{ outcome: 'received' }]);
}

const tooSlow = expect.objectContaining({ code: 'hook-too-slow' });

describe('a session of a receiver ends as internal, and another one goes on, when', () => {
	it.each(inSinks)('%s', async (name, settings) => {
		await expectOneToFail(await watched(settings), name.includes('never') ? tooSlow : boom);
	});

	it.each(eventKinds)('the hook throws at %s', async (kind) => {
		await expectOneToFail(await watched({ sink: () => ignoring }, badEvents(kind, explode)), boom);
	});

	it('the hook rejects', async () => {
		await expectOneToFail(
			await watched(
				{ sink: () => ignoring },
				badEvents('fileStarted', async () => explode()),
			),
			boom,
		);
	});

	it('the hook never returns', async () => {
		const all = await watched(
			{ sink: () => ignoring },
			badEvents('fileStarted', () => never),
		);
		// Longer than the hook is given.
		await expectOneToFail(all, tooSlow, { rateBytesPerSecond: 300_000 });
	});

	it('a listener throws', async () => {
		const all = await watched({ sink: () => ignoring });
		const throwing = badEvents('fileStarted', explode);
		all.receiver.events.on((event) => void throwing(event, 4));
		await expectOneToFail(all, boom);
	});
});

describe('a fault after the end of a session', () => {
	it('in the hook is reported, and the receiver goes on', async () => {
		const { receiver, faults } = await watched({ sink: () => ignoring }, badEvents('sessionEnded', explode));
		await sendOne('bad.bin', [receiver], 1000, { uid: BAD_SENDER }).ended;
		const next = await sendOne('next.bin', [receiver], 1000).ended;
		expect(next.results).toMatchObject([{ outcome: 'received' }]);
		expect(faults).toMatchObject([{ error: boom }]);
	});

	it('in the abort of a writer is reported, and the receiver goes on', async () => {
		const opened: IncomingFile[] = [];
		const { receiver, faults } = await watched({
			sink: (file) => {
				opened.push(file);
				return { write: isBad(file) ? async () => explode() : () => {}, abort: () => explode() };
			},
		});
		await sendOne('bad.bin', [receiver], 200_001, { graceMs: 1000 }).ended;
		const next = await sendOne('next.bin', [receiver], 1000).ended;
		expect(next.results).toMatchObject([{ outcome: 'received' }]);
		expect(faults.every(({ error }) => error === boom)).toBe(true);
	});
});

describe('a receiver stops, and another one of the process goes on, when', () => {
	const breakings: readonly (readonly [string, (receiver: RunningReceiver) => () => void])[] = [
		['its core throws in a batch', () => breakCore('handle')],
		['its core throws at a timer', () => breakCore('handleTimeout')],
		['its core throws when it composes', () => breakCore('pollTransmit')],
		['its port throws when it reads', (receiver) => breakPort(receiver)],
	];

	/** Methods of the class, but for the receiver that is to stay: its own node keeps the right one. */
	function breakCore(method: 'handle' | 'handleTimeout' | 'pollTransmit'): () => void {
		const right = ReceiverNode.prototype[method];
		ReceiverNode.prototype[method] = explode;
		return () => {
			ReceiverNode.prototype[method] = right as never;
		};
	}

	function breakPort({ ports }: RunningReceiver): () => void {
		ports[0].listener.receive = explode;
		return () => {};
	}

	it.each(breakings)('%s', async (_, breakIt) => {
		// What is lost is waited for: timers go off.
		let share = 0;
		const loss = {
			random: Math.random,
			get share() {
				return share;
			},
		};
		const bad = await watched({ sink: () => ignoring, loss, graceMs: 100 });
		const good = await watched({ sink: () => ignoring });
		const started = new Promise<void>((resolve) => {
			bad.receiver.events.on(({ kind }) => kind === 'fileStarted' && resolve());
		});
		const sending = sendOne('bad.bin', [bad.receiver], 200_001, { rateBytesPerSecond: 100_000 });
		await started;
		const mend = breakIt(bad.receiver);
		share = 0.9;
		await bad.receiver.closed;
		mend();
		sending.abort('enough');
		await sending.ended;
		expect(bad.faults).toMatchObject([{ error: boom, groupId: undefined }]);
		expect(bad.events.at(-1)).toMatchObject({ kind: 'sessionEnded' });
		expect((await sendOne('good.bin', [good.receiver], 1000).ended).results).toMatchObject([{ outcome: 'received' }]);
	});
});
