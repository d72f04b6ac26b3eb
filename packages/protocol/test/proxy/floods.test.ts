import { EMPTY_SPAN, encodeRtt, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { KNOWN_SENDERS_MAX } from '../../src/limits.ts';
import { composeHbReq } from '../../src/proxy/heartbeat/heartbeat-datagrams.ts';
import { KnownSenders } from '../../src/proxy/known-senders.ts';
import { backend } from '../secured/pair.ts';
import * as gathering from './gathering-shell.ts';
import * as server from './server-proxy-shell.ts';

/** In a second. */
const ANNOUNCES = 20_000;
const REGISTERS = 20_000;
const STRANGERS = 50_000;

/** Far more than it takes, and far less than work that grows with the square of the flood. */
const QUICK_MS = 10_000;

const stranger = (n: number) => ({ host: `172.16.${(n >> 8) & 255}.${n & 255}`, port: 1024 + (n % 60_000) });
const none = { backend, random: (length: number) => new Uint8Array(length), keys: [], encryptedOnly: false };

/** The time that `act` takes, in ms of this process. */
function timed(act: () => void): number {
	const start = performance.now();
	act();
	return performance.now() - start;
}

describe('a flood of ANNOUNCEs at a server proxy', () => {
	function flood(shell: server.ServerProxyShell, count = ANNOUNCES): void {
		for (let n = 1; n <= count; n++) {
			shell.receive(stranger(n), server.announce({ groupId: 0x5000_0000 + n, sourceId: n }));
			shell.sent.length = 0;
		}
	}

	it('starts no more sessions than are looked at and have a place, and is counted', () => {
		const shell = new server.ServerProxyShell({ sessionsMax: 100 });
		const ms = timed(() => flood(shell));
		expect(shell.proxy.sessionCount).toBe(100);
		expect(shell.of('sessionStarted')).toHaveLength(100);
		expect(shell.proxy.counters['dropped.too-many-announces']).toBe(ANNOUNCES - 500);
		expect(ms).toBeLessThan(QUICK_MS);
	});

	it('does not keep out a sender whose session was answered before', () => {
		const shell = new server.ServerProxyShell();
		shell.receive(server.SENDER, server.announce());
		shell.receive(server.EAST, server.datagram(MessageType.REGISTER, { sourceId: 7 }));
		shell.proxy.abort(shell.now, 'over');
		flood(shell);
		expect(shell.receive(server.SENDER, server.announce({ groupId: 0x7777 }))).toHaveLength(2);
		// It keeps its place, although no site has answered yet.
		flood(shell);
		expect(shell.receive(server.SENDER, server.datagram(MessageType.FILESEG, { groupId: 0x7777 }))).toHaveLength(2);
	});

	it('does not keep out a sender that is in the list', () => {
		const senders = [{ senderId: server.SENDER_ID, address: server.SENDER.host }];
		const shell = new server.ServerProxyShell({ security: { ...none, senders } });
		flood(shell);
		expect(shell.receive(server.SENDER, server.announce())).toHaveLength(2);
	});

	it('changes nothing for a session that is under way', () => {
		const shell = new server.ServerProxyShell();
		shell.receive(server.SENDER, server.announce());
		shell.receive(server.EAST, server.datagram(MessageType.REGISTER, { sourceId: 7 }));
		flood(shell);
		expect(shell.receive(server.SENDER, server.datagram(MessageType.FILESEG))).toHaveLength(2);
	});
});

describe('a flood of ANNOUNCEs at a gathering proxy', () => {
	function flood(shell: gathering.GatheringShell): void {
		for (let n = 1; n <= ANNOUNCES; n++) {
			const announce = gathering.datagram(MessageType.ANNOUNCE, gathering.announcement(), {
				groupId: 0x5000_0000 + n,
				sourceId: n,
				grtt: encodeRtt(0.01),
			});
			shell.receive(stranger(n), announce);
		}
		shell.sent.length = 0;
	}

	it('does not keep out a sender that had receivers here', () => {
		const shell = new gathering.GatheringShell();
		shell.start(1);
		shell.proxy.abort(shell.now, 'over');
		shell.advance(1000);
		flood(shell);
		expect(shell.proxy.sessionCount).toBe(3);
		expect(shell.proxy.counters['dropped.too-many-announces']).toBe(ANNOUNCES - 500);
		shell.announce({}, { groupId: 0x7777 });
		expect(shell.proxy.sessions.map(({ groupId }) => groupId)).toContain(0x7777);
		flood(shell);
		expect(shell.proxy.sessions.map(({ groupId }) => groupId)).toContain(0x7777);
	});
});

describe('a flood of REGISTERs at a gathering proxy', () => {
	/** Ids from 1; what came of it is forgotten. */
	function flood(shell: gathering.GatheringShell, count: number): void {
		for (let n = 1; n <= count; n++) {
			shell.receive(
				stranger(n),
				gathering.datagram(MessageType.REGISTER, gathering.registration(), { sourceId: 0x5000_0000 + n }),
			);
		}
		shell.sent.length = 0;
	}

	it('registers no more than have a place, quickly, and answers hardly any of them', () => {
		const shell = new gathering.GatheringShell({ receiversMax: 1000 });
		shell.announce();
		let bytes = 0;
		const ms = timed(() => {
			for (let n = 1; n <= REGISTERS; n++) {
				const id = { sourceId: 0x5000_0000 + n };
				const sent = shell.receive(stranger(n), gathering.datagram(MessageType.REGISTER, gathering.registration(), id));
				for (const one of sent) if (one.to.host !== gathering.SENDER.host) bytes += one.bytes.length;
				shell.sent.length = 0;
			}
		});
		expect(shell.proxy.sessions[0].totals.receivers).toBe(1000);
		expect(shell.proxy.counters['dropped.too-many-registers']).toBe(REGISTERS - 2000);
		expect(bytes).toBeLessThan(4096);
		expect(ms).toBeLessThan(QUICK_MS);
	});

	it('does not keep out a receiver once those that only register have been silent for a while', () => {
		const shell = new gathering.GatheringShell({ receiversMax: 100 });
		shell.announce();
		flood(shell, 200);
		shell.register(1);
		expect(shell.of('receiverRegistered').some(({ receiverId }) => receiverId === gathering.receiverId(1))).toBe(false);
		shell.fromSender(MessageType.REG_CONF, { ids: Array.from({ length: 100 }, (_, n) => 0x5000_0001 + n) });
		shell.advance(1500);
		expect(shell.of('receiverAborted')).toEqual([]);
		shell.register(1);
		expect(shell.of('receiverRegistered').some(({ receiverId }) => receiverId === gathering.receiverId(1))).toBe(true);
	});

	it('takes no place of a receiver that answers', () => {
		const shell = new gathering.GatheringShell({ receiversMax: 3 });
		shell.start(3);
		for (const n of [1, 2, 3]) {
			shell.fromReceiver(n, MessageType.COMPLETE, { fileId: 1, status: 0, ids: [] });
		}
		shell.advance(5000);
		flood(shell, 1000);
		expect(shell.proxy.counters['dropped.receiver-refused']).toBe(1000);
		for (const n of [1, 2, 3]) shell.fromReceiver(n, MessageType.COMPLETE, { fileId: 2, status: 0, ids: [] });
		expect(gathering.up(shell.sent, MessageType.COMPLETE)[0].ids).toHaveLength(3);
	});

	it('does not keep out a receiver in the list', () => {
		const receivers = Array.from({ length: 2 }, (_, n) => ({ receiverId: gathering.receiverId(n + 1) }));
		const shell = new gathering.GatheringShell({ receivers });
		shell.announce();
		flood(shell, REGISTERS);
		shell.register(1);
		expect(shell.of('receiverRegistered')).toHaveLength(1);
	});
});

describe('a flood of heartbeats', () => {
	it('does not close the way of a site that is served', () => {
		const shell = new server.ServerProxyShell();
		const heartbeat = (id: number): Uint8Array => composeHbReq(id, 0, EMPTY_SPAN, EMPTY_SPAN);
		for (let n = 1; n <= 5000; n++) shell.receive(stranger(n), heartbeat(n));
		expect(shell.proxy.counters['dropped.too-many-heartbeats']).toBe(4000);
		expect(shell.receive(server.EAST, heartbeat(9))).toHaveLength(1);
	});

	it('and of requests for the key is answered with fewer bytes than came', () => {
		const shell = new gathering.GatheringShell({ kind: 'response' });
		let came = 0;
		for (let n = 1; n <= 5000; n++) {
			for (const bytes of [
				composeHbReq(n, 0, EMPTY_SPAN, EMPTY_SPAN),
				gathering.datagram(MessageType.KEY_REQ, {} as never, { groupId: 0, sourceId: n }),
			]) {
				came += bytes.length;
				shell.receive(stranger(n), bytes);
			}
		}
		expect(shell.sent.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(came / 5);
		expect(shell.proxy.counters['dropped.too-many-heartbeats']).toBe(4000);
	});
});

describe('strangers at a proxy', () => {
	it.each([
		['server', () => new server.ServerProxyShell()],
		['gathering', () => new gathering.GatheringShell()],
	])('cost a %s proxy a count each, nothing more', (_kind, make) => {
		const shell = make();
		const ms = timed(() => {
			for (let n = 1; n <= STRANGERS; n++) {
				shell.receive(stranger(n & 0xffff), server.datagram(MessageType.FILESEG, { groupId: 0x5000_0000 + n }));
			}
		});
		expect(shell.sent).toEqual([]);
		expect(shell.requests).toEqual([]);
		expect(shell.proxy.counters['dropped.unknown-group']).toBe(STRANGERS);
		expect(ms).toBeLessThan(QUICK_MS);
	});
});

describe('known senders', () => {
	it('are remembered up to a bound, and only where they were', () => {
		const known = new KnownSenders();
		for (let id = 1; id <= KNOWN_SENDERS_MAX + 1; id++) known.add(id, 100 + id);
		expect(known.has(1, 101)).toBe(false);
		expect(known.has(2, 102)).toBe(true);
		expect(known.has(2, 103)).toBe(false);
	});
});
