import { LabIcon } from '@jupyterlab/ui-components';

import job from '../style/icons/job.svg';
import labline from '../style/icons/labline.svg';
import record from '../style/icons/record.svg';

/** A flask whose content leaves as an arrow. */
export const lablineIcon = new LabIcon({
  name: 'labline:labline',
  svgstr: labline
});

/** A dot in a ring; red while what is run is recorded. */
export const recordIcon = new LabIcon({
  name: 'labline:record',
  svgstr: record
});

/** A sheet that is set going. */
export const jobIcon = new LabIcon({
  name: 'labline:job',
  svgstr: job
});
