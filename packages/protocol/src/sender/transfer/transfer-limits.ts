/**
 * What ends the transfer of a file before everybody has it: too many passes, receivers that lose too much, too much time.
 * All off unless the session's configuration says otherwise.
 */
import { assert } from '../../assert.ts';
import type { SectionMap } from '../../sections.ts';
import type { SenderConfig } from '../../sender-config.ts';
import type { Member } from '../membership/members.ts';
import type { SenderParts } from '../parts.ts';

/** C counts the longest transfer time in whole seconds; below one it would end what goes well. */
const TRANSFER_SECONDS_MIN = 1;

export class TransferLimits {
	readonly #config: SenderConfig;
	readonly #maxMs: number;
	/** When the transfer has taken too long; Infinity before it has begun. */
	deadline = Number.POSITIVE_INFINITY;

	constructor(config: SenderConfig, map: SectionMap) {
		this.#config = config;
		this.#maxMs = transferMsMax(config, map.size);
	}

	/** The longest transfer time in whole seconds; Infinity without a limit. */
	get maxSeconds(): number {
		return this.#maxMs / 1000;
	}

	/** The first block is about to leave. */
	start(now: number): void {
		assert(this.#maxMs > 0, 'a transfer has no time at all');
		if (this.deadline === Number.POSITIVE_INFINITY) this.deadline = now + this.#maxMs;
	}

	/** Whether pass `pass` may be followed by another. */
	allowsPassAfter(pass: number): boolean {
		return pass < (this.#config.limits?.passesMax ?? Number.POSITIVE_INFINITY);
	}

	/** Notes a report of missing blocks; true when the receiver has now reported too many too often. */
	isExcessive(member: Member, missing: number, blocks: number): boolean {
		assert(missing > 0 && missing <= blocks, 'a report misses more of a section than it has');
		const { nakPercentMax = 100, nakExcessesMax = 1 } = this.#config.limits ?? {};
		if ((100 * missing) / blocks <= nakPercentMax) return false;
		member.nakExcesses++;
		return member.nakExcesses >= nakExcessesMax;
	}
}

function transferMsMax({ limits, rateBytesPerSecond, congestion }: SenderConfig, size: number): number {
	const { transferPercentMax, transferSecondsMin = TRANSFER_SECONDS_MIN, nominalBytesPerSecond } = limits ?? {};
	const rate = Number.isFinite(rateBytesPerSecond) ? rateBytesPerSecond : nominalBytesPerSecond;
	if (transferPercentMax === undefined || congestion !== undefined || rate === undefined)
		return Number.POSITIVE_INFINITY;
	const seconds = Math.floor(((transferPercentMax / 100) * size) / rate);
	return 1000 * Math.max(TRANSFER_SECONDS_MIN, transferSecondsMin, seconds);
}

/** The session goes on without a receiver, which is told why. */
export function dropMember(
	{ roster, outgoing }: Pick<SenderParts, 'roster' | 'outgoing'>,
	member: Member,
	reason: string,
): void {
	roster.abort(member, reason, 'limits');
	outgoing.abort(member.id, reason);
}
