import { rename, symlink, writeFile, mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import * as v from 'valibot';
import { readJson } from '../../src/storage/json-file.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const schema = v.object({ id: v.string() });

test('a file that is half written is read again until it is whole', async (t) => {
  const path = join(temporaryDirectory(t), 'a.json');
  await writeFile(path, '{ "id": "a');
  const reading = readJson(path, schema);
  await delay(50);
  await writeFile(path, '{ "id": "a" }');
  const done = await reading;
  t.is(done.state, 'read');
});

test('a file that stays half written is broken, and the doubt holds nothing of it', async (t) => {
  const path = join(temporaryDirectory(t), 'a.json');
  await writeFile(path, '{ "id": "sk-secret');
  const reading = await readJson(path, schema);
  t.is(reading.state, 'broken');
  t.false(JSON.stringify(reading).includes('secret'));
});

test('a wrong field is named, its value is not', async (t) => {
  const path = join(temporaryDirectory(t), 'a.json');
  await writeFile(path, '{ "id": ["sk-secret"] }');
  const reading = await readJson(path, schema);
  t.like(reading, { state: 'broken', doubt: { reason: 'unknown-format', detail: 'odd id' } });
});

test('a link is never followed, not even to a good file', async (t) => {
  const directory = temporaryDirectory(t);
  await writeFile(join(directory, 'good.json'), '{ "id": "a" }');
  await symlink('good.json', join(directory, 'link.json'));
  t.like(await readJson(join(directory, 'link.json'), schema), {
    state: 'broken',
    doubt: { reason: 'symlink' },
  });
});

test('what is no regular file, not UTF-8, or absurdly large is broken', async (t) => {
  const directory = temporaryDirectory(t);
  await mkdir(join(directory, 'd.json'));
  t.like(await readJson(join(directory, 'd.json'), schema), { state: 'broken' });

  await writeFile(join(directory, 'b.json'), Buffer.from('{ "id": "\xff" }', 'latin1'));
  t.like(await readJson(join(directory, 'b.json'), schema), {
    state: 'broken',
    doubt: { reason: 'unreadable', detail: 'not UTF-8' },
  });

  await writeFile(join(directory, 'huge.json'), '{}');
  await truncate(join(directory, 'huge.json'), 65 * 1024 * 1024);
  t.like(await readJson(join(directory, 'huge.json'), schema), {
    state: 'broken',
    doubt: { detail: 'larger than 64 MiB' },
  });
});

test('a million brackets are no danger', async (t) => {
  const path = join(temporaryDirectory(t), 'deep.json');
  const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
  await writeFile(path, `{ "id": "a", "more": ${deep} }`);
  const reading = await readJson(path, schema);
  t.true(reading.state === 'read' || reading.state === 'broken');
});

test('a file that is not there is absent, and one that appears by rename is seen', async (t) => {
  const directory = temporaryDirectory(t);
  t.deepEqual(await readJson(join(directory, 'a.json'), schema), { state: 'absent' });
  await writeFile(join(directory, 'a.tmp'), '{ "id": "a" }');
  await rename(join(directory, 'a.tmp'), join(directory, 'a.json'));
  t.is((await readJson(join(directory, 'a.json'), schema)).state, 'read');
});

test('what Prodigy itself would refuse is not believed: a key that is there twice, or a byte order mark', async (t) => {
  const path = join(temporaryDirectory(t), 'a.json');
  const twice = [
    '{ "id": "a", "id": "b" }',
    '{ "id": "a", "\\u0069d": "b" }',
    '{ "id": "a", "more": [{ "x": 1, "y": {}, "x": 2 }] }',
  ];
  for (const text of twice) {
    await writeFile(path, text);
    t.like(await readJson(path, schema), { state: 'broken', doubt: { detail: 'a key twice' } }, text);
  }
  await writeFile(path, '\uFEFF{ "id": "a" }');
  t.like(await readJson(path, schema), { state: 'broken', doubt: { detail: 'not JSON' } });

  await writeFile(
    path,
    '{ "id": "a: \\"id\\": {\\\\", "more": [{ "id": 1 }, { "id": 2 }, "id"], "in": { "id": 3 } }',
  );
  t.is((await readJson(path, schema)).state, 'read', 'the same key in several objects, and in texts');
});
