/**
 * What ends the transfer of a file before everybody has it: too many passes (-a), receivers that lose too much (-N, -m),
 * too much time (-W). All off unless the session's configuration says otherwise.
 */
import type { SectionMap } from '../sections.ts';
import type { SenderContext } from './context.ts';
import type { Member } from './roster.ts';

/** C counts the longest transfer time in whole seconds; below one it would end what goes well. */
const TRANSFER_SECONDS_MIN = 1;

export class TransferLimits {
	readonly #context: SenderContext;
	readonly #maxMs: number;
	/** When the transfer has taken too long; Infinity before it has begun. */
	deadline = Number.POSITIVE_INFINITY;

	constructor(context: SenderContext, map: SectionMap) {
		this.#context = context;
		this.#maxMs = transferMsMax(context, map.size);
	}

	/** The longest transfer time in whole seconds; Infinity without a limit. */
	get maxSeconds(): number {
		return this.#maxMs / 1000;
	}

	/** The first block is about to leave. */
	start(now: number): void {
		if (this.deadline === Number.POSITIVE_INFINITY) this.deadline = now + this.#maxMs;
	}

	/** Whether pass `pass` may be followed by another. */
	allowsPassAfter(pass: number): boolean {
		return pass < (this.#context.config.limits?.passesMax ?? Number.POSITIVE_INFINITY);
	}

	/** Notes a report of missing blocks; true when the receiver has now reported too many too often. */
	isExcessive(member: Member, missing: number, blocks: number): boolean {
		const { nakPercentMax = 100, nakExcessesMax = 1 } = this.#context.config.limits ?? {};
		if ((100 * missing) / blocks <= nakPercentMax) return false;
		member.nakExcesses++;
		return member.nakExcesses >= nakExcessesMax;
	}
}

function transferMsMax(context: SenderContext, size: number): number {
	const { limits, rateBytesPerSecond, congestion } = context.config;
	const { transferPercentMax, transferSecondsMin = TRANSFER_SECONDS_MIN, nominalBytesPerSecond } = limits ?? {};
	const rate = Number.isFinite(rateBytesPerSecond) ? rateBytesPerSecond : nominalBytesPerSecond;
	if (transferPercentMax === undefined || congestion !== undefined || rate === undefined)
		return Number.POSITIVE_INFINITY;
	const seconds = Math.floor(((transferPercentMax / 100) * size) / rate);
	return 1000 * Math.max(TRANSFER_SECONDS_MIN, transferSecondsMin, seconds);
}

/** The session goes on without a receiver, which is told why. */
export function dropMember(context: SenderContext, member: Member, reason: string): void {
	member.state = 'aborted';
	member.isAway = false;
	member.reason = reason;
	context.sendAbort(context.config.privateEndpoint, member.id, reason);
	context.emit({ kind: 'receiverDropped', receiverId: member.id, reason });
}
