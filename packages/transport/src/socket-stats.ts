import type { SocketStats } from './datagram-socket.ts';

/** The counters of a socket that has done nothing yet. */
export function emptyStats(): SocketStats {
	return {
		datagramsOut: 0,
		bytesOut: 0,
		sendCalls: 0,
		sendErrors: 0,
		datagramsIn: 0,
		bytesIn: 0,
		receiveCalls: 0,
		receiveErrors: 0,
		kernelDrops: 0,
		queueDrops: 0,
		lastError: '',
	};
}

/** The sum of several sockets' counters; the last error of the last socket that has one. */
export function sumStats(all: readonly SocketStats[]): SocketStats {
	const sum = emptyStats();
	for (const stats of all) {
		for (const key of Object.keys(sum) as (keyof SocketStats)[]) {
			if (key !== 'lastError') sum[key] += stats[key];
		}
		if (stats.lastError !== '') sum.lastError = stats.lastError;
	}
	return sum;
}
