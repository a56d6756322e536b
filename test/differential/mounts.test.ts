import { describeBoth } from './differential.ts';

describeBoth('mounts');
