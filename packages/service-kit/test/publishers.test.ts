import { type Bus, connectBus, MemoryBus, subjects } from '@uftp/bus';
import { parseEvent, parseHeartbeat } from '@uftp/bus/schemas';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventPublisher, type HeartbeatFacts, HeartbeatPublisher, type Logger, newIdentity } from '../src/index.ts';

const s = subjects();
const facts = (): HeartbeatFacts => ({
	addresses: ['127.0.0.1'],
	interfaces: [],
	groups: ['230.4.4.1'],
	caps: ['grace'],
});

let bus: Bus;
let warnings: string[];
const nothing = (): void => {};
const logger: Logger = { debug: nothing, info: nothing, warn: (line) => void warnings.push(line), error: nothing };
beforeEach(async () => {
	bus = await connectBus('memory:');
	warnings = [];
});
afterEach(() => bus.close());

const settled = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('the publisher of heartbeats', () => {
	it('sends one at once, one each interval, one on change, and a last one that says goodbye', async () => {
		const got: Uint8Array[] = [];
		bus.subscribe(s.allHeartbeats(), (message) => void got.push(message.data));
		const identity = newIdentity('receiver', '0x0A630002');
		const publisher = new HeartbeatPublisher({ bus, subjects: s, identity, intervalMs: 100, facts });
		await settled();
		expect(got.length).toBe(1);
		await settled(250);
		expect([3, 4]).toContain(got.length);
		const before = got.length;
		publisher.beat();
		publisher.stop();
		publisher.stop();
		await settled(150);
		expect(got.length).toBe(before + 2);
		const beats = got.map((data) => {
			const parsed = parseHeartbeat(data);
			if (!parsed.ok) throw new Error(parsed.problem);
			expect(parsed.ignored).toBe(undefined);
			return parsed.value;
		});
		expect(beats.map((beat) => beat.seq)).toEqual(beats.map((_, i) => i + 1));
		expect(beats.map((beat) => beat.draining ?? false)).toEqual(beats.map((_, i) => i === beats.length - 1));
		expect(beats[0]).toMatchObject({ instance: identity.instance, role: 'receiver', ours: true, intervalMs: 100 });
	});

	it('answers a registry that has just started, and none that has been there', async () => {
		let got = 0;
		bus.subscribe(s.allHeartbeats('receiver'), () => void got++);
		const identity = newIdentity('receiver', '0x0A630002');
		const publisher = new HeartbeatPublisher({ bus, subjects: s, identity, intervalMs: 60_000, facts });
		await settled();
		bus.publish(s.heartbeat('registry', 'old'), { seq: 7 });
		bus.publish(s.heartbeat('registry', 'odd'), 'nonsense');
		await settled(300);
		expect(got).toBe(1);
		for (let i = 0; i < 5; i++) bus.publish(s.heartbeat('registry', 'new'), { seq: 1 });
		await settled(300);
		expect(got).toBe(2);
		publisher.stop();
		bus.publish(s.heartbeat('registry', 'new'), { seq: 1 });
		await settled(300);
		expect(got).toBe(3);
	});

	it('goes on after one that could not be made, and says why', async () => {
		let calls = 0;
		const failing = (): HeartbeatFacts => {
			if (++calls === 1) throw new Error('no disk');
			return facts();
		};
		let got = 0;
		bus.subscribe(s.allHeartbeats(), () => void got++);
		const identity = newIdentity('sender', 's1');
		const publisher = new HeartbeatPublisher({ bus, subjects: s, identity, intervalMs: 20, facts: failing, logger });
		await vi.waitFor(() => expect(got).toBeGreaterThan(1), 5000);
		publisher.stop();
		expect(warnings).toEqual(['The heartbeat was not sent: no disk']);
	});

	it('keeps silent when the bus is closed', async () => {
		const own = new MemoryBus();
		const identity = newIdentity('sender', 's1');
		const publisher = new HeartbeatPublisher({ bus: own, subjects: s, identity, intervalMs: 10, facts, logger });
		await own.close();
		await settled(30);
		publisher.stop();
		expect(warnings).toEqual([]);
	});
});

describe('the publisher of events', () => {
	it('wraps what happened so that every reader accepts it, and counts', async () => {
		const got: Uint8Array[] = [];
		bus.subscribe(s.allEvents, (message) => void got.push(message.data));
		const events = new EventPublisher(bus, s, newIdentity('sender', 's1'), logger);
		events.publish('job', { phase: 'accepted', job: 'j1' }, 'j1');
		events.publish('session', { phase: 'announced', session: '0A0B0C0D' });
		events.publish('file', { phase: 'started', session: '0A0B0C0D', fileId: 1, name: 'a', size: 3 });
		events.publish('receiver', { phase: 'joined', uid: '0x0A630002' });
		const progress = { bytes: 1, totalBytes: 3, percent: 33, rateBytesPerSecond: 9, receivers: 3, receiversDone: 0 };
		events.publish('progress', { phase: 'sampled', session: '0A0B0C0D', ...progress });
		await settled();
		const parsed = got.map((data) => parseEvent(data));
		expect(parsed.map((each) => (each.ok ? each.value.kind : each.problem))).toEqual([
			'job',
			'session',
			'file',
			'receiver',
			'progress',
		]);
		expect(parsed.map((each) => each.ok && each.value.sequence)).toEqual(
			[1, 2, 3, 4, 5].map((n) => String(n).padStart(10, '0')),
		);
		expect(parsed[0]?.ok && parsed[0].value).toMatchObject({ source: '/uftp/sender/s1', subject: 'j1' });
	});

	it('never throws: an event that cannot be published is a warning', async () => {
		const own = new MemoryBus();
		const events = new EventPublisher(own, s, newIdentity('sender', 's1'), logger);
		const names = Array.from({ length: 1000 }, (_, i) => ({ name: 'x'.repeat(1100) + i, size: 1 }));
		events.publish('job', { phase: 'accepted', job: 'j1', files: names });
		await own.close();
		events.publish('job', { phase: 'accepted', job: 'j1' });
		expect(warnings.length).toBe(2);
		expect(warnings[0]).toContain('it is too large');
	});
});
