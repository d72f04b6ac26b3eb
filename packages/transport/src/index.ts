export { answerBufferWarning, bufferWarning, RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES } from './buffer-sizes.ts';
export { monotonicMs } from './clock.ts';
export type { DatagramSocket, SocketDriver, SocketOptions, SocketStats } from './datagram-socket.ts';
export { INCOMING_BATCH_DATAGRAMS, OUTGOING_BATCH_BYTES, OUTGOING_BATCH_DATAGRAMS } from './datagram-socket.ts';
export { type DriverChoice, selectDriver } from './driver-choice.ts';
export { TransportError } from './errors/transport-error.ts';
export {
	defaultInterface,
	findInterface,
	type InterfaceChoice,
	splitFamily,
	usableInterfaces,
} from './interface-choice.ts';
export { addressesOf, describeInterface, listInterfaces, type NetworkInterface } from './interfaces.ts';
export { type ListenerOptions, MulticastListener, openListener } from './listener.ts';
export { openSocket } from './open-socket.ts';
export type { LateBlockSink, NodeFault, ReceiverNodeOptions } from './receiving-node.ts';
export { PreciseTimer } from './timer.ts';
