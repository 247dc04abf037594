export { catalogModuleCallboard as default } from './module';
export { CallboardEntityProvider, type Options } from './provider';
export { DatabasePositions, type Place, type Positions } from './positions';
