export interface Config {
  catalog?: {
    providers?: {
      /** Follows a callboard. */
      callboard?: {
        /** The address of its catalog, such as https://callboard.example.com/api/catalog */
        url: string;
        /**
         * One of the tokens in its CALLBOARD_CATALOG_TOKEN.
         * @visibility secret
         */
        token?: string;
        /** Hours after which everything is read again, changes or not; 24 when not given. */
        fullSyncHours?: number;
      };
    };
  };
}
