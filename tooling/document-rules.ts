/** References between code and documents: comments cite sections that exist, and documents name files that exist. */
import { lineAt } from './code-text.ts';
import type { Finding, TidyFile } from './finding.ts';

const protocolDocument = 'docs/protocol.md';

// Spelled in pieces, so that this file does not find itself.
const outside = new RegExp(`wire ${'facts'}|\\(features, ${'section'}|protocol\\.${'txt'}`, 'gi');

/** Between two words of a comment there may be the end of a line. */
const gap = String.raw`(?:\s|\*|\/\/)+`;
const number = String.raw`\d+(?:\.\d+)?`;
const citation = new RegExp(
	`docs/protocol\\.md,${gap}sections?${gap}(${number}(?:(?:,|${gap}and|${gap}to)${gap}${number})*)`,
	'g',
);
const bareCitation = new RegExp(`\\(sections?${gap}${number}`, 'g');

/** What refers to a section, a file or a document that is not there. */
export function brokenReferences(files: readonly TidyFile[]): Finding[] {
	const text = files.find(({ path }) => path === protocolDocument)?.text;
	const sections = text === undefined ? undefined : sectionsOf(text);
	const byPath = new Map(files.map((file) => [file.path, file.text]));
	return files.flatMap((file) => {
		if (file.path.endsWith('.md')) return brokenPaths(file, byPath);
		if (!file.path.endsWith('.ts')) return [];
		return [...outsideReferences(file), ...(sections === undefined ? [] : brokenCitations(file, sections))];
	});
}

function sectionsOf(document: string): ReadonlySet<string> {
	return new Set([...document.matchAll(/^##+ (\d+(?:\.\d+)?) /gm)].map(([, section]) => section ?? ''));
}

function outsideReferences({ path, text }: TidyFile): Finding[] {
	return [...text.matchAll(outside)].map(({ index, 0: found }) => {
		const what = `\`${found}\`: that document is not in the repository: cite a section of ${protocolDocument}`;
		return { path, line: lineAt(text, index), what };
	});
}

function brokenCitations({ path, text }: TidyFile, sections: ReadonlySet<string>): Finding[] {
	const findings: Finding[] = [];
	for (const { index, 1: cited = '' } of text.matchAll(citation)) {
		for (const [section] of cited.matchAll(new RegExp(number, 'g'))) {
			if (sections.has(section)) continue;
			findings.push({ path, line: lineAt(text, index), what: `${protocolDocument} has no section ${section}` });
		}
	}
	// The generator of the document cites within it.
	if (path.startsWith('tooling/')) return findings;
	for (const { index, 0: found } of text.matchAll(bareCitation)) {
		const what = `\`${found.trim()}\`: of which document? Write (${protocolDocument}, section N)`;
		findings.push({ path, line: lineAt(text, index), what });
	}
	return findings;
}

const namedPath =
	/`((?:packages|services|apps|interop|bench|tooling|docs)\/[\w./-]+\.(?:ts|md))`(?: \(((?:`[^`]+`(?:, )?)+)\))?/g;

/** A path in a document, and behind it in brackets what must occur in that file. */
function brokenPaths({ path, text }: TidyFile, byPath: ReadonlyMap<string, string>): Finding[] {
	const findings: Finding[] = [];
	for (const { index, 1: target = '', 2: symbols = '' } of text.matchAll(namedPath)) {
		const content = byPath.get(target);
		const line = lineAt(text, index);
		if (content === undefined) {
			findings.push({ path, line, what: `\`${target}\`: there is no such file` });
			continue;
		}
		for (const [, symbol = ''] of symbols.matchAll(/`([^`]+)`/g)) {
			if (!content.includes(symbol)) findings.push({ path, line, what: `\`${target}\` has no \`${symbol}\`` });
		}
	}
	return findings;
}
