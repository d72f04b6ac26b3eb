import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { readOwnMarker } from '../../src/shared/own-marker.ts';
import {
	datagram,
	down,
	GatheringShell,
	GROUP_ID,
	HELD_MS,
	PRIVATE,
	PROXY,
	PROXY_ID,
	PUBLIC,
	receiverAt,
	receiverId,
	registration,
	SENDER,
	SENDER_ID,
	up,
} from './gathering-shell.ts';

const ABORT = { currentFileOnly: false, host: 0, message: 'Server quit' };
const describing = (ids: readonly number[]) => ({
	...{ fileId: 1, type: 0, name: 'a', link: '', size: 10, modifiedSeconds: 0, ids },
	timestamp: { seconds: 1, microseconds: 0 },
});

describe('receivers that register with a gathering proxy', () => {
	it('are named to the sender together, in the order in which they came', () => {
		const shell = new GatheringShell();
		shell.announce();
		for (const n of [5, 3, 4]) shell.register(n);
		const [message, ...more] = up(shell.advance(HELD_MS), MessageType.REGISTER);
		expect(more).toEqual([]);
		expect(message.ids).toEqual([5, 3, 4].map(receiverId));
		expect(message.datagram.header).toMatchObject({ sourceId: PROXY_ID, sequence: 0, groupId: GROUP_ID });
		expect(message.rand2).toEqual(new Uint8Array(32));
		expect(shell.of('receiverRegistered').map((event) => event.receiverId)).toEqual([5, 3, 4].map(receiverId));
	});

	it('are repeated every 4 GRTT until the sender confirms them', () => {
		const shell = new GatheringShell();
		shell.announce();
		shell.register(1);
		shell.register(2);
		shell.advance(HELD_MS);
		expect(up(shell.advance(43), MessageType.REGISTER)).toMatchObject([{ ids: [receiverId(1), receiverId(2)] }]);
		shell.fromSender(MessageType.REG_CONF, { ids: [PROXY_ID, receiverId(1)] });
		expect(up(shell.advance(43), MessageType.REGISTER)).toMatchObject([{ ids: [receiverId(2)] }]);
		shell.fromSender(MessageType.FILEINFO, describing([receiverId(2)]));
		expect(up(shell.advance(500), MessageType.REGISTER)).toEqual([]);
		expect(shell.of('receiverConfirmed').map((event) => event.receiverId)).toEqual([receiverId(1), receiverId(2)]);
	});

	it('are given up when the sender never confirms them', () => {
		const shell = new GatheringShell();
		shell.announce();
		shell.register(1);
		expect(up(shell.advance(1100), MessageType.REGISTER).length).toBeGreaterThan(15);
		expect(up(shell.advance(5000), MessageType.REGISTER)).toEqual([]);
		expect(shell.of('receiverAborted')).toMatchObject([{ receiverId: receiverId(1) }]);
	});

	it('are named again when they repeat themselves after their confirmation: they have not heard it', () => {
		const shell = new GatheringShell();
		shell.start(1);
		shell.register(1);
		expect(up(shell.advance(HELD_MS), MessageType.REGISTER)).toMatchObject([{ ids: [receiverId(1)] }]);
	});

	it('may come late', () => {
		const shell = new GatheringShell();
		shell.start(2);
		shell.register(3);
		expect(up(shell.advance(HELD_MS), MessageType.REGISTER)).toMatchObject([{ ids: [receiverId(3)] }]);
	});

	it('of ours go with the mark of the proxy, apart from the others', () => {
		const shell = new GatheringShell();
		shell.announce();
		shell.register(1, [7, 7]);
		shell.register(2);
		shell.register(3, [8, 8]);
		const sent = up(shell.advance(HELD_MS), MessageType.REGISTER);
		expect(sent.map(({ ids, rand2 }) => [ids, readOwnMarker(rand2)])).toEqual([
			[
				[receiverId(1), receiverId(3)],
				[1, 2],
			],
			[[receiverId(2)], undefined],
		]);
	});
});

describe('receivers that a gathering proxy does not serve', () => {
	it('with the id of another one are told at their own address, once they have sent as much as that takes', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const second = { host: '10.7.7.7', port: 1044 };
		const bytes = datagram(MessageType.REGISTER, registration(), { sourceId: receiverId(1) });
		let received = 0;
		let answered = 0;
		for (let i = 0; i < 12; i++) {
			received += bytes.length;
			for (const one of shell.receive(second, bytes)) {
				expect(one.to).toEqual(second);
				answered += one.bytes.length;
			}
			expect(answered).toBeLessThanOrEqual(received);
		}
		const aborts = down(shell.sent, MessageType.ABORT);
		expect(aborts).toHaveLength(2);
		expect(aborts[0]).toMatchObject({ host: receiverId(1) });
		expect(aborts[0].message).toBe(`UID 0x0A010101 is in use by ${receiverAt(1).host}`);
		expect(shell.of('receiverRefused')).toHaveLength(1);
		expect(shell.of('receiverRefused')[0].reason).toContain('10.7.7.7');
		expect(up(shell.advance(100), MessageType.REGISTER)).toEqual([]);
		// The first one is served as before.
		const done = { fileId: 1, status: 0, ids: [] };
		expect(up(shell.fromReceiver(1, MessageType.COMPLETE, done), MessageType.COMPLETE)).toHaveLength(1);
	});

	it('with the id of another one are told so when they answer, though they take themselves for confirmed', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const second = { host: '10.7.7.7', port: 1044 };
		shell.receive(second, datagram(MessageType.REGISTER, registration(), { sourceId: receiverId(1) }));
		const done = datagram(MessageType.COMPLETE, { fileId: 1, status: 0, ids: [] }, { sourceId: receiverId(1) });
		for (let i = 0; i < 10; i++) shell.receive(second, done);
		expect(shell.sent).toEqual([]);
		expect(shell.receive(second, done)).toMatchObject([{ to: second }]);
		expect(up(shell.advance(100), MessageType.COMPLETE)).toEqual([]);
	});

	it('of ours are told apart by their instance, though they share an address', () => {
		const shell = new GatheringShell();
		shell.announce();
		shell.register(1, [1, 1]);
		const other = { host: receiverAt(1).host, port: 2044 };
		const bytes = datagram(MessageType.REGISTER, registration([2, 2]), { sourceId: receiverId(1) });
		shell.receive(other, bytes);
		expect(shell.of('receiverRefused')).toMatchObject([{ receiverId: receiverId(1), address: other }]);
	});

	it('have the id of the proxy, or are one too many', () => {
		const shell = new GatheringShell({ receiversMax: 2 });
		shell.announce();
		const own = datagram(MessageType.REGISTER, registration(), { sourceId: PROXY_ID });
		expect(down(shell.receive(receiverAt(9), own), MessageType.ABORT)[0].message).toContain(
			'UID 0x0A010009 of its own',
		);
		for (const n of [1, 2]) expect(shell.register(n)).toEqual([]);
		const [refusal] = down(shell.register(3), MessageType.ABORT);
		expect(refusal.message).toContain('Too many receivers');
		expect(up(shell.advance(HELD_MS), MessageType.REGISTER)[0].ids).toEqual([receiverId(1), receiverId(2)]);
	});

	it('are known by a key that this session asks nobody for', () => {
		const receivers = [{ receiverId: receiverId(1), fingerprint: new Uint8Array(20) }];
		const shell = new GatheringShell({ receivers });
		shell.announce();
		expect(down(shell.register(1), MessageType.ABORT)[0].message).toContain('by its key');
	});

	it('are themselves proxies, or flood it: the sender hears of no more than there is room for', () => {
		const shell = new GatheringShell({ receiversMax: 100 });
		shell.announce();
		shell.fromReceiver(1, MessageType.REGISTER, { ...registration(), ids: [receiverId(2)] });
		for (let n = 2; n < 5000; n++) shell.register(n);
		shell.advance(HELD_MS);
		const named = new Set(up(shell.sent, MessageType.REGISTER).flatMap(({ ids }) => ids));
		expect(named.size).toBe(100);
		expect(named.has(receiverId(1))).toBe(false);
		expect(down(shell.sent, MessageType.ABORT)).toHaveLength(10);
		expect(shell.events.length).toBeLessThan(400);
	});
});

describe('what the sender says', () => {
	it('goes to the public group if it is an ANNOUNCE, and else to the private one', () => {
		const shell = new GatheringShell();
		expect(shell.announce()).toMatchObject([{ to: PUBLIC }]);
		expect(shell.announce()).toMatchObject([{ to: PUBLIC }]);
		const done = { fileId: 1, section: 0, ids: [] };
		expect(shell.fromSender(MessageType.DONE, done)).toMatchObject([{ to: PRIVATE }]);
		expect(shell.fromSender(MessageType.DONE_CONF, { ids: [1] })).toMatchObject([{ to: PRIVATE }]);
		expect(shell.fromSender(MessageType.FILEINFO, describing([1]))).toMatchObject([{ to: PRIVATE }]);
		expect(shell.proxy.sessions).toMatchObject([{ groupId: GROUP_ID, senderId: SENDER_ID }]);
		expect(shell.proxy.counters).toMatchObject({ datagramsDown: 5 });
	});

	it('is not repeated by a response proxy, which joins the groups instead', () => {
		const shell = new GatheringShell({ kind: 'response' });
		shell.announce();
		shell.announce();
		shell.fromSender(MessageType.DONE, { fileId: 1, section: 0, ids: [] });
		shell.fromSender(MessageType.REG_CONF, { ids: [1] });
		expect(shell.sent).toEqual([]);
		expect(shell.of('sessionStarted')).toMatchObject([{ privateGroup: PRIVATE.host, isEncrypted: false }]);
	});

	it('counts only if it comes from where the session was announced', () => {
		const shell = new GatheringShell();
		shell.announce();
		const bytes = datagram(MessageType.DONE, { fileId: 1, section: 0, ids: [] });
		expect(shell.receive({ host: '10.0.0.1', port: 40_001 }, bytes)).toEqual([]);
		expect(shell.receive({ host: '10.0.0.2', port: 40_000 }, bytes)).toEqual([]);
		const other = datagram(MessageType.DONE, { fileId: 1, section: 0, ids: [] }, { sourceId: 99 });
		expect(shell.receive(SENDER, other)).toEqual([]);
		expect(shell.receive(SENDER, bytes)).toHaveLength(1);
	});

	it('ends the session when it is an ABORT for all, and one receiver’s part when it names that', () => {
		const shell = new GatheringShell();
		shell.start(2);
		expect(shell.fromSender(MessageType.ABORT, { ...ABORT, host: receiverId(1) })).toMatchObject([{ to: PRIVATE }]);
		expect(shell.of('receiverAborted')).toMatchObject([{ receiverId: receiverId(1) }]);
		expect(shell.fromSender(MessageType.ABORT, ABORT)).toMatchObject([{ to: PRIVATE }]);
		const [ended] = shell.of('sessionEnded');
		expect(ended).toMatchObject({ outcome: 'aborted', reason: 'The sender aborted: Server quit' });
		expect(ended.totals).toMatchObject({ receivers: 2, messagesIn: 2, messagesOut: 1 });
		// A late ANNOUNCE of it starts nothing.
		expect(shell.announce({}, { sequence: 9 })).toEqual([]);
		expect(shell.proxy.sessionCount).toBe(0);
	});

	it('reaches the receivers too when it refuses the proxy', () => {
		const shell = new GatheringShell();
		shell.start(2);
		const sent = shell.fromSender(MessageType.ABORT, { ...ABORT, host: PROXY_ID, message: 'Not in host list' });
		expect(down(sent, MessageType.ABORT).map(({ host }) => host)).toEqual([PROXY_ID, receiverId(1), receiverId(2)]);
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome: 'aborted' }]);
	});
});

describe('announcements that a gathering proxy does not serve', () => {
	it.each([
		['name no group', { publicAddress: '0.0.0.0', privateAddress: '0.0.0.0' }, 'names no group'],
		['name a host', { privateAddress: '10.1.0.77' }, '10.1.0.77'],
		['name a broadcast address', { privateAddress: '255.255.255.255' }, '255.255.255.255'],
		['name a group that controls the network', { publicAddress: '224.0.0.1' }, '224.0.0.1'],
		['list others', { ids: [receiverId(1)] }, 'does not list this proxy'],
	])('%s, and draw no answer', (_why, changes, words) => {
		const shell = new GatheringShell();
		expect(shell.announce(changes)).toEqual([]);
		expect(shell.proxy.sessionCount).toBe(0);
		expect(shell.of('announceIgnored')[0].reason).toContain(words);
		expect(shell.advance(100_000)).toEqual([]);
	});

	it('are, at a response proxy, for another public group than its own', () => {
		const shell = new GatheringShell({ kind: 'response' });
		shell.announce({ publicAddress: '230.9.9.9' });
		expect(shell.of('announceIgnored')[0].reason).toContain('230.9.9.9');
	});

	it('are too many at a time; the places of those that nobody joins are given away', () => {
		const shell = new GatheringShell({ sessionsMax: 2 });
		for (let groupId = 1; groupId <= 50; groupId++) shell.announce({}, { groupId });
		expect(shell.proxy.sessionCount).toBe(2);
		expect(shell.of('announceIgnored')[0].reason).toContain('Too many sessions');
		shell.advance(5000);
		shell.announce({}, { groupId: 60 });
		expect(shell.of('sessionEnded')).toMatchObject([{ groupId: 1, outcome: 'silent' }]);
		expect(shell.proxy.sessions.map(({ groupId }) => groupId)).toEqual([2, 60]);
	});

	it('list the proxy in a closed group: those are served, with all that is announced later', () => {
		const shell = new GatheringShell();
		expect(shell.announce({ ids: [PROXY_ID, receiverId(1)] })).toHaveLength(1);
		expect(shell.announce({ ids: [receiverId(1)] })).toHaveLength(1);
	});
});

describe('the end of a session', () => {
	const complete = { fileId: 0, status: 0, ids: [] };

	it('comes soon after all receivers have completed it', () => {
		const shell = new GatheringShell();
		shell.start(2);
		for (const n of [1, 2]) shell.fromReceiver(n, MessageType.COMPLETE, complete);
		shell.fromSender(MessageType.DONE_CONF, { ids: [receiverId(1), receiverId(2)] });
		shell.advance(1001);
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome: 'completed' }]);
		expect(shell.proxy.pollTimeout()).toBe(Number.POSITIVE_INFINITY);
	});

	it('waits a minute for a sender that is silent, which may be waiting for somebody', () => {
		const shell = new GatheringShell();
		shell.start(2);
		shell.advance(59_000);
		expect(shell.fromSender(MessageType.DONE, { fileId: 1, section: 0, ids: [] })).toHaveLength(1);
		shell.advance(59_000);
		expect(shell.proxy.sessionCount).toBe(1);
		shell.advance(1001);
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome: 'silent', reason: 'The sender is silent' }]);
	});

	it('comes after ten minutes of silence at last, however long the GRTT is said to be', () => {
		const shell = new GatheringShell();
		shell.start(1);
		shell.fromSender(MessageType.DONE, { fileId: 1, section: 0, ids: [] }, { grtt: 255 });
		shell.advance(599_000);
		expect(shell.proxy.sessionCount).toBe(1);
		shell.advance(1001);
		expect(shell.proxy.sessionCount).toBe(0);
	});

	it('makes room for the next instance of the same session', () => {
		const shell = new GatheringShell();
		shell.start(2);
		shell.announce({}, { groupInstance: 1 });
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome: 'aborted' }]);
		expect(shell.of('sessionStarted')).toMatchObject([{ groupInstance: 1 }]);
		expect(shell.fromSender(MessageType.DONE, { fileId: 1, section: 0, ids: [] })).toEqual([]);
	});

	it('is told to everybody when the proxy is stopped, after what it still held', () => {
		const shell = new GatheringShell();
		shell.start(2);
		shell.fromReceiver(2, MessageType.COMPLETE, { ...complete, fileId: 4 });
		shell.proxy.abort(shell.now, 'The proxy is stopped');
		shell.drain();
		expect(up(shell.sent, MessageType.COMPLETE)).toHaveLength(1);
		expect(up(shell.sent, MessageType.ABORT)).toMatchObject([{ host: 0, message: 'The proxy is stopped' }]);
		expect(down(shell.sent, MessageType.ABORT).map(({ host }) => host)).toEqual([receiverId(1), receiverId(2)]);
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome: 'interrupted' }]);
	});

	it('is not the end of the next run of a sender that draws the same group id behind one server proxy', () => {
		const shell = new GatheringShell();
		shell.start(1);
		shell.fromReceiver(1, MessageType.COMPLETE, complete);
		shell.advance(1500);
		expect(shell.announce()).toHaveLength(1);
		expect(shell.of('sessionStarted')).toHaveLength(1);
	});
});

describe('heartbeats at a gathering proxy', () => {
	it('are answered with fewer bytes than they have, to whoever sends them', () => {
		const shell = new GatheringShell();
		const empty = { bytes: new Uint8Array(0), at: 0, length: 0 };
		const request = { nonce: 0, publicKey: empty, signature: empty };
		const bytes = datagram(MessageType.HB_REQ, request, { groupId: 0, sourceId: 5 });
		const [answer] = shell.receive(receiverAt(1), bytes);
		expect(answer.to).toEqual(receiverAt(1));
		expect(answer.bytes.length).toBeLessThan(bytes.length);
		expect(down([answer], MessageType.HB_RESP)).toMatchObject([{ result: 1, nonce: 0 }]);
	});

	it('are sent to the proxy before it, the first one at once', () => {
		const to = { host: '10.0.0.8', port: 1044 };
		const shell = new GatheringShell({ heartbeats: { to: [to], intervalMs: 1000 } });
		shell.advance(0);
		expect(down(shell.sent, MessageType.HB_REQ)).toHaveLength(1);
		shell.receive(to, datagram(MessageType.HB_RESP, { result: 1, nonce: 0 }, { groupId: 0, sourceId: 4 }));
		expect(shell.of('heartbeatAnswered')).toMatchObject([{ to, result: 'ok' }]);
		expect(shell.advance(1000)).toMatchObject([{ to }]);
	});
});

it('a gathering proxy drops what its own multicast brings back', () => {
	const shell = new GatheringShell({ kind: 'response' });
	shell.start(1);
	shell.receive(PROXY, datagram(MessageType.ABORT, ABORT));
	shell.receive({ host: '10.1.0.10', port: 1044 }, datagram(MessageType.ABORT, ABORT));
	expect(shell.proxy.sessionCount).toBe(1);
});
