import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../src/ports.ts';
import { joined, ScriptedSender, SENDER, SENDER_ID, ShellUnderTest } from './scripted-sender.ts';
import { backend } from './secured/pair.ts';

const FLOOD_PER_SECOND = 20_000;
const ATTACKER: Endpoint = { host: '10.99.0.66', port: 5000 };

/** Announcements of ever new sessions, in the name of ever new senders, each from where `from` says. */
function flood(shell: ShellUnderTest, count: number, from: (i: number) => Endpoint, grttMs = 6.6): void {
	const start = shell.now;
	const sender = new ScriptedSender();
	sender.grttMs = grttMs;
	const datagram = sender.announce({ robust: 50 });
	const view = new DataView(datagram.buffer, datagram.byteOffset);
	for (let i = 0; i < count; i++) {
		shell.advance(Math.max(0, start + (i / FLOOD_PER_SECOND) * 1000 - shell.now));
		view.setUint32(4, 0x66000000 + i);
		view.setUint32(8, 0x77000000 + Math.round(start) * 64 + i);
		shell.deliver(datagram, from(i));
	}
}

const oneHost = (): Endpoint => ATTACKER;
const manyHosts = (i: number): Endpoint => ({ host: `10.${i & 127}.${(i >> 7) & 255}.7`, port: 5000 });

/** Ends a session in good order, so that its sender is known. */
function complete(shell: ShellUnderTest, sender: ScriptedSender, from = SENDER): void {
	for (const datagram of [sender.announce(), sender.regConf(), sender.done(0, 0), sender.doneConf()]) {
		shell.deliver(datagram, from);
	}
}

function isJoined(shell: ShellUnderTest, groupId: number): boolean {
	return shell.of('register').some((register) => register.groupId === groupId);
}

describe('a flood of 20,000 ANNOUNCEs a second', () => {
	it.each([
		['from one host', oneHost],
		['from ever new hosts', manyHosts],
	])('%s keeps no known sender out: its first ANNOUNCE gets a place', (_, from) => {
		const shell = new ShellUnderTest({ graceMs: 1000 });
		complete(shell, new ScriptedSender());
		flood(shell, 10_000, from);
		shell.clear();
		shell.deliver(new ScriptedSender({ groupId: 5 }).announce());
		expect(isJoined(shell, 5)).toBe(true);
	});

	it('from ever new hosts keeps no sender out that stands in the list', () => {
		const senders = [{ senderId: SENDER_ID, address: SENDER.host }];
		const security = { backend, random: () => new Uint8Array(8), keys: [], encryptedOnly: false, senders };
		const shell = new ShellUnderTest({ security });
		flood(shell, 2000, manyHosts);
		shell.clear();
		shell.deliver(new ScriptedSender({ groupId: 5 }).announce());
		expect(isJoined(shell, 5)).toBe(true);
	});

	it('from one host leaves room for a stranger from another host', () => {
		const shell = new ShellUnderTest();
		flood(shell, 10_000, oneHost);
		shell.clear();
		shell.deliver(new ScriptedSender({ groupId: 5 }).announce());
		expect(isJoined(shell, 5)).toBe(true);
	});

	it('from few hosts that take all places of strangers makes the greediest of them give way', () => {
		const shell = new ShellUnderTest({ sessionsMax: 20 });
		for (let host = 1; host <= 3; host++) {
			flood(shell, 100, () => ({ host: `10.99.1.${host}`, port: 5000 }), 100_000);
		}
		expect(shell.node.sessionCount).toBe(10);
		shell.clear();
		shell.deliver(new ScriptedSender({ groupId: 5 }).announce());
		expect(isJoined(shell, 5)).toBe(true);
		expect(shell.node.sessionCount).toBe(10);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'unconfirmed' }]);
	});

	it('ends no session that is under way, and takes at most half of the places', () => {
		const { shell, sender } = joined({ sessionsMax: 40, graceMs: 60_000 });
		flood(shell, 20_000, manyHosts, 100_000);
		expect(shell.node.sessionCount).toBe(21);
		shell.clear();
		shell.deliver(sender.fileInfo({ size: 512 }));
		expect(shell.of('fileInfoAck')).toHaveLength(1);
	});

	it('is answered in a few bytes for each source, and in bounds for all', () => {
		const shell = new ShellUnderTest();
		flood(shell, 20_000, manyHosts);
		shell.advance(10_000);
		const bySource = new Map<string, number>();
		for (const { to, kind } of shell.answers) {
			expect(kind).toBe('register');
			bySource.set(to.host, (bySource.get(to.host) ?? 0) + 60);
		}
		expect(Math.max(...bySource.values())).toBeLessThanOrEqual(8 * 40);
		// Not more sessions than are begun in two seconds.
		expect(bySource.size).toBeLessThanOrEqual(200);
	});

	it('leaves what is remembered of ended sessions: a late question is still answered', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		complete(shell, sender);
		for (let second = 0; second < 20; second++) {
			flood(shell, 300, manyHosts);
			shell.advance(1000);
		}
		shell.clear();
		shell.deliver(sender.done(0, 0));
		expect(shell.of('complete')).toHaveLength(1);
	});

	it('costs the work for a thousand a second, whatever comes', () => {
		const shell = new ShellUnderTest();
		flood(shell, 20_000, manyHosts);
		const { counters } = shell.node;
		const lookedAt = (counters['datagrams'] ?? 0) - (counters['dropped.too-many-announces'] ?? 0);
		expect(lookedAt).toBeLessThanOrEqual(2000);
	});
});
