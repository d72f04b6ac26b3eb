/** Composes the next control message of the outbox into a batch, sealed where the session asks for it. */
import { encodeGroupSize, HEADER_BYTES, LOWER_HEADER_BYTES, writeHeader } from '@uftp/wire';
import { assert } from '../assert.ts';
import type { OutgoingBatch } from '../ports.ts';
import type { SenderParts } from './parts.ts';

type Parts = Pick<SenderParts, 'config' | 'clock' | 'roster' | 'outgoing' | 'rate' | 'security'>;

/** False when the message belongs to a list over several packets and the rate does not allow it yet. */
export function composeControl(parts: Parts, now: number, batch: OutgoingBatch, sequence: number): boolean {
	const { config, clock, roster, outgoing, rate, security } = parts;
	const message = outgoing.outbox.peek();
	assert(message !== undefined, 'no message waits to be composed');
	if (message.isPaced && rate.packetsNow(now) === 0) return false;
	outgoing.outbox.shift();
	const sealer = message.isClear ? undefined : security?.sealer;
	const bodyAt = sealer?.plainOffset ?? HEADER_BYTES;
	const bodyBytes = message.encode(batch.bytes, bodyAt, now);
	writeHeader(batch.bytes, 0, {
		func: message.func,
		sequence,
		sourceId: config.sourceId,
		groupId: config.groupId,
		groupInstance: config.groupInstance,
		grtt: clock.grttCode,
		groupSize: message.hidesGroupSize ? 0 : encodeGroupSize(roster.size),
	});
	const length = sealer?.seal(batch.bytes, 0, bodyBytes) ?? bodyAt + bodyBytes;
	assert(length <= batch.bytes.length, 'a message is longer than the batch has room');
	message.sign?.(batch.bytes, length);
	batch.count = 1;
	batch.stride = length;
	batch.lastLength = length;
	batch.file = -1;
	batch.destination = message.destination;
	if (message.isPaced) rate.pacer.charge(length + LOWER_HEADER_BYTES[config.family]);
	outgoing.sent(1, length);
	return true;
}
