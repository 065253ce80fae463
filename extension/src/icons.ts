import { LabIcon } from '@jupyterlab/ui-components';

import compare from '../style/icons/compare.svg';
import deploy from '../style/icons/deploy.svg';
import job from '../style/icons/job.svg';
import labline from '../style/icons/labline.svg';
import promote from '../style/icons/promote.svg';
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

/** Two columns side by side. */
export const compareIcon = new LabIcon({
  name: 'labline:compare',
  svgstr: compare
});

/** An arrow up a step. */
export const promoteIcon = new LabIcon({
  name: 'labline:promote',
  svgstr: promote
});

/** A cloud that an arrow enters. */
export const deployIcon = new LabIcon({
  name: 'labline:deploy',
  svgstr: deploy
});
