import {
	errnoName,
	IpOption,
	Ipv6Option,
	Level,
	type Libc,
	MTU_DISCOVERY_OFF,
	SocketOption,
	UdpOption,
	UdpSocket,
} from '@uftp/native';
import type { Endpoint } from '@uftp/protocol';
import { askedReceiveBytes, askedSendBytes } from '../buffer-sizes.ts';
import type { SocketOptions } from '../datagram-socket.ts';
import { bindError } from '../errors/bind-error.ts';
import { TransportError } from '../errors/transport-error.ts';

/** A socket that is ready for use. */
export interface BoundSocket {
	readonly socket: UdpSocket;
	readonly local: Endpoint;
	readonly receiveBufferBytes: number;
	readonly sendBufferBytes: number;
}

/** Opens, configures and binds a socket of the kernel. Throws `TransportError`; nothing stays open then. */
export function bindLinuxSocket(libc: Libc, options: SocketOptions): BoundSocket {
	const socket = UdpSocket.open(libc, options.family);
	if (typeof socket === 'number') {
		const code = errnoName(socket);
		throw new TransportError(`This system gives no IPv${options.family} sockets (${code}): is it switched off?`, code);
	}
	try {
		if (options.reuseAddress === true) socket.setOption(Level.Socket, SocketOption.ReuseAddress, 1);
		if (options.family === 6) socket.setOption(Level.IPv6, Ipv6Option.V6Only, 1);
		configureMulticast(socket, options);
		configureTraffic(socket, options);
		const buffers = configureBuffers(socket, options);
		// Merged receiving is a matter of speed only: a kernel before 5.0 does without.
		socket.setOption(Level.UDP, UdpOption.GenericReceiveOffload, 1);
		const host = options.bind?.address ?? (options.family === 4 ? '0.0.0.0' : '::');
		const port = options.bind?.port ?? 0;
		const error = socket.bind(host, port, options.networkInterface?.index ?? 0);
		if (error !== 0) throw bindError(errnoName(error), host, port, options.family);
		const local = socket.localAddress();
		if (typeof local === 'number') throw new TransportError('The socket has no address.', errnoName(local));
		return { socket, local, ...buffers };
	} catch (error) {
		socket.close();
		throw error;
	}
}

/**
 * What a socket needs so that multicast neither strays nor leaks in: an interface of its own choice, no groups but
 * those it joined itself (a wildcard socket otherwise gets what any socket of the machine joined), and its own
 * datagrams looped to the receivers of this host.
 */
export function configureMulticast(socket: UdpSocket, options: SocketOptions): void {
	const ttl = options.ttl ?? 1;
	const index = options.networkInterface?.index;
	let error = 0;
	if (options.family === 4) {
		socket.setOption(Level.IP, IpOption.MulticastAll, 0);
		socket.setOption(Level.IP, IpOption.MulticastLoop, 1);
		socket.setOption(Level.IP, IpOption.MulticastTimeToLive, ttl);
		if (index !== undefined) {
			// struct ip_mreqn: group, address, interface number.
			const request = new Uint8Array(12);
			new DataView(request.buffer).setInt32(8, index, true);
			// Left to itself the kernel never takes a loopback address as the source of multicast.
			if (options.networkInterface?.isLoopback === true) request.set([127, 0, 0, 1], 4);
			error = socket.setOptionBytes(Level.IP, IpOption.MulticastInterface, request);
		}
	} else {
		socket.setOption(Level.IPv6, Ipv6Option.MulticastAll, 0);
		socket.setOption(Level.IPv6, Ipv6Option.MulticastLoop, 1);
		socket.setOption(Level.IPv6, Ipv6Option.MulticastHops, ttl);
		if (index !== undefined) error = socket.setOption(Level.IPv6, Ipv6Option.MulticastInterface, index);
	}
	if (error === 0) return;
	const { name } = options.networkInterface ?? { name: '' };
	const sentence =
		`Interface ${name} cannot send IPv${options.family} multicast (${errnoName(error)}): ` +
		'it may have disappeared, or have no address of that family.';
	throw new TransportError(sentence, errnoName(error));
}

/** ECT(0): routers may mark these packets. */
const ECN_CAPABLE = 2;

/** Fragmentation left to the network, broadcast and the traffic class as asked for. */
export function configureTraffic(socket: UdpSocket, options: SocketOptions): void {
	const trafficClass = ((options.dscp ?? 0) << 2) | (options.ecn === true ? ECN_CAPABLE : 0);
	if (options.family === 4) {
		socket.setOption(Level.IP, IpOption.MtuDiscover, MTU_DISCOVERY_OFF);
		if (trafficClass !== 0) refuseLack(socket.setOption(Level.IP, IpOption.TypeOfService, trafficClass), options);
	} else {
		socket.setOption(Level.IPv6, Ipv6Option.MtuDiscover, MTU_DISCOVERY_OFF);
		if (trafficClass !== 0) refuseLack(socket.setOption(Level.IPv6, Ipv6Option.TrafficClass, trafficClass), options);
	}
	if (options.broadcast === true) socket.setOption(Level.Socket, SocketOption.Broadcast, 1);
}

/** A code point that was asked for and cannot be had is an error: unmarked packets would go another way unnoticed. */
function refuseLack(error: number, options: SocketOptions): void {
	if (error !== 0 && (options.dscp ?? 0) !== 0) throw noCodePoint(options, `the system answered ${errnoName(error)}`);
}

/** The error for a socket that cannot mark its packets. */
export function noCodePoint({ dscp, driver }: SocketOptions, why: string): TransportError {
	const advice = driver === 'portable' ? 'Use the driver "auto", or leave' : 'Leave';
	const sentence = `This socket cannot mark packets with the code point ${dscp} (DSCP): ${why}. ${advice} the code point out.`;
	return new TransportError(sentence, 'EDSCP');
}

/** Asks for the buffers, past the system's limit if we are allowed to, and reads back what was given. */
export function configureBuffers(
	socket: UdpSocket,
	options: SocketOptions,
): { readonly receiveBufferBytes: number; readonly sendBufferBytes: number } {
	const { ReceiveBuffer, ReceiveBufferForce, SendBuffer, SendBufferForce } = SocketOption;
	const receive = askedReceiveBytes(options.receiveBufferBytes);
	const send = askedSendBytes(options.sendBufferBytes);
	if (socket.setOption(Level.Socket, ReceiveBufferForce, receive) !== 0) {
		socket.setOption(Level.Socket, ReceiveBuffer, receive);
	}
	if (socket.setOption(Level.Socket, SendBufferForce, send) !== 0) socket.setOption(Level.Socket, SendBuffer, send);
	// The kernel doubles what is asked for, to pay for its own records, and says the double.
	return {
		receiveBufferBytes: (socket.getOption(Level.Socket, ReceiveBuffer) ?? 0) >>> 1,
		sendBufferBytes: (socket.getOption(Level.Socket, SendBuffer) ?? 0) >>> 1,
	};
}
