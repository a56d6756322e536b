import { describeBoth } from './differential.ts';

describeBoth('volumes');
