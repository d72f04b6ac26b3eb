/**
 * Things that a test cannot do to its own process: another umask, fewer rights, a disk of its own. Run as a child:
 * `bun probe.ts WHAT DIRECTORY`; prints one line of JSON.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FileType } from '@uftp/protocol';
import { buildCatalogue, FileSource } from '../src/index.ts';
import { FileSink } from '../src/receiving/index.ts';

const handleOf = { a: 1, b: 2 };
const base = {
	groupId: 1,
	groupInstance: 0,
	senderId: 2,
	modifiedSeconds: undefined,
	link: '',
	sync: false,
	preview: false,
} as const;
const regular = { ...base, type: FileType.Regular } as const;

function modes(directory: string, umask: number, option: number): Record<string, string> {
	process.umask(umask);
	const sink = new FileSink({ destinations: [directory], umask: option });
	sink.offer({ ...regular, handle: handleOf.a, fileId: 1, name: 'made/file', size: 3 });
	const hidden = fs.readdirSync(path.join(directory, 'made')).map((name) => modeOf(directory, `made/${name}`));
	sink.write(handleOf.a, 0, new Uint8Array(3), 0, 3);
	sink.finish(handleOf.a);
	sink.offer({ ...base, handle: handleOf.b, fileId: 2, type: FileType.EmptyDirectory, name: 'empty', size: 0 });
	return {
		temporary: hidden.join(),
		file: modeOf(directory, 'made/file'),
		parent: modeOf(directory, 'made'),
		empty: modeOf(directory, 'empty'),
	};
}

function modeOf(directory: string, name: string): string {
	return (fs.statSync(path.join(directory, name)).mode & 0o7777).toString(8);
}

/** The disk has 1 MiB. */
function smallDisk(directory: string): unknown {
	const sink = new FileSink({ destinations: [directory] });
	const tooLarge = sink.offer({ ...regular, handle: 1, fileId: 1, name: 'd/large', size: 2 << 20 });
	const first = sink.offer({ ...regular, handle: 2, fileId: 2, name: 'd/first', size: 600 << 10 });
	const second = sink.offer({ ...regular, handle: 3, fileId: 3, name: 'd/second', size: 600 << 10 });
	// Another program fills the disk after the check.
	const filler = path.join(directory, 'filler');
	fs.writeFileSync(filler, new Uint8Array(900 << 10));
	const block = new Uint8Array(100 << 10).fill(1);
	let fault: string | undefined;
	for (let offset = 0; offset < 600 << 10 && fault === undefined; offset += block.length) {
		fault = sink.write(2, offset, block, 0, block.length);
	}
	sink.discard(2);
	fs.rmSync(filler);
	const left = fs.readdirSync(directory);
	const kept = new FileSink({ destinations: [directory], minFreeBytes: 800 << 10 });
	const reserved = kept.offer({ ...regular, handle: 1, fileId: 4, name: 'r', size: 600 << 10 });
	fs.writeFileSync(path.join(directory, 'old'), new Uint8Array(700 << 10));
	const update = { ...regular, handle: 9, fileId: 9, name: 'old', size: 710 << 10 };
	const beside = new FileSink({ destinations: [directory], inPlaceSetting: 'IN_PLACE' }).offer(update);
	const over = new FileSink({ destinations: [directory], temporaryNames: false });
	const inPlace = [over.offer(update), over.write(9, 0, new Uint8Array(update.size), 0, update.size), over.finish(9)];
	return { beside, inPlace, tooLarge, first, second, fault, left, reserved };
}

/** The disk has 2 MiB; one of 60 MiB is mounted at `wide`, one of 100 KiB at `narrow`, and `host` on `config`. */
function mounts(directory: string): unknown {
	const sink = new FileSink({ destinations: [directory] });
	let fileId = 0;
	const outcome = (name: string, size: number): unknown => {
		const handle = ++fileId;
		const decision = sink.offer({ ...regular, handle, fileId, name, size });
		if (decision.kind !== 'accept') return decision;
		const bytes = new Uint8Array(Math.min(size, 1 << 16));
		const fault = sink.write(handle, 0, bytes, 0, bytes.length);
		return sink.finish(handle) ?? fault ?? 'stored';
	};
	return {
		wide: outcome('wide/f', 20 << 20),
		nested: outcome('wide/made/deeper/f', 20 << 20),
		narrow: outcome('narrow/f', 1 << 20),
		narrowNested: outcome('narrow/made/f', 1 << 20),
		top: outcome('f', 20 << 20),
		small: outcome('small', 1 << 20),
		mountedOn: outcome('config', 3),
		tooLong: outcome('n'.repeat(256), 3),
		readOnly: outcome('sealed/f', 3),
		belowAFile: outcome('small/f', 3),
		last: outcome('last', 3),
		left: fs.readdirSync(directory).sort(),
	};
}

function unreadable(directory: string): unknown {
	const at = (name: string) => path.join(directory, name);
	fs.mkdirSync(at('tree/locked'), { recursive: true });
	fs.writeFileSync(at('tree/locked/f'), 'x');
	fs.writeFileSync(at('tree/ok'), 'x');
	fs.writeFileSync(at('tree/secret'), 'x');
	const before = buildCatalogue([at('tree/ok')]);
	for (const name of ['tree/locked', 'tree/secret', 'tree/ok']) fs.chmodSync(at(name), 0);
	const opened = new FileSource(before.entries).open(0);
	fs.chmodSync(at('tree/ok'), 0o600);
	const { entries, problems } = buildCatalogue([at('tree')]);
	fs.mkdirSync(at('closed'));
	fs.chmodSync(at('closed'), 0o500);
	let refused = '';
	try {
		new FileSink({ destinations: [at('closed')] });
	} catch (error) {
		refused = (error as Error).message;
	}
	const below = new FileSink({ destinations: [directory] });
	const rejected = below.offer({ ...regular, handle: 1, fileId: 1, name: 'closed/new/f', size: 1 });
	for (const name of ['tree/locked', 'tree/secret', 'closed']) fs.chmodSync(at(name), 0o700);
	return { names: entries.map((entry) => entry.name), problems, opened, refused, rejected };
}

const [what, directory, ...numbers] = process.argv.slice(2);
const [umask, option] = numbers.map((text) => Number.parseInt(text, 8));
const probes: Record<string, () => unknown> = {
	modes: () => modes(directory, umask, option),
	'small-disk': () => smallDisk(directory),
	mounts: () => mounts(directory),
	unreadable: () => unreadable(directory),
};
console.log(JSON.stringify(probes[what]()));
