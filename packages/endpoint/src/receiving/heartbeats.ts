/** Heartbeats to proxies: they keep the way back through a firewall open and tell a proxy where to send. */
import type { Endpoint } from '@uftp/protocol';
import type { DatagramSocket } from '@uftp/transport';
import { EMPTY_SPAN, emptyHeader, encodeHbReq, HEADER_BYTES, MessageType, writeHeader } from '@uftp/wire';

const HEARTBEAT_BYTES_MAX = 64;

/** A plain HB_REQ: no session, no key. */
export function heartbeatDatagram(receiverId: number): Uint8Array {
	const bytes = new Uint8Array(HEARTBEAT_BYTES_MAX);
	writeHeader(bytes, 0, { ...emptyHeader(), func: MessageType.HB_REQ, sourceId: receiverId });
	const body = encodeHbReq(bytes, HEADER_BYTES, { nonce: 0, publicKey: EMPTY_SPAN, signature: EMPTY_SPAN });
	return bytes.slice(0, HEADER_BYTES + body);
}

/** Sends a heartbeat. It leaves from the port that is listened on: a proxy sends sessions to where it came from. */
export function sendHeartbeat(socket: Pick<DatagramSocket, 'createOutgoing' | 'send'>, to: Endpoint, id: number): void {
	const bytes = heartbeatDatagram(id);
	const batch = socket.createOutgoing();
	batch.bytes.set(bytes);
	batch.count = 1;
	batch.stride = bytes.length;
	batch.lastLength = bytes.length;
	batch.file = -1;
	batch.destination = to;
	socket.send(batch, 0);
}
