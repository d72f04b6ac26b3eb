import type { OutgoingBatch } from './ports.ts';

const DATAGRAMS = 64;

/** Memory for one burst, of `bytes` at most: for simulations and tests, as a socket makes its own. */
export function makeBatch(bytes = 65_507): OutgoingBatch {
	return {
		bytes: new Uint8Array(bytes),
		capacity: DATAGRAMS,
		count: 0,
		stride: 0,
		lastLength: 0,
		file: -1,
		payloadOffset: 0,
		payloadBytes: 0,
		lastPayloadBytes: 0,
		offsets: new Float64Array(DATAGRAMS),
		destination: { host: '', port: 0 },
	};
}
