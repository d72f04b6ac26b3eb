import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { differences, launch, type Pair, type Topology } from '@uftp/interop';
import { senderOptions } from '../contests.ts';
import { pathOf, startReceivers } from '../measure.ts';

/** One session that carries the tree, as seen from outside. */
export interface TreeRun {
	/** The whole sender process, in seconds. */
	readonly seconds: number;
	/** Bytes that left the sender's interface, Ethernet headers included. */
	readonly wireBytes: number;
	/** CPU of all receivers together, in seconds. */
	readonly receiverCpuSeconds: number;
	/** Names, bytes, times or links that are not as they were sent, at any receiver: sentences. */
	readonly wrong: readonly string[];
	/** What went wrong with the sender itself, with the end of what it printed. */
	readonly failure?: string;
}

/** Sends the folder `tree` from host 0 to all others, and compares every copy with it. */
export async function runTree(
	topology: Topology,
	pair: Pair,
	tree: string,
	scratch: string,
	deadlineMs: number,
): Promise<TreeRun> {
	const [senderHost, ...receiverHosts] = topology.hosts;
	if (senderHost === undefined) throw new RangeError('a topology without hosts');
	const targets = receiverHosts.map((host) => join(scratch, `received${host.index}`));
	const running = await startReceivers(pair.receiver, receiverHosts, targets);
	try {
		const name = tree.slice(tree.lastIndexOf('/') + 1);
		const closed = receiverHosts.map((host) => host.uid).join(',');
		const argv = [pathOf(pair.sender, 'uftp'), '-I', 'eth0', ...senderOptions, '-H', closed, tree];
		const wireBefore = senderHost.transmittedBytes();
		const sender = await launch(senderHost, argv, { timeoutMs: deadlineMs });
		const ending = await sender.ended;
		const wireBytes = senderHost.transmittedBytes() - wireBefore;
		const receiverCpuSeconds = running.reduce((sum, program) => sum + program.cpuSeconds(), 0);
		const said = sender.output().trimEnd().split('\n').slice(-8).join('\n');
		const how = ending.timedOut
			? `was stopped after ${deadlineMs / 1000} s`
			: `ended with ${ending.signal ?? ending.code}`;
		const wrong = targets.flatMap((target, index) =>
			differences(tree, join(target, name)).map((what) => `receiver ${index + 1}: ${what}`),
		);
		return {
			seconds: ending.wallMs / 1000,
			wireBytes,
			receiverCpuSeconds,
			wrong,
			...(ending.code === 0 ? {} : { failure: `the sender ${how}:\n${said}` }),
		};
	} finally {
		await Promise.all(running.map((program) => program.stop()));
		for (const target of targets) rmSync(target, { recursive: true, force: true });
	}
}
