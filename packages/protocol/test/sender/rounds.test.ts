import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { FileType, SectionMap } from '../../src/index.ts';
import { Actor, entry, Stage } from './scripted-receivers.ts';

const ALICE = 0x0a000002;
const BOB = 0x0a000003;
const BLOCKS = 4;
const FILES = [entry('a.bin', 1300 * BLOCKS)];

function opened(changes: object = {}, files = FILES, ours: boolean | readonly [number, number] = false) {
	const stage = new Stage({ targets: [ALICE, BOB], ...changes }, files);
	const alice = new Actor(stage, ALICE, '10.0.0.2', ours === false ? undefined : [1, 1]);
	const bob = new Actor(stage, BOB, '10.0.0.3', ours === false ? undefined : [2, 2]);
	stage.run(2);
	alice.register();
	bob.register();
	return { stage, alice, bob };
}

describe('a file round', () => {
	it('sends every block once, then DONE, and ends when all have completed', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.run(5);
		expect(stage.of(MessageType.FILESEG).map((sent) => sent.message.block)).toEqual([0, 1, 2, 3]);
		expect(stage.of(MessageType.DONE)[0].message).toMatchObject({ fileId: 1, section: 0, ids: [ALICE, BOB] });
		alice.complete(1);
		bob.complete(1);
		expect(stage.kinds('fileEnded')[0].results).toHaveLength(2);
		expect(stage.of(MessageType.DONE).at(-1)!.message).toMatchObject({ fileId: 0, ids: [ALICE, BOB] });
		alice.complete(0);
		bob.complete(0);
		stage.run(100);
		expect(stage.of(MessageType.DONE_CONF)).toHaveLength(2);
		expect(stage.session.end?.results.map((result) => result.outcome)).toEqual(['received', 'received']);
	});

	it('sends in the next pass what any receiver lacks, once', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.run(5);
		alice.nak(1, 0, [1, 2], BLOCKS);
		bob.nak(1, 0, [2, 3], BLOCKS);
		stage.run(40);
		expect(stage.of(MessageType.FILESEG).map((sent) => sent.message.block)).toEqual([0, 1, 2, 3, 1, 2, 3]);
	});

	it('sends few repairs twice where the way is long', () => {
		for (const [initial, sent] of [
			[600, [0, 1, 2, 3, 1, 2, 1, 2]],
			[90, [0, 1, 2, 3, 1, 2]],
		] as const) {
			const { stage, alice, bob } = opened({ grttMs: { initial, min: initial, max: 1000 } });
			alice.acknowledge(1);
			bob.acknowledge(1);
			stage.run(10);
			alice.nak(1, 0, [1, 2], BLOCKS);
			bob.complete(1);
			stage.run(0.6 * initial);
			expect(stage.of(MessageType.FILESEG).map(({ message }) => message.block)).toEqual(sent);
		}
	});

	it('sends what is missing of a resumed session once, however long the way is', () => {
		const { stage, alice, bob } = opened({ grttMs: { initial: 600, min: 600, max: 1000 } });
		alice.acknowledge(1, 2, true);
		bob.acknowledge(1, 2, true);
		stage.run(10);
		alice.nak(1, 0, [1, 2], BLOCKS);
		bob.complete(1);
		stage.run(400);
		expect(stage.of(MessageType.FILESEG).map(({ message }) => message.block)).toEqual([1, 2]);
	});

	it('ignores a STATUS that is too short, of another file, or of a section that there is not', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.run(5);
		alice.nak(2, 0, [1], BLOCKS);
		alice.nak(1, 7, [1], BLOCKS);
		alice.nak(1, 0, [], 0);
		stage.run(40);
		expect(stage.kinds('nakReceived')).toHaveLength(0);
		expect(stage.of(MessageType.FILESEG)).toHaveLength(4);
	});

	it('loses a C receiver after robust unanswered DONEs and no sooner than after 2 s, and completes for the other', () => {
		const { stage, alice, bob } = opened({ robust: 10 });
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.run(5);
		alice.complete(1);
		stage.run(1900);
		const asked = stage.of(MessageType.DONE).filter((sent) => sent.message.fileId === 1);
		expect(asked.length).toBeGreaterThan(10);
		expect(stage.kinds('receiverLost')).toEqual([]);
		stage.run(300);
		expect(stage.kinds('receiverLost').map((event) => event.receiverId)).toEqual([BOB]);
		alice.complete(0);
		stage.run(100);
		expect(stage.session.end?.results.map((result) => result.outcome)).toEqual(['received', 'lost']);
	});

	it('goes on without a receiver of ours within a few seconds, and serves it when it is back', () => {
		const { stage, alice, bob } = opened({}, [entry('a.bin', 5200), entry('b.bin', 100)], true);
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.run(5);
		alice.complete(1);
		stage.run(4000);
		expect(stage.kinds('receiverAway').map((event) => event.receiverId)).toEqual([BOB]);
		expect(stage.of(MessageType.FILEINFO).at(-1)!.message.fileId).toBe(2);
		alice.acknowledge(2);
		stage.run(5);
		alice.complete(2);
		stage.run(1500);
		bob.acknowledge(stage.of(MessageType.FILEINFO).at(-1)!.message.fileId);
		expect(stage.kinds('receiverReturned')).toHaveLength(1);
		stage.run(50);
		bob.nak(1, 0, [0], BLOCKS);
		stage.run(50);
		bob.complete(1);
		stage.run(50);
		bob.acknowledge(2);
		stage.run(50);
		bob.complete(2);
		stage.run(50);
		alice.complete(0);
		bob.complete(0);
		stage.run(200);
		expect(stage.session.end?.results.map((result) => result.outcome)).toEqual(['received', 'received']);
	});

	it('takes a receiver of ours back that has another address after it was away, and nobody before', () => {
		const { stage, alice, bob } = opened({}, FILES, true);
		const moved = new Actor(stage, BOB, '10.0.0.99', [2, 2]);
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.run(5);
		alice.complete(1);
		moved.complete(1);
		expect(stage.kinds('dropped')).toHaveLength(1);
		stage.run(4000);
		expect(stage.kinds('receiverAway').map((event) => event.receiverId)).toEqual([BOB]);
		moved.complete(1);
		expect(stage.kinds('receiverReturned')).toHaveLength(1);
		stage.run(50);
		alice.complete(0);
		moved.complete(0);
		stage.run(1000);
		const { results } = stage.session.end!;
		expect(results.map((result) => result.outcome)).toEqual(['received', 'received']);
		expect(results[1].address?.host).toBe('10.0.0.99');
	});

	it('asks with an empty file, an empty directory and a link for nothing but an answer', () => {
		const files = [entry('', 0), entry('d', 0, FileType.EmptyDirectory), entry('l', 0, FileType.SymbolicLink)];
		const { stage, alice, bob } = opened({}, [entry('empty', 0), ...files.slice(1)]);
		alice.acknowledge(1);
		bob.acknowledge(1);
		expect(stage.of(MessageType.DONE)[0].message).toMatchObject({ fileId: 1, section: 0 });
		for (const actor of [alice, bob]) actor.complete(1);
		for (const actor of [alice, bob]) actor.complete(2);
		for (const actor of [alice, bob]) actor.complete(3, 3);
		expect(stage.of(MessageType.FILESEG)).toHaveLength(0);
		expect(stage.kinds('fileEnded')).toHaveLength(3);
		expect(stage.kinds('fileEnded')[2].results[0].outcome).toBe('rejected');
	});

	it('leaves out a file that cannot be opened, and says why', () => {
		const stage = new Stage({ targets: [ALICE] }, [entry('gone', 10), entry('b', 10)]);
		stage.unavailable.set(0, 'gone is gone');
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		alice.register();
		expect(stage.kinds('warning')[0].message).toBe('gone is gone');
		expect(stage.of(MessageType.FILEINFO)[0].message.name).toBe('b');
	});

	it('ends the session for all when a file changes while it is sent', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.session.fileFailed(stage.now, 0, 'it shrank');
		stage.drain();
		expect(stage.session.end?.failure).toEqual({ code: 'fileChanged', message: 'a.bin: it shrank' });
		expect(stage.of(MessageType.ABORT)[0].message).toMatchObject({ host: 0, message: 'a.bin: it shrank' });
		expect(stage.session.end?.results.map((result) => result.outcome)).toEqual(['aborted', 'aborted']);
	});

	it('goes on for the others when one receiver aborts, and names its reason', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1);
		bob.abort('Not enough disk space');
		stage.run(5);
		alice.complete(1);
		alice.complete(0);
		stage.run(100);
		expect(stage.session.end?.results[1]).toMatchObject({ outcome: 'aborted', reason: 'Not enough disk space' });
		expect(stage.session.end?.results[0]?.outcome).toBe('received');
	});

	it('ends for all at the first failure when it was told to', () => {
		const { stage, alice, bob } = opened({ quitOnError: true });
		alice.acknowledge(1);
		bob.abort('Client shutting down');
		expect(stage.session.end?.failure?.code).toBe('quitOnError');
		expect(stage.of(MessageType.ABORT).at(-1)!.message.host).toBe(0);
	});

	it('ends for all when somebody has not registered, also where the first file is only now opened', () => {
		const stage = new Stage({ targets: [ALICE, BOB], quitOnError: true }, [entry('a', 10)]);
		new Actor(stage, ALICE, '10.0.0.2').register();
		stage.run(60_000);
		expect(stage.session.end?.failure?.code).toBe('quitOnError');
		stage.session.fileOpened(stage.now, 0);
		stage.session.fileUnavailable(stage.now, 0, 'too late');
		stage.drain();
		expect(stage.kinds('fileStarted')).toEqual([]);
	});

	it('tells everybody when it is interrupted', () => {
		const { stage } = opened();
		stage.session.abort(stage.now, 'Server quit, aborting all');
		stage.drain();
		expect(stage.of(MessageType.ABORT)[0].message.message).toBe('Server quit, aborting all');
		expect(stage.session.end?.failure?.code).toBe('interrupted');
	});

	it('skips a file of more than 65,535 sections and says what to do', () => {
		const huge = 512 * 4096 * 65_536;
		expect(SectionMap.of(huge, 512)).toMatch(/larger blocks/);
		const stage = new Stage({ targets: [ALICE], blockBytes: 512 }, [entry('huge', huge)]);
		new Actor(stage, ALICE, '10.0.0.2').register();
		expect(stage.kinds('warning')[0].message).toMatch(/huge is skipped.*larger blocks/);
	});
});

describe('a sender under hostile input', () => {
	it('drops every message truncated at every length, and never throws', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1);
		bob.acknowledge(1);
		stage.run(5);
		const whole: Uint8Array[] = [];
		const give = stage.give.bind(stage);
		stage.give = (_from, bytes) => void whole.push(bytes);
		alice.register();
		alice.acknowledge(1);
		alice.nak(1, 0, [0, 1], BLOCKS);
		alice.complete(1);
		alice.abort('no');
		for (const bytes of whole) {
			for (let length = 0; length < bytes.length; length++) give(alice.from, bytes.slice(0, length));
		}
		expect(stage.kinds('fileCompletedBy')).toHaveLength(0);
	});

	it('keeps a session of its own apart from others, and ignores its own echo', () => {
		const { stage, alice } = opened();
		const before = stage.events.length;
		const own = new Actor(stage, 0x0a000001, '10.0.0.1');
		stage.give(
			own.from,
			own.datagram(MessageType.DONE, () => 8),
		);
		const other = alice.datagram(MessageType.ABORT, () => 8);
		other[11]++; // of the group id
		stage.give(alice.from, other);
		expect(stage.events.length).toBe(before);
		expect(stage.session.counters).toEqual({ 'dropped.own-echo': 1, 'dropped.unknown-group': 1 });
	});

	it('counts messages that only a sender sends, whoever they are from', () => {
		const { stage, alice } = opened();
		stage.give(
			alice.from,
			alice.datagram(MessageType.DONE, () => 8),
		);
		expect(stage.session.counters).toEqual({ 'dropped.wrong-role': 1 });
	});
});
