/**
 * The module that a Backstage backend adds.
 *
 * Owns the reading of `catalog.providers.callboard` and the end of the provider.
 */
import { coreServices, createBackendModule } from '@backstage/backend-plugin-api';
import { catalogProcessingExtensionPoint } from '@backstage/plugin-catalog-node';
import { DatabasePositions } from './positions';
import { CallboardEntityProvider } from './provider';

export const catalogModuleCallboard = createBackendModule({
  pluginId: 'catalog',
  moduleId: 'callboard',
  register(env) {
    env.registerInit({
      deps: {
        catalog: catalogProcessingExtensionPoint,
        config: coreServices.rootConfig,
        database: coreServices.database,
        lifecycle: coreServices.lifecycle,
        logger: coreServices.logger,
      },
      async init({ catalog, config, database, lifecycle, logger }) {
        const section = config.getOptionalConfig('catalog.providers.callboard');
        if (!section) {
          logger.info('callboard: not configured at catalog.providers.callboard');
          return;
        }
        const provider = new CallboardEntityProvider({
          url: section.getString('url'),
          token: section.getOptionalString('token'),
          fullSyncHours: section.getOptionalNumber('fullSyncHours'),
          positions: new DatabasePositions(database, section.getString('url')),
          logger,
        });
        catalog.addEntityProvider(provider);
        lifecycle.addShutdownHook(() => provider.stop());
      },
    });
  },
});
