/** What a lab needs of the machine: folders of its own, a file to send, the loopback interface, a UDP port. */
import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { listInterfaces, openSocket, TransportError } from '@uftp/transport';
import { DEFAULT_PORT } from '@uftp/wire';
import { CommandEnd, ExitCode } from './exit-code.ts';

/** Size of the file that is made up: some thousands of blocks, a moment to send. */
const SAMPLE_BYTES = 8 * 1024 * 1024;
const SAMPLE_NAME = 'sample.bin';
const CHUNK_BYTES = 65_536;

export interface LabStage {
	/** Everything below it is removed at the end. */
	readonly folder: string;
	/** Folder of the root "lab", and the file in it that is sent. */
	readonly rootFolder: string;
	readonly fileName: string;
	readonly fileBytes: number;
	readonly receiverFolders: readonly string[];
	readonly interfaceName: string;
	readonly interfaceAddress: string;
	readonly port: number;
	/** Why it is not the usual port. */
	readonly portNote: string | undefined;
	remove(): void;
}

/** Prepares it all; `file`: what is sent instead of a made-up file. Throws a CommandEnd. */
export async function setUpStage(receivers: number, file: string | undefined): Promise<LabStage> {
	const loopback = listInterfaces().find(({ isLoopback, isUp, ipv4 }) => isLoopback && isUp && ipv4.length > 0);
	if (loopback === undefined) {
		throw new CommandEnd(
			ExitCode.Failed,
			'This machine has no loopback interface that is up with an IPv4 address, and the lab uses no other ("ip link set lo up", as root).',
		);
	}
	const given = file === undefined ? undefined : givenFile(file);
	const { port, note } = await freePort();
	const folder = mkdtempSync(join(realpathSync(tmpdir()), 'uftp-lab-'));
	const remove = (): void => rmSync(folder, { recursive: true, force: true });
	try {
		const receiverFolders = Array.from({ length: receivers }, (_, i) => join(folder, `receiver-${i + 1}`));
		for (const each of receiverFolders) mkdirSync(each);
		const sample = given ?? makeSample(join(folder, 'outbox'));
		return {
			folder,
			...sample,
			receiverFolders,
			interfaceName: loopback.name,
			interfaceAddress: loopback.ipv4[0] as string,
			port,
			portNote: note,
			remove,
		};
	} catch (error) {
		remove();
		throw error;
	}
}

interface SentFile {
	readonly rootFolder: string;
	readonly fileName: string;
	readonly fileBytes: number;
}

function givenFile(file: string): SentFile {
	try {
		const real = realpathSync(file);
		const stats = statSync(real);
		if (!stats.isFile()) throw new CommandEnd(ExitCode.Usage, `--file ${file} is not a file.`);
		return { rootFolder: dirname(real), fileName: basename(real), fileBytes: stats.size };
	} catch (error) {
		if (error instanceof CommandEnd) throw error;
		throw new CommandEnd(ExitCode.Usage, `--file ${file} cannot be read: ${(error as Error).message}.`);
	}
}

/** Random bytes: a copy with a hole or a swapped block in it has another digest. */
function makeSample(folder: string): SentFile {
	mkdirSync(folder);
	const fd = openSync(join(folder, SAMPLE_NAME), 'wx');
	try {
		const chunk = new Uint8Array(CHUNK_BYTES);
		for (let at = 0; at < SAMPLE_BYTES; at += CHUNK_BYTES) writeSync(fd, crypto.getRandomValues(chunk));
	} finally {
		closeSync(fd);
	}
	return { rootFolder: folder, fileName: SAMPLE_NAME, fileBytes: SAMPLE_BYTES };
}

/** The usual port if nobody at all has it, else one that is free: no other receiver shall take part by accident. */
async function freePort(): Promise<{ port: number; note: string | undefined }> {
	try {
		return { port: await tryPort(DEFAULT_PORT), note: undefined };
	} catch (error) {
		if (!(error instanceof TransportError)) throw error;
		return { port: await tryPort(0), note: `${DEFAULT_PORT} is used by another program` };
	}
}

async function tryPort(port: number): Promise<number> {
	const socket = await openSocket({ family: 4, bind: { port } });
	const taken = socket.local.port;
	socket.close();
	return taken;
}
