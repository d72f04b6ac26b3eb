import { describe, expect, it } from 'vitest';
import { readOwnMarker } from '../src/shared/own-marker.ts';
import { GROUP_ID, joined, RECEIVER_ID, ScriptedSender, SENDER, SENDER_ID, ShellUnderTest } from './scripted-sender.ts';

describe('a receiver that hears an ANNOUNCE', () => {
	it('starts a session and registers with the timestamp advanced by the time it held it', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		shell.deliver(sender.announce());
		expect(shell.eventsOf('sessionStarted')).toEqual([
			{
				kind: 'sessionStarted',
				groupId: GROUP_ID,
				groupInstance: 0,
				senderId: SENDER_ID,
				sender: SENDER,
				privateGroup: '230.5.5.9',
				blockBytes: 512,
				isOpenGroup: true,
			},
		]);
		const [first] = shell.of('register');
		expect(first.to).toEqual(SENDER);
		expect(first.message.timestamp).toEqual({ seconds: 1000, microseconds: 250_000 });
		expect(readOwnMarker(first.message.rand2)).toEqual([0xfeed, 0xbeef]);
		expect([first.message.keyInfo.length, first.message.ids]).toEqual([0, []]);

		for (let i = 0; i < 9; i++) {
			shell.advance(100);
			shell.deliver(sender.announce());
		}
		const registers = shell.of('register');
		const last = registers[registers.length - 1];
		// Every 4 * GRTT (about 42 ms) again, each with its own sequence number.
		expect(registers.length).toBe(1 + Math.floor(900 / (4 * 10.5273)));
		expect(registers.map((register) => register.sequence)).toEqual(registers.map((_, i) => i));
		const heldMs = last.at - first.at;
		const echoedMs = (last.message.timestamp.seconds - 1000) * 1000 + last.message.timestamp.microseconds / 1000 - 250;
		expect(echoedMs).toBeCloseTo(heldMs, 2);
	});

	it('gives up when nobody confirms, tells the sender, and joins again when it is announced again', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		shell.deliver(sender.announce());
		shell.advance(500);
		shell.deliver(sender.announce());
		shell.advance(499);
		expect(shell.of('abort')).toEqual([]);
		shell.advance(2);
		expect(shell.of('abort').map((abort) => abort.message)).toEqual(['Registration unconfirmed']);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'unconfirmed', filesReceived: 0 }]);
		expect(shell.node.pollTimeout()).toBe(Number.POSITIVE_INFINITY);
		shell.deliver(sender.announce());
		expect(shell.node.sessionCount).toBe(1);
	});

	it('answers an ANNOUNCE that is heard once with five REGISTERs at most, and goes on when it is heard again', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		shell.deliver(sender.announce());
		shell.advance(600);
		expect(shell.of('register')).toHaveLength(5);
		shell.deliver(sender.announce());
		shell.advance(300);
		expect(shell.of('register')).toHaveLength(10);
		shell.clear();
		const silent = new ShellUnderTest();
		silent.deliver(sender.announce());
		silent.advance(5000);
		// An ABORT is longer than all that was heard.
		expect(silent.of('abort')).toEqual([]);
		expect(silent.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'unconfirmed' }]);
	});

	it('registers with a sender that it knows as often as it takes', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.done(0, 0));
		shell.deliver(sender.doneConf());
		shell.clear();
		shell.deliver(new ScriptedSender({ groupId: 7 }).announce());
		shell.advance(900);
		expect(shell.of('register').length).toBeGreaterThan(20);
	});

	it('waits as long as it was first told to, though the sender has heard of others who are nearer', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		sender.grttMs = 500;
		shell.deliver(sender.announce());
		sender.grttMs = 10;
		shell.deliver(sender.announce());
		shell.advance(20_000);
		expect(shell.eventsOf('sessionEnded')).toEqual([]);
		shell.advance(25_000);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'unconfirmed' }]);
	});

	it('is confirmed by a REG_CONF that lists it and stops registering', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		shell.deliver(sender.announce());
		shell.deliver(sender.regConf([RECEIVER_ID + 1]));
		expect(shell.eventsOf('registered')).toEqual([]);
		shell.deliver(sender.regConf([7, RECEIVER_ID]));
		expect(shell.eventsOf('registered')).toMatchObject([{ groupId: GROUP_ID }]);
		shell.clear();
		shell.advance(5000);
		expect(shell.answers).toEqual([]);
	});

	it('takes a FILEINFO that lists it for the confirmation', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		shell.deliver(sender.announce());
		shell.deliver(sender.fileInfo({ size: 100, ids: [7] }));
		expect(shell.eventsOf('registered')).toEqual([]);
		shell.deliver(sender.fileInfo({ size: 100 }));
		expect(shell.eventsOf('registered').length).toBe(1);
		expect(shell.of('fileInfoAck').length).toBe(1);
	});

	it('ignores repeated ANNOUNCEs of the session it is in', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.announce());
		expect([shell.answers, shell.events]).toEqual([[], []]);
	});

	it('joins a closed group that lists it, and reports once one that does not', () => {
		const shell = new ShellUnderTest();
		const other = new ScriptedSender({ groupId: 5 });
		shell.deliver(other.announce({ ids: [1, 2] }));
		shell.deliver(other.announce({ ids: [1, 2] }));
		expect(shell.eventsOf('announceIgnored')).toMatchObject([{ groupId: 5, senderId: SENDER_ID }]);
		expect([shell.node.sessionCount, shell.answers]).toEqual([0, []]);
		shell.deliver(new ScriptedSender().announce({ ids: [1, RECEIVER_ID] }));
		expect(shell.eventsOf('sessionStarted')).toMatchObject([{ isOpenGroup: false }]);
	});

	it('has no private group in unicast mode, IPv4 and IPv6', () => {
		const shell = new ShellUnderTest();
		shell.deliver(new ScriptedSender({ groupId: 1 }).announce({ publicAddress: '0.0.0.0', privateAddress: '0.0.0.0' }));
		const six = { family: 6, publicAddress: '::', privateAddress: '::' } as const;
		shell.deliver(new ScriptedSender({ groupId: 2 }).announce(six));
		expect(shell.eventsOf('sessionStarted').map((event) => event.privateGroup)).toEqual([undefined, undefined]);
	});

	it('refuses a private group that is no multicast address', () => {
		const shell = new ShellUnderTest();
		shell.deliver(new ScriptedSender().announce({ privateAddress: '10.1.2.3' }));
		expect(shell.of('abort')).toMatchObject([{ message: 'Invalid multicast address', to: SENDER, groupId: GROUP_ID }]);
		expect(shell.node.sessionCount).toBe(0);
	});

	it('refuses encrypted sessions and unknown congestion control with a sentence, if it is meant', () => {
		const empty = { bytes: new Uint8Array(0), at: 0, length: 0 };
		const encInfo = {
			clientAuth: false,
			keyExchange: 1,
			signatureType: 1,
			keyType: 4,
			hashType: 3,
			rand1: new Uint8Array(32),
			publicKey: empty,
			dhKey: empty,
			signature: empty,
		};
		const shell = new ShellUnderTest();
		shell.deliver(new ScriptedSender({ groupId: 1 }).announce({ encInfo }));
		shell.deliver(new ScriptedSender({ groupId: 2 }).announce({ encInfo, ids: [99] }));
		shell.deliver(new ScriptedSender({ groupId: 3 }).announce({ ccType: 3 }));
		expect(shell.of('abort').map((abort) => [abort.groupId, abort.message])).toEqual([
			[1, 'This receiver was started without encryption: it takes sessions in the clear only'],
			[3, 'Congestion control of type 3 is not supported, only TFMCC (2) is'],
		]);
		expect(shell.eventsOf('announceIgnored').map((event) => event.groupId)).toEqual([1, 2, 3]);
		expect(shell.node.sessionCount).toBe(0);
	});

	it('takes no more sessions than it may', () => {
		const shell = new ShellUnderTest({ sessionsMax: 2 });
		for (let groupId = 1; groupId <= 4; groupId++) shell.deliver(new ScriptedSender({ groupId }).announce());
		expect(shell.node.sessionCount).toBe(2);
		expect(shell.eventsOf('announceIgnored').map((event) => event.groupId)).toEqual([3, 4]);
		expect(shell.of('register').length).toBe(2);
	});

	it('leaves a session for a higher instance of it, without aborting the new one', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 5000 }));
		sender.groupInstance = 1;
		shell.clear();
		shell.deliver(sender.announce());
		expect(shell.events.map((event) => event.kind)).toEqual(['fileDiscarded', 'sessionEnded', 'sessionStarted']);
		expect(shell.answers.map((answer) => answer.kind)).toEqual(['register']);
		sender.groupInstance = 0;
		shell.clear();
		shell.deliver(sender.announce());
		shell.deliver(sender.regConf());
		expect(shell.eventsOf('registered')).toEqual([]);
		expect(shell.node.counters).toMatchObject({ 'dropped.old-instance': 1, 'dropped.wrong-instance': 1 });
	});

	it('does not mistake another sender with the same group id for its own', () => {
		const { shell } = joined();
		const stranger = new ScriptedSender({ sourceId: 0x01020304 });
		shell.deliver(stranger.announce());
		shell.deliver(stranger.abort('go away'));
		shell.deliver(stranger.fileInfo({ size: 10 }));
		expect(shell.answers).toEqual([]);
		expect(shell.node.sessionCount).toBe(1);
		expect(shell.node.counters).toMatchObject({ 'dropped.wrong-source': 2, 'dropped.other-proxy': 1 });
	});
});
