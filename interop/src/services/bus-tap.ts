import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';
import { launch, type Program } from '../programs.ts';

/** One message as it came by on the bus. */
export interface TappedMessage {
	readonly subject: string;
	/** Milliseconds since 1970 on this machine when it arrived. */
	readonly atMs: number;
	readonly body: unknown;
}

/** Speaks NATS's text protocol, as any program can, and prints a line for each message: time, subject, body. */
const tapScript = `
const [host, port, pattern] = process.argv.slice(1);
let rest = Buffer.alloc(0);
const socket = require('node:net').connect(Number(port), host, () => {
	socket.write('CONNECT {"verbose":false,"headers":false}\\r\\nSUB ' + pattern + ' 1\\r\\nPING\\r\\n');
});
socket.on('data', (part) => {
	rest = Buffer.concat([rest, part]);
	for (;;) {
		const end = rest.indexOf('\\r\\n');
		if (end < 0) return;
		const words = rest.toString('utf8', 0, end).split(' ');
		if (words[0] === 'PONG') console.log('tapped');
		if (words[0] === 'PING') socket.write('PONG\\r\\n');
		let next = end + 2;
		if (words[0] === 'MSG') {
			const length = Number(words.at(-1));
			if (rest.length < next + length + 2) return;
			console.log(Date.now() + ' ' + words[1] + ' ' + rest.toString('utf8', next, next + length));
			next += length + 2;
		}
		rest = rest.subarray(next);
	}
});`;

/** Everything that comes by on a bus, from the moment on that this is there. */
export class BusTap {
	readonly #program: Program;

	private constructor(program: Program) {
		this.#program = program;
	}

	/** `bun`: path of the runtime; `host` is where it runs, and `bus` the host of the nats-server. */
	static async open(bun: string, host: Host, bus: { address: string; port: number }, pattern: string): Promise<BusTap> {
		const program = await launch(host, [bun, '-e', tapScript, bus.address, String(bus.port), pattern], {
			timeoutMs: 300_000,
		});
		const tap = new BusTap(program);
		while (!program.output().startsWith('tapped')) {
			const gone = await Promise.race([program.ended, sleep(5)]);
			if (gone !== undefined) throw new Error(`nothing can be heard on the bus: ${program.output()}`);
		}
		return tap;
	}

	/** All messages so far whose subject begins like this, in the order in which they came. */
	heard(subjectStart: string): TappedMessage[] {
		const found: TappedMessage[] = [];
		for (const line of this.#program.output().split('\n')) {
			const [atMs = '', subject = '', ...body] = line.split(' ');
			if (!subject.startsWith(subjectStart)) continue;
			try {
				found.push({ subject, atMs: Number(atMs), body: JSON.parse(body.join(' ')) });
			} catch {
				// A line that is still being written, or what is no JSON (an empty request).
			}
		}
		return found;
	}

	/** The data of the events of a kind ("proxy"), with the time at which they came. */
	events(kind: string): (Record<string, unknown> & { readonly atMs: number })[] {
		return this.heard(`uftp.events.${kind}`).map(({ atMs, body }) => ({
			...(body as { data: Record<string, unknown> }).data,
			atMs,
		}));
	}
}
