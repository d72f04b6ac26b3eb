import type { Socket } from 'node:dgram';
import { loadLibc, UdpSocket } from '@uftp/native';
import type { Family } from '@uftp/wire';
import { askedReceiveBytes, askedSendBytes } from '../buffer-sizes.ts';
import type { SocketOptions } from '../datagram-socket.ts';
import { bindError } from '../errors/bind-error.ts';
import { TransportError } from '../errors/transport-error.ts';
import type { NetworkInterface } from '../interfaces.ts';
import { configureBuffers, configureMulticast, configureTraffic, noCodePoint } from '../linux/socket-setup.ts';

/** A socket of the runtime that is ready for use. */
export interface BoundPortableSocket {
	readonly socket: Socket;
	/** The same socket by its descriptor, where foreign functions can reach it: for options that the runtime lacks. */
	readonly kernelSocket: UdpSocket | undefined;
	readonly receiveBufferBytes: number;
	readonly sendBufferBytes: number;
}

/** Opens, binds and configures a socket of the runtime. Rejects with `TransportError`; nothing stays open then. */
export async function bindPortableSocket(options: SocketOptions): Promise<BoundPortableSocket> {
	// Loaded here: most programs never open one, and it takes several milliseconds.
	const { createSocket } = await import('node:dgram');
	const isShared = options.reuseAddress === true;
	const socket = createSocket({ type: options.family === 4 ? 'udp4' : 'udp6', reuseAddr: isShared, ipv6Only: true });
	try {
		await bind(socket, options);
		configure(socket, options);
		const kernelSocket = reachDescriptor(socket, options);
		if (kernelSocket === undefined && (options.dscp ?? 0) !== 0) {
			throw noCodePoint(options, 'the portable socket of this runtime has no way to');
		}
		const buffers =
			kernelSocket === undefined ? askForBuffers(socket, options) : configureBuffers(kernelSocket, options);
		return { socket, kernelSocket, ...buffers };
	} catch (error) {
		closeQuietly(socket);
		throw error;
	}
}

/** What names an interface to the runtime: for IPv4 an address of it, for IPv6 its name as a scope. */
export function interfaceArgument(networkInterface: NetworkInterface, family: Family): string {
	if (family === 6) return `::%${process.platform === 'win32' ? networkInterface.index : networkInterface.name}`;
	const [address] = networkInterface.ipv4;
	if (address === undefined) {
		throw new TransportError(`Interface ${networkInterface.name} has no IPv4 address: give it one, or choose another.`);
	}
	return address;
}

/** Closes a socket that may be closed already. */
export function closeQuietly(socket: Socket): void {
	try {
		socket.close();
	} catch {
		// Closed already: that is what was wanted.
	}
}

function bind(socket: Socket, options: SocketOptions): Promise<void> {
	const address = options.bind?.address ?? (options.family === 4 ? '0.0.0.0' : '::');
	const port = options.bind?.port ?? 0;
	return new Promise((resolve, reject) => {
		socket.once('error', (error: NodeJS.ErrnoException) => {
			reject(bindError(error.code ?? error.message, address, port, options.family));
		});
		socket.bind({ address, port, exclusive: true }, () => {
			socket.removeAllListeners('error');
			resolve();
		});
	});
}

function configure(socket: Socket, options: SocketOptions): void {
	const { networkInterface } = options;
	socket.setMulticastLoopback(true);
	socket.setMulticastTTL(options.ttl ?? 1);
	if (options.broadcast === true) socket.setBroadcast(true);
	if (networkInterface === undefined) return;
	try {
		socket.setMulticastInterface(interfaceArgument(networkInterface, options.family));
	} catch (error) {
		if (error instanceof TransportError) throw error;
		const code = (error as NodeJS.ErrnoException).code ?? '';
		throw new TransportError(
			`Interface ${networkInterface.name} cannot send IPv${options.family} multicast ` +
				`(${code}): it may have disappeared, or have no address of that family.`,
			code,
		);
	}
}

function askForBuffers(
	socket: Socket,
	options: SocketOptions,
): { receiveBufferBytes: number; sendBufferBytes: number } {
	socket.setRecvBufferSize(askedReceiveBytes(options.receiveBufferBytes));
	socket.setSendBufferSize(askedSendBytes(options.sendBufferBytes));
	const isDoubled = process.platform === 'linux';
	return {
		receiveBufferBytes: socket.getRecvBufferSize() >>> (isDoubled ? 1 : 0),
		sendBufferBytes: socket.getSendBufferSize() >>> (isDoubled ? 1 : 0),
	};
}

/**
 * The options that the runtime has no method for (groups of other sockets kept out, don't-fragment, DSCP, buffers past
 * the system's limit), set through the descriptor. The runtime keeps it in a private field: where that is missing, or
 * is not this socket, we do without.
 */
function reachDescriptor(socket: Socket, options: SocketOptions): UdpSocket | undefined {
	const { libc } = loadLibc();
	const descriptor = privateDescriptor(socket);
	if (libc === undefined || descriptor === undefined) return undefined;
	const kernelSocket = new UdpSocket(libc, options.family, descriptor);
	const local = kernelSocket.localAddress();
	if (typeof local === 'number' || local.port !== socket.address().port) return undefined;
	configureMulticast(kernelSocket, options);
	configureTraffic(kernelSocket, options);
	return kernelSocket;
}

function privateDescriptor(socket: Socket): number | undefined {
	for (const symbol of Object.getOwnPropertySymbols(socket)) {
		if (symbol.description !== 'state symbol') continue;
		const state = (socket as unknown as Record<symbol, { handle?: { fd?: unknown } } | undefined>)[symbol];
		const descriptor = state?.handle?.fd;
		if (typeof descriptor === 'number' && descriptor >= 0) return descriptor;
	}
	return undefined;
}

/** The number of the error that a join or leave of the runtime threw. */
export function errorNumber(error: unknown): number {
	const { errno } = error as NodeJS.ErrnoException;
	return typeof errno === 'number' ? Math.abs(errno) : 0;
}
