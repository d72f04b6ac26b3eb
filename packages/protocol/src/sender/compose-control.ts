/** Composes the next control message of the outbox into a batch, sealed where the session asks for it. */
import { encodeGroupSize, encodeRtt, HEADER_BYTES, writeHeader } from '@uftp/wire';
import type { OutgoingBatch } from '../ports.ts';
import type { SenderContext } from './context.ts';

/** UDP and IP headers, as the rate counts them. */
const LOWER_HEADER_BYTES = { 4: 28, 6: 48 } as const;

/** False when the message belongs to a list over several packets and the rate does not allow it yet. */
export function composeControl(context: SenderContext, now: number, batch: OutgoingBatch, sequence: number): boolean {
	const { config, outbox, pacer } = context;
	const message = outbox.peek()!;
	if (message.isPaced && pacer.packetsNow(now, context.packetBytes) === 0) return false;
	outbox.shift();
	const sealer = message.isClear ? undefined : context.security?.sealer;
	const bodyAt = sealer?.plainOffset ?? HEADER_BYTES;
	const bodyBytes = message.encode(batch.bytes, bodyAt, now);
	writeHeader(batch.bytes, 0, {
		func: message.func,
		sequence,
		sourceId: config.sourceId,
		groupId: config.groupId,
		groupInstance: config.groupInstance,
		grtt: encodeRtt(context.advertisedGrttMs / 1000),
		groupSize: message.hidesGroupSize ? 0 : encodeGroupSize(context.roster.size),
	});
	const length = sealer?.seal(batch.bytes, 0, bodyBytes) ?? bodyAt + bodyBytes;
	message.sign?.(batch.bytes, length);
	batch.count = 1;
	batch.stride = length;
	batch.lastLength = length;
	batch.file = -1;
	batch.destination = message.destination;
	if (message.isPaced) pacer.charge(length + LOWER_HEADER_BYTES[config.family]);
	context.bytesSent += length;
	context.packetsSent++;
	return true;
}
