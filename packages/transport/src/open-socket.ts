import { openReadiness } from '@uftp/native';
import type { DatagramSocket, SocketOptions } from './datagram-socket.ts';
import { selectDriver } from './driver-choice.ts';
import { TransportError } from './errors/transport-error.ts';
import { openLinuxSocket } from './linux/socket.ts';
import { openPortableSocket } from './portable/socket.ts';

/**
 * Opens a UDP socket. Rejects with `TransportError`: the port is held (the sentence names it and, where it can be
 * found, its holder), the address is not ours, the interface cannot send multicast, the forced driver does not work.
 */
export async function openSocket(options: SocketOptions): Promise<DatagramSocket> {
	const wanted = options.driver ?? 'auto';
	const driver = wanted === 'auto' ? (await selectDriver()).driver : wanted;
	if (driver === 'portable') return openPortableSocket(options);
	const { readiness, why } = openReadiness();
	if (readiness === undefined) {
		throw new TransportError(
			`The linux-batch socket was asked for and does not work here: ${why}. Use the driver "auto" or "portable".`,
		);
	}
	return openLinuxSocket(readiness, options);
}
