import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ETHERNET_HEADER_BYTES, PacketSocket, VNET_HEADER_BYTES } from './packet-socket.ts';
import { Path, type PathCounts } from './path.ts';

/**
 * A satellite between two interfaces of this network namespace: every frame, whatever it carries, goes to the other
 * side after the delay, unless it is lost or the queue is full. Addresses stay as they are. Prints what it has carried
 * every second as a line of JSON, until it is ended.
 */
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		delay: { type: 'string', default: '300' },
		bits: { type: 'string', default: '10000000' },
		queue: { type: 'string', default: '250' },
		loss: { type: 'string', default: '0.01' },
		seed: { type: 'string', default: '1' },
	},
});

const [near = '', far = ''] = positionals;
const sockets = [new PacketSocket(near), new PacketSocket(far)] as const;
const options = {
	delayMs: Number(values.delay),
	bitsPerSecond: Number(values.bits),
	queueMs: Number(values.queue),
	loss: Number(values.loss),
};
const paths = [
	new Path({ ...options, seed: Number(values.seed) }),
	new Path({ ...options, seed: Number(values.seed) + 1 }),
] as const;

console.log('carrying');
let reportedMs = 0;
for (;;) {
	const nowMs = performance.now();
	carry(0, 1, nowMs);
	carry(1, 0, nowMs);
	if (nowMs - reportedMs > 1000) {
		reportedMs = nowMs;
		const counts: readonly PathCounts[] = paths.map((path) => path.counts);
		console.log(JSON.stringify(counts));
	}
	await sleep(1);
}

function carry(from: 0 | 1, to: 0 | 1, nowMs: number): void {
	const path = paths[from];
	for (let frame = sockets[from].receive(); frame !== undefined; frame = sockets[from].receive()) {
		path.enter(frame, frame.length - VNET_HEADER_BYTES - ETHERNET_HEADER_BYTES, nowMs);
	}
	for (let frame = path.leave(nowMs); frame !== undefined; frame = path.leave(nowMs)) sockets[to].send(frame);
}
