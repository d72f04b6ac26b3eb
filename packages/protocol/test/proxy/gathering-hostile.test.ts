import { MessageType } from '@uftp/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capturedTraffic } from './captured-traffic.ts';
import {
	datagram,
	GatheringShell,
	GROUP_ID,
	PROXY_ID,
	receiverAt,
	receiverId,
	registration,
	SENDER,
	SENDER_ID,
} from './gathering-shell.ts';

const CAPTURES = [
	'proxy-chain-plain.receiver-side.pcap',
	'proxy-chain-ecdsa.receiver-side.pcap',
	'tfmcc-loss-meta.pcap',
	'closed-group-loss-abort.pcap',
].flatMap((name) => capturedTraffic(name).map(({ bytes }) => bytes));

const sources = [SENDER, receiverAt(1), receiverAt(2), { host: '10.9.9.9', port: 5 }, { host: 'fd00::1', port: 1044 }];

/** A captured datagram, moved into the session of the test and bent. */
const bent = fc.record({
	datagram: fc.integer({ min: 0, max: CAPTURES.length - 1 }),
	from: fc.integer({ min: 0, max: sources.length - 1 }),
	sourceId: fc.constantFrom(SENDER_ID, receiverId(1), receiverId(2), receiverId(3), PROXY_ID, 0, 0xffff_ffff),
	groupId: fc.constantFrom(GROUP_ID, GROUP_ID, GROUP_ID, 0, 5),
	changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
	cut: fc.option(fc.nat(400)),
	pauseMs: fc.integer({ min: 0, max: 30 }),
});

describe('datagrams of strangers', () => {
	it.each(['client', 'response'] as const)('never make a %s proxy throw, or send without bounds', (kind) => {
		fc.assert(
			fc.property(fc.array(bent, { minLength: 1, maxLength: 40 }), (attempts) => {
				const shell = new GatheringShell({ kind });
				shell.start(2);
				let bytesIn = 0;
				for (const { datagram: index, from, sourceId, groupId, changes, cut, pauseMs } of attempts) {
					const bytes = CAPTURES[index].slice(0, cut ?? undefined);
					if (bytes.length >= 12) {
						const view = new DataView(bytes.buffer);
						view.setUint32(4, sourceId);
						view.setUint32(8, groupId);
					}
					for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
					bytesIn += bytes.length;
					shell.receive(sources[from], bytes);
					shell.advance(pauseMs);
				}
				// 10 refusals a second, and the repeats of what is held, come on top of what came in.
				const bytesOut = shell.sent.reduce((sum, one) => sum + one.bytes.length, 0);
				expect(bytesOut).toBeLessThan(2 * bytesIn + 40_000);
				expect(shell.proxy.sessionCount).toBeLessThanOrEqual(3);
				// What comes rightly is served as before, unless the sender itself has ended it.
				expect(shell.proxy.pollTimeout()).toBeGreaterThan(shell.now - 1);
			}),
		);
	});

	it('are never answered with more bytes than they have, at the address that they claim to come from', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const victim = { host: '10.66.6.6', port: 1044 };
		let bytesIn = 0;
		for (let i = 0; i < 2000; i++) {
			// The receiver itself is there all the time.
			if (i % 100 === 0) shell.register(1);
			const sourceId = receiverId(1);
			const func = i % 2 === 0 ? MessageType.REGISTER : MessageType.COMPLETE;
			const message = i % 2 === 0 ? registration() : { fileId: 1, status: 0, ids: [] };
			const bytes = datagram(func, message, { sourceId });
			bytesIn += bytes.length;
			shell.receive(victim, bytes);
			shell.advance(3);
		}
		const toVictim = shell.sent.filter(({ to }) => to.host === victim.host);
		expect(toVictim.length).toBeGreaterThan(0);
		expect(toVictim.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(bytesIn);
	});

	it('who know the sender’s id but not its address change nothing in a session', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const stranger = { host: '10.9.9.9', port: SENDER.port };
		for (const bytes of [
			datagram(MessageType.ABORT, { currentFileOnly: false, host: 0, message: 'ha' }),
			datagram(MessageType.REG_CONF, { ids: [receiverId(1)] }),
			datagram(MessageType.DONE_CONF, { ids: [receiverId(1)] }),
			datagram(MessageType.DONE, { fileId: 0, section: 0, ids: [receiverId(1)] }, { grtt: 255 }),
		]) {
			expect(shell.receive(stranger, bytes)).toEqual([]);
		}
		expect(shell.events).toEqual([]);
		expect(shell.proxy.sessionCount).toBe(1);
		expect(shell.proxy.counters['dropped.wrong-address']).toBe(4);
	});

	it('who announce in the sender’s name from elsewhere do not take its session while it speaks', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const announcement = { privateAddress: '230.6.6.6' };
		shell.announce();
		const before = shell.sent.length;
		const forged = datagram(MessageType.ANNOUNCE, {
			...{ sync: false, preview: false, family: 4, robust: 20, ccType: 0, blockBytes: 1300 },
			...{ timestamp: { seconds: 0, microseconds: 0 }, publicAddress: '230.4.4.1', ids: [] },
			...announcement,
		});
		shell.receive({ host: '10.9.9.9', port: 9 }, forged);
		expect(shell.sent.length).toBe(before);
		const [done] = shell.fromSender(MessageType.DONE, { fileId: 1, section: 0, ids: [] });
		expect(done.to.host).toBe('230.5.5.7');
	});
});
