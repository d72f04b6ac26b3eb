/** The machine-readable lines of -S, byte for byte as UFTP 4.10.2 writes them. */
import type { CatalogueEntry, Outcome, SenderEvent } from '@uftp/protocol';
import type { ReceiverNames } from './receiver-names.ts';
import { type ResultRow, ResultTable } from './result-table.ts';

export interface StatusLinesOptions {
	readonly names: ReceiverNames;
	readonly entries: readonly CatalogueEntry[];
	readonly quitOnError: boolean;
	/** Preview: nothing is transferred, and what it would take is told. */
	readonly preview: boolean;
	readonly rateBytesPerSecond: number;
}

const STATUS: Readonly<Record<Outcome, string>> = {
	received: 'copy',
	overwritten: 'overwritten',
	skipped: 'skipped',
	rejected: 'rejected',
	mute: 'mute',
	lost: 'lost',
	aborted: 'aborted',
};
const KILOBYTE = 1024;
const MEGABYTE = 1_048_576;

/** What STATS sums up. */
interface Sum {
	copied: number;
	overwritten: number;
	skipped: number;
	bytes: number;
	elapsedMs: number;
}

export class StatusLines {
	readonly #options: StatusLinesOptions;
	readonly #table: ResultTable;
	readonly #sums = new Map<number, Sum>();
	/** Receivers and proxies as CONNECT lists them: those of -H, those of -j, then the others as they came. */
	readonly #connected: Set<number>;
	readonly #proxies: Set<number>;
	readonly #proxiesIn = new Set<number>();

	constructor(options: StatusLinesOptions) {
		this.#options = options;
		this.#table = new ResultTable(options.names);
		this.#proxies = new Set(options.names.proxies);
		this.#connected = new Set([...options.names.given, ...this.#proxies]);
	}

	/** The lines of one event, in order. */
	of(event: SenderEvent): string[] {
		const lines = this.#table.rows(event).flatMap((row) => this.#result(row));
		this.#note(event);
		if (event.kind === 'registrationEnded') lines.push(...this.#connects(event.mute));
		if (event.kind === 'ended' && event.end.failure === undefined) lines.push(...this.#stats());
		return lines;
	}

	#connects(mute: readonly number[]): string[] {
		// With -q one that is missing means that none is served.
		const none = this.#options.quitOnError && mute.length > 0;
		return [...this.#connected].map((id) => {
			const isGone = this.#proxies.has(id) ? !this.#proxiesIn.has(id) : this.#table.isGone(id);
			return `CONNECT;${none || isGone ? 'failed' : 'success'};${this.#options.names.of(id)}`;
		});
	}

	#note(event: SenderEvent): void {
		if (event.kind === 'registered') this.#connected.add(event.receiverId);
		else if (event.kind === 'proxyRegistered') {
			this.#connected.add(event.proxyId);
			this.#proxies.add(event.proxyId);
			this.#proxiesIn.add(event.proxyId);
		} else if (event.kind === 'proxyAborted') this.#proxiesIn.delete(event.proxyId);
	}

	#result(row: ResultRow): string[] {
		const { names, entries } = this.#options;
		const { name, size } = entries[row.file];
		const hasIt = row.outcome === 'received' || row.outcome === 'overwritten';
		const elapsedMs = hasIt ? this.#elapsedMs(row, size) : 0;
		this.#count(row, size, elapsedMs);
		const speed = hasIt ? `${kilobytesPerSecond(size, elapsedMs)}KB/s` : '';
		const kilobytes = Math.floor(size / KILOBYTE);
		const line = `RESULT;${names.of(row.receiverId)};${name};${kilobytes}KB;${STATUS[row.outcome]};${speed}`;
		return row.freeSpaceBytes === undefined ? [line] : [line, `FREESPACE;${name};${row.freeSpaceBytes}`];
	}

	/** A preview says what the transfer would take at the session's rate. */
	#elapsedMs(row: ResultRow, size: number): number {
		const { preview, rateBytesPerSecond } = this.#options;
		if (preview) return Number.isFinite(rateBytesPerSecond) ? (1000 * size) / rateBytesPerSecond : 0;
		return size === 0 ? 0 : row.elapsedMs;
	}

	#count(row: ResultRow, size: number, elapsedMs: number): void {
		const sum = this.#sumOf(row.receiverId);
		if (row.outcome === 'skipped') sum.skipped++;
		if (row.outcome === 'received') sum.copied++;
		if (row.outcome === 'overwritten') sum.overwritten++;
		if (row.outcome !== 'received' && row.outcome !== 'overwritten') return;
		sum.bytes += size;
		sum.elapsedMs += elapsedMs;
	}

	#sumOf(receiverId: number): Sum {
		const known = this.#sums.get(receiverId);
		if (known !== undefined) return known;
		const sum: Sum = { copied: 0, overwritten: 0, skipped: 0, bytes: 0, elapsedMs: 0 };
		this.#sums.set(receiverId, sum);
		return sum;
	}

	#stats(): string[] {
		const lines = ['HSTATS;target;copy;overwrite;skip;totalMB;time;speedKB/s'];
		for (const receiverId of this.#table.receivers) {
			const { copied, overwritten, skipped, bytes, elapsedMs } = this.#sumOf(receiverId);
			const megabytes = Math.floor(bytes / MEGABYTE);
			const seconds = (elapsedMs / 1000).toFixed(3);
			const name = this.#options.names.of(receiverId);
			const speed = kilobytesPerSecond(bytes, elapsedMs);
			lines.push(`STATS;${name};${copied};${overwritten};${skipped};${megabytes}MB;${seconds};${speed}KB/s`);
		}
		return lines;
	}
}

function kilobytesPerSecond(bytes: number, elapsedMs: number): string {
	return (elapsedMs > 0 ? bytes / KILOBYTE / (elapsedMs / 1000) : 0).toFixed(2);
}
