/**
 * The UID of a receiver that is not told one. UIDs must be unique among all receivers of a group: the address of the
 * interface is, except on the loopback and where several receivers run on one host. Those make one up once and keep it.
 */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Problem, type ProblemFacts, problem } from '@uftp/protocol';
import { formatUid, parseUid, uidFromAddress } from '@uftp/wire';
import { EndpointError, type ProblemCode } from '../problems/index.ts';
import { readText } from './lists/list-file.ts';
import { stateDirectory } from './state-directory.ts';

/** 240.0.0.0/4 is no host's address: a UID from there is never that of a receiver that uses its address. */
const MADE_UP_BASE = 0xf0000000;
const MADE_UP_COUNT = 0x0fffffff;

/** What decides which UID a receiver gets. */
export interface UidQuestion {
	readonly configured: number | undefined;
	/** Address of the interface, and whether the loopback has it. */
	readonly address: string;
	readonly isLoopback: boolean;
	/** Other receivers of this host listen on the same port. */
	readonly isShared: boolean;
	/** What tells several receivers of one host apart: `nodeName`. */
	readonly name: string;
	readonly stateDir: string | undefined;
	/** What the `uftpe` wrapper was told, and where. */
	readonly legacy?: { readonly uid: string | undefined; readonly configFile: string };
}

/** A UID, and why this one. */
export interface UidChoice {
	readonly uid: number;
	/** Why this one, for the log (`describeProblem`). */
	readonly reason: Problem<ProblemCode>;
}

/** The default UID of an address, as the C programs derive it. Throws an `EndpointError` if there is none. */
export function defaultUid(address: string): number {
	const uid = uidFromAddress(address);
	if (uid !== undefined) return uid;
	throw new EndpointError('uid-underivable', { address });
}

/** Finds the UID. Throws an `EndpointError` if one that was made up cannot be kept. */
export function chooseUid(question: UidQuestion): UidChoice {
	const { configured, address, isLoopback, isShared } = question;
	if (configured !== undefined) return choice(configured, 'uid-configured', {});
	const { legacy } = question;
	const inherited = legacy?.uid === undefined || isShared ? undefined : parseUid(legacy.uid);
	if (inherited !== undefined) {
		return choice(inherited, 'uid-inherited', { from: legacy?.configFile ?? '' });
	}
	const path = keptIn(question);
	const kept = readKept(path);
	const fromAddress = isLoopback || isShared ? undefined : uidFromAddress(address);
	// One that was made up once stays: its sender may know it.
	if (kept === undefined && fromAddress !== undefined) {
		return choice(fromAddress, 'uid-from-address', { address });
	}
	const why = isLoopback ? 'the loopback address is not unique' : 'other receivers run on this host';
	if (kept !== undefined) return choice(kept, 'uid-kept', { path });
	return choice(keep(path), 'uid-made-up', { why, path });
}

function choice(uid: number, code: ProblemCode, facts: ProblemFacts): UidChoice {
	return { uid, reason: problem(code, { uid: formatUid(uid), ...facts }) };
}

function keptIn({ stateDir, name }: UidQuestion): string {
	return join(stateDirectory(stateDir), `receiver-${name}.uid`);
}

/** A short name for files about one receiver of several on a host: of the folder that it stores under. */
export function nodeName(folder: string): string {
	return new Bun.CryptoHasher('sha256').update(resolve(folder)).digest('hex').slice(0, 16);
}

function readKept(path: string): number | undefined {
	let content: string;
	try {
		content = readText(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw new EndpointError('uid-unreadable', { path, why: (error as Error).message }, error);
	}
	const uid = parseUid(content.trim());
	if (uid === undefined) throw new EndpointError('uid-damaged', { path });
	return uid;
}

/** Makes one up and keeps it; if another start of the same receiver was faster, its UID. */
function keep(path: string): number {
	const [random] = crypto.getRandomValues(new Uint32Array(1)) as unknown as [number];
	const uid = MADE_UP_BASE + (random % MADE_UP_COUNT);
	const temporary = `${path}.${process.pid}-${random}`;
	try {
		mkdirSync(join(path, '..'), { recursive: true });
		writeFileSync(temporary, `${formatUid(uid)}\n`, { flag: 'wx' });
		try {
			linkSync(temporary, path);
		} finally {
			rmSync(temporary, { force: true });
		}
		return uid;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') return readKept(path) ?? uid;
		throw new EndpointError('uid-not-kept', { path, why: (error as Error).message }, error);
	}
}
