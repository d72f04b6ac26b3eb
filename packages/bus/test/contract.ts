/** What every driver of the bus must do, run against each of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
	type Bus,
	BusClosed,
	InvalidHeader,
	InvalidSubject,
	type Message,
	NoResponders,
	PayloadTooLarge,
	RequestTimeout,
	subjects,
} from '../src/index.ts';

export interface BusUnderTest {
	/** A further user of the same bus. */
	connect(): Promise<Bus>;
	stop(): Promise<void>;
}

/** Waits until the condition holds; fails with what was seen last. */
export async function until(condition: () => boolean, what: string, timeoutMs = 5000): Promise<void> {
	const end = performance.now() + timeoutMs;
	while (!condition()) {
		if (performance.now() > end) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
}

/** `leftOut`: an explicit setting says that the program which this needs is not there. */
export function describeBusContract(name: string, start: () => Promise<BusUnderTest>, leftOut = false): void {
	describe.skipIf(leftOut)(`the bus contract with ${name}`, () => {
		let under: BusUnderTest;
		let a: Bus;
		let b: Bus;
		let test = 0;
		/** A subject of this test alone. */
		const fresh = (suffix = 'x'): string => `test.n${++test}.${suffix}`;

		beforeAll(async () => {
			under = await start();
			a = await under.connect();
			b = await under.connect();
		});
		afterAll(async () => {
			await a?.close();
			await b?.close();
			await under?.stop();
		});

		const collect = async (bus: Bus, pattern: string, queue?: string): Promise<Message[]> => {
			const messages: Message[] = [];
			bus.subscribe(pattern, (message) => void messages.push(message), queue === undefined ? {} : { queue });
			await bus.flush();
			return messages;
		};

		it('brings bytes, text and JSON from one user to another', async () => {
			const subject = fresh();
			const got = await collect(b, subject);
			a.publish(subject, new Uint8Array([0, 255, 13, 10]));
			a.publish(subject, 'grüß dich');
			a.publish(subject, { n: 1, list: [null, true] });
			a.publish(subject, new Uint8Array());
			await until(() => got.length === 4, 'four messages');
			expect([...(got[0]?.data ?? [])]).toEqual([0, 255, 13, 10]);
			expect(got[1]?.text()).toBe('grüß dich');
			expect(got[2]?.json()).toEqual({ n: 1, list: [null, true] });
			expect(got[3]?.data.length).toBe(0);
			expect(got.map((m) => m.subject)).toEqual([subject, subject, subject, subject]);
			expect(got[0]?.reply).toBe(undefined);
			expect(got[0]?.respond('x')).toBe(false);
		});

		it('copies a payload when it is published and gives each subscriber its own', async () => {
			const subject = fresh();
			const first = await collect(a, subject);
			const second = await collect(a, subject);
			const bytes = new Uint8Array([1, 2, 3]);
			a.publish(subject, bytes);
			bytes.fill(9);
			await until(() => first.length + second.length === 2, 'both copies');
			first[0]?.data.fill(7);
			expect([...(second[0]?.data ?? [])]).toEqual([1, 2, 3]);
		});

		it('never calls a handler inside publish', async () => {
			const subject = fresh();
			const got = await collect(a, subject);
			a.publish(subject, 'x');
			expect(got.length).toBe(0);
			await until(() => got.length === 1, 'the message');
		});

		it('keeps the order of one publisher for each subscription', async () => {
			const subject = fresh('*');
			const got = await collect(b, subject);
			for (let i = 0; i < 3000; i++) a.publish(subject.replace('*', i % 2 === 0 ? 'even' : 'odd'), { i });
			await until(() => got.length === 3000, '3000 messages');
			expect(got.every((message, i) => (message.json() as { i: number }).i === i)).toBe(true);
		});

		it('matches wildcards as NATS does', async () => {
			const base = fresh('w');
			const cases: [string, string[], string[]][] = [
				[`${base}.*`, [`${base}.a`], [base, `${base}.a.b`]],
				[`${base}.*.c`, [`${base}.b.c`], [`${base}.c`, `${base}.b.d`]],
				[`${base}.>`, [`${base}.a`, `${base}.a.b.c`], [base]],
				[`${base}.a*`, [], [`${base}.ab`]],
			];
			for (const [pattern, matching, others] of cases) {
				const got = await collect(b, pattern);
				for (const subject of [...matching, ...others]) a.publish(subject, '');
				await a.flush();
				await until(() => got.length >= matching.length, pattern);
				await b.flush();
				expect(got.map((m) => m.subject).sort(), pattern).toEqual([...matching].sort());
			}
		});

		it('delivers every kind of event to the pattern for all of them', async () => {
			const s = subjects(fresh('site'));
			const got = await collect(b, s.allEvents);
			for (const kind of ['job', 'session', 'file', 'progress', 'receiver'] as const) a.publish(s.event(kind), kind);
			await until(() => got.length === 5, 'five events');
			expect(got.map((m) => m.text())).toEqual(['job', 'session', 'file', 'progress', 'receiver']);
		});

		it('keeps headers: several values, case, UTF-8', async () => {
			const subject = fresh();
			const got = await collect(b, subject);
			a.publish(subject, 'x', { headers: { traceparent: '00-1', Traceparent: 'other', many: ['a', 'ü b'] } });
			await until(() => got.length === 1, 'the message');
			expect(got[0]?.header('traceparent')).toBe('00-1');
			expect(got[0]?.header('Traceparent')).toBe('other');
			expect(got[0]?.headers.get('many')).toEqual(['a', 'ü b']);
			expect(got[0]?.header('none')).toBe(undefined);
		});

		it('refuses wrong subjects, headers and payloads by the call itself', () => {
			for (const subject of ['', 'a..b', '.a', 'a.', 'a b', 'a\tb', 'a\r\nPING', 'a.*', 'a.>', 'x'.repeat(2000)]) {
				expect(() => a.publish(subject, ''), JSON.stringify(subject)).toThrow(InvalidSubject);
			}
			for (const pattern of ['', 'a..b', 'a b', '>.a', 'a.>.b']) {
				expect(() => a.subscribe(pattern, () => {}), pattern).toThrow(InvalidSubject);
			}
			expect(() => a.subscribe('a.b', () => {}, { queue: 'q q' })).toThrow(InvalidSubject);
			expect(() => a.publish('a.b', '', { headers: { 'a:b': 'c' } })).toThrow(InvalidHeader);
			expect(() => a.publish('a.b', '', { headers: { a: 'b\r\nc: d' } })).toThrow(InvalidHeader);
			expect(() => a.publish('a.b', new Uint8Array(a.maxPayloadBytes + 1))).toThrow(PayloadTooLarge);
			expect(() => a.publish('a.b', undefined as unknown as null)).toThrow(TypeError);
		});

		it('carries a payload of exactly the limit, and counts headers into it', async () => {
			expect(a.maxPayloadBytes).toBe(1024 * 1024);
			const subject = fresh();
			const got = await collect(b, subject);
			const bytes = new Uint8Array(a.maxPayloadBytes).fill(65);
			a.publish(subject, bytes);
			expect(() => a.publish(subject, bytes, { headers: { a: 'b' } })).toThrow(PayloadTooLarge);
			await until(() => got.length === 1, 'the large message');
			expect(got[0]?.data.length).toBe(a.maxPayloadBytes);
			expect(got[0]?.data.every((byte) => byte === 65)).toBe(true);
		});

		it('answers a request, with headers both ways', async () => {
			const subject = fresh();
			b.subscribe(subject, (message) => {
				message.respond({ echo: message.text() }, { headers: { kind: message.header('kind') ?? '' } });
			});
			await b.flush();
			const answer = await a.request(subject, 'hello', { headers: { kind: 'k1' } });
			expect(answer.json()).toEqual({ echo: 'hello' });
			expect(answer.header('kind')).toBe('k1');
		});

		it('keeps a thousand requests at a time apart', async () => {
			const subject = fresh();
			b.subscribe(subject, async (message) => {
				await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
				message.respond(message.text());
			});
			await b.flush();
			const answers = await Promise.all(
				Array.from({ length: 1000 }, async (_, i) => (await a.request(subject, `${i}`)).text()),
			);
			expect(answers).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
		});

		it('says at once that nobody answers, and after the timeout that nobody did', async () => {
			const started = performance.now();
			await expect(a.request(fresh(), 'x', { timeoutMs: 5000 })).rejects.toThrow(NoResponders);
			expect(performance.now() - started).toBeLessThan(2000);
			const subject = fresh();
			b.subscribe(subject, () => {});
			await b.flush();
			await expect(a.request(subject, 'x', { timeoutMs: 50 })).rejects.toThrow(RequestTimeout);
		});

		it('gives each message of a queue group to one member, and all members their share', async () => {
			const subject = fresh();
			const members = [await collect(a, subject, 'q'), await collect(b, subject, 'q'), await collect(b, subject, 'q')];
			const everything = await collect(a, subject);
			for (let i = 0; i < 300; i++) a.publish(subject, `${i}`);
			await until(() => everything.length === 300, 'all at the subscriber outside the group');
			const counts = (): number[] => members.map((messages) => messages.length);
			await until(() => counts().reduce((x, y) => x + y) >= 300, 'all in the group');
			await a.flush();
			await b.flush();
			expect(counts().reduce((x, y) => x + y)).toBe(300);
			for (const count of counts()) expect(count).toBeGreaterThan(50);
			expect(new Set(members.flat().map((m) => m.text())).size).toBe(300);
		});

		it('ends a subscription: at once, after a number of messages, or when it has drained', async () => {
			const subject = fresh();
			const got: string[] = [];
			const gone = a.subscribe(subject, () => void got.push('gone'));
			const two = a.subscribe(subject, () => void got.push('two'), { max: 2 });
			let finished = 0;
			const slow = a.subscribe(subject, async () => {
				await new Promise((resolve) => setTimeout(resolve, 20));
				finished++;
			});
			await a.flush();
			gone.unsubscribe();
			gone.unsubscribe();
			for (let i = 0; i < 5; i++) a.publish(subject, '');
			await a.flush();
			await slow.drain();
			expect(finished).toBe(5);
			a.publish(subject, '');
			await a.flush();
			await until(() => two.closed, 'the end after two messages');
			expect(got).toEqual(['two', 'two']);
			expect([gone.closed, slow.closed, finished]).toEqual([true, true, 5]);
		});

		it('goes on after a handler that throws, and tells it', async () => {
			const subject = fresh();
			const bus = await under.connect();
			const errors: unknown[] = [];
			bus.onStatus((status) => {
				if (status.type === 'handler-error') errors.push(status.error);
			});
			let calls = 0;
			bus.subscribe(subject, () => {
				if (++calls === 1) throw new Error('first');
				return Promise.reject(new Error('second'));
			});
			await bus.flush();
			a.publish(subject, '');
			a.publish(subject, '');
			await until(() => errors.length === 2, 'two errors');
			expect(errors.map((error) => (error as Error).message)).toEqual(['first', 'second']);
			expect(bus.stats().handlerErrors).toBe(2);
			await bus.close();
		});

		it('drains: handlers that run may still answer, and then it is closed', async () => {
			const subject = fresh();
			const bus = await under.connect();
			bus.subscribe(subject, async (message) => {
				await new Promise((resolve) => setTimeout(resolve, 30));
				message.respond('done');
			});
			await bus.flush();
			const answers = Promise.all([a.request(subject, '1'), a.request(subject, '2')]);
			await a.flush();
			await bus.flush();
			await bus.drain();
			expect((await answers).map((m) => m.text())).toEqual(['done', 'done']);
			expect(bus.closed).toBe(true);
			expect(() => bus.publish(subject, '')).toThrow(BusClosed);
			expect(() => bus.subscribe(subject, () => {})).toThrow(BusClosed);
			await expect(bus.request(subject, '')).rejects.toThrow(BusClosed);
			await expect(bus.flush()).rejects.toThrow(BusClosed);
			await bus.drain();
			await bus.close();
			await expect(a.request(subject, '')).rejects.toThrow(NoResponders);
		});

		it('ends requests under way when it is closed', async () => {
			const subject = fresh();
			b.subscribe(subject, () => {});
			await b.flush();
			const bus = await under.connect();
			const answer = bus.request(subject, 'x').catch((error: unknown) => error);
			await bus.flush();
			await bus.close();
			expect(await answer).toBeInstanceOf(BusClosed);
		});
	});
}
