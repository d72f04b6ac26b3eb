import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyName, keys, optionsOf, type Suite } from './encryption-table.ts';
import type { Host } from './host.ts';
import { findProgram, launch, type Program, waitUntilListening } from './programs.ts';
import type { Pair } from './scenario.ts';
import { createTopology, type Topology } from './topology.ts';
import { noise } from './trees.ts';

const group = '230.4.4.1';
/** With blocks of 512 bytes a section holds 4096 of them, so that this takes two. */
const fileBytes = 4096 * 512 + 70_007;
/**
 * In Kbps: as fast as two receivers on two cores check what is signed with such a key. One that falls behind answers
 * late.
 */
const rateKbps: Readonly<Record<KeyName, string>> = {
	rsa512: '50000',
	rsa1024: '50000',
	rsa2048: '20000',
	p256: '15000',
	p384: '2000',
	p521: '2000',
};
const unsignedKbps = '200000';
/** A C sender waits 60 round trips for receivers that check what is left in their buffers. */
const roundTrips = { usual: '0.05:0.03:0.5', slow: '0.5:0.5:2' };
const senderOptions = ['-b', '512', '-I', 'eth0'];
const sessionMs = 120_000;
/** A receiver says that it is done after the sender has confirmed it. */
const agreementMs = 3000;

/** Makes a folder with one key file of each kind; the caller removes it. */
export function makeKeys(): string {
	const folder = mkdtempSync(join(tmpdir(), 'uftp-interop-keys-'));
	const program = findProgram('ours', 'uftp_keymgt') ?? '';
	for (const [name, spec] of Object.entries(keys)) {
		execFileSync(program, ['-g', spec, join(folder, `${name}.pem`)], { stdio: 'ignore' });
	}
	return folder;
}

/**
 * A network with one sender's host and two receivers that go on running, so that a session costs no more than itself.
 * Sessions of one lane run one after the other.
 */
export class EncryptionLane {
	readonly #pair: Pair;
	readonly #keyFolder: string;
	readonly #topology: Topology;
	readonly #scratch: string;
	readonly #source = noise(fileBytes, 3);
	readonly #receivers: Program[] = [];
	#last: Promise<unknown> = Promise.resolve();
	#count = 0;

	private constructor(pair: Pair, keyFolder: string, topology: Topology) {
		this.#pair = pair;
		this.#keyFolder = keyFolder;
		this.#topology = topology;
		this.#scratch = mkdtempSync(join(tmpdir(), 'uftp-interop-lane-'));
		writeFileSync(join(this.#scratch, 'source.bin'), this.#source);
	}

	static async open(pair: Pair, keyFolder: string): Promise<EncryptionLane> {
		const lane = new EncryptionLane(pair, keyFolder, await createTopology({ hosts: 3 }));
		try {
			await Promise.all([1, 2].map((index) => lane.#startReceiver(index)));
			return lane;
		} catch (error) {
			await lane.close();
			throw error;
		}
	}

	/** Sends a file of two sections with this suite; an empty list when all is well, else sentences and logs. */
	send(suite: Suite): Promise<string[]> {
		const done = this.#last.then(() => this.#send(suite));
		this.#last = done.catch(() => undefined);
		return done;
	}

	async close(): Promise<void> {
		await Promise.all(this.#receivers.map((program) => program.stop(500)));
		this.#topology.close();
		rmSync(this.#scratch, { recursive: true, force: true });
	}

	async #startReceiver(index: number): Promise<void> {
		const host = this.#host(index);
		const destination = join(this.#scratch, `received${index}`);
		mkdirSync(destination, { recursive: true });
		const files = Object.keys(keys).map((name) => join(this.#keyFolder, `${name}.pem`));
		const argv = ['-d', '-q', '-D', destination, '-I', 'eth0', '-U', host.uid, '-k', files.join(',')];
		const program = await launch(host, [path(this.#pair, 'receiver'), ...argv], { timeoutMs: 3_600_000 });
		this.#receivers[index - 1] = program;
		await waitUntilListening(host, program, group);
	}

	async #send(suite: Suite): Promise<string[]> {
		const name = `file${++this.#count}.bin`;
		const heard = this.#receivers.map((program) => program.output().length);
		const uids = [1, 2].map((index) => this.#host(index).uid);
		const isSigned = suite.signature === 'keyex';
		const isSlow = isSigned && (suite.key === 'p384' || suite.key === 'p521');
		const options = [
			...senderOptions,
			'-R',
			isSigned ? rateKbps[suite.key] : unsignedKbps,
			'-r',
			isSlow ? roundTrips.slow : roundTrips.usual,
			'-H',
			uids.join(','),
			...optionsOf(suite, this.#keyFolder),
			'-D',
			name,
		];
		const sender = await launch(this.#host(0), [path(this.#pair, 'sender'), ...options, 'source.bin'], {
			cwd: this.#scratch,
			timeoutMs: sessionMs,
		});
		const ending = await sender.ended;
		const problems: string[] = [];
		if (ending.timedOut) problems.push(`the sender did not end within ${sessionMs / 1000} s`);
		else if (ending.code !== 0) problems.push(`the sender ended with ${ending.signal ?? ending.code}, not 0`);
		const completed = sender.output().match(/Status: Completed/g)?.length ?? 0;
		if (completed !== 2) problems.push(`the sender calls ${completed} receivers complete, not 2`);
		for (const [i, program] of this.#receivers.entries()) {
			problems.push(...(await this.#judge(i + 1, program, heard[i] ?? 0, name)));
		}
		if (problems.length > 0) {
			problems.push(`--- sender printed\n${sender.output()}`);
			for (const [i, program] of this.#receivers.entries()) {
				problems.push(`--- receiver ${i + 1} printed\n${program.output().slice(heard[i]).slice(-3000)}`);
			}
		}
		return problems;
	}

	async #judge(index: number, program: Program, from: number, name: string): Promise<string[]> {
		const until = performance.now() + agreementMs;
		const agrees = (): boolean => program.output().slice(from).includes('Group file transfer confirmed');
		while (!agrees() && performance.now() < until) await sleep(10);
		const problems = agrees() ? [] : [`receiver ${index} does not call the session complete`];
		const file = join(this.#scratch, `received${index}`, name);
		if (!existsSync(file)) return [...problems, `receiver ${index} has no file`];
		if (!readFileSync(file).equals(this.#source)) problems.push(`receiver ${index} has other bytes than were sent`);
		unlinkSync(file);
		return problems;
	}

	#host(index: number): Host {
		return this.#topology.hosts[index] as Host;
	}
}

function path(pair: Pair, role: 'sender' | 'receiver'): string {
	const program = role === 'sender' ? 'uftp' : 'uftpd';
	const found = findProgram(pair[role], program);
	if (found === undefined) throw new Error(`${program} of ${pair[role]} is not on this machine`);
	return found;
}
