import { describeBoth } from './differential.ts';

describeBoth('run');
