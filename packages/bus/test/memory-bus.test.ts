import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryBroker, MemoryBus, subjectMatches } from '../src/index.ts';
import { SubjectTable } from '../src/subject-table.ts';
import { until } from './contract.ts';

describe('the memory bus', () => {
	it('lets timers run between handlers that answer each other for ever', async () => {
		const bus = new MemoryBus();
		let rounds = 0;
		bus.subscribe('ping', () => bus.publish('pong', ''));
		bus.subscribe('pong', async () => {
			await undefined;
			rounds++;
			bus.publish('ping', '');
		});
		bus.publish('ping', '');
		await new Promise((resolve) => setTimeout(resolve, 20));
		expect(rounds).toBeGreaterThan(10);
		await bus.close();
	});

	it('lets timers run while somebody asks one question after the other', async () => {
		const bus = new MemoryBus();
		bus.subscribe('q', (message) => void message.respond(''));
		let timer = false;
		setTimeout(() => {
			timer = true;
		}, 5);
		const end = performance.now() + 2000;
		while (!timer && performance.now() < end) await bus.request('q', '');
		expect(timer).toBe(true);
		await bus.close();
	});

	it('drops and tells what a subscriber cannot take any more', async () => {
		const bus = new MemoryBus(new MemoryBroker({ maxPendingMessages: 10 }));
		let got = 0;
		const slow: number[] = [];
		bus.onStatus((status) => {
			if (status.type === 'slow-consumer') slow.push(status.dropped);
		});
		bus.subscribe('a', () => void got++);
		for (let i = 0; i < 25; i++) bus.publish('a', '');
		await until(() => got === 10, 'the ten that fit');
		expect(slow.length).toBe(15);
		expect(bus.stats()).toMatchObject({ dropped: 15, delivered: 10, published: 25 });
		bus.publish('a', '');
		await until(() => got === 11, 'the next one');
	});

	it('leaves nothing behind in the broker', async () => {
		const broker = new MemoryBroker();
		const bus = new MemoryBus(broker);
		bus.subscribe('q', (message) => void message.respond(''));
		for (let i = 0; i < 100; i++) await bus.request('q', '');
		await bus.request('nobody', '').catch(() => {});
		bus.subscribe('silent', () => {});
		await bus.request('silent', '', { timeoutMs: 10 }).catch(() => {});
		expect(broker.subscriptions).toBe(2);
		await bus.drain();
		expect(broker.subscriptions).toBe(0);
	});
});

describe('the table of subscriptions', () => {
	const token = fc.constantFrom('a', 'b', 'c', 'd');
	const subject = fc.array(token, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
	const pattern = fc
		.tuple(fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 4 }), fc.boolean())
		.map(([tokens, rest]) => [...tokens, ...(rest ? ['>'] : [])].join('.'));

	it('finds exactly the patterns that match, also after some were removed', () => {
		fc.assert(
			fc.property(fc.array(pattern, { maxLength: 20 }), subject, fc.nat(19), (patterns, name, gone) => {
				const table = new SubjectTable<number>();
				patterns.forEach((p, i) => void table.add(p, i));
				if (gone < patterns.length) table.remove(patterns[gone] as string, gone);
				const expected = patterns.map((p, i) => (i !== gone && subjectMatches(p, name) ? i : -1)).filter((i) => i >= 0);
				expect(table.match(name).sort((x, y) => x - y)).toEqual(expected);
			}),
		);
	});

	it('agrees with a regular expression about what matches', () => {
		fc.assert(
			fc.property(pattern, subject, (p, name) => {
				const source = p.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+');
				expect(subjectMatches(p, name)).toBe(new RegExp(`^${source}$`).test(name));
			}),
		);
	});
});
