import { MessageType } from '@uftp/wire';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SingleArrival } from '../../src/index.ts';
import { RelaySession } from '../../src/proxy/gathering/relay-session.ts';
import { RelayedSession } from '../../src/proxy/server/relayed-session.ts';
import * as gathering from './gathering-shell.ts';
import * as server from './server-proxy-shell.ts';

const OTHER_GROUP = 0x3333_4444;
const error = new Error('this program is broken');

afterEach(() => vi.restoreAllMocks());

/** Lets a method of the sessions of one group throw from now on. */
function breakMethod<Session extends object>(
	prototype: Session,
	method: string,
	isIt: (session: Session) => boolean,
): void {
	const intact = Reflect.get(prototype, method) as (...values: unknown[]) => unknown;
	vi.spyOn(prototype as Record<string, () => unknown>, method).mockImplementation(function (
		this: unknown,
		...values: unknown[]
	) {
		if (isIt(this as Session)) throw error;
		return intact.apply(this, values);
	} as () => unknown);
}

describe('a fault in one session of a gathering proxy', () => {
	const isFirst = (session: RelaySession): boolean => session.groupId === gathering.GROUP_ID;

	function stage(): gathering.GatheringShell {
		const shell = new gathering.GatheringShell();
		shell.start(2);
		shell.announce({}, { groupId: OTHER_GROUP });
		shell.requests.length = 0;
		return shell;
	}

	/** The other session serves a receiver still. */
	function expectOtherToWork(shell: gathering.GatheringShell): void {
		const registration = gathering.datagram(MessageType.REGISTER, gathering.registration(), {
			sourceId: gathering.receiverId(3),
			groupId: OTHER_GROUP,
		});
		shell.receive(gathering.receiverAt(3), registration);
		expect(gathering.up(shell.advance(gathering.HELD_MS), MessageType.REGISTER)).toHaveLength(1);
	}

	it.each([
		[
			'a datagram of the sender',
			'handleFromSender',
			(shell: gathering.GatheringShell) => shell.fromSender(MessageType.REG_CONF, { ids: [1] }),
		],
		['a datagram of a receiver', 'handleAnswer', (shell: gathering.GatheringShell) => shell.register(1)],
		['a timer', 'handleTimeout', (shell: gathering.GatheringShell) => shell.advance(700_000)],
		[
			'an abort',
			'abort',
			(shell: gathering.GatheringShell) => shell.proxy.abort(shell.now, 'enough', gathering.GROUP_ID),
		],
	])('by %s ends that one alone, once, and its receivers hear of it', (_what, method, act) => {
		const shell = stage();
		breakMethod(RelaySession.prototype, method, isFirst);
		// Both sessions have something to do then, but only one of them fails.
		act(shell);
		shell.drain();
		expect(shell.faults).toEqual([{ kind: 'fault', groupId: gathering.GROUP_ID, error }]);
		expect(shell.of('sessionEnded')[0]).toMatchObject({ groupId: gathering.GROUP_ID, outcome: 'internal' });
		expect(gathering.down(shell.sent, MessageType.ABORT).map(({ host }) => host)).toEqual(
			[1, 2].map(gathering.receiverId),
		);
		expect(gathering.up(shell.sent, MessageType.ABORT)).toHaveLength(1);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.internal-error': 1 });
		if (method !== 'handleTimeout') expectOtherToWork(shell);
		else expect(shell.of('sessionEnded').map(({ outcome }) => outcome)).toEqual(['internal', 'silent']);
	});

	it('ends it even where it cannot be ended in order', () => {
		const shell = stage();
		breakMethod(RelaySession.prototype, 'handleAnswer', isFirst);
		breakMethod(RelaySession.prototype, 'tellAborted', isFirst);
		shell.register(1);
		expect(shell.faults).toHaveLength(1);
		expect(shell.proxy.sessions.map(({ groupId }) => groupId)).toEqual([OTHER_GROUP]);
		expectOtherToWork(shell);
	});

	it('that the shell reports is handed out once, however often it is reported', () => {
		const shell = stage();
		for (let i = 0; i < 3; i++) shell.proxy.fail(shell.now, gathering.GROUP_ID, error);
		shell.drain();
		expect(shell.faults).toEqual([{ kind: 'fault', groupId: gathering.GROUP_ID, error }]);
		expect(shell.of('sessionEnded')).toMatchObject([{ groupId: gathering.GROUP_ID, outcome: 'internal' }]);
		expectOtherToWork(shell);
	});
});

describe('a fault outside of the sessions of a gathering proxy', () => {
	it('is counted and handed out, and all sessions go on', () => {
		const random = (): never => {
			throw error;
		};
		const shell = new gathering.GatheringShell();
		shell.start(1);
		const arrival = new SingleArrival(gathering.SENDER, gathering.datagram(MessageType.KEY_REQ, {}, { groupId: 0 }));
		vi.spyOn(arrival, 'source').mockImplementation(random);
		expect(shell.proxy.handle(shell.now, arrival)).toBeUndefined();
		shell.drain();
		expect(shell.faults).toEqual([{ kind: 'fault', groupId: undefined, error }]);
		expect(shell.proxy.sessionCount).toBe(1);
	});
});

describe('a fault in one session of a server proxy', () => {
	function stage(): server.ServerProxyShell {
		const shell = new server.ServerProxyShell();
		shell.receive(server.SENDER, server.announce());
		shell.receive(server.SENDER, server.announce({ groupId: OTHER_GROUP, privateAddress: '230.5.5.8' }));
		expect(shell.requests).toMatchObject([{ kind: 'joinGroup' }, { kind: 'joinGroup' }]);
		shell.requests.length = 0;
		shell.sent.length = 0;
		return shell;
	}

	const isFirst = (session: RelayedSession): boolean => session.groupId === server.GROUP_ID;

	it.each([
		[
			'a datagram of the sender',
			'hear',
			(shell: server.ServerProxyShell) => shell.receive(server.SENDER, server.datagram(9)),
		],
		[
			'a datagram of anybody',
			'isSender',
			(shell: server.ServerProxyShell) => shell.receive(server.EAST, server.datagram(9)),
		],
	])('by %s ends that one alone, and its group is left', (_what, method, act) => {
		const shell = stage();
		breakMethod(RelayedSession.prototype, method, isFirst);
		act(shell);
		expect(shell.requests).toEqual([
			{ kind: 'leaveGroup', groupId: server.GROUP_ID },
			{ kind: 'fault', groupId: server.GROUP_ID, error },
		]);
		expect(shell.of('sessionEnded')).toMatchObject([{ groupId: server.GROUP_ID, outcome: 'internal' }]);
		expect(shell.receive(server.SENDER, server.datagram(9, { groupId: OTHER_GROUP }))).toHaveLength(2);
		expect(shell.receive(server.SENDER, server.datagram(9))).toHaveLength(0);
	});

	it('by a timer ends that one alone', () => {
		const shell = stage();
		shell.advance(50_000);
		shell.receive(server.SENDER, server.datagram(9, { groupId: OTHER_GROUP }));
		vi.spyOn(RelayedSession.prototype, 'outcome', 'get').mockImplementation(function (this: RelayedSession) {
			throw error;
		});
		shell.advance(12_000);
		expect(shell.faults).toEqual([{ kind: 'fault', groupId: server.GROUP_ID, error }]);
		expect(shell.proxy.sessions.map(({ groupId }) => groupId)).toEqual([OTHER_GROUP]);
	});

	it('is handed out although nobody fetches events', () => {
		const shell = stage();
		shell.proxy.fail(shell.now, server.GROUP_ID, error);
		expect([shell.proxy.pollRequest(), shell.proxy.pollRequest(), shell.proxy.pollRequest()]).toEqual([
			{ kind: 'leaveGroup', groupId: server.GROUP_ID },
			{ kind: 'fault', groupId: server.GROUP_ID, error },
			undefined,
		]);
	});
});

describe('requests of a proxy', () => {
	it('are not made for sessions that end before they are fetched', () => {
		const { proxy, now } = new server.ServerProxyShell();
		for (let round = 0; round < 1000; round++) {
			proxy.handle(now, new SingleArrival(server.SENDER, server.announce()));
			proxy.abort(now, 'again');
		}
		expect(proxy.pollRequest()).toBeUndefined();
	});

	it('leave each group that was joined, whatever happens to the events', () => {
		const { proxy, now } = new server.ServerProxyShell();
		proxy.handle(now, new SingleArrival(server.SENDER, server.announce()));
		expect(proxy.pollRequest()).toMatchObject({ kind: 'joinGroup', group: '230.5.5.7', source: undefined });
		proxy.abort(now, 'over');
		proxy.handle(now, new SingleArrival(server.SENDER, server.announce()));
		expect([proxy.pollRequest()?.kind, proxy.pollRequest()?.kind]).toEqual(['leaveGroup', 'joinGroup']);
	});
});
