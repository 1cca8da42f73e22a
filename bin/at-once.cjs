// Version, help and completion take hardly longer than node itself: read from the tree of commands as the build has
// written it down (scripts/pages.mjs), with nothing loaded but what they need, and that by `require`, which spares the
// loader of ES modules. What cannot be answered so goes the common way, to the same answer.
'use strict';
const { existsSync, fstatSync, readdirSync, readFileSync, statSync, writeSync } = require('fs');
const { join } = require('path');

const top = join(__dirname, '..');
const built = join(top, 'build', 'src');

/** Whether the call was answered, or is being; else nothing was done. */
exports.answeredAtOnce = (args) => {
  try {
    if (args[0] !== 'clean' && args[0] !== 'worktree') return false;
    return answeredVersion(args) || answeredCompletion(args) || answeredHelp(args);
  } catch {
    return false;
  }
};

function answeredVersion(args) {
  if (args.length !== 2 || args[0] !== 'clean' || !['-V', '--version'].includes(args[1])) return false;
  write(`${JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')).version}\n`);
  return true;
}

function answeredHelp(args) {
  const words = args.slice(0, -1);
  if (!['-h', '--help'].includes(args[args.length - 1])) return false;
  // The rest of `worktree` is handed over.
  if (words[0] === 'worktree' && words.length === 1) return false;
  const pages = writtenPages();
  const page = words.reduce(
    (above, word) => above && above.commands.find(({ name }) => name === word),
    pages && pages.root,
  );
  if (page === undefined) return false;
  const { helpText } = require(join(built, 'ui', 'help-text.js'));
  write(helpText(page, isTerminal() ? process.stdout.columns || 80 : 80));
  return true;
}

function answeredCompletion([first, second, ...rest]) {
  if (first !== 'clean' || second !== '__complete') return false;
  const { answerCompletion } = require(join(built, 'commands', 'complete.js'));
  // A shell that completes has nothing to do with a failure.
  answerCompletion(rest, writtenPages(), process.env, write).catch(() => undefined);
  return true;
}

/** Nothing when there are none, or a program that was built since: then the tree itself must be asked. */
function writtenPages() {
  const file = join(top, 'build', 'pages.json');
  try {
    return isBuiltSince(statSync(file).mtimeMs) ? undefined : JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A package is whole, and its files have the times of their unpacking; only in a checkout is anything built. */
function isBuiltSince(writtenMs) {
  if (!existsSync(join(top, 'tsconfig.json'))) return false;
  const tree = readdirSync(join(built, 'commands', 'tree')).map((name) => `commands/tree/${name}`);
  const others = ['program', 'outcome', 'fixed-values', 'log-request'].map((name) => `commands/${name}.js`);
  const words = ['model/kind.js', 'model/reason.js', 'journal/event-shape.js'];
  return [...tree, ...others, ...words]
    .filter((name) => name.endsWith('.js'))
    .some((name) => statSync(join(built, name)).mtimeMs > writtenMs);
}

function isTerminal() {
  return fstatSync(1).isCharacterDevice();
}

/** To make a stream of the output would take as long as all the rest; only what waits for nobody needs one. */
function write(text) {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch ({ code }) {
    if (code === 'EAGAIN') process.stdout.write(bytes.subarray(written));
    else if (code !== 'EPIPE') process.exitCode = 1;
  }
}
