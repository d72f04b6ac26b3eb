/** A sender on a memory bus of its own, with one root, and everything that it says. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
	type Bus,
	type EventDataByKind,
	type JobAnswer,
	type JobInput,
	MemoryBroker,
	MemoryBus,
	subjects,
	type UftpEvent,
} from '@uftp/bus';
import { parseEvent, parseJobAnswer } from '@uftp/bus/schemas';
import { checkConfig, type Logger } from '@uftp/service-kit';
import { senderConfig } from '../src/config.ts';
import { SenderService } from '../src/service.ts';
import { type LoopbackReceivers, openReceivers, playRegistry } from './loopback-receivers.ts';

type JobEvent = EventDataByKind['job'];

export const s = subjects();

export class SenderBench {
	readonly bus: Bus = new MemoryBus(new MemoryBroker());
	readonly folder = mkdtempSync(join(tmpdir(), 'uftp-sender-'));
	readonly root = join(this.folder, 'root');
	readonly lines: string[] = [];
	readonly events: UftpEvent[] = [];
	receivers: LoopbackReceivers | undefined;
	sender: SenderService | undefined;
	readonly #ends = new Map<string, JobEvent>();
	#waiting: (() => void)[] = [];

	constructor() {
		mkdirSync(this.root);
		this.bus.subscribe(s.allEvents, (message) => {
			const parsed = parseEvent(message.data);
			if (!parsed.ok) throw new Error(parsed.problem);
			if ((parsed.ignored ?? []).length > 0) throw new Error(`unknown fields: ${parsed.ignored}`);
			this.events.push(parsed.value);
			const { kind, data } = parsed.value;
			if (kind === 'job' && data.phase !== 'accepted' && data.phase !== 'running') this.#ends.set(data.job, data);
			for (const wake of this.#waiting.splice(0)) wake();
		});
	}

	/** Receivers on a port of their own, known to a registry unless `known` says who is instead, and the sender. */
	async start(
		receivers: number,
		settings: Record<string, string> = {},
		known?: readonly string[] | null,
	): Promise<void> {
		this.receivers = await openReceivers(this.folder, receivers);
		const { port, all } = this.receivers;
		if (known !== null) playRegistry(this.bus, s, port, known ?? all.map(({ uid }) => uid));
		const read = checkConfig(senderConfig, {
			interface: 'lo',
			port: String(port),
			roots: `files=${this.root}`,
			stopSeconds: '0.3',
			robust: '10',
			graceSeconds: '1',
			...settings,
		});
		if (!read.ok) throw new Error(read.problem);
		const keep = (line: string): void => void this.lines.push(line);
		const logger: Logger = { debug: () => {}, info: keep, warn: keep, error: keep };
		this.sender = await SenderService.start(read.value, { bus: this.bus, subjects: s, logger });
	}

	/** A file of random bytes in the root; returns its content. */
	write(path: string, bytes = 1000): Uint8Array {
		const content = crypto.getRandomValues(new Uint8Array(bytes));
		writeFileSync(join(this.root, path), content);
		return content;
	}

	async ask(job: JobInput | object | string): Promise<JobAnswer> {
		const answer = parseJobAnswer((await this.bus.request(s.jobsSend, job, { timeoutMs: 10_000 })).data);
		if (!answer.ok) throw new Error(answer.problem);
		return answer.value;
	}

	/** Submits a job that must be taken, and waits for its end. */
	async send(job: Partial<JobInput>): Promise<JobEvent> {
		return this.ended(await this.submit(job));
	}

	async submit(job: Partial<JobInput>): Promise<string> {
		const answer = await this.ask({ v: 1, files: [{ root: 'files', path: 'a' }], ...job });
		if (!answer.ok) throw new Error(answer.error.message);
		return answer.job;
	}

	async ended(job: string): Promise<JobEvent> {
		await this.until(() => this.#ends.has(job));
		return this.#ends.get(job) as JobEvent;
	}

	/** Waits for an event after which `isTrue` holds. */
	async until(isTrue: () => boolean): Promise<void> {
		while (!isTrue()) await new Promise<void>((wake) => this.#waiting.push(wake));
	}

	/** "kind/phase" of the events of a job, in their order. */
	phases(job: string): string[] {
		return this.events
			.filter(({ data }) => 'job' in data && data.job === job)
			.map(({ kind, data }) => `${kind}/${data.phase}`);
	}

	async close(): Promise<void> {
		await this.sender?.stop();
		this.receivers?.close();
		await this.bus.close();
		rmSync(this.folder, { recursive: true, force: true });
	}
}
