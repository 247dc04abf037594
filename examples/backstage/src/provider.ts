/**
 * The entity provider that follows callboard.
 *
 * Owns the order of things: read everything once, then apply every change as it comes; begin
 * anew when callboard says that the position is unknown or too old. A position is kept only
 * after what leads to it was applied, so a crash repeats a change and never skips one.
 */
import type { LoggerService } from '@backstage/backend-plugin-api';
import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';
import type { DeferredEntity, EntityProvider, EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { given } from './entities';
import { AnswerError, Feed } from './feed';
import type { Place, Positions } from './positions';

export interface Options {
  /** The address of callboard's catalog. */
  url: string;
  token?: string;
  logger: LoggerService;
  positions: Positions;
  /** After how many hours everything is read again, in case somebody meddled with the database. */
  fullSyncHours?: number;
  /** Milliseconds before the first and at most before any later attempt after a failure. */
  backOff?: { first: number; most: number };
  /** Seconds that one request waits for a change. */
  wait?: number;
}

export class CallboardEntityProvider implements EntityProvider {
  readonly #feed: Feed;
  readonly #options: Options;
  readonly #stopping = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
    this.#feed = new Feed(options.url, options.token);
  }

  getProviderName(): string {
    return 'callboard';
  }

  /** Begins to follow, and returns at once: a callboard that is away must not hold up the backend. */
  async connect(connection: EntityProviderConnection): Promise<void> {
    this.#following = this.#follow(connection);
  }

  /** Ends the following; resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }

  async #follow(connection: EntityProviderConnection): Promise<void> {
    const { logger } = this.#options;
    const signal = this.#stopping.signal;
    const { first, most } = this.#options.backOff ?? { first: 1_000, most: 60_000 };
    let place: Place | undefined;
    let loaded = false;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (!loaded) place = await this.#options.positions.load();
        loaded = true;
        place = await this.#step(connection, place);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AnswerError && error.status === 400) place = undefined;
        const most_now = Math.min(most, first * 2 ** failures);
        failures += 1;
        // Not all followers of a callboard that comes back at once.
        const wait = most_now * (0.5 + Math.random() / 2);
        logger.warn(`callboard: ${message(error)}; trying again in ${Math.ceil(wait / 1000)} s`);
        await pause(wait, signal);
      }
    }
  }

  async #step(connection: EntityProviderConnection, place: Place | undefined): Promise<Place> {
    const hours = this.#options.fullSyncHours ?? 24;
    if (place === undefined || Date.now() - place.fullAt > hours * 3_600_000) {
      return this.#readEverything(connection);
    }
    const news = await this.#feed.changes(place.position, this.#options.wait ?? 50, this.#stopping.signal);
    if (news.reset) {
      this.#options.logger.info('callboard: the position is unknown or too old there');
      return this.#readEverything(connection);
    }
    if (news.position === place.position) return place;
    if (news.upserted.length + news.removed.length > 0) {
      await connection.applyMutation({
        type: 'delta',
        added: this.#deferred(news.upserted),
        removed: news.removed.map(entityRef => ({ entityRef })),
      });
    }
    return this.#kept({ ...place, position: news.position });
  }

  async #readEverything(connection: EntityProviderConnection): Promise<Place> {
    const signal = this.#stopping.signal;
    // The position first: what changes while everything is read comes once more, as a change.
    const { position } = await this.#feed.changes(undefined, 0, signal);
    const entities: DeferredEntity[] = [];
    for await (const page of this.#feed.everything(signal)) entities.push(...this.#deferred(page));
    await connection.applyMutation({ type: 'full', entities });
    this.#options.logger.info(`callboard: read everything, ${entities.length} entities`);
    return this.#kept({ position, fullAt: Date.now() });
  }

  async #kept(place: Place): Promise<Place> {
    await this.#options.positions.save(place);
    return place;
  }

  #deferred(shown: Entity[]): DeferredEntity[] {
    const { url, logger } = this.#options;
    const found: DeferredEntity[] = [];
    for (const one of shown) {
      try {
        const entity = given(one, url);
        if (entity) found.push({ entity, locationKey: `callboard:${url}` });
      } catch (error) {
        // One that Backstage would refuse must not take the others with it.
        logger.error(`callboard: left out ${named(one)}: ${message(error)}`);
      }
    }
    return found;
  }
}

function named(entity: Entity): string {
  try {
    return stringifyEntityRef(entity);
  } catch {
    return JSON.stringify(entity)?.slice(0, 200);
  }
}

function message(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  // What fetch says by itself is only that it failed.
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return said + cause;
}

/** Resolves after a time, or as soon as the signal comes. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
