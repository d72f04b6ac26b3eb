/**
 * The code of a TypeScript source without what is only said in it: comments, and the insides of strings, templates
 * and regular expressions, are replaced by spaces. Lines and columns stay where they were.
 */
export function codeOnly(source: string): string {
	const out = source.split('');
	// Each template that is open around the code at hand has the count of braces open in its ${}.
	const templates: number[] = [];
	let at = 0;
	while (at < source.length) {
		const character = source.charAt(at);
		let end = at;
		if (character === '{' && templates.length > 0) templates.push((templates.pop() ?? 0) + 1);
		else if (character === '}' && templates.length > 0) {
			const open = templates.pop() ?? 0;
			if (open > 0) templates.push(open - 1);
			else end = endOfTemplate(source, at + 1, templates);
		} else if (character === '`') end = endOfTemplate(source, at + 1, templates);
		else end = endOfSaid(source, at, out);
		const keep = isQuote(character) || character === '}' ? 1 : 0;
		for (let i = at + keep; i < end - keep; i++) if (out[i] !== '\n') out[i] = ' ';
		at = Math.max(end, at + 1);
	}
	return out.join('');
}

/** Every module that a source imports or re-exports, statically or dynamically, with its line, from 1. */
export function importsOf(source: string): { module: string; line: number }[] {
	const code = codeOnly(source);
	const imports: { module: string; line: number }[] = [];
	// The words around a specifier must be code; the specifier itself is read from the full text.
	for (const match of code.matchAll(/\b(?:from|import)\s*\(?\s*(['"])/g)) {
		const open = match.index + match[0].length;
		const close = source.indexOf(match[1] ?? "'", open);
		imports.push({ module: source.slice(open, close), line: lineAt(source, open) });
	}
	return imports;
}

/** The line, from 1, on which a position lies. */
export function lineAt(source: string, at: number): number {
	let line = 1;
	for (let i = source.indexOf('\n'); i >= 0 && i < at; i = source.indexOf('\n', i + 1)) line++;
	return line;
}

function isQuote(character: string): boolean {
	return character === "'" || character === '"' || character === '`';
}

/** Where the comment, string or expression that starts at `at` ends; `at` itself if none starts there. */
function endOfSaid(source: string, at: number, before: readonly string[]): number {
	const character = source.charAt(at);
	if (character === '/') {
		const next = source.charAt(at + 1);
		if (next === '/') return orEnd(source, source.indexOf('\n', at));
		if (next === '*') return orEnd(source, source.indexOf('*/', at + 2), 2);
		return startsExpression(before, at) ? endOfDelimited(source, at, '/') : at;
	}
	return character === "'" || character === '"' ? endOfDelimited(source, at, character) : at;
}

function orEnd(source: string, found: number, length = 0): number {
	return found < 0 ? source.length : found + length;
}

/** A slash divides after a value and opens a regular expression elsewhere. */
function startsExpression(before: readonly string[], at: number): boolean {
	let i = at - 1;
	while (i >= 0 && /\s/.test(before[i] ?? '')) i--;
	if (i < 0) return true;
	if (/[\w$)\]}'"`]/.test(before[i] ?? ''))
		return /\b(?:return|typeof|case)$/.test(before.slice(Math.max(0, i - 7), i + 1).join(''));
	return true;
}

/** Where the text of a template ends: behind its closing backtick, or behind the `${` that lets code in again. */
function endOfTemplate(source: string, from: number, templates: number[]): number {
	for (let i = from; i < source.length; i++) {
		const character = source.charAt(i);
		if (character === '\\') i++;
		else if (character === '`') return i + 1;
		else if (character === '$' && source.charAt(i + 1) === '{') {
			templates.push(0);
			return i + 2;
		}
	}
	return source.length;
}

/** No string and no expression goes over several lines: an unclosed one ends with its line. */
function endOfDelimited(source: string, at: number, delimiter: string): number {
	let inClass = false;
	for (let i = at + 1; i < source.length; i++) {
		const character = source.charAt(i);
		if (character === '\\') i++;
		else if (character === '\n') return i;
		else if (delimiter === '/' && character === '[') inClass = true;
		else if (delimiter === '/' && character === ']') inClass = false;
		else if (character === delimiter && !inClass) return i + 1;
	}
	return source.length;
}
