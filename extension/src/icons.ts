import { LabIcon } from '@jupyterlab/ui-components';

import labline from '../style/icons/labline.svg';

/** A flask whose content leaves as an arrow. */
export const lablineIcon = new LabIcon({
  name: 'labline:labline',
  svgstr: labline
});
