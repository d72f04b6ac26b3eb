import { describe, expect, it } from 'vitest';
import { Actor, entry, runAnswering, Stage } from './scripted-receivers.ts';

const ALICE = 0x0a000002;
const FIRST = 0x0b000001;
const FILES = [entry('a.bin', 5000), entry('b.bin', 5000)];

describe('what a sender asks of its shell', () => {
	it('is to open each file, and to close it when its round is over', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		alice.register();
		for (const file of [1, 2]) {
			alice.acknowledge(file);
			stage.run(5);
			alice.complete(file);
		}
		expect(stage.requests).toEqual([
			{ kind: 'openFile', file: 0 },
			{ kind: 'closeFile', file: 0 },
			{ kind: 'openFile', file: 1 },
			{ kind: 'closeFile', file: 1 },
		]);
	});

	it('is nothing for a file that could not be opened, and for entries without content', () => {
		const stage = new Stage({ targets: [ALICE] }, [entry('gone.bin', 10), entry('folder', 0, 1)]);
		stage.unavailable.set(0, 'no such file');
		new Actor(stage, ALICE, '10.0.0.2').register();
		stage.run(20);
		expect(stage.requests).toEqual([{ kind: 'openFile', file: 0 }]);
	});

	it('is to close the file when the session is aborted', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		new Actor(stage, ALICE, '10.0.0.2').register();
		stage.session.abort(stage.now, 'enough');
		stage.drain();
		expect(stage.requests.at(-1)).toEqual({ kind: 'closeFile', file: 0 });
	});

	it('is not lost among the events of 70,000 receivers, of which one answers', { timeout: 120_000 }, () => {
		const count = 70_000;
		const targets = Array.from({ length: count }, (_, i) => FIRST + i);
		const stage = new Stage({ targets, rateBytesPerSecond: 1e9 }, FILES);
		for (const id of targets) new Actor(stage, id, '10.0.0.2').register();
		const [first] = stage.kinds('registered');
		runAnswering(stage, new Actor(stage, first.receiverId, '10.0.0.2'), 60_000);
		const end = stage.session.end;
		expect(end?.failure).toBeUndefined();
		expect(end?.results.length).toBe(count);
		expect(end?.results[0].outcome).toBe('received');
		expect(end?.results.slice(1).every(({ outcome }) => outcome === 'lost')).toBe(true);
		expect(stage.events.at(-1)?.kind).toBe('ended');
		expect(stage.requests.filter(({ kind }) => kind === 'closeFile')).toHaveLength(2);
	});
});
