import { listInterfaces, openSocket } from '@uftp/transport';
import { type Announce, encodeAnnounce, HEADER_BYTES, MessageType, writeHeader } from '@uftp/wire';

/** Sends one ANNOUNCE of an open group to 230.4.4.1 on the loopback interface. */
export async function sendAnnounce(port: number, groupId: number): Promise<void> {
	const networkInterface = listInterfaces().find((each) => each.isLoopback);
	if (networkInterface === undefined) throw new Error('this machine has no loopback interface');
	const socket = await openSocket({ family: 4, bind: { address: '127.0.0.1' }, networkInterface });
	const batch = socket.createOutgoing();
	const header = { sequence: 0, sourceId: 1, groupId, groupInstance: 0, grtt: 106, groupSize: 0 };
	writeHeader(batch.bytes, 0, { ...header, func: MessageType.ANNOUNCE });
	const announce: Announce = {
		sync: false,
		preview: false,
		family: 4,
		robust: 20,
		ccType: 0,
		blockBytes: 1300,
		timestamp: { seconds: 1, microseconds: 0 },
		publicAddress: '230.4.4.1',
		privateAddress: '230.5.5.77',
		ids: [],
	};
	batch.count = 1;
	batch.stride = HEADER_BYTES + encodeAnnounce(batch.bytes, HEADER_BYTES, announce);
	batch.lastLength = batch.stride;
	batch.destination = { host: '230.4.4.1', port };
	socket.send(batch, 0);
	socket.close();
}
