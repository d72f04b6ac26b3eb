/** What a run of `uftp` is to do: the command line with the files that it names read. */
import type { CatalogueArgument } from '@uftp/storage';
import { workingDirectory } from '@uftp/storage/paths';
import { Level, type Log } from '../drop-in/log.ts';
import type { SenderArguments } from './arguments.ts';
import { fileArguments, readExcludeList } from './file-arguments.ts';
import { readFileList } from './file-list.ts';
import { type HostList, NO_HOSTS, readHostList, readProxyList } from './host-list.ts';
import { ReceiverNames } from './receiver-names.ts';
import { type RestartFile, readRestartFile } from './restart-file.ts';
import { type SessionSecurity, sessionSecurity } from './session-security.ts';

export interface SendingPlan {
	readonly options: SenderArguments;
	/** The words that name the files, and what they come to. */
	readonly files: readonly string[];
	readonly wanted: readonly CatalogueArgument[];
	readonly excluded: ReadonlySet<string>;
	/** UIDs of a closed group; empty: open group. */
	readonly targets: readonly number[];
	/** -j, and the keys of -H and -j. */
	readonly proxies: HostList;
	readonly fingerprints: ReadonlyMap<number, Uint8Array>;
	/** Undefined in the clear. */
	readonly security: SessionSecurity | undefined;
	/** The session is the next run of one that failed. */
	readonly resumed: RestartFile | undefined;
	readonly names: ReceiverNames;
}

/** Reads what the options name. Throws a `CommandError`. */
export async function sendingPlan(options: SenderArguments, log: Log): Promise<SendingPlan> {
	const resumed = options.restartFile === undefined ? undefined : readRestartFile(options.restartFile);
	const files = resumed === undefined ? filesOf(options, log) : filesAgain(resumed, options, log);
	const receivers = resumed?.receivers ?? (options.hosts === undefined ? NO_HOSTS : await readHostList(options.hosts));
	const proxies =
		resumed?.proxies ?? (options.proxyList === undefined ? NO_HOSTS : await readProxyList(options.proxyList));
	const fingerprints = new Map([...receivers.fingerprints, ...proxies.fingerprints]);
	const security = await sessionSecurity(options.encryption, fingerprints, options.blockBytes);
	const { wanted, skipped } = fileArguments(files, options);
	for (const text of skipped) log.say(Level.Error, text);
	return {
		options,
		files,
		wanted,
		excluded: readExcludeList(options.excludeFile),
		targets: [...receivers.names.keys()],
		proxies,
		fingerprints,
		security,
		resumed,
		names: new ReceiverNames(receivers.names, receivers.names.size === 0 ? new Map() : proxies.names),
	};
}

function filesOf(options: SenderArguments, log: Log): readonly string[] {
	if (options.listFile === undefined) return options.files;
	if (options.files.length > 0) log.tell('Warning: ignoring paths specified on command line');
	return readFileList(options.listFile);
}

/** The files of a restart file; names without a "/" at their front mean the directory of the first run. */
function filesAgain({ files, directory }: RestartFile, options: SenderArguments, log: Log): readonly string[] {
	if (options.files.length > 0) log.tell('Warning: ignoring paths specified on command line');
	if (directory !== workingDirectory() && files.some((file) => !file.startsWith('/'))) {
		log.tell(`Warning: the files were first sent from ${directory}, and this is another directory`);
	}
	return files;
}
