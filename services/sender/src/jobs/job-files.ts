/** From the files that a job names to what a session sends, within the roots. */
import type { Job } from '@uftp/bus';
import { shortened } from '@uftp/service-kit';
import { buildCatalogueInSlices, type Catalogue, type CatalogueProblem, type SourceRoot } from '@uftp/storage';

/** Why a job is not taken: a stable word for programs, a sentence for people. */
export interface Refusal {
	readonly code: string;
	readonly message: string;
}

export type JobFiles =
	| { readonly ok: true; readonly catalogue: Catalogue }
	| { readonly ok: false; readonly refusal: Refusal };

const codes: Readonly<Record<CatalogueProblem['kind'], string>> = {
	missing: 'no-such-file',
	unreadable: 'unreadable-file',
	special: 'special-file',
	dangling: 'dangling-link',
	loop: 'link-loop',
	name: 'bad-name',
	size: 'file-too-large',
	duplicate: 'same-name-twice',
	outside: 'outside-root',
	limit: 'too-many-files',
};

export interface FileRules {
	readonly roots: readonly SourceRoot[];
	readonly followLinks: boolean;
	readonly blockSize: number;
}

/** Finds all files of a job. One that cannot be sent refuses the job: half a job would be a surprise. */
export async function findJobFiles(job: Job, rules: FileRules): Promise<JobFiles> {
	if (rules.roots.length === 0) {
		return refused(
			'no-roots',
			'This sender sends nothing: no folder is declared that jobs may send from (UFTP_ROOTS=label=/path, or uftpctl up --root label=/path).',
		);
	}
	const roots = new Map(rules.roots.map((root) => [root.label, root]));
	for (const { root } of job.files) {
		if (roots.has(root)) continue;
		return refused(
			'no-such-root',
			`The root "${root}" is not declared at this sender, which has ${[...roots.keys()].join(', ')}.`,
		);
	}
	const wanted = job.files.map(({ root, path, as }) => {
		const rooted = { path, root: roots.get(root) as SourceRoot };
		return as === undefined ? rooted : { ...rooted, as };
	});
	const catalogue = await buildCatalogueInSlices(wanted, {
		followLinks: rules.followLinks,
		blockBytes: rules.blockSize,
	});
	const [problem] = catalogue.problems;
	if (problem !== undefined) {
		const others = catalogue.problems.length - 1;
		const more = others === 0 ? '' : ` (and ${others} more of the files)`;
		return refused(codes[problem.kind], problem.sentence + more);
	}
	if (catalogue.entries.length === 0)
		return refused('nothing-to-send', 'The job names only empty folders without a name: there is nothing to send.');
	return { ok: true, catalogue };
}

function refused(code: string, message: string): JobFiles {
	return { ok: false, refusal: { code, message: shortened(message) } };
}
