/**
 * The provider against a running callboard.
 *
 * CALLBOARD is its address, TOKEN its token. Beside the catalog it has `POST /stage/<what>`:
 * `give` applies a delta, `forget` drops the history of changes, `fail` has the next requests
 * answered with 503.
 */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { EntityProviderConnection, EntityProviderMutation } from '@backstage/plugin-catalog-node';
import type { Entity } from '@backstage/catalog-model';
import { given } from '../src/entities';
import { CallboardEntityProvider } from '../src/provider';
import type { Place, Positions } from '../src/positions';

const address = process.env['CALLBOARD'] ?? '';
const token = process.env['TOKEN'] ?? '';
const running: CallboardEntityProvider[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(provider => provider.stop()));
});

async function stage(what: string, body: object = {}): Promise<void> {
  const answer = await fetch(`${address}/stage/${what}`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}

/** Things in the order in which they came, for somebody who waits for the next. */
class Line<T> {
  readonly #there: T[] = [];
  readonly #waiting: ((thing: T) => void)[] = [];

  add(thing: T): void {
    const next = this.#waiting.shift();
    if (next) next(thing);
    else this.#there.push(thing);
  }

  async next(): Promise<T> {
    const thing = this.#there.shift();
    return thing ?? new Promise(resolve => this.#waiting.push(resolve));
  }
}

class Kept implements Positions {
  place: Place | undefined;
  readonly saved = new Line<Place>();

  async load() {
    return this.place;
  }

  async save(place: Place) {
    this.place = place;
    this.saved.add(place);
  }
}

function follow(positions: Kept, options: { token?: string; refuse?: number } = {}) {
  const mutations = new Line<EntityProviderMutation>();
  const said = new Line<string>();
  let refuse = options.refuse ?? 0;
  const log = (line: string) => said.add(line);
  const logger: LoggerService = { error: log, warn: log, info: () => {}, debug: () => {}, child: () => logger };
  const connection: EntityProviderConnection = {
    async applyMutation(mutation) {
      if (refuse > 0) {
        refuse -= 1;
        throw new Error('the database is away');
      }
      mutations.add(mutation);
    },
    async refresh() {},
  };
  const provider = new CallboardEntityProvider({
    url: `${address}/api/catalog`,
    token: options.token ?? token,
    logger,
    positions,
    backOff: { first: 1, most: 4 },
  });
  running.push(provider);
  return { provider, mutations, said, begun: provider.connect(connection) };
}

async function full(mutations: Line<EntityProviderMutation>) {
  const mutation = await mutations.next();
  assert.equal(mutation.type, 'full');
  return (mutation.type === 'full' ? mutation.entities : []).map(({ entity }) => entity);
}

/** The next change: names that came or changed, and refs that went. */
async function delta(mutations: Line<EntityProviderMutation>) {
  const mutation = await mutations.next();
  assert.equal(mutation.type, 'delta');
  return mutation.type === 'delta'
    ? [mutation.added.map(({ entity }) => entity.metadata.name), mutation.removed.map(gone => 'entityRef' in gone && gone.entityRef)]
    : [];
}

test('first everything is read, as a provider gives it', async () => {
  await stage('give', { added: ['a', 'b'], locations: ['there'] });
  const entities = await full(follow(new Kept()).mutations);
  const names = entities.map(entity => entity.metadata.name);
  assert.ok(names.includes('a') && names.includes('b'), String(names));
  assert.ok(!names.includes('there'), 'a Location is left out');
  for (const entity of entities) {
    assert.deepEqual(Object.keys(entity).sort(), ['apiVersion', 'kind', 'metadata', 'spec']);
    assert.equal(entity.metadata.uid, undefined);
    assert.ok(entity.metadata.annotations?.['backstage.io/managed-by-location']);
    assert.ok(entity.metadata.annotations?.['backstage.io/managed-by-origin-location']);
  }
});

test('more than one page is read whole', async () => {
  const added = Array.from({ length: 1100 }, (_, index) => `many-${index}`);
  await stage('give', { added });
  const names = (await full(follow(new Kept()).mutations)).map(entity => entity.metadata.name);
  assert.equal(new Set(names.filter(name => name.startsWith('many-'))).size, 1100);
  await stage('give', { removed: added });
});

test('then every change comes as a delta', async () => {
  const positions = new Kept();
  const { mutations } = follow(positions);
  await full(mutations);
  await stage('give', { added: ['c'] });
  assert.deepEqual(await delta(mutations), [['c'], []]);
  await stage('give', { added: ['d'], removed: ['c'] });
  assert.deepEqual(await delta(mutations), [['d'], ['component:default/c']]);
});

test('a restart goes on where the last process stopped', async () => {
  const positions = new Kept();
  const before = follow(positions);
  await full(before.mutations);
  await positions.saved.next();
  await before.provider.stop();
  await stage('give', { added: ['meanwhile'] });
  assert.deepEqual(await delta(follow(positions).mutations), [['meanwhile'], []]);
});

test('whoever was away for too long reads everything again', async () => {
  const positions = new Kept();
  const before = follow(positions);
  await full(before.mutations);
  await positions.saved.next();
  await before.provider.stop();
  await stage('give', { added: ['long-ago'] });
  await stage('forget');
  const { mutations } = follow(positions);
  assert.ok((await full(mutations)).some(entity => entity.metadata.name === 'long-ago'));
  await stage('give', { removed: ['long-ago'] });
  assert.deepEqual(await delta(mutations), [[], ['component:default/long-ago']]);
});

test('a position that callboard does not understand is given up', async () => {
  const positions = new Kept();
  positions.place = { position: 'nonsense', fullAt: Date.now() };
  await full(follow(positions).mutations);
});

test('everything is read again after its time', async () => {
  const positions = new Kept();
  const before = follow(positions);
  await full(before.mutations);
  const place = await positions.saved.next();
  await before.provider.stop();
  positions.place = { ...place, fullAt: Date.now() - 25 * 3_600_000 };
  await full(follow(positions).mutations);
});

test('a callboard that fails is asked again', async () => {
  await stage('fail', { times: 3 });
  const { mutations, said } = follow(new Kept());
  await full(mutations);
  for (let attempt = 0; attempt < 3; attempt++) assert.match(await said.next(), /answered 503.*trying again/);
});

test('a mutation that Backstage could not apply is applied again, and no position skips it', async () => {
  const positions = new Kept();
  const { mutations, said } = follow(positions, { refuse: 2 });
  await full(mutations);
  assert.match(await said.next(), /the database is away/);
  assert.match(await said.next(), /the database is away/);
  assert.ok((await positions.saved.next()).position);
});

test('a wrong token is said, and nothing is removed for it', async () => {
  const { mutations, said } = follow(new Kept(), { token: 'wrong' });
  assert.match(await said.next(), /401: Missing or illegal token/);
  const first = await Promise.race([mutations.next(), said.next()]);
  assert.equal(typeof first, 'string');
});

test('what is no entity is refused before it can take others with it', () => {
  const bad = { apiVersion: 'x/v1', kind: 'Component', metadata: { name: '' } } as Entity;
  assert.throws(() => given(bad, 'https://callboard.example'), /metadata\/name/);
});
