/** Local files as the files of a job: which sender on this host sees them, under which root. */
import { lstatSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { JobFile, LocateAnswer, LocateRequest } from '@uftp/bus';
import { ask, type CommandBus } from '../command-bus.ts';
import { CommandEnd, ExitCode } from '../exit-code.ts';
import { registryNodes } from '../registry-nodes.ts';

export interface LocatedFiles {
	/** Id of the sender that can send them. */
	readonly sender: string;
	readonly files: readonly JobFile[];
}

/** Finds them. Throws a CommandEnd: a file is not there, no sender runs on this host, or none may send it. */
export async function locateFiles(bus: CommandBus, given: readonly string[]): Promise<LocatedFiles> {
	const paths = given.map((path) => {
		if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
			throw new CommandEnd(ExitCode.Refused, `${JSON.stringify(path)} does not exist.`);
		}
		return resolve(path);
	});
	const host = hostname();
	const senders = await registryNodes(bus, { role: 'sender' });
	const local = senders.filter(({ presence, heartbeat }) => presence !== 'draining' && heartbeat.host === host);
	if (local.length === 0) {
		const others = senders.map(({ heartbeat }) => heartbeat.host).join(', ');
		throw new CommandEnd(
			ExitCode.NoBus,
			`No sender runs on this host (${host})${others === '' ? '' : `; there are some on ${others}`}: ` +
				'local files need one here ("uftpctl up", or services/sender with UFTP_ROOTS).',
		);
	}
	let refusal: string | undefined;
	let silence: CommandEnd | undefined;
	for (const { heartbeat } of local) {
		try {
			const answer = await locate(bus, heartbeat.id, { v: 1, host, paths });
			if (answer.ok) return { sender: heartbeat.id, files: answer.files };
			refusal ??= answer.error.message;
		} catch (error) {
			if (!(error instanceof CommandEnd)) throw error;
			// One that was killed is still listed for a while: the others may do.
			silence = error;
		}
	}
	if (refusal === undefined && silence !== undefined) throw silence;
	throw new CommandEnd(
		ExitCode.Refused,
		`${refusal} Declare the folder ("uftpctl up --root label=/path", or UFTP_ROOTS at the sender), or move the file into one.`,
	);
}

async function locate({ bus, subjects }: CommandBus, sender: string, question: LocateRequest): Promise<LocateAnswer> {
	const nobody = `The sender ${sender} of this host does not answer any more: start it again.`;
	return (await ask(bus, subjects.locate(sender), question, nobody)) as LocateAnswer;
}
