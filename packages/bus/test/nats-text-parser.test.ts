import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NatsTextHandler, NatsTextParser } from '../src/loopback/nats-text-parser.ts';

const limits = { maxLineBytes: 256, maxPayloadBytes: 4096 };
const encoder = new TextEncoder();

/** Everything that the parser calls, as lines. */
function record(): { calls: string[]; handler: NatsTextHandler } {
	const calls: string[] = [];
	const handler: NatsTextHandler = {
		connect: (options) => void calls.push(`connect ${JSON.stringify(options)}`),
		ping: () => void calls.push('ping'),
		pong: () => void calls.push('pong'),
		publish: (subject, reply, { headers, status }, data) => {
			const list = JSON.stringify([...headers]);
			calls.push(`publish ${subject} ${reply} ${status} ${list} ${Buffer.from(data).toString('hex')}`);
		},
		subscribe: (pattern, queue, sid) => void calls.push(`subscribe ${pattern} ${queue} ${sid}`),
		unsubscribe: (sid, max) => void calls.push(`unsubscribe ${sid} ${max}`),
		failed: (error) => void calls.push(`failed ${error}`),
	};
	return { calls, handler };
}

function parse(input: string | Uint8Array, chunks: (whole: Uint8Array) => Uint8Array[] = (whole) => [whole]): string[] {
	const { calls, handler } = record();
	const parser = new NatsTextParser(handler, limits);
	for (const chunk of chunks(typeof input === 'string' ? encoder.encode(input) : input)) parser.feed(chunk);
	return calls;
}

const conversation =
	'CONNECT {"verbose":false,"headers":true}\r\nPING\r\nsub a.* 1\r\nSUB  a.b\tq  2\r\nPUB a.b 5\r\nhe\r\no\r\n' +
	'PUB a.b reply.to 0\r\n\r\nHPUB a.b r 25 27\r\nNATS/1.0\r\nA: b\r\nA:  c\r\n\r\nhi\r\nPONG\r\nUNSUB 1\r\nUNSUB 2 5\n' +
	'HPUB x 16 16\r\nNATS/1.0 503\r\n\r\n\r\n';

const expected = [
	'connect {"verbose":false,"headers":true}',
	'ping',
	'subscribe a.* undefined 1',
	'subscribe a.b q 2',
	'publish a.b undefined undefined [] 68650d0a6f',
	'publish a.b reply.to undefined [] ',
	'publish a.b r undefined [["A",["b","c"]]] 6869',
	'pong',
	'unsubscribe 1 undefined',
	'unsubscribe 2 5',
	'publish x undefined 503 [] ',
];

describe("the listener's parser", () => {
	it('reads every operation', () => {
		expect(parse(conversation)).toEqual(expected);
	});

	it('reads the same one byte at a time', () => {
		expect(parse(conversation, (whole) => [...whole].map((byte) => new Uint8Array([byte])))).toEqual(expected);
	});

	it('reads the same in chunks of any sizes', () => {
		fc.assert(
			fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
				const split = (whole: Uint8Array): Uint8Array[] => {
					const chunks: Uint8Array[] = [];
					for (let at = 0, i = 0; at < whole.length; i++) {
						const size = sizes[i % sizes.length] as number;
						chunks.push(whole.slice(at, at + size));
						at += size;
					}
					return chunks;
				};
				expect(parse(conversation, split)).toEqual(expected);
			}),
		);
	});

	it('ends at the first mistake with the reason for it', () => {
		const mistakes: [string, string][] = [
			['GET / HTTP/1.1\r\nPING\r\n', 'Unknown Protocol Operation'],
			['\r\n', 'Unknown Protocol Operation'],
			['CONNECT {\r\n', 'Invalid CONNECT'],
			['CONNECT [1]\r\n', 'Invalid CONNECT'],
			['CONNECT\r\n', 'Invalid CONNECT'],
			['PUB a\r\n', 'Parser Error: PUB'],
			['PUB a b c 1\r\n', 'Parser Error: PUB'],
			['PUB a -1\r\n', 'Parser Error: PUB'],
			['PUB a 1e3\r\n', 'Parser Error: PUB'],
			['PUB a 4097\r\n', 'Maximum Payload Violation'],
			['PUB a 99999999999999999999\r\n', 'Parser Error: PUB'],
			['PUB a 2\r\nabcd', 'Parser Error: the message is longer than its length'],
			['HPUB a 5\r\n', 'Parser Error: HPUB'],
			['HPUB a 5 4\r\n', 'Parser Error: HPUB with headers longer than the message'],
			['HPUB a 4 4\r\nabcd\r\n', 'Parser Error: malformed headers'],
			['HPUB a 17 17\r\nNATS/1.0\r\na b\r\n\r\n\r\n', 'Parser Error: malformed headers'],
			['SUB a\r\n', 'Parser Error: SUB'],
			['SUB a b c d\r\n', 'Parser Error: SUB'],
			['UNSUB\r\n', 'Parser Error: UNSUB'],
			['UNSUB 1 x\r\n', 'Parser Error: UNSUB'],
			[`PUB ${'a'.repeat(300)} 1\r\n`, 'Maximum Control Line Exceeded'],
			['a'.repeat(300), 'Maximum Control Line Exceeded'],
		];
		for (const [input, error] of mistakes) {
			expect(parse(`${input}\r\nPING\r\n`), JSON.stringify(input.slice(0, 40))).toEqual([`failed ${error}`]);
		}
	});

	it('never throws and fails at most once, whatever arrives', () => {
		const words = fc.constantFrom(
			'PUB',
			'HPUB',
			'SUB',
			'UNSUB',
			'CONNECT',
			'PING',
			' ',
			'\r\n',
			'a.b',
			'1',
			'12',
			'{}',
		);
		const likely = fc.array(words, { maxLength: 60 }).map((list) => encoder.encode(list.join('')));
		fc.assert(
			fc.property(
				fc.oneof(fc.uint8Array({ maxLength: 600 }), likely),
				fc.integer({ min: 1, max: 50 }),
				(bytes, size) => {
					const calls = parse(bytes, (whole) => {
						const chunks: Uint8Array[] = [];
						for (let at = 0; at < whole.length; at += size) chunks.push(whole.slice(at, at + size));
						return chunks;
					});
					const failures = calls.filter((call) => call.startsWith('failed'));
					expect(failures.length).toBeLessThanOrEqual(1);
					if (failures.length === 1) expect(calls.at(-1)).toBe(failures[0]);
				},
			),
			{ numRuns: 500 },
		);
	});

	it('takes a changed byte anywhere in a good conversation without throwing', () => {
		const good = encoder.encode(conversation);
		fc.assert(
			fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
				const bytes = good.slice();
				bytes[at] = byte;
				expect(Array.isArray(parse(bytes))).toBe(true);
			}),
			{ numRuns: 500 },
		);
	});
});
