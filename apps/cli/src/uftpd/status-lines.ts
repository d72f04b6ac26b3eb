/** The machine-readable lines of -F, byte for byte as UFTP 4.10.2 writes them. */
import { CompleteStatus, type IncomingFile, type ReceiverEvent } from '@uftp/protocol';
import { hexId } from '../drop-in/log.ts';
import type { StatusOutput } from '../drop-in/status-output.ts';

const STATUS: Readonly<Record<CompleteStatus, string>> = {
	[CompleteStatus.Normal]: 'copied',
	[CompleteStatus.Skipped]: 'skipped',
	[CompleteStatus.Overwritten]: 'overwritten',
	[CompleteStatus.Rejected]: 'rejected',
};

/** Writes a line for each session and for each file that has ended. */
export class ReceiverStatus {
	readonly #output: StatusOutput;
	readonly #hostName: (address: string) => string | Promise<string>;
	/** Lines that wait for a host name keep those behind them: the order tells what belongs together. */
	#last: Promise<void> | undefined;

	/** `hostName` gives the name of a sender's address, at once if it is known. */
	constructor(output: StatusOutput, hostName: (address: string) => string | Promise<string>) {
		this.#output = output;
		this.#hostName = hostName;
	}

	see(event: ReceiverEvent): void {
		const time = statusTime(Date.now());
		if (event.kind === 'fileEnded') this.#write(resultLine(time, event.file, event.status));
		if (event.kind !== 'sessionStarted') return;
		const { senderId, groupId, sender } = event;
		const start = `CONNECT;${time};${hexId(senderId)};${hexId(groupId)};${sender.host};`;
		const name = this.#hostName(sender.host);
		if (typeof name === 'string') this.#write(start + name);
		else this.#write(name.then((found) => start + found));
	}

	#write(line: string | Promise<string>): void {
		if (typeof line === 'string' && this.#last === undefined) {
			this.#output([line]);
			return;
		}
		const before = this.#last ?? Promise.resolve();
		const now = before.then(async () => {
			this.#output([await line]);
			if (this.#last === now) this.#last = undefined;
		});
		this.#last = now;
	}
}

/** The line for a file, an empty directory, a link or a request. */
export function resultLine(time: string, file: IncomingFile, status: CompleteStatus): string {
	const kilobytes = Math.floor(file.size / 1024);
	return `RESULT;${time};${hexId(file.senderId)};${hexId(file.groupId)};${file.name};${kilobytes}KB;${STATUS[status]}`;
}

/** `yyyy/mm/dd-hh:mm:ss` in local time. */
export function statusTime(ms: number): string {
	const at = new Date(ms);
	const two = (value: number): string => String(value).padStart(2, '0');
	const date = `${at.getFullYear()}/${two(at.getMonth() + 1)}/${two(at.getDate())}`;
	return `${date}-${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
