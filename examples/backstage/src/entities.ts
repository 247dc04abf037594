/**
 * What of callboard's entities a Backstage catalog takes.
 *
 * Owns the difference between an entity as an API shows it and as a provider gives it.
 */
import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  entityEnvelopeSchemaValidator,
  type Entity,
} from '@backstage/catalog-model';

/** An annotation that tells of callboard's providers; Backstage makes its own. */
const ORPHAN = 'backstage.io/orphan';
const inEnvelope = entityEnvelopeSchemaValidator<Entity>();

/**
 * The entity as a provider gives it, or undefined for what Backstage must not get: a
 * Location, which it would go and read by itself.
 *
 * @throws TypeError - if it is no entity; one such would have a whole mutation refused.
 */
export function given(shown: Entity, source: string): Entity | undefined {
  if (shown.kind?.toLowerCase() === 'location') return undefined;
  const { apiVersion, kind, spec } = shown;
  // The catalog numbers, hashes and relates entities itself.
  const { uid: _uid, etag: _etag, ...metadata } = shown.metadata;
  const { [ORPHAN]: _orphan, ...annotations } = metadata.annotations ?? {};
  const entity: Entity = {
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      annotations: {
        [ANNOTATION_LOCATION]: `url:${source}`,
        [ANNOTATION_ORIGIN_LOCATION]: `url:${source}`,
        ...annotations,
      },
    },
    ...(spec && { spec }),
  };
  return inEnvelope(entity);
}
