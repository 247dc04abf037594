/**
 * callboard's catalog over HTTP.
 *
 * Owns the requests and the check of what they answer. It keeps nothing: the position in
 * the feed is the caller's.
 */
import type { Entity } from '@backstage/catalog-model';

/** What happened after a position. */
export interface News {
  /** Where to go on. */
  position: string;
  /** Whether everything has to be read first. */
  reset: boolean;
  upserted: Entity[];
  /** Refs of entities that are gone. */
  removed: string[];
}

/** An answer other than success. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';

  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const PAGE = 500;
const CHANGES = 500;
/** Seconds that an answer may take beyond those that it was asked to wait. */
const PATIENCE = 30;

export class Feed {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  /** @param url - The address of the catalog: `https://…/api/catalog` */
  constructor(url: string, token?: string) {
    this.#url = url.replace(/\/+$/, '');
    this.#headers = token ? { authorization: `Bearer ${token}` } : {};
  }

  /** What changed after a position; waits up to `wait` seconds for something. Without a position, the newest. */
  async changes(after: string | undefined, wait: number, signal: AbortSignal): Promise<News> {
    const asked = new URLSearchParams({ limit: String(CHANGES), wait: String(wait) });
    if (after !== undefined) asked.set('after', after);
    const news = (await this.#get(`/changes?${asked}`, wait, signal)) as News;
    if (typeof news?.position !== 'string' || !Array.isArray(news.upserted) || !Array.isArray(news.removed)) {
      throw new Error(`expected callboard's change feed at ${this.#url}, got something else`);
    }
    return news;
  }

  /** Every entity, page by page. */
  async *everything(signal: AbortSignal): AsyncGenerator<Entity[]> {
    let asked: Record<string, string> = { totalItems: 'exclude' };
    for (;;) {
      const query = new URLSearchParams({ ...asked, limit: String(PAGE) });
      const page = (await this.#get(`/entities/by-query?${query}`, 0, signal)) as {
        items: Entity[];
        pageInfo: { nextCursor?: string };
      };
      yield page.items;
      if (page.pageInfo.nextCursor === undefined) return;
      asked = { cursor: page.pageInfo.nextCursor };
    }
  }

  async #get(path: string, wait: number, signal: AbortSignal): Promise<unknown> {
    const limit = AbortSignal.timeout((wait + PATIENCE) * 1000);
    const answer = await fetch(this.#url + path, {
      headers: this.#headers,
      signal: AbortSignal.any([signal, limit]),
    });
    if (!answer.ok) {
      const text = await answer.text();
      throw new AnswerError(answer.status, `callboard answered ${answer.status}: ${reason(text)}`);
    }
    return answer.json();
  }
}

function reason(text: string): string {
  try {
    return (JSON.parse(text) as { error: { message: string } }).error.message;
  } catch {
    return text.slice(0, 200);
  }
}
