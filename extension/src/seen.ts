import * as React from 'react';

/**
 * Whether the page around a component is seen, and not behind another tab of JupyterLab.
 */
export const Seen = React.createContext(true);
