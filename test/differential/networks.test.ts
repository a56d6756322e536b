import { describeBoth } from './differential.ts';

describeBoth('networks');
