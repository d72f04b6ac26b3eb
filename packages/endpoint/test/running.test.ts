import { describe, expect, it } from 'vitest';
import { EventFeed, withinLimit } from '../src/running/index.ts';

describe('the events of a running endpoint', () => {
	it('come to listeners at once, until they have enough', () => {
		const feed = new EventFeed<number>();
		const seen: number[] = [];
		const stop = feed.on((event) => seen.push(event));
		feed.emit(1);
		stop();
		feed.emit(2);
		expect(seen).toEqual([1]);
	});

	it('come to a slow reader in their order, and the reading ends with the endpoint', async () => {
		const feed = new EventFeed<number>();
		const reader = (async () => {
			const seen: number[] = [];
			for await (const event of feed) seen.push(event);
			return seen;
		})();
		feed.emit(1);
		feed.emit(2);
		await Promise.resolve();
		feed.emit(3);
		feed.end();
		feed.emit(4);
		expect(await reader).toEqual([1, 2, 3]);
	});

	it('throw at whoever emits what a listener threw', () => {
		const feed = new EventFeed<number>();
		feed.on(() => {
			throw new Error('listener');
		});
		expect(() => feed.emit(1)).toThrow('listener');
	});

	it('are counted where a reader that does not read has missed them', async () => {
		const feed = new EventFeed<number>();
		const events = feed[Symbol.asyncIterator]();
		const first = events.next();
		await Promise.resolve();
		for (let i = 0; i < 5000; i++) feed.emit(i);
		expect((await first).value).toBe(5000 - 4096);
		expect(feed.missed).toBe(5000 - 4096);
	});
});

describe('a hook of the application', () => {
	it('may return at once or later', async () => {
		expect(await withinLimit('onFile', 1, 10)).toBe(1);
		expect(await withinLimit('onFile', Promise.resolve(2), 10)).toBe(2);
		await expect(withinLimit('onFile', Promise.reject(new Error('own')), 10)).rejects.toThrow('own');
	});

	it('has a limit that names it', async () => {
		await expect(withinLimit('onFile', new Promise(() => {}), 10)).rejects.toMatchObject({
			code: 'hook-too-slow',
			message: 'onFile did not return within 0.01 s.',
		});
	});
});
