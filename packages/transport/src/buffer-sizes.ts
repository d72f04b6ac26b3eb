import type { DatagramSocket } from './datagram-socket.ts';

/** Asked for unless the caller wants more: a second of stall at 250 Mbit/s. Loss depends on this more than on speed. */
export const RECEIVE_BUFFER_BYTES = 32 * 1024 * 1024;
/** Asked for unless the caller wants more. Larger ones only make the sender believe that it sends faster. */
export const SEND_BUFFER_BYTES = 1024 * 1024;
/** The kernel's own bound: an int, which it doubles. */
const MAX_BUFFER_BYTES = 2 ** 30 - 1;

/** What to ask the kernel for. */
export function askedReceiveBytes(asked: number | undefined): number {
	return Math.min(Math.max(asked ?? 0, RECEIVE_BUFFER_BYTES), MAX_BUFFER_BYTES);
}

/** What to ask the kernel for. */
export function askedSendBytes(asked: number | undefined): number {
	return Math.min(Math.max(asked ?? 0, SEND_BUFFER_BYTES), MAX_BUFFER_BYTES);
}

/**
 * A sentence for the log when the system gave a smaller receive buffer than was asked for, with the line that changes
 * it; undefined when all is well.
 */
export function bufferWarning(socket: DatagramSocket, asked?: number): string | undefined {
	const wanted = askedReceiveBytes(asked);
	const given = socket.receiveBufferBytes;
	if (given >= wanted) return undefined;
	return (
		`The receive buffer is ${formatBytes(given)} instead of ${formatBytes(wanted)}, so fast transfers will lose ` +
		`packets and repeat them; as root: sysctl -w net.core.rmem_max=${wanted}`
	);
}

/** A sender receives only answers: some thousands of them at once. */
const ANSWER_BUFFER_BYTES = 1024 * 1024;

/** The same for a sender's socket, whose receive buffer holds the answers of its receivers. */
export function answerBufferWarning(socket: DatagramSocket): string | undefined {
	const given = socket.receiveBufferBytes;
	if (given >= ANSWER_BUFFER_BYTES) return undefined;
	return (
		`The receive buffer is ${formatBytes(given)}, so the answers of hundreds of receivers may get lost and be asked ` +
		`for again; as root: sysctl -w net.core.rmem_max=${RECEIVE_BUFFER_BYTES}`
	);
}

/** "32 MiB", "208 KiB". */
export function formatBytes(bytes: number): string {
	if (bytes >= 1024 * 1024) return `${Math.round(bytes / 1024 / 102.4) / 10} MiB`;
	return `${Math.round(bytes / 1024)} KiB`;
}
