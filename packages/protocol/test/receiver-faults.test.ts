import { describe, expect, it } from 'vitest';
import { SingleArrival } from '../src/arrival.ts';
import { CompleteStatus } from '../src/ports.ts';
import { FileTransfers } from '../src/receiver/files/file-transfers.ts';
import { ReceivedBlocks } from '../src/receiver/files/received-blocks.ts';
import { ReceiverSession } from '../src/receiver/session.ts';
import { contentOf, GROUP_ID, ScriptedSender, SENDER, ShellUnderTest } from './scripted-sender.ts';

const FAULT = new Error('a fault of the program');
const CONTENT = contentOf(1024);
const OTHER = { groupId: GROUP_ID + 1, sourceId: 0x0a630077 };

/** Where a fault is put: the methods of one session that a node calls. */
type Entry = 'handleMessage' | 'takeBlock' | 'handleTimeout' | 'settle';

/** Makes a method of the sessions of one group throw; gives back the way it was. */
function breakSession(entry: Entry, groupId: number): () => void {
	const original = ReceiverSession.prototype[entry] as (...values: unknown[]) => unknown;
	ReceiverSession.prototype[entry] = function (this: ReceiverSession, ...values: unknown[]) {
		if (this.context.link.groupId === groupId) throw FAULT;
		return original.apply(this, values);
	} as never;
	return () => {
		ReceiverSession.prototype[entry] = original as never;
	};
}

/** A node in two sessions, each with a file of two blocks that has begun. */
function twoSessions() {
	const shell = new ShellUnderTest();
	shell.faults = [];
	const broken = new ScriptedSender();
	const healthy = new ScriptedSender(OTHER);
	for (const sender of [broken, healthy]) {
		for (const datagram of [sender.announce(), sender.regConf(), sender.fileInfo({ size: CONTENT.length })]) {
			shell.deliver(datagram);
		}
		shell.deliver(sender.blockOf(1, CONTENT, 0, 0));
	}
	shell.clear();
	return { shell, broken, healthy };
}

/** What the shell was asked about a session, by kind. */
function asked(shell: ShellUnderTest, groupId: number): string[] {
	return shell.requests
		.filter((request) => ('file' in request ? request.file.groupId : request.groupId) === groupId)
		.map(({ kind }) => kind);
}

function finish(shell: ShellUnderTest, sender: ScriptedSender): void {
	shell.deliver(sender.blockOf(1, CONTENT, 0, 1));
	shell.deliver(sender.done(0, 0));
	shell.deliver(sender.doneConf());
}

describe('a fault in one session of a receiving node', () => {
	const steps: Record<string, [Entry, (scene: ReturnType<typeof twoSessions>) => void]> = {
		'in a control message': ['handleMessage', ({ shell, broken }) => shell.deliver(broken.done(1, 0))],
		'in a block': ['takeBlock', ({ shell, broken }) => shell.deliver(broken.blockOf(1, CONTENT, 0, 1))],
		'in a timer': ['handleTimeout', ({ shell }) => shell.advance(40_000)],
		'in its end': ['settle', ({ shell, broken }) => shell.deliver(broken.abort('enough'))],
	};

	it.each(Object.entries(steps))('%s ends that session alone, and gives back what the shell holds', (_, step) => {
		const [entry, cause] = step;
		const scene = twoSessions();
		const { shell, healthy, broken } = scene;
		const mend = breakSession(entry, GROUP_ID);
		try {
			if (entry === 'handleTimeout') {
				// The healthy sender goes on speaking.
				for (let i = 0; i < 4; i++) {
					shell.advance(10_000);
					shell.deliver(healthy.done(1, 0, []));
				}
			} else cause(scene);
			expect(shell.faults).toEqual([FAULT]);
			expect(asked(shell, GROUP_ID)).toEqual(['discardFile', 'endSession', 'fault']);
			expect(shell.eventsOf('sessionEnded')).toMatchObject([{ groupId: GROUP_ID, outcome: 'internal' }]);
			expect(shell.node.counters['dropped.internal-error']).toBe(1);
			expect(shell.of('abort').every(({ groupId }) => groupId === GROUP_ID)).toBe(true);
			finish(shell, healthy);
			expect(shell.eventsOf('sessionEnded').slice(1)).toMatchObject([{ groupId: OTHER.groupId, outcome: 'completed' }]);
			expect(shell.node.sessionCount).toBe(0);
			// The announcement of the session that failed starts nothing again.
			shell.deliver(broken.announce());
			expect(shell.node.sessionCount).toBe(0);
		} finally {
			mend();
		}
	});

	it('in an answer that cannot be composed ends the session that it is of', () => {
		const { shell, broken, healthy } = twoSessions();
		const original = FileTransfers.prototype.complete;
		FileTransfers.prototype.complete = function (this: FileTransfers, fileId: number) {
			if (this.groupId !== GROUP_ID) original.call(this, fileId);
			else throw FAULT;
		};
		try {
			shell.deliver(broken.blockOf(1, CONTENT, 0, 1));
		} finally {
			FileTransfers.prototype.complete = original;
		}
		expect(shell.faults).toEqual([FAULT]);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ groupId: GROUP_ID, outcome: 'internal' }]);
		finish(shell, healthy);
		expect(shell.node.sessionCount).toBe(0);
	});

	it('in a report that is being written ends the session that it is of', () => {
		const { shell, broken, healthy } = twoSessions();
		shell.deliver(broken.done(1, 0));
		shell.deliver(healthy.done(1, 0));
		const original = ReceivedBlocks.prototype.writeNaks;
		let calls = 0;
		ReceivedBlocks.prototype.writeNaks = function (...values) {
			if (calls++ === 0) throw FAULT;
			return original.apply(this, values);
		};
		try {
			shell.advance(20);
		} finally {
			ReceivedBlocks.prototype.writeNaks = original;
		}
		expect(shell.faults).toEqual([FAULT]);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'internal' }]);
		expect(shell.of('status')).toHaveLength(1);
		expect(shell.node.sessionCount).toBe(1);
	});

	it('at its very start leaves no session behind', () => {
		const shell = new ShellUnderTest();
		shell.faults = [];
		const original = ReceiverSession.prototype.start;
		ReceiverSession.prototype.start = () => {
			throw FAULT;
		};
		try {
			shell.deliver(new ScriptedSender().announce());
		} finally {
			ReceiverSession.prototype.start = original;
		}
		expect(shell.faults).toEqual([FAULT]);
		expect(shell.node.sessionCount).toBe(0);
	});
});

describe('a fault outside of any session', () => {
	it('costs the datagram, and nothing else', () => {
		const { shell, healthy } = twoSessions();
		const arrival = new SingleArrival(SENDER, new ScriptedSender({ groupId: 77 }).announce());
		Object.defineProperty(arrival, 'bytes', {
			get: () => {
				throw FAULT;
			},
		});
		expect(shell.node.handle(shell.now, arrival)).toBeUndefined();
		shell.drain();
		expect(shell.faults).toEqual([FAULT]);
		expect(shell.requests).toEqual([{ kind: 'fault', groupId: undefined, error: FAULT }]);
		expect(shell.node.sessionCount).toBe(2);
		finish(shell, healthy);
		expect(shell.node.sessionCount).toBe(1);
	});

	it('is handed out a bounded number of times while nobody fetches it', () => {
		const shell = new ShellUnderTest();
		shell.faults = [];
		for (let i = 0; i < 10_000; i++) {
			const arrival = new SingleArrival(SENDER, new Uint8Array(20));
			Object.defineProperty(arrival, 'length', {
				get: () => {
					throw FAULT;
				},
			});
			shell.node.handle(shell.now, arrival);
		}
		shell.drain();
		expect(shell.faults.length).toBeLessThan(1000);
		expect(shell.node.counters['dropped.internal-error']).toBe(10_000);
	});
});

describe('a fault of the shell', () => {
	it('ends the session that it acted for, once', () => {
		const { shell, healthy } = twoSessions();
		shell.node.fail(shell.now, GROUP_ID, FAULT);
		shell.node.fail(shell.now, GROUP_ID, new Error('and another, while the first was being dealt with'));
		shell.drain();
		expect(shell.faults).toEqual([FAULT]);
		expect(asked(shell, GROUP_ID)).toEqual(['discardFile', 'endSession', 'fault']);
		expect(shell.of('abort').map(({ groupId }) => groupId)).toEqual([GROUP_ID]);
		finish(shell, healthy);
		expect(shell.eventsOf('sessionEnded').map(({ outcome }) => outcome)).toEqual(['internal', 'completed']);
	});

	it('is told of also when the session is over already', () => {
		const { shell, broken } = twoSessions();
		shell.deliver(broken.abort('enough'));
		shell.clear();
		shell.node.fail(shell.now, GROUP_ID, FAULT);
		shell.drain();
		expect(shell.faults).toEqual([FAULT]);
		expect(shell.events).toEqual([]);
	});

	it('leaves what was begun on the files of other sessions as it was', () => {
		const { shell, healthy } = twoSessions();
		shell.store = undefined;
		shell.deliver(healthy.blockOf(1, CONTENT, 0, 1));
		const [finishing] = shell.requests.filter(({ kind }) => kind === 'finishFile');
		shell.node.fail(shell.now, GROUP_ID, FAULT);
		shell.drain();
		if (finishing?.kind !== 'finishFile') throw new Error('no file is finished');
		expect(shell.node.groupOf(finishing.file.handle)).toBe(OTHER.groupId);
		shell.node.fileStored(shell.now, finishing.file.handle);
		shell.drain();
		expect(shell.eventsOf('fileEnded')).toMatchObject([{ status: CompleteStatus.Normal }]);
	});
});
