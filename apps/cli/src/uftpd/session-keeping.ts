/** What happens to files beside receiving them: sessions are moved to their place, scripts are run. */
import { CompleteStatus, FileType, type IncomingFile, type ReceiverEvent } from '@uftp/protocol';
import type { FileSink } from '@uftp/storage/receiving';
import { Level, type Log, scopeOf } from '../drop-in/log.ts';
import type { PostReceiveScript } from './post-receive.ts';

export interface SessionKeepingOptions {
	readonly sink: FileSink;
	readonly log: Log;
	/** -s */
	readonly script: PostReceiveScript | undefined;
	/** -T is given: files are in their place only at the end of their session. */
	readonly movesSessions: boolean;
	/** -i: what is moved is told one by one. */
	readonly oneByOne: boolean;
}

/** Takes the events of one node, after its driver has acted on them. */
export class SessionKeeping {
	readonly #options: SessionKeepingOptions;

	constructor(options: SessionKeepingOptions) {
		this.#options = options;
	}

	see(event: ReceiverEvent): void {
		const { movesSessions } = this.#options;
		switch (event.kind) {
			case 'sessionStarted':
				this.#sessionStarted(event.groupId, event.groupInstance);
				return;
			case 'fileEnded':
				if (!movesSessions && isReceived(event.file, event.status)) this.#run(event.file);
				return;
			case 'sessionEnded':
				this.#sessionEnded(event.groupId, event.outcome === 'completed');
				return;
			default:
				return;
		}
	}

	#sessionStarted(groupId: number, groupInstance: number): void {
		const { sink, log } = this.#options;
		const scope = scopeOf(groupId, groupInstance, 0);
		for (const text of sink.sessionStarted(groupId, Date.now(), groupInstance)) {
			log.write({ level: Level.Error, text, scope });
		}
	}

	/** Without -T the script is run for each file as soon as it is there, for nothing else. */
	#run(file: IncomingFile): void {
		const path = this.#options.sink.pathOf(file);
		if (path !== undefined) this.#options.script?.run(file.groupId, [path]);
	}

	#sessionEnded(groupId: number, isComplete: boolean): void {
		const { sink, log, script, oneByOne } = this.#options;
		const { moved, problems } = sink.sessionEnded(groupId, isComplete);
		const scope = scopeOf(groupId, 0, 0);
		for (const text of problems) log.write({ level: Level.Error, text, scope });
		if (moved.length === 0) return;
		if (!oneByOne) script?.run(groupId, moved);
		else for (const path of moved) script?.run(groupId, [path]);
	}
}

function isReceived(file: IncomingFile, status: CompleteStatus): boolean {
	if (file.type !== FileType.Regular || file.preview) return false;
	return status === CompleteStatus.Normal || status === CompleteStatus.Overwritten;
}
